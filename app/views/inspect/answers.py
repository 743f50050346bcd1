"""Answers to the board: the sum behind a locked cell, the flow of the score, a cut."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from app import cache
from app.case import Case
from app.sides import Side
from app.views.inspect import dock
from app.views.inspect.provenance import is_number, locked_cell, shown_sources
from awrsr.board import Answer, Band, Cut, PackedFlow, Payload, Standing, pack_flow
from awrsr.errors import AwrsrError
from awrsr.explain import PARTS, Connection


def answer(
    case: Case,
    content: Payload,
    locked: Mapping[str, Any] | None,
    asked: Mapping[str, Any] | None,
) -> Answer:
    """Everything that the board asks for, nothing else.

    Args:
        case: what the board shows.
        content: the board's data.
        locked: the locked cell as the browser reports it, unchecked.
        asked: further questions of the board, unchecked, too.
    """
    found = Answer(signature=content["signature"], whys=[], flows=[], refused="", cut=None)
    cell = locked_cell(locked, len(content["items"]))
    if cell is not None:
        found["whys"] = dock.whys(content, shown_sources(case, content), cell)
    if not isinstance(asked, Mapping) or asked.get("signature") != content["signature"]:
        return found
    if asked.get("flow"):
        try:
            found["flows"] = flows_of(case, content)
        except AwrsrError as error:
            found["refused"] = str(error)
    if (band := band_of(asked.get("cut"))) is not None:
        with suppress(AwrsrError):  # a connection that the model does not have
            found["cut"] = cut(case, content, band)
    return found


def side_of(case: Case, source: str) -> tuple[Side, tuple[int, ...]] | None:
    """The model and the history of a source of the board; None if there is none.

    The history may be longer than the model's input.
    """
    for side in case.sides:
        if source == side.key.upper():
            return side, case.history
        if source == f"{side.key.upper()}\u2032" and case.compared is not None:
            return side, tuple(case.compared.traces[side.key].items)
    return None


def flows_of(case: Case, content: Payload) -> list[PackedFlow]:
    """The flow of the target's score in every source of the board."""
    found = []
    for source in content["sources"]:
        known = side_of(case, source["name"])
        if known is not None:
            side, history = known
            flow = cache.get_flow(side.directory, history, case.target)
            found.append(pack_flow(source["name"], flow))
    return found


def band_of(asked: object) -> Band | None:
    """The band that a browser asks about, if it is one."""
    if not isinstance(asked, Mapping):
        return None
    source, part = asked.get("source"), asked.get("part")
    layer, query, key = (asked.get(name) for name in ("layer", "query", "key"))
    if not (isinstance(source, str) and part in PARTS):
        return None
    if not (is_number(layer) and is_number(query) and is_number(key)):
        return None
    return Band(source=source, layer=layer, query=query, key=key, part=part)


def cut(case: Case, content: Payload, band: Band) -> Cut | None:
    """The target before and after the connection is cut; None if there is no such connection."""
    known = side_of(case, band["source"])
    places = next((s["places"] for s in content["sources"] if s["name"] == band["source"]), [])
    if known is None or band["query"] not in places or band["key"] not in places:
        return None
    side, history = known
    connection = Connection(
        layer=band["layer"],
        query=places.index(band["query"]),
        key=places.index(band["key"]),
        part=band["part"],
    )
    before, after = cache.get_cut(
        side.directory, history, case.target, connection, case.dataset.default_candidates
    )
    return Cut(
        band=band,
        before=Standing(score=before.score, rank=before.rank),
        after=Standing(score=after.score, rank=after.rank),
    )
