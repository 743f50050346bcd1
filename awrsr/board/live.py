"""The board as a widget of Jupyter, whose locked cell Python can read; needs anywidget."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import anywidget
import traitlets

from awrsr.board.page import page
from awrsr.board.schema import Payload

SCRIPT = Path(__file__).with_name("widget.js")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A locked cell or row of the board.

    Args:
        query: the place of the query on the board's axis, 0 is the oldest item.
        key: the place of the key; None if a row is locked.
        query_item: the item of the query.
        key_item: the item of the key, or None.
        panels: the large maps on view when it was locked: source, layer, head, kind; layers and
            heads are 0-based.
    """

    query: int
    key: int | None
    query_item: int
    key_item: int | None
    panels: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, lock: Mapping[str, Any], items: list[int]) -> Self:
        """The selection that the script reports.

        Raises:
            TraitError: it is not a cell of these items.
        """
        query, key = lock.get("query"), lock.get("key")
        places = range(len(items))
        if type(query) is not int or query not in places or (key is not None and key not in places):
            raise traitlets.TraitError(
                f"the board reports query {query!r} and key {key!r}; accepted: places below "
                f"{len(items)}"
            )
        return cls(
            query=query,
            key=key,
            query_item=items[query],
            key_item=None if key is None else items[key],
            panels=tuple(lock.get("panels", ())),
        )


class LiveBoard(anywidget.AnyWidget):
    """The board as a widget, see `awrsr.board.widget`.

    `selection` is the locked cell, a `Selection`, or None; `observe(function, "selection")` calls a
    function after each change.
    """

    _esm = SCRIPT.read_text(encoding="utf-8")
    page = traitlets.Unicode().tag(sync=True)
    lock = traitlets.Dict(None, allow_none=True).tag(sync=True)
    selection = traitlets.Instance(Selection, allow_none=True, read_only=True)

    def __init__(self, content: Payload) -> None:
        self._items = content["items"]
        super().__init__(page=page(content))

    @traitlets.validate("lock")
    def _check(self, proposal: Any) -> Any:
        if proposal["value"] is not None:
            Selection.of(proposal["value"], self._items)
        return proposal["value"]

    @traitlets.observe("lock")
    def _select(self, change: Any) -> None:
        lock = change["new"]
        self.set_trait("selection", None if lock is None else Selection.of(lock, self._items))
