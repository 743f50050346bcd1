"""The files of a dataset directory: written atomically, checked when read.

dataset.json       name, source, licence, citation, filters, counts, fingerprint; a split by time
items.parquet      item (1..n_items), item_id (of the source), title, further columns
sequences.parquet  user_id, items (list, oldest first), timestamps (list of seconds, or null)
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from awrsr.data.dataset import Dataset
from awrsr.data.splits import TimeSplit
from awrsr.data.texts import Texts
from awrsr.errors import DataError
from awrsr.io.files import new_directory, read_json, reading, write_json
from awrsr.io.parquet import read_table, to_frame, write_parquet, write_table
from awrsr.schema import Schema

SCHEMA_VERSION = 1
FILES = ("dataset.json", "items.parquet", "sequences.parquet")


class Counts(Schema):
    """The size of a dataset."""

    users: int
    items: int
    interactions: int


class DatasetFile(Schema, extra="allow"):
    """The contents of dataset.json; other fields are allowed."""

    schema_version: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)]
    name: str
    counts: Counts
    fingerprint: str
    split: TimeSplit | None = None


def save_dataset(dataset: Dataset, directory: str | Path) -> None:
    """Write a dataset directory; it appears only when it is complete.

    Raises:
        DataError: the directory exists and is not empty, or see `write_dataset`.
        AwrsrError: it could not be written.
    """
    with new_directory(Path(directory)) as temporary:
        write_dataset(dataset, temporary)


def write_dataset(dataset: Dataset, directory: Path) -> None:
    """Write a dataset's files into a new directory, see `save_dataset`.

    Raises:
        DataError: the dataset's name has characters that cannot be printed, or `about` has a field
            that is always recorded.
    """
    if not dataset.name.isprintable():
        raise DataError(
            f"{dataset.name!r} cannot be the name of a dataset; accepted: printable characters"
        )
    for name in dataset.about:
        if name in DatasetFile.model_fields:
            raise DataError(
                f"about cannot have a field {name!r}; {', '.join(DatasetFile.model_fields)} are "
                "always recorded"
            )
    about = {
        "schema_version": SCHEMA_VERSION,
        "name": dataset.name,
        **dataset.about,
        "counts": {
            "users": dataset.n_users,
            "items": dataset.n_items,
            "interactions": dataset.n_interactions,
        },
        "fingerprint": dataset.fingerprint,
    }
    if dataset.time_split is not None:
        about["split"] = dataset.time_split.to_json()
    offsets = pa.array(dataset.offsets, type=pa.int32())
    columns: dict[str, pa.Array] = {
        "user_id": pa.array(dataset.user_ids, type=pa.string()),
        "items": pa.ListArray.from_arrays(offsets, pa.array(dataset.flat_items)),
    }
    if dataset.flat_timestamps is not None:
        columns["timestamps"] = pa.ListArray.from_arrays(offsets, pa.array(dataset.flat_timestamps))
    write_parquet(directory / "items.parquet", dataset.items)
    write_table(directory / "sequences.parquet", pa.table(columns))
    write_json(directory / "dataset.json", about)


def load_dataset(directory: str | Path) -> Dataset:
    """Read a dataset directory and check that its files belong together.

    Raises:
        DataError: a file is missing, damaged, or does not match the recorded fingerprint.
    """
    directory = Path(directory)
    with reading(directory, DataError):
        if not directory.is_dir():
            raise DataError(f"{directory} is not a dataset directory: no such directory")
        missing = [name for name in FILES if not (directory / name).is_file()]
    if missing:
        raise DataError(
            f"{directory} is not a dataset directory: it lacks {', '.join(missing)}; "
            f"a dataset directory holds {', '.join(FILES)}"
        )
    path = directory / "dataset.json"
    about = DatasetFile.from_json(read_json(path), where=str(path), refusal=DataError)
    described = _read_columns(directory / "items.parquet", ["item", "item_id", "title"])
    items = to_frame(described, directory / "items.parquet")
    table = _read_columns(directory / "sequences.parquet", ["user_id", "items"])
    numbers = described["item"].to_numpy()
    counting = np.arange(1, len(items) + 1)
    if numbers.dtype == object or not np.array_equal(numbers, counting):
        raise DataError(
            f"{directory / 'items.parquet'}: column 'item' must count 1 to {len(items)}"
        )

    lists = _lists(directory / "sequences.parquet", table, "items")
    lengths = lists.value_lengths().to_numpy()
    flat = lists.flatten().to_numpy()
    if len(flat) and not (flat.min() >= 1 and flat.max() <= len(items)):
        raise DataError(
            f"{directory / 'sequences.parquet'}: items run from {flat.min()} to {flat.max()}; "
            f"the catalogue has items 1 to {len(items)}"
        )
    timestamps = None
    if "timestamps" in table.column_names:
        times = _lists(directory / "sequences.parquet", table, "timestamps")
        if not np.array_equal(times.value_lengths().to_numpy(), lengths):
            raise DataError(
                f"{directory / 'sequences.parquet'}: 'timestamps' and 'items' differ in length"
            )
        timestamps = times.flatten().to_numpy().astype(np.int64)
    dataset = Dataset(
        name=about.name,
        about=about.model_extra or {},
        items=items,
        user_ids=Texts.of(table["user_id"]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        flat_items=flat.astype(np.int32),
        flat_timestamps=timestamps,
        directory=directory,
        time_split=about.split,
    )
    try:
        _ = dataset.parts
    except DataError as error:
        raise DataError(f"{directory}: {error}") from None
    if dataset.fingerprint != about.fingerprint:
        raise DataError(
            f"{directory}: the files have fingerprint {dataset.fingerprint}, dataset.json says "
            f"{about.fingerprint!r}; they were not written together"
        )
    return dataset


def _read_columns(path: Path, needed: list[str]) -> pa.Table:
    """A parquet file that has these columns, without empty cells in them."""
    table = read_table(path)
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise DataError(
            f"{path}: missing column {', '.join(missing)}; it has {', '.join(table.column_names)}"
        )
    for name in needed:
        row = pc.index(table[name].is_null(nan_is_null=True), True).as_py()
        if row >= 0:
            raise DataError(f"{path}, row {row + 1}: {name!r} is empty")
    return table


def _lists(path: Path, table: pa.Table, name: str) -> pa.ListArray:
    """A column of lists of whole numbers, without missing values."""
    column = table[name].combine_chunks()
    if (
        not pa.types.is_list(column.type)
        or not pa.types.is_integer(column.type.value_type)
        or column.null_count
        or column.flatten().null_count
    ):
        raise DataError(
            f"{path}: column {name!r} must hold lists of whole numbers; its type is {column.type}"
        )
    return column
