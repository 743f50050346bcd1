"""Parquet files, written small and read within bounds: a small file cannot exhaust memory.

Compression and dictionaries let a file of a kilobyte expand to gigabytes. So the size given in the
footer is compared with a bound before the data is read. Text is read as a dictionary, and its
expanded size is computed before it is expanded.
"""

import io
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from awrsr.errors import DataError, shown

MAX_BYTES = 2**28
"""Memory that any file may need, in bytes."""
MAX_EXPANSION = 100
"""A file may need this many times its own size, if that is more than `MAX_BYTES`."""
DAMAGED = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, MemoryError, OverflowError),
    pa.ArrowException,
)
"""The errors of pyarrow and pandas for a damaged file."""
BYTES_OF_A_VALUE = 8
"""Upper bound for a number; the size of text is measured."""

USUAL_LEVEL, HIGH_LEVEL = 3, 19
"""Levels of zstd. The high level is a hundred times slower; tables of measured numbers are worth
it."""


def write_parquet(path: str | Path, frame: pd.DataFrame, *, level: int = USUAL_LEVEL) -> None:
    """Write a frame without its index, see `write_table`."""
    write_table(path, pa.Table.from_pandas(frame, preserve_index=False), level=level)


def write_table(path: str | Path, table: pa.Table, *, level: int = USUAL_LEVEL) -> None:
    """Write a table, compressed with zstd, each column in the smaller of two encodings.

    A dictionary makes a column of few distinct values small. With many distinct values it makes the
    column up to 50% larger, because the numbers of the entries compress less well.

    Args:
        path: the file.
        table: any table; the contents read back do not depend on the encodings.
        level: the level of zstd; writing takes longer at a higher level.
    """
    coded, plain = (_column_bytes(table, level, dictionary=choice) for choice in (True, False))
    with_dictionary = [name for name in coded if coded[name] <= plain[name]]
    pq.write_table(
        table, path, compression="zstd", compression_level=level, use_dictionary=with_dictionary
    )


def _column_bytes(table: pa.Table, level: int, *, dictionary: bool) -> Counter[str]:
    """The size of every column in a file with this encoding; a list of numbers is one column."""
    content = io.BytesIO()
    pq.write_table(
        table, content, compression="zstd", compression_level=level, use_dictionary=dictionary
    )
    footer = pq.ParquetFile(content).metadata
    sizes: Counter[str] = Counter()
    for group in range(footer.num_row_groups):
        for place in range(footer.num_columns):
            chunk = footer.row_group(group).column(place)
            sizes[chunk.path_in_schema] += chunk.total_compressed_size
    return sizes


def read_table(path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The table of a parquet file.

    Args:
        path: the file.
        columns: read only these, if they exist; by default all.

    Raises:
        DataError: the file is missing or damaged, names a column twice, or needs more memory than
            is allowed for its size.
    """
    path = Path(path)
    try:
        accepted = max(MAX_BYTES, MAX_EXPANSION * path.stat().st_size)
        with pq.ParquetFile(path) as file:
            schema, footer = file.schema_arrow, file.metadata
        chunks = [
            footer.row_group(group).column(column)
            for group in range(footer.num_row_groups)
            for column in range(footer.num_columns)
        ]
        promised = max(
            sum(chunk.total_uncompressed_size for chunk in chunks),
            BYTES_OF_A_VALUE * max(footer.num_rows, sum(chunk.num_values for chunk in chunks)),
        )
        _check_bytes(path, promised, accepted)
        for name in schema.names:
            if schema.names.count(name) > 1:
                raise DataError(
                    f"{path}: column {shown(name)} occurs {schema.names.count(name)} times"
                )
        text = {chunk.path_in_schema for chunk in chunks if chunk.physical_type == "BYTE_ARRAY"}
        wanted = None if columns is None else [name for name in columns if name in schema.names]
        with pq.ParquetFile(path, metadata=footer, read_dictionary=sorted(text)) as file:
            # One by one: for several at once Arrow cannot read lists of text as dictionaries.
            groups = [file.read_row_group(n, wanted) for n in range(file.num_row_groups)]
            table = pa.concat_tables(groups) if groups else file.read(wanted)
        _check_bytes(path, sum(map(_expanded_bytes, table.columns)), accepted)
        fields = [schema.field(name) for name in table.column_names]
        plain = [field.with_type(_castable(field.type)) for field in fields]
        table = table.cast(pa.schema(plain, metadata=schema.metadata))
        # Without this, text that is not UTF-8 would raise only at its first use.
        table.validate(full=True)
        return table
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except DAMAGED as error:
        reason = getattr(error, "strerror", None) or _one_line(error)
        raise DataError(f"{path} is not readable parquet: {reason}") from error


def read_parquet(path: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The table of a parquet file as a pandas frame.

    Raises:
        DataError: see `read_table` and `to_frame`.
    """
    return to_frame(read_table(path, columns), path)


def to_frame(table: pa.Table, path: str | Path) -> pd.DataFrame:
    """A table of `read_table` as a pandas frame.

    Raises:
        DataError: the metadata for pandas in the file is damaged.
    """
    try:
        frame: pd.DataFrame = table.to_pandas()
    except DAMAGED as error:
        raise DataError(f"{path} is not readable parquet: {_one_line(error)}") from error
    return frame


def _one_line(error: Exception) -> str:
    return textwrap.shorten(str(error), 300, placeholder="…")


def _check_bytes(path: Path, asked: int, accepted: int) -> None:
    if asked > accepted:
        raise DataError(
            f"{path} has {path.stat().st_size:,} bytes and needs {asked:,} in memory; accepted: "
            f"at most {MAX_BYTES:,}, or {MAX_EXPANSION} times the size of the file if that is more"
        )


def _castable(kind: pa.DataType) -> pa.DataType:
    """The type of a column after its dictionary is expanded: unchanged where Arrow supports it."""
    return pa.large_string() if pa.types.is_string_view(kind) else kind


def _expanded_bytes(values: pa.Array | pa.ChunkedArray) -> int:
    """Bytes of an array once its dictionaries are expanded."""
    if isinstance(values, pa.ChunkedArray):
        return sum(map(_expanded_bytes, values.chunks))
    if isinstance(values, pa.DictionaryArray):
        sizes = pc.binary_length(values.dictionary.cast(pa.large_binary()))
        return int(pc.sum(sizes.take(values.indices)).as_py() or 0)
    if isinstance(values, pa.MapArray):
        return _expanded_bytes(values.keys) + _expanded_bytes(values.items)
    if isinstance(values, pa.StructArray):
        return sum(map(_expanded_bytes, values.flatten()))
    if isinstance(values, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        return _expanded_bytes(values.flatten())
    return int(values.nbytes)
