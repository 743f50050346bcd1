"""The exceptions of this package, in one tree.

AwrsrError
├── ConfigError      (also ValueError)    a setting, a flag or an option is not acceptable
├── DataError        (also ValueError)    a file, an item, a title or a sequence is not acceptable
└── CheckpointError  (also RuntimeError)  a model directory cannot be loaded or written

A message names the request, the received value and the accepted values. The command line prints it
and exits with code 2; the app shows it unchanged. Any other exception is a bug in this package.
"""

from collections.abc import Iterable

from rapidfuzz import fuzz, process


class AwrsrError(Exception):
    """Base class of all errors that this package raises on purpose."""


class ConfigError(AwrsrError, ValueError):
    """A setting, a flag or an option is not acceptable."""


class DataError(AwrsrError, ValueError):
    """A file, an item, a title or a sequence is not acceptable."""


class CheckpointError(AwrsrError, RuntimeError):
    """A model directory cannot be loaded or written."""


def nearest(name: str, accepted: Iterable[str], limit: int = 3) -> list[str]:
    """The accepted names most similar to a wrong name, best first; empty if none is close."""
    found = process.extract(name, list(accepted), limit=limit, score_cutoff=60)
    # Partial matching finds almost any long name similar to a short one: compare whole names too.
    return [match for match, _, _ in found if fuzz.ratio(name, match) >= 34]


def did_you_mean(name: str, accepted: Iterable[str]) -> str:
    """' Did you mean ...?' with the nearest accepted names; an empty text if none is close."""
    return suggestion(nearest(name, accepted))


def suggestion(names: list[str]) -> str:
    """' Did you mean ...?' with these names; an empty text if there are none."""
    return f" Did you mean {', '.join(repr(n) for n in names)}?" if names else ""


def counted(number: int, noun: str) -> str:
    """'1 item', '3,496 items': a count in the form that all messages and tables use."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(value: object) -> str:
    """A value from outside in the form that messages quote, shortened if it is long."""
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def check_choice(kind: str, name: object, accepted: Iterable[str]) -> None:
    """Raise ConfigError unless `name` is an accepted name of this kind."""
    accepted = list(accepted)
    if name not in accepted:
        raise ConfigError(
            f"unknown {kind} {name!r}; accepted: {', '.join(accepted) or 'none'}."
            f"{did_you_mean(str(name), accepted)}"
        )


def first_of(names: list[str], limit: int = 3) -> str:
    """'a, b, c and more': the first names of a list that may be long."""
    return ", ".join(names[:limit]) + " and more" * (len(names) > limit)
