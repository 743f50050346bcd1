"""Everything a person can choose: names, defaults, and its form in the URL.

A choice lives in `st.session_state` under its own name. `restore` fills it from the URL once per
session and says what it could not use; `remember` writes what differs from the default back.
"""

from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app import pinned
from app.method_settings import parse_settings, settings_text
from awrsr.attribution import METHODS
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, did_you_mean

CHOICES = (
    *("dataset", "a", "b", "source", "user", "items", "origin", "variants", "compare"),
    *("target", "rival", "methods", "settings", "k"),
)
"""Names of all choices of the page Inspect."""
USER, OWN = "user", "own"
MIN_LISTED, MAX_LISTED = 5, 50
MAX_HISTORY = 500
"""Longest history a page keeps; a model sees at most its own max_length of it."""
AUTOMATIC = 0
"""As a target: a user's held-out item, or else the first recommendation of model A."""
DEFAULT_MODELS = ("sasrec-none", "sasrec-additive")
DEFAULT_LENGTH = (15, 25)
"""A first history this long fills a map and leaves its titles readable."""


Session = MutableMapping[Any, Any]
"""What a person chose: `st.session_state`, or a dict in its place."""


@dataclass(frozen=True)
class Choice:
    """One thing a person chooses.

    Args:
        name: in the URL and in the session.
        default: left out of the URL unless `always`.
        parse: the URL's text to the value; raises AwrsrError or ValueError.
        show: the value to the URL's text.
    """

    name: str
    default: Any
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = field(default=str)
    always: bool = False

    def accepts(self, value: Any) -> bool:
        """Whether a session may go on with this value: its model or its item may be gone."""
        try:
            return bool(value == self.default or self.parse(self.show(value)) == value)
        except (AwrsrError, ValueError):
            return False


class Partly(ValueError):
    """Some of a URL's text could not be used.

    Args:
        problem: which part and what is accepted.
        value: of the rest.
    """

    def __init__(self, problem: str, value: Any) -> None:
        super().__init__(problem)
        self.value = value


def one_of(accepted: list[str]) -> Callable[[str], str]:
    """A parser of names."""

    def parse(text: str) -> str:
        if text not in accepted:
            raise ValueError(
                f"unknown; accepted: {', '.join(accepted) or 'nothing'}."
                f"{did_you_mean(text, accepted)}"
            )
        return text

    return parse


def several_of(accepted: list[str]) -> Callable[[str], list[str]]:
    """A parser of names with dots between them, each once; none is an answer too."""
    parse = one_of(accepted)
    return lambda text: list(dict.fromkeys(parse(part) for part in text.split(".") if part))


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
            raise ValueError(f"accepted: a whole number from {low} to {high}")
        return int(text)

    return parse


def default_model(models: Sequence[str], position: int) -> str:
    """The model of A (0) or B (1) that a page opens with, of one or more."""
    wanted = DEFAULT_MODELS[position]
    return wanted if wanted in models else models[min(position, len(models) - 1)]


def choices(dataset: Dataset, models: list[str], opening: str = "") -> list[Choice]:
    """The choices there are for one dataset and its models.

    Args:
        dataset: the one on show.
        models: names of its models.
        opening: the user that a page opens with; `default_user` where empty.
    """
    item = whole_number(1, dataset.n_items)

    def items(text: str) -> list[int]:
        history = [dataset.check_item(item(part)) for part in text.split(".") if part]
        if len(history) > MAX_HISTORY:
            raise ValueError(f"{len(history)} items; accepted: at most {MAX_HISTORY}")
        return history

    def usable_items(text: str) -> list[int]:
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
                f"{named} left out; accepted: whole numbers from 1 to {dataset.n_items} with dots "
                "between them",
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

    def named_model(text: str) -> str:
        return one_of(models)(name_and_weights(text, models)[0])

    return [
        Choice("a", default_model(models, 0) if models else None, named_model, always=True),
        Choice("b", default_model(models, 1) if models else None, named_model, always=True),
        Choice("source", USER, one_of([USER, OWN])),
        Choice(
            "user",
            opening or default_user(dataset),
            lambda text: dataset.user_ids[dataset.user_index(text)],
        ),
        Choice("items", [], usable_items, lambda history: ".".join(map(str, history))),
        Choice("origin", None, lambda text: dataset.user_ids[dataset.user_index(text)]),
        Choice(
            "variants", [], lambda text: pinned.parse_variants(text, items), pinned.variants_text
        ),
        Choice("compare", None, whole_number(0, pinned.MAX_VARIANTS)),
        Choice("target", AUTOMATIC, item),
        Choice("rival", None, item),
        Choice("methods", [next(iter(METHODS))], several_of(list(METHODS)), ".".join),
        Choice("settings", {}, parse_settings, settings_text),
        Choice("k", 10, whole_number(MIN_LISTED, MAX_LISTED)),
    ]


