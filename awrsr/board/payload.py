"""From traces to the data of the attention board, with packed maps.

Maps are lower triangles, row by row, as little-endian 24-bit steps. Keys later than the query are
not sent, and rounding is too small to show in printed numbers. All traces share one axis of slots,
so that a history and its variant are aligned item by item.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from awrsr.board.names import ItemNames
from awrsr.board.page import template
from awrsr.board.schema import Column, Groups, PackedMaps, PackedSource, Payload
from awrsr.config import ModelConfig
from awrsr.errors import DataError
from awrsr.refinement import REFINEMENTS

STEPS = 2**24 - 1
"""A weight of 1. Rounding changes a weight by at most 3e-8, half the step of a float32 below 1."""
PRIME = "\u2032"
"""The mark of the slots of a variant, also used for its sources."""
Kind = Literal["first", "second", "refined"]
KINDS: dict[Kind, str] = {"first": "first_order", "second": "second_order", "refined": "refined"}


class Drawn(Protocol):
    """The drawable part of a trace: an `awrsr.Trace`, or a recorded one."""

    @property
    def items(self) -> list[int]: ...

    @property
    def dropped(self) -> int: ...

    @property
    def config(self) -> ModelConfig: ...

    def arrays(self) -> dict[str, npt.NDArray[Any]]: ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """One trace on the board.

    Args:
        name: a short, unique name, "A".
        title: the title of the model, "SASRec, additive".
        trace: a trace of one history in that model.
        columns: numbers for each of its items, drawn on the rows of the items.
    """

    name: str
    title: str
    trace: Drawn
    columns: Sequence[Column] = ()


def align(histories: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """One axis that contains several histories in order, with common items in common places.

    Args:
        histories: items, oldest first; they may repeat items.

    Returns:
        The items of the axis, and for every history the places of its items, ascending.
    """
    axis: list[int] = []
    places: list[list[int]] = []
    for history in histories:
        merged: list[int] = []
        moved: dict[int, int] = {}
        placed: list[int] = []
        matcher = SequenceMatcher(a=axis, b=list(history), autojunk=False)
        for operation, a0, a1, b0, b1 in matcher.get_opcodes():
            for old in range(a0, a1):
                moved[old] = len(merged)
                if operation == "equal":
                    placed.append(len(merged))
                merged.append(axis[old])
            if operation != "equal":
                for new in range(b0, b1):
                    placed.append(len(merged))
                    merged.append(history[new])
        axis = merged
        places = [[moved[place] for place in earlier] for earlier in places] + [placed]
    return axis, places


def counterparts(
    axis: Sequence[int], histories: Sequence[Sequence[int]], places: Sequence[int]
) -> list[int]:
    """For every place of an axis, the place of the same item in a trace.

    It is the same place if the trace has an item there. Otherwise the entries of an item are
    matched from the newest to the oldest: the newest entry in a history with the newest in the
    trace, and so on.

    Args:
        axis: items, see `align`.
        histories: the places of each history.
        places: the places of the trace's items.

    Returns:
        For every place of the axis a place of the trace, -1 if it lacks the item.
    """
    trace_places = set(places)
    found = [place if place in trace_places else -1 for place in range(len(axis))]
    for history in histories:
        unmatched: dict[int, list[int]] = {}
        for place in sorted(trace_places - set(history)):
            unmatched.setdefault(axis[place], []).append(place)
        for place in sorted(set(history) - trace_places, reverse=True):
            if unmatched.get(axis[place]) and found[place] < 0:
                found[place] = unmatched[axis[place]].pop()
    return found


def payload(sources: Sequence[Source], names: ItemNames, *, title: str = "") -> Payload:
    """The data that the board draws.

    Args:
        sources: the traces. The first history numbers the slots; items that only another history
            contains keep their number in that history, with a prime.
        names: labels and groups of the items.
        title: title of the board.

    Raises:
        DataError: there is no source, or a column and its trace differ in length.
    """
    if not sources:
        raise DataError("a board needs one trace or more; received none")
    longest, views = _histories([source.trace for source in sources])
    axis, history_places = align([trace.items for trace in longest])
    places = [
        history_places[view][-len(source.trace.items) :]
        for view, source in zip(views, sources, strict=True)
    ]
    slots = [""] * len(axis)
    for view, (trace, view_places) in enumerate(zip(longest, history_places, strict=True)):
        for number, place in enumerate(view_places, start=trace.dropped + 1):
            slots[place] = slots[place] or f"{number}{PRIME * bool(view)}"
    content: Payload = {
        "title": title,
        "items": [int(item) for item in axis],
        "slots": slots,
        "titles": [str(names.titles[item - 1]) for item in axis],
        "groups": _groups(names, axis),
        "sources": [
            _packed(source, place, counterparts(axis, history_places, place))
            for source, place in zip(sources, places, strict=True)
        ],
        "page": template(),
        "signature": "",
    }
    digest = hashlib.blake2b(json.dumps(content).encode(), digest_size=8)
    return {**content, "signature": digest.hexdigest()}


def _groups(names: ItemNames, axis: Sequence[int]) -> Groups | None:
    if names.groups is None:
        return None
    groups = [names.groups[item - 1] for item in axis]
    return {"name": names.group_name, "coloured": names.coloured, "each": groups}


def _histories(traces: Sequence[Drawn]) -> tuple[list[Drawn], list[int]]:
    """The longest trace of each history, and for every trace the index of its history."""
    longest: list[Drawn] = []
    views: list[int] = []
    for trace in traces:
        for place, known in enumerate(longest):
            short, long = sorted((trace, known), key=lambda view: len(view.items))
            if (
                short.dropped + len(short.items) == long.dropped + len(long.items)
                and short.items == long.items[-len(short.items) :]
            ):
                longest[place] = long
                views.append(place)
                break
        else:
            views.append(len(longest))
            longest.append(trace)
    return longest, views


def _packed(source: Source, places: list[int], where: list[int]) -> PackedSource:
    arrays = source.trace.arrays()
    layers, heads = arrays["refined"].shape[:2]
    norms = arrays.get("transformed_value_norm")
    refinement = REFINEMENTS[source.trace.config.refinement]
    return {
        "name": source.name,
        "title": source.title,
        "places": places,
        "start": source.trace.dropped + 1,
        "where": where,
        "layers": layers,
        "heads": heads,
        "formula": refinement.formula_of(source.trace.config),
        "noSecondOrder": refinement.no_second_order,
        "floor": None if refinement.learns_attention else refinement.title,
        "norms": None if norms is None else _encoded(norms, np.dtype("<f4")),
        "maps": _packed_maps(arrays),
        "columns": [_checked(column, len(source.trace.items)) for column in source.columns],
    }


def _checked(column: Column, items: int) -> Column:
    lengths = {len(column["values"]), len(column["texts"]) or items}
    if lengths != {items}:
        raise DataError(
            f"the column {column['title']!r} has {' and '.join(map(str, sorted(lengths)))} "
            f"entries; accepted: {items}, one per item of the trace"
        )
    return column


def _packed_maps(arrays: dict[str, npt.NDArray[Any]]) -> PackedMaps:
    packed: PackedMaps = {"first": None, "second": None, "refined": None}
    sent: dict[Kind, npt.NDArray[Any]] = {}
    for kind, field in KINDS.items():
        maps = arrays.get(field)
        if maps is None:
            continue
        equal = (name for name, known in sent.items() if np.array_equal(maps, known))
        packed[kind] = next(equal, None) or _triangles(maps)
        sent.setdefault(kind, maps)
    return packed


def _triangles(weights: npt.NDArray[Any]) -> str:
    rows, columns = np.tril_indices(weights.shape[-1])
    steps = np.rint(weights[..., rows, columns].astype(np.float64) * STEPS).astype("<u4")
    return _encoded(steps[..., None].view(np.uint8)[..., :3], np.dtype(np.uint8))


def _encoded(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=dtype).tobytes()).decode()
