"""Every key of the session: its type, its default, and its form in the address.

The only file that reads and writes `st.session_state`. A widget takes its key from here:
`key=Session.k.name`, or `key=Session.meant.named(3)` from a family of keys. One file because a key
must be declared once, in one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app import finding, forms, pinned
from app.epochs import FINAL
from app.forms import Choice
from app.keys import Key, Keys, Offer, Store
from app.method_settings import Settings, parse_settings, settings_text
from app.opening import default_model, default_user
from app.panels import PANELS, Measured
from app.pinned import Variant
from app.reading import Reading
from awrsr.attribution import METHODS

USER, OWN = "user", "own"
MIN_LISTED, MAX_LISTED = 5, 50
AUTOMATIC = 0
"""Automatic target: the user's held-out item, or else the first recommendation of model A."""
USERS_OVER = ("all", "short", "long")
"""Slices of the users on the page Models."""
EVERY, INSPECT, FIND, STUDIES, MODELS, RESULTS = (
    *("every page", "inspect", "find", "faithfulness", "models", "results"),
)
"""Pages whose addresses have keys; Results does not have those of `every page`."""


@dataclass(frozen=True)
class Situation:
    """Everything that an edit of the history can change, for undo."""

    source: str
    user: str
    origin: str | None
    items: tuple[int, ...]
    reading: Reading | None


def column(default: str) -> Key[str]:
    """The key of a column of Find."""
    return Key(default, FIND, lambda _: forms.one_of(finding.COLUMNS))


def model(position: int) -> Key[str | None]:
    """The key of model A (0) or B (1)."""
    return Key(
        None,
        EVERY,
        lambda on: forms.model_of(on.models),
        lambda name: name or "",
        first=lambda on: on.opening[1 + position] or default_model(on.models, position),
        always=True,
    )


