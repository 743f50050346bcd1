"""Traces to what the attention board draws, maps packed.

Maps are lower triangles, row after row, as little-endian 24-bit steps: what can never hold weight
is not sent, and what is printed of the rest is as if nothing had been rounded. All traces stand on
one axis of slots, so that one history and a variant of it line up item by item.
"""

import base64
import functools
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from awrsr.board.page import template
from awrsr.board.schema import Column, Groups, PackedMaps, PackedSource, Payload
from awrsr.config import ModelConfig
from awrsr.data.dataset import Dataset
from awrsr.errors import DataError
from awrsr.refinement import REFINEMENTS

STEPS = 2**24 - 1
"""A weight of 1. Rounding moves a weight by 3e-8 at most, a float32's own step below 1."""
MAX_GROUPS = 8
"""Colours that people tell apart; further groups share a grey."""
PRIME = "\u2032"
"""Marks the slots of a variant, as it marks its sources."""
Kind = Literal["first", "second", "refined"]
KINDS: dict[Kind, str] = {"first": "first_order", "second": "second_order", "refined": "refined"}


class Drawn(Protocol):
    """What is drawn of a trace: an `awrsr.Trace`, or what was recorded of one."""

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
        name: short and distinct, "A".
        title: the model's, "SASRec, additive".
        trace: of one history through that model.
        columns: numbers for each of its items, drawn on the items' rows.
    """

    name: str
    title: str
    trace: Drawn
    columns: Sequence[Column] = ()


@dataclass(frozen=True, kw_only=True)
class ItemNames:
    """What the axes say about a dataset's items.

    Args:
        titles: of every item, item i at index i - 1.
        groups: what the colour band shows of every item, or None.
        group_name: what the groups are, "genres".
    """

    titles: Sequence[str]
    groups: Sequence[str] | None = None
    group_name: str = ""

    @functools.cached_property
    def coloured(self) -> list[str]:
        """The groups that have a colour of their own: the largest of the catalogue, so that a
        colour means the same for every history."""
        return [group for group, _ in Counter(self.groups).most_common(MAX_GROUPS)]


def item_names(dataset: Dataset) -> ItemNames:
    """Names, and the first further column that puts items into groups.

    A cell "Comedy|Drama", or a list of both, counts as its first entry; records group nothing.
    """
    titles = dataset.titles(range(1, dataset.n_items + 1))
    for column in dataset.items.columns.drop(["item", "item_id", "title"]):
        found = [_group(value) for value in dataset.items[column]]
        groups = [group for group in found if group is not None]
        if len(groups) == len(found) and 1 < len(set(groups)) <= max(2, len(groups) // 4):
            return ItemNames(titles=titles, groups=groups, group_name=str(column))
    return ItemNames(titles=titles)


def _group(value: object) -> str | None:
    if isinstance(value, list | tuple | np.ndarray):
        return _group(value[0]) if len(value) else ""
    return None if isinstance(value, dict) else str(value).split("|")[0].strip()


def align(histories: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """One axis on which several histories stand in order, common items on common places.

    Args:
        histories: items, oldest first; they may repeat items.

    Returns:
        The axis' items, and for every history the place of each of its items, increasing.
    """
    axis: list[int] = []
    places: list[list[int]] = []
    for history in histories:
        merged: list[int] = []
        moved: dict[int, int] = {}
        mine: list[int] = []
        matcher = SequenceMatcher(a=axis, b=list(history), autojunk=False)
        for operation, a0, a1, b0, b1 in matcher.get_opcodes():
            for old in range(a0, a1):
                moved[old] = len(merged)
                if operation == "equal":
                    mine.append(len(merged))
                merged.append(axis[old])
            if operation != "equal":
                for new in range(b0, b1):
                    mine.append(len(merged))
                    merged.append(history[new])
        axis = merged
        places = [[moved[place] for place in earlier] for earlier in places] + [mine]
    return axis, places


def counterparts(
    axis: Sequence[int], histories: Sequence[Sequence[int]], places: Sequence[int]
) -> list[int]:
    """Where a trace has the item of every place of an axis, though it may stand elsewhere there.

    On the same place, if it has one there. Of what stands on different places, the newest entry of
    an item in a history belongs to the newest in the trace, and so on back.

    Args:
        axis: items, see `align`.
        histories: the places of each.
        places: of the trace's items.

    Returns:
        For every place of the axis a place of the trace, -1 where it lacks the item.
    """
    here = set(places)
    found = [place if place in here else -1 for place in range(len(axis))]
    for history in histories:
        left: dict[int, list[int]] = {}
        for place in sorted(here - set(history)):
            left.setdefault(axis[place], []).append(place)
        for place in sorted(set(history) - here, reverse=True):
            if left.get(axis[place]) and found[place] < 0:
                found[place] = left[axis[place]].pop()
    return found


def payload(sources: Sequence[Source], names: ItemNames, *, title: str = "") -> Payload:
    """What the board draws.

    Args:
        sources: the traces; the first one's history numbers the slots, and what only another has
            keeps its number there, with a prime.
        names: of the items.
        title: what the board shows, in words.

    Raises:
        DataError: no source, or a column of another length than its trace.
    """
    if not sources:
        raise DataError("a board needs one trace or more; received none")
    longest, views = _histories([source.trace for source in sources])
    axis, of_histories = align([trace.items for trace in longest])
    places = [
        of_histories[view][-len(source.trace.items) :]
        for view, source in zip(views, sources, strict=True)
    ]
    slots = [""] * len(axis)
    for view, (trace, of_history) in enumerate(zip(longest, of_histories, strict=True)):
        for number, place in enumerate(of_history, start=trace.dropped + 1):
            slots[place] = slots[place] or f"{number}{PRIME * bool(view)}"
    content: Payload = {
        "title": title,
        "items": [int(item) for item in axis],
        "slots": slots,
        "titles": [str(names.titles[item - 1]) for item in axis],
        "groups": _groups(names, axis),
        "sources": [
            _packed(source, place, counterparts(axis, of_histories, place))
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
    each = [names.groups[item - 1] for item in axis]
    return {"name": names.group_name, "coloured": names.coloured, "each": each}


def _histories(traces: Sequence[Drawn]) -> tuple[list[Drawn], list[int]]:
    """The longest view of each history, and which of them every trace is a view of."""
    longest: list[Drawn] = []
    views: list[int] = []
    for trace in traces:
        for place, other in enumerate(longest):
            short, long = sorted((trace, other), key=lambda view: len(view.items))
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
    refinement = REFINEMENTS[source.trace.config.refinement]
    return {
        "name": source.name,
        "title": source.title,
        "places": places,
        "where": where,
        "layers": layers,
        "heads": heads,
        "formula": refinement.formula_of(source.trace.config),
        "noSecondOrder": refinement.no_second_order,
        "floor": None if refinement.learns_attention else refinement.title,
        "norms": _encoded(arrays["transformed_value_norm"], np.dtype("<f4")),
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
        same = (name for name, other in sent.items() if np.array_equal(maps, other))
        packed[kind] = next(same, None) or _triangles(maps)
        sent.setdefault(kind, maps)
    return packed


def _triangles(weights: npt.NDArray[Any]) -> str:
    rows, columns = np.tril_indices(weights.shape[-1])
    steps = np.rint(weights[..., rows, columns].astype(np.float64) * STEPS).astype("<u4")
    return _encoded(steps[..., None].view(np.uint8)[..., :3], np.dtype(np.uint8))


def _encoded(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=dtype).tobytes()).decode()
