"""From the words of a command line to the call of a verb; every refusal is one sentence.

`argparse` only splits the words and formats the help. The parameters define the meaning of a word
and the refusals, so nothing here depends on the messages of another library.
"""

import argparse
import inspect
import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

from awrsr.cli.parameters import CONFIG, REQUIRED, Parameter, parameters
from awrsr.errors import ConfigError, DataError, did_you_mean, nearest, shown
from awrsr.io.files import read_json

Verbs = Mapping[str, Callable[..., None]]
PROGRAM = "python -m awrsr"
PRINT = {
    "print_config": "print all settings as JSON, as --config reads them, and exit",
    "print_config=skip_default": "only those that are not at their default",
    "print_config=skip_unset": "only those that are not null",
}


def parse(verbs: Verbs, words: list[str]) -> "partial[None]":
    """The call of a command line.

    Args:
        verbs: the functions by name.
        words: the words of the command line, after the program.

    Raises:
        ConfigError: there is no such verb or option, or a value is missing or not accepted.
        SystemExit: help or settings were requested, and are printed.
    """
    try:
        return _parse(verbs, words)
    except RecursionError:
        raise ConfigError(
            "an argument is nested too deeply; accepted: JSON a few levels deep"
        ) from None


def _parse(verbs: Verbs, words: list[str]) -> "partial[None]":
    start = 0
    while start < len(words) and words[start].startswith("-"):
        start += 2 if words[start] == "--config" else 1
    before = _Line(verbs).given(words[:start])
    files = [_object(CONFIG, value) for name, value in before if name == "config"]
    in_files = list(dict.fromkeys(name for file in files for name in file))
    verb = _verb(verbs, in_files, words[start : start + 1])
    line = _Line(verbs, verb)
    after = line.given(words[start + 1 :])
    for name, value in [*(("config", file.get(verb, {})) for file in files), *after]:
        if name not in PRINT:
            line.put(name, value)
    above, below = ({name for name, _ in given if name in PRINT} for given in (before, after))
    if above or below:
        settings = line.settings(above | below)
        printed = {verb: settings} if above else settings
        print(json.dumps(printed, separators=(",", ":"), default=str))
        sys.exit(0)
    return line.call()


def _verb(verbs: Verbs, in_files: list[str], in_words: list[str]) -> str:
    """The verb named by the words or, if they name none, by the files of settings."""
    for name in [*in_files, *in_words]:
        if name not in verbs:
            near = did_you_mean(name, verbs)
            raise ConfigError(f"unknown verb {name!r}; accepted: {', '.join(verbs)}.{near}")
    named = in_words or in_files
    if len(named) != 1:
        raise ConfigError(f"no verb was given; accepted: {', '.join(verbs)}")
    return named[0]


