"""What a verb takes: the parameters of its function, each with its type, default and help."""

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
"""The default of what must be given."""
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
"""What is accepted, of types of which their JSON schema says too little."""


@dataclass(frozen=True)
class Parameter:
    """One thing that a verb takes.

    Args:
        name: as files of settings call it, with its group before a dot: model.gain.
        kind: its type, without None where that is accepted; of a group its class of settings.
        default: where it is not given; REQUIRED where it must be.
        help: a sentence or more.
        positional: whether it is known by its place, and is no option.
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
        """As messages call it and, where it is an option, command lines do."""
        return self.name if self.positional else f"--{self.name}"

    @property
    def group(self) -> str:
        """The name of its group, or nothing."""
        return self.name.rpartition(".")[0]

    @property
    def is_group(self) -> bool:
        """Whether it is an object of settings, each of which is a parameter too."""
        return isinstance(self.kind, type) and issubclass(self.kind, Schema)

    @property
    def is_open(self) -> bool:
        """Whether it is an object of any names, which may be given one by one too."""
        return get_origin(self.kind) is dict

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value. One of a group does: what it is without may be either."""
        return self.kind is bool and not self.group

    @property
    def is_list(self) -> bool:
        """Whether it takes all words that follow each other."""
        return bool(self.kind == list[str])

    @property
    def choices(self) -> tuple[str, ...]:
        """The values of one that takes one of a few."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def accepted(self) -> str:
        """What it takes, in words."""
        if self.is_group:
            return "a JSON object of its settings, or a file that holds one"
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return WORDS.get(self.kind) or accepted(TypeAdapter(self.kind).json_schema())

    @property
    def metavar(self) -> str:
        """What stands for its value in help: its choices, or its name."""
        if self.is_group or self.kind is Mapping:
            return "FILE"
        few = ("true", "false") if self.kind is bool else self.choices
        return f"{{{','.join(few)}}}" if few else self.name.rpartition(".")[2].upper()

    @property
    def described(self) -> str:
        """Its help with what it takes, where that is not seen from `metavar`, and its default."""
        if self.is_group or self.is_flag:
            return self.accepted if self.is_group else self.help
        facts = [] if self.choices or self.kind is bool else [self.accepted]
        if self.default not in (REQUIRED, None):
            default = str(self.default).lower() if self.kind is bool else self.default
            facts.append(f"default: {default}")
        return f"{self.help} ({'; '.join(facts)})" if facts else self.help

    def value(self, given: Any) -> Any:
        """What was given, as its type.

        Args:
            given: text or texts of a command line, or a JSON value.

        Raises:
            ConfigError: it is not accepted.
        """
        if self.optional and given in (None, "null"):
            return None
        value = given
        if isinstance(given, str) and (self.kind is Any or get_origin(self.kind) in (list, dict)):
            with suppress(ValueError):
                value = json.loads(f"[{given}]" if self.kind == list[int] else given)
        try:
            # Text is converted; JSON has types of its own.
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
"""What every verb takes beside its own."""


def parameters(verb: Callable[..., Any]) -> list[Parameter]:
    """What a verb takes, in order; behind a group its settings.

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
            # The bounds of a field stand beside its type; they are checked when the group is made.
            words_of_fields = documented(one.annotation)
            found += [
                _parameter(f"{name}.{each}", field.annotation, field.default, words_of_fields[each])
                for each, field in one.annotation.model_fields.items()
            ]
    return found


def _parameter(
    name: str, kind: Any, default: Any, help: str, positional: bool = False
) -> Parameter:
    """A text that is called as the members of a family are takes their names: --format."""
    optional = type(None) in get_args(kind)
    if optional:
        kind = reduce(or_, (one for one in get_args(kind) if one is not type(None)))
    family = FAMILIES.get(name.rpartition(".")[2])
    if family is not None and kind is str:
        kind = Literal[tuple(family)]
    return Parameter(name, kind, default, help, positional, optional)


def documented(described: Callable[..., Any]) -> dict[str, str]:
    """What the section Args of a docstring says of each name."""
    section = (inspect.getdoc(described) or "").partition("Args:\n")[2].partition("\n\n")[0]
    entries = re.split(r"^    (?=\w+: )", section, flags=re.MULTILINE)[1:]
    return {
        name: " ".join(words.split())
        for name, _, words in (entry.partition(": ") for entry in entries)
    }