def name_and_weights(text: str, models: Collection[str]) -> tuple[str, str]:
    """A model of the URL, and what follows an @ to tell its weights apart, or nothing.

    A model's own name may hold an @.
    """
    name, mark, weights = text.rpartition("@")
    return (name, weights) if mark and text not in models else (text, "")


def default_user(dataset: Dataset) -> str:
    """The first user with a history of a handy length, else the first user."""
    low, high = DEFAULT_LENGTH
    handy = ((dataset.lengths() > low) & (dataset.lengths() <= high)).nonzero()[0]
    return dataset.user_ids[int(handy[0]) if len(handy) else 0]


def restore(session: Session, url: Mapping[str, str], offered: list[Choice]) -> list[str]:
    """Fill what the session does not hold yet, from the URL or by default.

    Returns:
        A sentence for everything in the URL that could not be used.
    """
    problems = []
    url = unless_left(session, url)
    kept = session.setdefault(KEPT, {})
    for choice in offered:
        if choice.name in kept and choice.name not in session and choice.name not in url:
            session[choice.name] = kept[choice.name]
        if choice.name in session and choice.accepts(session[choice.name]):
            # Streamlit drops the state of a widget that is not drawn; assigning keeps it.
            kept[choice.name] = session[choice.name] = session[choice.name]
            continue
        session[choice.name] = choice.default
        if choice.name in url:
            try:
                session[choice.name] = choice.parse(url[choice.name])
            except (AwrsrError, ValueError) as error:
                if isinstance(error, Partly):
                    session[choice.name] = error.value
                problems.append(
                    f"{choice.name}={clipped(url[choice.name])} in the address: "
                    f"{clipped(str(error), 300).rstrip('.')}"
                )
        kept[choice.name] = session[choice.name]
    return problems


def unless_left(session: Session, url: Mapping[str, str]) -> Mapping[str, str]:
    """The URL, or nothing of it where it still is the one of a dataset just left.

    To clear it instead would leave one more address for the browser's back to stop at.
    """
    return {} if dict(url).items() <= session.get("left", {}).items() else url


KEPT = "kept_choices"
"""In the session: every choice as of the last run. Streamlit forgets the widgets of a page when
another is opened after a run of a fragment alone."""
ASKED = "asked_weights"
"""In the session: by side, the model that a link named and the weights it asked for."""
OF_DATASET = ("history_of", "undo", "redo", "picked_user")


def let_go(session: Session, url: Mapping[str, str]) -> None:
    """Forget every choice, so that `restore` reads them from this URL; undo stays in a dataset."""
    if session.get("dataset") != url.get("dataset"):
        for name in OF_DATASET:
            session.pop(name, None)
    said = ("replacing", "wrong_user", "reading", "refused")  # of the history that is left
    for name in (*CHOICES, ASKED, KEPT, "left", *said):
        session.pop(name, None)


FIND = ("slice", "map", "x", "y", "sort", "order", "where")
MODELS = ("over",)


def keep(session: Session) -> None:
    """What a person chose on a page stays while another page is shown.

    Streamlit drops the state of a widget that is not drawn; assigning keeps it.
    """
    kept = session.setdefault(KEPT, {})
    for name in (*FIND, *MODELS):
        if name in session:
            kept[name] = session[name]
        if name in kept:
            session[name] = kept[name]


def clipped(text: str, length: int = 40) -> str:
    """Text from outside, short enough for a message, on one line, with nothing that turns it."""
    short = text if len(text) <= length else text[:length] + "\u2026"
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in short)


def to_url(session: Session, offered: list[Choice]) -> dict[str, str]:
    """What differs from the default, as the URL's parameters."""
    return {
        choice.name: choice.show(session[choice.name])
        for choice in offered
        if session.get(choice.name) is not None
        and (choice.always or session[choice.name] != choice.default)
    }
