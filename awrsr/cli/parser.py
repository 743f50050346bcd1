"""The parser of the command line: how a parameter is written, every refusal in one sentence."""

import re
from argparse import SUPPRESS, Action
from collections.abc import Iterable
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin

from jsonargparse import ActionYesNo, ArgumentParser
from pydantic import TypeAdapter

from awrsr.errors import ConfigError, did_you_mean, nearest
from awrsr.family import FAMILIES
from awrsr.schema import accepted


class Parser(ArgumentParser):
    """Makes a true-or-false parameter a flag, --resume, an optional list several words, and every
    refusal one sentence. A setting of a group takes its value, --model.gain true: what it is
    without may be either. A text that is called as the members of a family are takes their names,
    --format."""

    def add_argument(self, *names: Any, **settings: Any) -> Any:
        kind = getattr(settings.get("action"), "_typehint", settings.get("type"))
        if kind != _unbounded(kind):
            settings.pop("action", None)
            settings["type"] = _unbounded(kind)
        family = FAMILIES.get(names[-1].lstrip("-").rpartition(".")[2]) if names else None
        if family is not None and settings.get("type") is str:
            settings["type"] = Literal[tuple(family)]
        if settings.get("type") is bool and not any("." in name for name in names):
            del settings["type"]
            settings["action"] = ActionYesNo
        if kind == list[str] | None:  # an option that takes several words: --models one two
            settings.pop("action", None)
            settings |= {"type": str, "nargs": "+"}
            names = names[:1]
        return super().add_argument(*names, **settings)

    def parse_args(self, *arguments: Any, **settings: Any) -> Any:
        try:
            return super().parse_args(*arguments, **settings)
        except RecursionError:
            raise ConfigError(
                "an argument is nested too deeply; accepted: JSON a few levels deep"
            ) from None

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        if not self.exit_on_error:  # a parser within a parser, whose message comes here again
            super().error(message, ex)
        raise ConfigError(_refusal(self, message)) from None


def _unbounded(kind: Any) -> Any:
    """A type without its bounds, which are checked where the settings are made."""
    if get_origin(kind) is Annotated:
        return _unbounded(get_args(kind)[0])
    if get_origin(kind) is Union:
        return reduce(or_, map(_unbounded, get_args(kind)))
    return kind


def _refusal(parser: ArgumentParser, message: str) -> str:
    """As one sentence what the parser says in several lines, with Python's types in it."""
    above = getattr(parser, "parent_parser", parser)
    verbs: Any = {action.dest: action.choices for action in above._actions}["subcommand"]
    if parser is above:
        if wrong := re.match("argument subcommand: invalid choice: '(.*?)' ", message):
            return (
                f"unknown verb {wrong[1]!r}; accepted: {', '.join(verbs)}."
                f"{did_you_mean(wrong[1], verbs)}"
            )
        if message.startswith('expected "subcommand"'):
            return f"no verb was given; accepted: {', '.join(verbs)}"
        parser = next((verbs[word] for word in parser.args if word in verbs), parser)
    verb = getattr(parser, "subcommand", parser.prog)
    actions = {name: a for a in parser._actions for name in (a.dest, *a.option_strings)}

    key = re.match('Parser key "(.*?)"', message)
    if key and key[1] == "config":
        given = parser.args[parser.args.index("--config") + 1] if "--config" in parser.args else ""
        state = "is not one" if Path(given).is_file() else "does not exist"
        return f"--config must name {_accepted(actions['config'])}; {given!r} {state}"
    if key and (action := actions.get(key[1])):
        value = re.search(r"(?:Got value:|Given value:|Unable to load config) (.*)", message)
        if value is None:
            reason = " ".join(message.removeprefix(f"{key[0]}:").split())
            return f"{_name(action)} must be {_accepted(action)}: {reason}"
        received = value[1].strip("'")
        return (
            f"{_name(action)} must be {_accepted(action)}; received {received!r}."
            f"{did_you_mean(received, _choices(action))}"
        )
    if lacking := re.match("the following arguments are required: (.*)", message):
        asked = [actions[name.removeprefix(f"{verb}.")] for name in lacking[1].split(", ")]
        return f"{verb} lacks " + ", ".join(f"{_name(a)} ({_accepted(a)})" for a in asked)
    if valueless := re.match(r"argument (\S+): expected (?:at least )?one argument", message):
        return f"{valueless[1]} needs a value: {_accepted(actions[valueless[1]])}"
    if unvalued := re.match(r"argument (--\w+)\S*: ignored explicit argument (.*)", message):
        return f"{unvalued[1]} takes no value; received {unvalued[2]}"
    if unknown := re.match(
        r"unrecognized arguments: (-[^\s=]+)|(?:Subcommand '.*' does not accept o|O)ption '(.*?)'",
        message,
    ):
        return _unknown_flag(parser, verb, unknown[1] or f"--{unknown[2]}", verbs)
    if beyond := re.match("unrecognized arguments: (.*)", message, re.DOTALL):
        places = [_name(action) for action in parser._actions if not action.option_strings]
        return (
            f"{verb} takes {', '.join(places)}; received {beyond[1]!r} beyond that; "
            "what holds spaces or quotes needs quotes around it"
        )
    return " ".join(message.split())


def _unknown_flag(parser: ArgumentParser, verb: str, flag: str, verbs: Iterable[str]) -> str:
    """Names the flags of the same group and the nearest of all by the last part of the name, or
    the verb that the flag may have meant where that is nearer."""
    flags = [_name(a) for a in parser._actions if a.option_strings and a.default != SUPPRESS]
    group = flag.rpartition(".")[0]
    alike = [name for name in flags if name.rpartition(".")[0] == group]
    last_part = {name.rpartition(".")[2].lstrip("-"): name for name in flags}
    asked = flag.rpartition(".")[2].lstrip("-")
    near = [last_part[name] for name in nearest(asked, last_part)]
    if not set(nearest(asked, [*last_part, *verbs], limit=1)) & last_part.keys():
        near = [f"the verb {name}" for name in nearest(asked, verbs)]
    return f"{verb} has no {flag}; accepted: {', '.join(alike or flags)}." + (
        f" Did you mean {', '.join(near)}?" if near else ""
    )


def _name(action: Action) -> str:
    return str(next((s for s in action.option_strings if s.startswith("--")), action.dest))


def _choices(action: Action) -> tuple[str, ...]:
    """The values of an argument that takes one of a few."""
    kind = getattr(action, "_typehint", None)
    kinds = (kind, *get_args(kind))  # of an optional one, the kind within
    return next((get_args(each) for each in kinds if get_origin(each) is Literal), ())


def _accepted(action: Action) -> str:
    """What an argument takes, in words."""
    if choices := _choices(action):
        return f"one of {', '.join(choices)}"
    if action.dest == "config":
        return "a JSON file of the verb's settings"
    if action.nargs == "+":
        return "one name or more, with spaces between them"
    kind = getattr(action, "_typehint", None)
    if kind is None:
        return "a JSON object of its settings, or a file that holds one"
    one = get_args(kind)[0] if type(None) in get_args(kind) else kind  # of an optional one
    words = {
        Path: "a path",
        list: """a JSON list, such as '["first title", "second title"]'""",
        dict[str, str]: """a JSON object of texts, such as '{"licence": "CC BY 4.0"}'""",
        dict[str, Any]: """a JSON object, such as '{"name": 1}'""",
    }
    said = words.get(one) or words.get(get_origin(one))
    return said or accepted(TypeAdapter(kind).json_schema())
