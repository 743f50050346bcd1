"""The parameters of a verb: those of its function, each with its type, default and help."""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from awrsr.errors import ConfigError, did_you_mean, shown
from awrsr.family import FAMILIES
from awrsr.schema import Schema, accepted

REQUIRED = inspect.Parameter.empty
"""The default of parameters that must be given."""
WORDS: dict[Any, str] = {
    Any: "a JSON value or text",
    Mapping: "a JSON file of the verb's settings",
    Path: "a path",
    Path | str: "a path",
    list[str]: "one name or more, with spaces between them",
    list[int]: "whole numbers with commas between them, such as 1,2,5",
    list[str | int]: """a JSON list of texts or whole numbers, such as '["first title", 103]'""",
    dict[str, str]: """a JSON object of texts, such as '{"licence": "CC BY 4.0"}'""",
    dict[str, Any]: """a JSON object, such as '{"name": 1}'""",
}
"""The accepted values of types whose JSON schema does not describe them well."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a verb.

    Args:
        name: its name in files of settings, with its group before a dot: model.gain.
        kind: its type, without None if that is accepted; for a group, its class of settings.
        default: its default; REQUIRED if it must be given.
        help: a sentence or more.
        positional: whether it is a positional argument, not an option.
        optional: whether null is accepted.
    """

    name: str
    kind: Any
    default: Any
    help: str
    positional: bool = False
    optional: bool = False

    @property
    def written(self) -> str:
        """Its name in messages and, if it is an option, on the command line."""
        return self.name if self.positional else f"--{self.name}"

    @property
    def group(self) -> str:
        """The name of its group, or an empty text."""
        return self.name.rpartition(".")[0]

    @property
    def is_group(self) -> bool:
        """Whether it is an object of settings, each of which is a parameter too."""
        return isinstance(self.kind, type) and issubclass(self.kind, Schema)

    @property
    def is_open(self) -> bool:
        """Whether it is an object with any names, whose values may also be given one by one."""
        return get_origin(self.kind) is dict

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value. A boolean in a group takes one, because it may default to
        true."""
        return self.kind is bool and not self.group

    @property
    def is_list(self) -> bool:
        """Whether it takes several words in a row."""
        return bool(self.kind == list[str])

    @property
    def choices(self) -> tuple[str, ...]:
        """The accepted values, if they are a fixed set; otherwise empty."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def accepted(self) -> str:
        """The accepted values, in words."""
        if self.is_group:
            return "a JSON object of its settings, or a file that holds one"
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return WORDS.get(self.kind) or accepted(TypeAdapter(self.kind).json_schema())

    @property
    def metavar(self) -> str:
        """Its value in the help: its choices, or its name."""
        if self.is_group or self.kind is Mapping:
            return "FILE"
        few = ("true", "false") if self.kind is bool else self.choices
        return f"{{{','.join(few)}}}" if few else self.name.rpartition(".")[2].upper()

    @property
    def described(self) -> str:
        """Its help with its default and, unless `metavar` shows them, the accepted values."""
        if self.is_group or self.is_flag:
            return self.accepted if self.is_group else self.help
        facts = [] if self.choices or self.kind is bool else [self.accepted]
        if self.default not in (REQUIRED, None):
            default = str(self.default).lower() if self.kind is bool else self.default
            facts.append(f"default: {default}")
        return f"{self.help} ({'; '.join(facts)})" if facts else self.help

    def value(self, given: Any) -> Any:
        """A given value, converted to the type of the parameter.

        Args:
            given: text or texts of a command line, or a JSON value.

        Raises:
            ConfigError: the value is not accepted.
        """
        if self.optional and given in (None, "null"):
            return None
        value = given
        if isinstance(given, str) and (self.kind is Any or get_origin(self.kind) in (list, dict)):
            with suppress(ValueError):
                value = json.loads(f"[{given}]" if self.kind == list[int] else given)
        try:
            # Text is converted; JSON values already have types.
            adapter = TypeAdapter[Any](self.kind, config=ConfigDict(allow_inf_nan=False))
            return adapter.validate_python(value, strict=not isinstance(value, str))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            received = f"{json.dumps(first['input'])} in it" if first["loc"] else shown(given)
            raise ConfigError(
                f"{self.written} must be {self.accepted}; received {received}."
                f"{did_you_mean(str(given), self.choices)}"
            ) from None


CONFIG = Parameter("config", Mapping, None, "settings that options after it override.")
"""The parameter that every verb has in addition to its own."""


def parameters(verb: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a verb, in order; a group is followed by its settings.

    `**options: Annotated[Any, function]` are the options of that function.
    """
    words = documented(verb)
    found: list[Parameter] = []
    for name, one in inspect.signature(verb).parameters.items():
        if one.kind is one.VAR_KEYWORD:
            known = {parameter.name for parameter in found}
            options = parameters(get_args(one.annotation)[1])
            found += [each for each in options if not each.positional and each.name not in known]
            continue
        positional = one.kind is one.POSITIONAL_OR_KEYWORD
        found.append(_parameter(name, one.annotation, one.default, words[name], positional))
        if found[-1].is_group:
            # The bounds of a field are not part of its type; they are checked with the group.
            words_of_fields = documented(one.annotation)
            found += [
                _parameter(f"{name}.{each}", field.annotation, field.default, words_of_fields[each])
                for each, field in one.annotation.model_fields.items()
            ]
    return found


def _parameter(
    name: str, kind: Any, default: Any, help: str, positional: bool = False
) -> Parameter:
    """A parameter; a text with the name of a family accepts only its members, as in --format."""
    optional = type(None) in get_args(kind)
    if optional:
        kind = reduce(or_, (one for one in get_args(kind) if one is not type(None)))
    family = FAMILIES.get(name.rpartition(".")[2])
    if family is not None and kind is str:
        kind = Literal[tuple(family)]
    return Parameter(name, kind, default, help, positional, optional)


def documented(described: Callable[..., Any]) -> dict[str, str]:
    """The description of each name in the section Args of a docstring."""
    section = (inspect.getdoc(described) or "").partition("Args:\n")[2].partition("\n\n")[0]
    entries = re.split(r"^    (?=\w+: )", section, flags=re.MULTILINE)[1:]
    return {
        name: " ".join(words.split())
        for name, _, words in (entry.partition(": ") for entry in entries)
    }