class _Line:
    """The words of a command line that belong to a verb or, before the verb, to the program."""

    def __init__(self, verbs: Verbs, verb: str | None = None) -> None:
        self.verbs = verbs
        self.verb = verb
        takes = [CONFIG, *(parameters(verbs[verb]) if verb else [])]
        self.takes = {parameter.name: parameter for parameter in takes}
        self.values: dict[str, Any] = {}

    def given(self, words: list[str]) -> list[tuple[str, Any]]:
        """Names and the texts given for them, in the order of the words."""
        cut = words.index("--") if "--" in words else len(words)
        words, places = words[:cut], words[cut + 1 :]
        parser = self._parser()
        for name in dict.fromkeys(w[2:].partition("=")[0] for w in words if w.startswith("--")):
            if name not in self.takes and (one := self.find(name)):
                _declare(parser, one, argparse.SUPPRESS)
        found = argparse.Namespace(given=[])
        try:
            _, beyond = parser.parse_known_intermixed_args(words, found)
        except argparse.ArgumentError as error:
            raise self._misused(str(error.argument_name).split("/"), words) from None
        for word in beyond:
            if word.startswith("-"):
                raise self._unknown(word.partition("=")[0])
        given = list(found.given)
        for one in self.takes.values():
            if one.positional and one.is_list:  # it takes all free words, also those after "--"
                free = [*dict(given).get(one.name, []), *places]
                given = [pair for pair in given if pair[0] != one.name]
                given += [(one.name, free)] if free else []
                places = []
        taken = {name for name, _ in given}
        positional = [one.name for one in self.takes.values() if one.positional]
        open_places = [name for name in positional if name not in taken]
        if beyond := [*beyond, *places[len(open_places) :]]:
            raise ConfigError(
                f"{self.verb} takes {', '.join(positional) or 'options only'}; received "
                f"{' '.join(beyond)!r} beyond that; a value with spaces or quotes needs quotes "
                "around it"
            )
        return [*given, *zip(open_places, places, strict=False)]

    def find(self, name: str) -> Parameter | None:
        """The parameter of this name, which may be one value of an open object."""
        owner = self.takes.get(name.partition(".")[0])
        if owner and owner.is_open and owner.name != name:
            return replace(owner, name=name, kind=get_args(owner.kind)[1], optional=False)
        return self.takes.get(name)

    def put(self, name: str, given: Any) -> None:
        """Set the parameter of this name; a later value replaces an earlier one."""
        one = self.find(name)
        if one is None:
            raise self._unknown(f"--{name}")
        if one is CONFIG or one.is_group:
            for key, value in _object(one, given).items():
                self.put(key if one is CONFIG else f"{name}.{key}", value)
        elif name in self.takes:
            self.values[name] = one.value(given)
        else:
            owner, _, key = name.partition(".")
            self.values[owner] = {**(self.values.get(owner) or {}), key: one.value(given)}

    def settings(self, printed: set[str]) -> dict[str, Any]:
        """All settings, or those that the options in `printed` select."""
        found = {}
        for name, one in self.takes.items():
            default = None if one.default is REQUIRED else one.default
            value = self.values.get(name, default)
            usual = "print_config=skip_default" in printed and value == default
            unset = "print_config=skip_unset" in printed and value is None
            if not (one is CONFIG or one.is_group or usual or unset):
                found[name] = value
        return _nested(found)

    def call(self) -> "partial[None]":
        """The verb with the given values."""
        lacking = [
            f"{one.written} ({one.accepted})"
            for name, one in self.takes.items()
            if one.default is REQUIRED and name not in self.values
        ]
        if lacking:
            raise ConfigError(f"{self.verb} lacks {', '.join(lacking)}")
        arguments = {
            name: self.takes[name].kind(**value) if self.takes[name].is_group else value
            for name, value in _nested(self.values).items()
        }
        return partial(self.verbs[str(self.verb)], **arguments)

    def _misused(self, names: list[str], words: list[str]) -> ConfigError:
        """The error for an option that lacks its value, or was given a value but takes none."""
        name = next(name for name in names if name.startswith("--"))
        one = self.find(name.removeprefix("--"))
        if one and not one.is_flag:
            return ConfigError(f"{name} needs a value: {one.accepted}")
        value = next((w.partition("=")[2] for w in words if w.partition("=")[0] in names), "")
        return ConfigError(f"{name} takes no value; received {value!r}")

    def _unknown(self, flag: str) -> ConfigError:
        """The error for an unknown option: names the options of its group and the nearest of all
        options by the last part of the name, or the nearest verb if that is nearer."""
        flags = [p.written for p in self.takes.values() if not (p.positional or p.is_group)]
        group = flag.rpartition(".")[0]
        alike = [name for name in flags if name.rpartition(".")[0] == group]
        last_part = {name.rpartition(".")[2].lstrip("-"): name for name in flags}
        asked = flag.rpartition(".")[2].lstrip("-")
        near = [last_part[name] for name in nearest(asked, last_part)]
        if not set(nearest(asked, [*last_part, *self.verbs], limit=1)) & last_part.keys():
            near = [f"the verb {name}" for name in nearest(asked, self.verbs)]
        return ConfigError(
            f"{self.verb or PROGRAM} has no {flag}; accepted: {', '.join(alike or flags)}."
            + (f" Did you mean {', '.join(near)}?" if near else "")
        )

    def _parser(self) -> argparse.ArgumentParser:
        """The parser that splits the words and prints the help."""
        layout = _layout(self.verbs) if self.verb is None else self._layout(self.verb)
        parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False, **layout)
        groups: dict[str, Any] = {"": parser}
        for name, one in self.takes.items():
            if one.is_group:
                groups[name] = parser.add_argument_group(one.help.rstrip("."))
            _declare(groups[name if one.is_group else one.group], one, one.described)
        for name, help in PRINT.items():
            parser.add_argument(f"--{name}", dest=name, nargs=0, action=_Given, help=help)
        return parser

    def _layout(self, verb: str) -> dict[str, Any]:
        needed = [one for one in self.takes.values() if one.default is REQUIRED]
        words = [one.name if one.positional else f"{one.written} {one.metavar}" for one in needed]
        words += [
            f"[{one.name} ...]" for one in self.takes.values() if one.positional and one.is_list
        ]
        usage = " ".join([PROGRAM, "[options]", verb, *words, "[options]"])
        return {"usage": usage, "description": _summary(self.verbs[verb])}


def _layout(verbs: Verbs) -> dict[str, Any]:
    width = shutil.get_terminal_size().columns - 2
    listed = [
        textwrap.fill(f"  {name:<16}{_summary(verb)}", width, subsequent_indent=" " * 18)
        for name, verb in verbs.items()
    ]
    return {
        "usage": f"{PROGRAM} [options] VERB ...",
        "epilog": "\n".join([f"verbs, `{PROGRAM} VERB --help` explains one:", *listed]),
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def _summary(verb: Callable[..., None]) -> str:
    return " ".join((inspect.getdoc(verb) or "").partition("\n\n")[0].split())


def _declare(place: Any, one: Parameter, help: str) -> None:
    """Add a parameter to a parser or a group; for argparse all are text and none is required."""
    common: dict[str, Any] = {"action": _Given, "help": help.replace("%", "%%")}
    if one.positional:
        free = "*" if one.is_list else "?"
        place.add_argument(one.name, nargs=free, default=argparse.SUPPRESS, **common)
    elif one.is_flag:
        place.add_argument(one.written, f"--no_{one.name}", dest=one.name, nargs=0, **common)
    else:
        nargs = "+" if one.is_list else None
        place.add_argument(one.written, dest=one.name, metavar=one.metavar, nargs=nargs, **common)


class _Given(argparse.Action):
    """Keeps the given values in order; for a flag, whether it is the flag or its --no_ form."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        flag = not str(option_string).startswith("--no_")
        namespace.given.append((self.dest, flag if self.nargs == 0 else values))


def _object(one: Parameter, given: Any) -> dict[str, Any]:
    """The settings in an object, in its text, or in a file that contains it."""
    value, problem = given, ""
    if isinstance(given, str):
        try:
            value = json.loads(given) if given[:1] in ("{", "[") else read_json(Path(given))
        except (ValueError, DataError) as error:
            problem = f": {error}"
    if not isinstance(value, dict):
        raise ConfigError(f"{one.written} must be {one.accepted}; received {shown(given)}{problem}")
    return value


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with those of each group in a separate mapping."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        group, _, last = name.rpartition(".")
        (nested.setdefault(group, {}) if group else nested)[last] = value
    return nested
