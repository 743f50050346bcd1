"""Metadata files next to Amazon reviews and ratings: titles, categories, brand, price."""

import ast
import html
import json
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from awrsr.data.readers.base import Rows, as_ids
from awrsr.data.readers.json_text import read_json_lines
from awrsr.data.readers.looking import Look, look_at
from awrsr.errors import DataError
from awrsr.io.files import reading

SUFFIXES = (".json.gz", ".jsonl.gz", ".jsonl", ".json", ".csv.gz", ".csv")
IDS = ("parent_asin", "asin")
"""The fields with the id of an item, of 2023 and of the editions before; the first one counts."""
BRANDS = ("brand", "store")
MAX_LINE = 2**20
"""The characters of a line that is read as a Python literal."""
ID = re.compile(r"""["'](?:parent_)?asin["']: ?["'](\w+)["']""")
LINE_START = re.compile(r"\s*\{\s*'\w+'\s*:")


def items_beside(interactions: Rows) -> Rows | None:
    """The items of the metadata file next to a file of reviews or ratings, if there is one.

    It is found by its name: meta_Beauty.json.gz next to reviews_Beauty_5.json.gz.
    """
    source = interactions.path
    suffix = next((suffix for suffix in SUFFIXES if source.name.endswith(suffix)), source.suffix)
    stem = source.name.removesuffix(suffix)
    category = re.sub(r"^(reviews|ratings)_|(_5)?$", "", stem)
    with reading(source, DataError):
        for suffix in SUFFIXES:
            path = source.with_name(f"meta_{category}{suffix}")
            if path.is_file():
                wanted = interactions.frame["item_id"].dropna().unique()
                return read_metadata(path, wanted=frozenset(wanted))
    return None


def is_metadata(look: Look) -> bool:
    """Whether the first line is that of a metadata file: an object with an item's id, as JSON or as
    a Python literal."""
    if LINE_START.match(look.first):
        return "'asin'" in look.first
    has_id = any(name in look.fields for name in IDS)
    return has_id and not {"reviewerID", "user_id", "item", "user"} & look.fields


def read_metadata(
    path: Path, encoding: str | None = None, *, wanted: Collection[str] | None = None
) -> Rows:
    """The items of a metadata file: item_id, title, category, categories, brand, price.

    Category is the level below the department, which the items of one file share; categories is the
    complete path, "Beauty|Hair Care|Shampoos"; price is missing unless it is one number. If an item
    has several descriptions, the first counts.

    Args:
        path: the file.
        encoding: see `open_text`.
        wanted: the items that are needed, by default all. The lines of other items are not parsed,
            which saves most of the time: the metadata describe many times more items than the
            reviews of active users contain.

    Raises:
        ConfigError: see `read_json_lines`.
        DataError: see `read_json_lines`; no line has the id of an item.
    """
    literal = LINE_START.match(look_at(path).first) is not None
    fields = (*IDS, "title", "categories", "category", *BRANDS, "price")
    parse = _literal if literal else json.loads

    def concerns(line: str) -> bool:
        ids = ID.findall(line)
        return wanted is None or not ids or any(id_ in wanted for id_ in ids)

    frame = read_json_lines(path, fields, encoding, plain=IDS, parse=parse, concerns=concerns)
    names = [name for name in IDS if name in frame]
    if not names:
        needed = "" if wanted is None else " of items that have interactions"
        raise DataError(f"{path}: expected objects with {' or '.join(IDS)}{needed}")
    paths = [_path(value) for value in _texts(frame, ("categories", "category"))]
    items = pd.DataFrame(
        {
            "item_id": as_ids(_texts(frame, names)),
            "title": _plain(_texts(frame, ["title"])),
            "category": [levels[1] if len(levels) > 1 else "" for levels in paths],
            "categories": ["|".join(levels) for levels in paths],
            "brand": _plain(_texts(frame, BRANDS)).fillna(""),
            "price": _prices(frame),
        },
        index=pd.RangeIndex(1, len(frame) + 1),
    )
    blank = items["title"].fillna("").str.strip() == ""
    items["title"] = items["title"].mask(blank)
    return Rows(items[~items["item_id"].duplicated() | items["item_id"].isna()], path, "item")


def _literal(line: str) -> Any:
    """The value of a Python literal, the form of the metadata of 2014; nothing is run."""
    if len(line) > MAX_LINE:
        raise ValueError(f"a line of {len(line):,} characters")
    return ast.literal_eval(line.strip())


def _texts(frame: pd.DataFrame, names: Iterable[str]) -> "pd.Series[str]":
    """The first of these columns that has a value, as text or missing, row by row."""
    found = pd.Series(None, index=frame.index, dtype="str")
    for name in names:
        if name in frame:
            column = frame[name]
            found = found.fillna(column.where(column.isna(), column.astype(str)).astype("str"))
    return found.set_axis(pd.RangeIndex(1, len(frame) + 1))


def _plain(texts: "pd.Series[str]") -> "pd.Series[str]":
    """Texts without the entities of HTML."""
    return texts.map(html.unescape, na_action="ignore").astype("str")


def _path(text: object) -> list[str]:
    """The levels of a category; the first of several paths, which editions until 2014 have."""
    if not isinstance(text, str):
        return []
    with suppress(ValueError, RecursionError):
        paths = json.loads(text)
        if isinstance(paths, list) and paths and isinstance(paths[0], list):
            text = "|".join(map(str, paths[0]))
    return [html.unescape(level) for level in text.split("|") if level]


def _prices(frame: pd.DataFrame) -> "pd.Series[float]":
    text = _texts(frame, ["price"]).str.replace("$", "").str.replace(",", "")
    prices = pd.to_numeric(text, errors="coerce").astype("float64")
    return prices.where(prices.abs() < float("inf"))
