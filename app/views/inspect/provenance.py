"""The decomposition of a locked cell of the board, for the models and maps on view."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import streamlit as st

from app.case import Case
from app.escape import plain
from app.views.inspect.sums import (
    Shown,
)
from app.views.inspect.terms import show_first_order, show_refined, show_second_order
from awrsr.board import Payload
from awrsr.errors import AwrsrError
from awrsr.explain import (
    Cell,
)

KINDS = {"first": "first order", "second": "second order", "refined": "refined"}
TOGETHER = {"mean": "mean of heads", "max": "maximum of heads", "rollout": "rollout"}
POINT = "Click a cell of a large map to see how its value is computed."
ROW = f"A row is locked; its sums are above, under the board. {POINT}"


@dataclass(frozen=True)
class Panel:
    """A map that was on view when the cell was locked."""

    source: str
    layer: int
    head: int | str
    kind: str


@dataclass(frozen=True)
class LockedCell:
    """A cell on the board's axis and the maps on view when it was locked, without repeats."""

    query: int
    key: int
    panels: tuple[Panel, ...]


def show(case: Case, content: Payload, locked: Mapping[str, Any] | None) -> None:
    """How the locked cell is computed, or how to lock one.

    Args:
        case: the case on the board.
        content: the board's data.
        locked: the locked cell or row, as the board reports it.
    """
    cell = locked_cell(locked, len(content["items"]))
    if cell is None:
        is_row = isinstance(locked, Mapping) and is_number(locked.get("query"))
        st.caption(f":material/ads_click: {ROW if is_row else POINT}")
        return
    with st.container(key="why"), st.expander("All terms of this cell"):
        st.markdown("#### How this cell is computed")
        st.markdown(
            f"Query **{plain(axis_label(content, cell.query))}**, "
            f"key **{plain(axis_label(content, cell.key))}**",
            help="For the maps on view when the cell was locked. For other maps, choose them on "
            "the board and click the cell again.",
        )
        sources = shown_sources(case, content)
        columns = st.columns(max(1, len(cell.panels)), gap="medium")
        for number, (panel, column) in enumerate(zip(cell.panels, columns, strict=False)):
            with column:
                show_panel(content, sources, panel, cell, f"why-{number}")


def locked_cell(locked: Mapping[str, Any] | None, places: int) -> LockedCell | None:
    """The locked cell that the browser reports; None if it is not a cell of an axis this long."""
    if not isinstance(locked, Mapping):
        return None
    query, key, panels = locked.get("query"), locked.get("key"), locked.get("panels")
    if not (is_number(query) and is_number(key) and 0 <= key <= query < places):
        return None
    found = [
        Panel(panel["source"], panel["layer"], panel["head"], panel["kind"])
        for panel in (panels if isinstance(panels, list) else [])
        if isinstance(panel, Mapping)
        and isinstance(panel.get("source"), str)
        and is_number(panel.get("layer"))
        and (is_number(panel.get("head")) or isinstance(panel.get("head"), str))
        and panel.get("kind") in KINDS
    ]
    return LockedCell(query, key, tuple(dict.fromkeys(found))[:2])


def is_number(value: object) -> TypeGuard[int]:
    """Whether a JSON value is an integer."""
    return isinstance(value, int) and not isinstance(value, bool)


def axis_label(content: Payload, place: int) -> str:
    """The label of an item on the axis: its slot and its title."""
    slot, title = content["slots"][place], content["titles"][place]
    return f"{slot}. {title}"


def shown_sources(case: Case, content: Payload) -> dict[str, Shown]:
    """The models and traces behind the board's sources, by name."""
    by_letter = {side.key.upper(): side for side in case.sides}
    found = {}
    for source in content["sources"]:
        side = by_letter[source["name"][0]]
        is_variant = source["name"] != side.key.upper()
        variant = case.compared if is_variant else None
        trace = side.trace if variant is None else variant.traces[side.key]
        found[source["name"]] = Shown(
            name=source["name"],
            title=source["title"],
            model=side.model,
            trace=trace,
            places=source["places"],
            where=source["where"],
            labels=[axis_label(content, place) for place in source["places"]],
        )
    return found


# --- one map --------------------------------------------------------------------------------------


def show_panel(
    content: Payload,
    sources: dict[str, Shown],
    panel: Panel,
    cell: LockedCell,
    key: str,
) -> None:
    """How the cell is computed in one map."""
    source = sources.get(panel.source)
    if source is None:
        return
    head = panel.head
    which = f"head {head + 1}" if isinstance(head, int) else TOGETHER.get(head, "")
    st.markdown(
        f"**{plain(source.name)}: {plain(source.title)}** \u00b7 layer {panel.layer + 1}, "
        f"{which}, {KINDS[panel.kind]}"
    )
    if not isinstance(head, int):
        st.caption("The decomposition is per head: choose a single head above the map.")
        return
    words = where_it_stands(content, source, cell)
    if words:
        st.caption(plain(words))
    places = [source.where[place] for place in (cell.query, cell.key)]
    if places[1] < 0 or places[1] > places[0]:
        return
    query, at_key = (source.places.index(place) for place in places)
    at = Cell(layer=panel.layer, head=head, query=query, key=at_key)
    try:
        if panel.kind == "first":
            show_first_order(source, at, key)
        elif panel.kind == "second":
            show_second_order(source, at, key)
        else:
            show_refined(source, at, key)
    except AwrsrError as error:
        st.info(plain(error))


def where_it_stands(content: Payload, source: Shown, cell: LockedCell) -> str:
    """Where a model has the two items of a cell if not at the same places, or why it lacks the
    cell; empty if the cell is the same."""
    query, key = source.where[cell.query], source.where[cell.key]
    lacking = [place for place in (cell.query, cell.key) if source.where[place] < 0]
    if lacking:
        named = " or ".join(dict.fromkeys(axis_label(content, place) for place in lacking))
        return f"{source.name} does not see {named}, so it has no such cell."
    if (query, key) == (cell.query, cell.key):
        return ""
    slots = content["slots"]
    words = f"In {source.name} the query is at {slots[query]}, the key at {slots[key]}"
    if key > query:
        return (
            f"{words}. The key is newer there, and an item attends only to itself and to older "
            "items, so there is no such cell."
        )
    words += "; that cell is shown."
    for place, match in dict.fromkeys(((cell.query, query), (cell.key, key))):
        same = [p for p in source.places if content["items"][p] == content["items"][place]]
        if len(same) > 1:
            how = "the same place as here" if match == place else "matched from the newest"
            listed = " and ".join(slots[p] for p in same)
            words += (
                f" {content['titles'][place]} is there at {listed}; the one at "
                f"{slots[match]} is used, {how}."
            )
    return words