class Session:
    """The state of one session: choices, inputs, open panels, edits.

    Args:
        store: the store of the values.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    # In the address of every page but Results.
    dataset = Key("", EVERY)
    a = model(0)
    b = model(1)

    # In the address of Inspect.
    source = Key(USER, INSPECT, lambda _: forms.one_of([USER, OWN]))
    user = Key(
        "",
        INSPECT,
        lambda on: forms.user_of(on.dataset),
        first=lambda on: on.opening.user or default_user(on.dataset),
    )
    items = Key[list[int]]([], INSPECT, lambda on: forms.history_of(on.dataset), forms.items_text)
    origin = Key[str | None](None, INSPECT, lambda on: forms.user_of(on.dataset))
    variants = Key[list[Variant]](
        [], INSPECT, lambda on: forms.variants_of(on.dataset), pinned.variants_text
    )
    compare = Key[int | None](None, INSPECT, lambda _: forms.whole_number(0, pinned.MAX_VARIANTS))
    target = Key(AUTOMATIC, INSPECT, lambda on: forms.item_of(on.dataset))
    rival = Key[int | None](None, INSPECT, lambda on: forms.item_of(on.dataset))
    methods = Key(
        [next(iter(METHODS))], INSPECT, lambda _: forms.several_of(list(METHODS)), ".".join
    )
    settings = Key[Settings]({}, INSPECT, lambda _: parse_settings, settings_text)
    epoch = Key(FINAL, INSPECT, lambda on: forms.epoch_of(on.epochs))
    k = Key(10, INSPECT, lambda _: forms.whole_number(MIN_LISTED, MAX_LISTED))
    panel = Key(
        PANELS["recommendations"], INSPECT, lambda _: forms.label_of(PANELS), forms.name_in(PANELS)
    )
    """The label of the open tab."""

    # In the address of Find.
    slice = Key("all", FIND, lambda _: forms.one_of(finding.SLICES))
    map = Key("refined", FIND, lambda _: forms.one_of(finding.KINDS))
    x, y, sort = column("divergence"), column("doublings"), column("doublings")
    order = Key(finding.LARGEST, FIND, lambda _: forms.one_of(finding.ORDERS))
    where = Key[list[finding.Limit]]([], FIND, lambda _: finding.parse_limits, finding.limits_text)

    # In the address of Models and of Results.
    over = Key("all", MODELS, lambda _: forms.one_of(USERS_OVER))
    grid, data, loss = Key("", RESULTS), Key("", RESULTS), Key("", RESULTS)

    # The address itself.
    kept_choices = Key[dict[str, Any]]({})
    """Every choice at the last run: if another page is opened after a fragment run, Streamlit drops
    the widgets of the previous page."""
    asked_weights = Key[dict[str, tuple[str, str]]]({})
    """By side, the model in a link and the fingerprint of its weights."""
    left = Key[dict[str, str]]({})
    """The address of the previous dataset."""

    first_screen_sent = Key(False)
    """Whether this session has the first screen of Inspect, see `app.arrival`."""
    rest_asked = Key(False)
    problems = Key[list[str]]([])
    """The parts of the address that the last run could not use."""

    # Editing the history of Inspect.
    history_of = Key("")
    """Fingerprint of the dataset of the history."""
    undo, redo = Key[list[Situation]]([]), Key[list[Situation]]([])
    replacing = Key[int | None](None)
    """The place of the item to be replaced."""
    picked_user = Key[str | None](None)
    wrong_user = Key("")
    """Why the typed user was not found."""
    reading = Key[Reading | None](None)
    refused = Key("")
    """Why the last entry could not be read."""
    pin_problem = Key("")
    edits_applied = Key(0)
    """Number of the newest edit of the list that was applied."""

    # Inputs of Inspect.
    start_here = Key(False)
    typed_user, user_search, pasted = Key(""), Key(""), Key("")
    search, searches = Keys[Mapping[str, Any]]({}), Keys(0)
    """Fields to search for an item, and the number of the newest choice in each."""
    newest = Key(5)
    pin_name, new_name = Key(""), Key("")
    entry, entries_closed = Keys(False), Key(0)
    """Whether the box for an entry is open. Closing it makes a new one, because a late message
    of the browser would open the old one again."""
    uploaded = Key[UploadedFile | None](None)
    history_list = Key[Mapping[str, Any]]({})
    meant = Keys[int | None](None)
    """The chosen item for an unknown entry, by place."""
    setting = Keys[Any](None)
    """By attribution method and option."""

    # Numbers of tables with selectable rows; a new number makes a new table without a selection.
    user_picks, picks, variant_edits, find_picks = Key(0), Key(0), Key(0), Key(0)
    users, variant_rows, each = Keys[Any](None), Keys[Any](None), Keys[Any](None)
    listed = Keys[Mapping[str, Any]]({})
    scatter, found = Keys[Any](None), Keys[Any](None)

    # The upload of a model.
    model_files = Keys[list[UploadedFile] | None](None)
    """By number of uploads taken."""
    uploads_taken, upload_problem = Key(0), Key("")
    upload_asks = Key[list[str]]([])
    """Options that can be given for the waiting file."""
    told = Keys[Any](None)

    # Panels of Inspect.
    smallest, each_removed, gains = Key(False), Key(False), Key(False)
    gains_off, gains_other = Keys(False), Keys(False)
    gains_uniform, gains_first = Keys[list[Any]]([]), Keys[list[Any]]([])
    agreement_side, agreement_statistic = Key(""), Key("")
    measured = Key[Measured | None](None)
    measured_chosen, measured_standing = Key[list[str]]([]), Key("")
    in_panels = (gains, agreement_side, agreement_statistic, measured_chosen, measured_standing)
    families_in_panels = (setting, gains_off, gains_other, gains_uniform, gains_first)
    """The choices in the tabs that are not in the address."""
    take_away = Key[Mapping[str, Any]]({})
    take_away_view = Key[str | None](None)
    """The view of the board at the request for the download."""

    # Find, Faithfulness, Results.
    limited = Key[list[str]]([])
    low, high = Keys[float | None](None), Keys[float | None](None)
    study, study_measure, study_sort, study_standing = Key(""), Key(""), Key(""), Key("")
    study_chosen = Key[list[str]]([])
    study_of = Key[tuple[str, str] | None](None)
    """The dataset and the pair of models of the chosen study."""
    lines, trend = Key(""), Key("")
    example = Keys("")

    @classmethod
    def declared(cls) -> list[Key[Any]]:
        """All keys except those of families, in the order of declaration."""
        return [key for key in vars(cls).values() if isinstance(key, Key)]

    @classmethod
    def families(cls) -> list[Keys[Any]]:
        """All families of keys."""
        return [keys for keys in vars(cls).values() if isinstance(keys, Keys)]

    def hold(self, *keys: Key[Any]) -> None:
        """Keep typed inputs: Streamlit drops the state of a widget that is not drawn."""
        for key in keys:
            if key.name in self.store:
                self.store[key.name] = self.store[key.name]

    def hold_panels(self) -> None:
        """Keep the choices inside the tabs of Inspect that are closed, and so not drawn."""
        self.hold(*self.in_panels)
        families = tuple(f"{keys.name}-" for keys in self.families_in_panels)
        for name in [name for name in self.store if str(name).startswith(families)]:
            self.store[name] = self.store[name]

    # --- the address ------------------------------------------------------------------------------

    def restore(self, url: Mapping[str, str], offered: list[Choice]) -> list[str]:
        """Fill missing choices from the URL or by default.

        Returns:
            One sentence for every part of the URL that could not be used.
        """
        problems = []
        url = self.unless_left(url)
        kept = self.store.setdefault(Session.kept_choices.name, {})
        for choice in offered:
            name = choice.name
            if name in kept and name not in self.store and name not in url:
                self.store[name] = kept[name]
            if name in self.store and choice.accepts(self.store[name]):
                # Streamlit drops the state of a widget that is not drawn; assigning keeps it.
                kept[name] = self.store[name] = self.store[name]
                continue
            self.store[name] = choice.default
            if name in url:
                self.store[name], problem = choice.read(url[name])
                problems += [problem] * bool(problem)
            kept[name] = self.store[name]
        return problems

    def to_url(self, offered: list[Choice]) -> dict[str, str]:
        """Values that differ from the defaults, as URL parameters."""
        values = {choice.name: self.store.get(choice.name) for choice in offered}
        return forms.to_url(values, offered)

    def unless_left(self, url: Mapping[str, str]) -> Mapping[str, str]:
        """The URL, or an empty one if it still belongs to the previous dataset.

        Clearing the URL instead would add one more entry to the browser's history.
        """
        return {} if dict(url).items() <= self.left.items() else url

    def leave_dataset(self, url: Mapping[str, str]) -> None:
        """Forget users, items and models of the previous dataset."""
        del self.a, self.b, self.user, self.items, self.target, self.rival, self.epoch
        del self.asked_weights, self.kept_choices
        self.left = dict(url)

    def let_go(self, url: Mapping[str, str], *pages: str) -> None:
        """Forget the choices of these pages, so that `restore` reads them from this URL. Undo is
        kept within a dataset."""
        if EVERY in pages and self.dataset != url.get(Session.dataset.name, ""):
            pages = (*pages, INSPECT)
            del self.history_of, self.undo, self.redo, self.picked_user
        for key in self.declared():
            if key.page in pages:
                self.store.pop(key.name, None)
                self.kept_choices.pop(key.name, None)
        if EVERY in pages:
            del self.asked_weights, self.left
        if INSPECT in pages:  # messages about the previous history
            del self.replacing, self.wrong_user, self.reading, self.refused

    def keep(self) -> None:
        """Keep the choices of a page while another page is shown.

        Streamlit drops the state of a widget that is not drawn; assigning keeps it.
        """
        kept = self.store.setdefault(Session.kept_choices.name, {})
        for key in self.declared():
            if key.page in (FIND, MODELS, RESULTS):
                if key.name in self.store:
                    kept[key.name] = self.store[key.name]
                if key.name in kept:
                    self.store[key.name] = kept[key.name]


def choices(offer: Offer, *pages: str) -> list[Choice]:
    """The choices in the addresses of these pages, except those that only a page knows."""
    return [
        key.choice(offer)
        for key in Session.declared()
        if key.page in pages and key.parse is not None
    ]


session = Session(st.session_state)
"""The session of the running thread."""
