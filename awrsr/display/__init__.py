"""Results as a notebook displays them: one table of bounded size, with every text escaped."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROWS = 20
"""Rows of a table that are displayed."""
LONGEST = 120
"""Characters of a text that are displayed."""
TEMPLATE = "card.html.j2"


@dataclass(frozen=True, kw_only=True)
class Card:
    """A result in short.

    Args:
        title: the kind of result.
        facts: values by name; numbers are displayed with four decimals.
        table: the values of the result, the most interesting rows first.
        bars: the columns of the table that are drawn as bars too, on one scale.
        note: what the table shows.
    """

    title: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    table: pd.DataFrame | None = None
    bars: tuple[str, ...] = ()
    note: str = ""


def item_table(
    items: Sequence[int], titles: Sequence[str] | None, values: Mapping[str, npt.ArrayLike]
) -> pd.DataFrame:
    """One row per item of a history, newest first: place (0 is the oldest item), item, title if
    given, and the values.

    Args:
        items: the history, oldest first.
        titles: the titles of its items, or None.
        values: one number per item, by name.
    """
    named = {} if titles is None else {"title": list(titles)}
    found = pd.DataFrame({"place": range(len(items)), "item": items, **named, **values})
    return found.iloc[::-1].reset_index(drop=True)


class Displayed(ABC):
    """A result that a notebook displays as a card, and a terminal as one line."""

    @abstractmethod
    def card(self) -> Card:
        """The result in short."""

    def __repr__(self) -> str:
        card = self.card()
        facts = ", ".join(f"{_text(name)}: {_text(value)}" for name, value in card.facts.items())
        return f"<{_text(card.title)}; {facts}>"

    def _repr_html_(self) -> str:
        card = self.card()
        table = pd.DataFrame() if card.table is None else card.table
        shown = table.head(ROWS)
        top = _largest(table[list(card.bars)].to_numpy(dtype=np.float64))
        html: str = _template().render(
            title=_text(card.title),
            facts={_text(name): _text(value) for name, value in card.facts.items()},
            note=_text(card.note),
            columns=[_text(name) for name in table.columns],
            rows=[
                [
                    _cell(value, top if name in card.bars else 0)
                    for name, value in zip(table, row, strict=True)
                ]
                for row in shown.itertuples(index=False)
            ],
            others=len(table) - len(shown),
        )
        return html


@dataclass(frozen=True)
class Cell:
    """A cell of the table.

    Args:
        text: its text.
        number: whether it is a number.
        bar: the length of its bar in percent of the column's width; negative for the other colour.
    """

    text: str
    number: bool
    bar: float | None


def _largest(values: npt.NDArray[Any]) -> float:
    """The largest size of the numbers that are finite; 0 if there is none."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0))


def _cell(value: object, top: float) -> Cell:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    bar = None
    if top and number and np.isfinite(share := float(value) / top):  # type: ignore[arg-type]
        bar = round(100 * share, 1)
    return Cell(text=_text(value), number=number, bar=bar)


def _text(value: object) -> str:
    """A value as one line of bounded length."""
    if isinstance(value, float | np.floating):
        return f"{value:.4f}"
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "\u2026"


def _template() -> Any:
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=folder,
        undefined=StrictUndefined,
        autoescape=True,  # titles are untrusted
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE)
