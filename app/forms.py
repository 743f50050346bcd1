"""The URL form of choices: parsing a text, accepted values, and the text of a value."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from app import pinned
from app.escape import clipped
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, did_you_mean

MAX_HISTORY = 500
"""Longest history that a page keeps; a model sees at most its max_length newest items."""


@dataclass(frozen=True)
class Choice:
    """One choice and its form in the URL.

    Args:
        name: its name in the URL and in the session.
        default: left out of the URL unless `always`.
        parse: URL text to value; raises AwrsrError or ValueError.
        show: value to URL text.
        always: whether the URL also has the default.
    """

    name: str
    default: Any
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = str
    always: bool = False

    def accepts(self, value: Any) -> bool:
        """Whether a session's value is still valid: its model or item may no longer exist."""
        try:
            return bool(value == self.default or self.parse(self.show(value)) == value)
        except (AwrsrError, ValueError):
            return False

    def read(self, text: str) -> tuple[Any, str]:
        """The value of a URL text, or its usable part, and the problem if there is one."""
        try:
            return self.parse(text), ""
        except (AwrsrError, ValueError) as error:
            value = error.value if isinstance(error, Partly) else self.default
            why = clipped(str(error), 300).rstrip(".")
            return value, f"{self.name}={clipped(text)} in the address: {why}"


class Partly(ValueError):
    """A part of a URL text could not be used.

    Args:
        problem: the part, and what is accepted.
        value: the value of the rest.
    """

    def __init__(self, problem: str, value: Any) -> None:
        super().__init__(problem)
        self.value = value


def to_url(values: Mapping[str, Any], offered: Collection[Choice]) -> dict[str, str]:
    """Values that differ from the defaults, as URL parameters."""
    return {
        choice.name: choice.show(values[choice.name])
        for choice in offered
        if values.get(choice.name) is not None
        and (choice.always or values[choice.name] != choice.default)
    }


# --- parsers --------------------------------------------------------------------------------------


def one_of(accepted: Collection[str]) -> Callable[[str], str]:
    """A parser of names."""

    def parse(text: str) -> str:
        if text not in accepted:
            raise ValueError(
                f"unknown; accepted: {', '.join(accepted) or 'nothing'}."
                f"{did_you_mean(text, accepted)}"
            )
        return text

    return parse


def label_of(labels: Mapping[str, str]) -> Callable[[str], str]:
    """A parser of names to their labels."""
    parse = one_of(labels)
    return lambda text: labels[parse(text)]


def name_in(labels: Mapping[str, str]) -> Callable[[str], str]:
    """The inverse of `label_of`."""
    names = {label: name for name, label in labels.items()}
    return lambda label: names[label]


def several_of(accepted: Collection[str]) -> Callable[[str], list[str]]:
    """A parser of dot-separated names without repeats; an empty list is valid."""
    parse = one_of(accepted)
    return lambda text: list(dict.fromkeys(parse(part) for part in text.split(".") if part))


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A parser of integers within bounds."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
            raise ValueError(f"accepted: an integer from {low} to {high}")
        return int(text)

    return parse


def epoch_of(epochs: Collection[int]) -> Callable[[str], int]:
    """A parser of one of these epochs."""
    parse = one_of([str(epoch) for epoch in epochs])
    return lambda text: int(parse(text))


def item_of(dataset: Dataset) -> Callable[[str], int]:
    """A parser of an item's number."""
    return whole_number(1, dataset.n_items)


def user_of(dataset: Dataset) -> Callable[[str], str]:
    """A parser of a user's id."""
    return lambda text: dataset.user_ids[dataset.user_index(text)]


def history_of(dataset: Dataset) -> Callable[[str], list[int]]:
    """A parser of dot-separated items; if the text is too long or some are invalid, the rest is
    kept, see `Partly`."""
    item, items = item_of(dataset), items_of(dataset)

    def parse(text: str) -> list[int]:
        parts = [part for part in text.split(".") if part]
        kept, refused = [], []
        newest = parts[-MAX_HISTORY:]
        for part in newest:
            try:
                kept.append(item(part))
            except ValueError:
                refused.append(part)
        if refused and kept:
            named = ", ".join(repr(clipped(part, 20)) for part in dict.fromkeys(refused[:3]))
            named += " and more" * (len(refused) > 3)
            raise Partly(
                f"{named} left out; accepted: integers from 1 to {dataset.n_items} separated "
                "by dots",
                items(".".join(map(str, kept))),
            )
        history = items(".".join(newest))
        if len(parts) > len(newest):
            raise Partly(
                f"{len(parts):,} items; accepted: at most {MAX_HISTORY}, of which the newest are "
                "kept",
                history,
            )
        return history

    return parse


def items_of(dataset: Dataset) -> Callable[[str], list[int]]:
    """A parser of dot-separated items; one invalid item makes it fail."""
    item = item_of(dataset)

    def parse(text: str) -> list[int]:
        history = [dataset.check_item(item(part)) for part in text.split(".") if part]
        if len(history) > MAX_HISTORY:
            raise ValueError(f"{len(history)} items; accepted: at most {MAX_HISTORY}")
        return history

    return parse


def items_text(history: list[int]) -> str:
    """Items as one parameter of the URL: `1.2.3`."""
    return ".".join(map(str, history))


def variants_of(dataset: Dataset) -> Callable[[str], list[pinned.Variant]]:
    """A parser of pinned variants."""
    return lambda text: pinned.parse_variants(text, items_of(dataset))


def model_of(models: Collection[str]) -> Callable[[str], str]:
    """A parser of a model's name, with or without a fingerprint of its weights."""
    return lambda text: one_of(models)(name_and_weights(text, models)[0])


def name_and_weights(text: str, models: Collection[str]) -> tuple[str, str]:
    """A model's name in the URL, and the fingerprint after an @, or an empty text.

    A model's name may itself contain an @.
    """
    name, mark, weights = text.rpartition("@")
    return (name, weights) if mark and text not in models else (text, "")
