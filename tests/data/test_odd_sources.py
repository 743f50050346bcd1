"""Odd files of every kind: each becomes a dataset that can be loaded, or is refused."""

import datetime
import decimal
import gzip
import random
import uuid
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_files import random_rows, write_csv

from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.data.prepare import prepare
from awrsr.data.readers import READERS
from awrsr.errors import AwrsrError

TIMES = 80
"""Files of every kind."""
CELLS = [
    *("", " ", "a", "x", "7", "-1", "1e400", "nan", "None", "NULL", "\0", '"', '""', "'", ","),
    *("a,b", "a\nb", "a\rb", "\ufeff", "é", "千", "\U0001f600", "\u202e", "1500000000000", "::"),
    *("2020-02-30", "2020-01-01", "0x10", "True", "[1]", "{}", '{"a": 1}', "#", "\t", ";", "|"),
    *("9" * 30, "9" * 5000, "x" * 20_000, "-", "1_000", "1,000", "=1+1", "\x1a", "\x85", "inf"),
]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252", "utf-7", "utf-16-le"]
OPTIONS = {
    "encoding": [*ENCODINGS, "cp037", "undefined", "hex"],
    "separator": ["tab", "semicolon", ";", "pipe", "space", ":", "\x01", "::"],
    "missing": ["drop"] * 9,
    "repeats": ["keep"],
    "min_rating": [0, 4],
    "min_user": [1, 3],
    "min_item": [2],
}


def spoilt(text: str, chance: random.Random) -> bytes:
    """A text that is encoded, compressed, truncated, or has bytes inserted or deleted."""
    content = text.encode(chance.choice(ENCODINGS) if chance.random() < 0.1 else "utf-8", "replace")
    for _ in range(chance.choice([0, 0, 0, 0, 1, 5])):
        at = chance.randrange(len(content) + 1)
        piece = chance.choice(
            [b"", b"\0", b'"', b"\xff\xfe", b"\r", b"\n", b",", chance.randbytes(9)]
        )
        content = content[:at] + piece + content[at + chance.choice([0, 0, 1, 50]) :]
    if chance.random() < 0.1:
        content = chance.choice(
            [chance.randbytes(300), b"", b"\0" * 99, b"PAR1" + content, content * 9]
        )
    if chance.random() < 0.1:
        content = gzip.compress(content)
        content = content[: chance.choice([None, None, -1, 20, 5])]
    return content


def cells(rows: list[tuple], chance: random.Random) -> list[list[str]]:
    """The rows with some odd, missing or additional cells."""
    share = chance.choice([0, 0, 0.01, 0.3])
    found = [
        [chance.choice(CELLS) if chance.random() < share else str(cell) for cell in row]
        for row in rows
    ]
    for row in found:
        if chance.random() < share / 3:
            row += chance.choices(CELLS, k=2)
        if chance.random() < share / 3:
            del row[chance.randrange(len(row)) :]
    return found


def csv_text(header: list[str], rows: list[tuple], chance: random.Random) -> str:
    """Rows as csv text in various dialects."""
    names = [chance.choice(CELLS) if chance.random() < 0.01 else name for name in header]
    if chance.random() < 0.05:
        names += chance.choices([*names, "genres"], k=2)
    sign = chance.choice([*[","] * 16, "\t", ";", "::", " "])
    quote = chance.choice([str, lambda cell: '"' + cell.replace('"', '""') + '"'])
    lines = [sign.join(map(quote, row)) for row in [names, *cells(rows, chance)]]
    if chance.random() < 0.1:
        lines = lines[1:]
    return chance.choice(["\n", "\n", "\r\n", "\r"]).join(lines)


def odd_columns(n: int, chance: random.Random) -> list[pa.Array]:
    """Columns of n cells of every type that Arrow writes to parquet, some of them null."""
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5)
    numbers = [chance.choice([0, 1, 2, 3, None]) for _ in range(n)]
    texts = [chance.choice([*CELLS, None]) for _ in range(n)]
    mask = [chance.random() < 0.1 for _ in range(n)]

    def each(make: Callable[[int], object], kind: pa.DataType | None = None) -> pa.Array:
        return pa.array([None if gap else make(at) for at, gap in enumerate(mask)], kind)

    bad_text = pa.Array.from_buffers(
        pa.string(), n, [None, *pa.array([b"\xff\xfe"] * n, pa.binary()).buffers()[1:]]
    )
    return [
        pa.nulls(n),
        pa.array(texts),
        pa.array(texts).dictionary_encode(),
        pa.array(texts, pa.large_string()),
        pa.array(texts, pa.string_view()),
        bad_text,
        *(pa.array(numbers, kind) for kind in (pa.int8(), pa.uint64(), pa.float16(), pa.float64())),
        pa.array(numbers).dictionary_encode(),
        each(lambda at: at % 2 == 0),
        each(lambda at: float(chance.choice(["nan", "inf", "1e300", "0.5", "7"]))),
        each(lambda at: 2**63 + at, pa.uint64()),
        each(lambda at: decimal.Decimal(at), pa.decimal128(20, 4)),
        each(lambda at: decimal.Decimal(10) ** 50 + at, pa.decimal256(60, 0)),
        each(lambda at: b"\xff%d" % at),
        each(lambda at: b"ab", pa.binary(2)),
        each(lambda at: (moment + datetime.timedelta(days=at)).date()),
        each(lambda at: moment.time()),
        each(lambda at: datetime.timedelta(at)),
        *(each(lambda at: 10**9 + at, pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")),
        each(lambda at: 2**50 + at, pa.timestamp("s")),
        each(lambda at: moment, pa.timestamp("us", "Europe/Berlin")),
        each(lambda at: [chance.choice(CELLS)] * (at % 3)),
        each(lambda at: [[at], None]),
        each(lambda at: {"a": at, "b": ["x", None]}),
        each(lambda at: [("a", at)], pa.map_(pa.string(), pa.int64())),
        each(lambda at: [1, 2], pa.list_(pa.int8(), 2)),
        each(lambda at: uuid.UUID(int=at).bytes, pa.uuid()),
    ]


def parquet(path: Path, header: list[str], rows: list[tuple], chance: random.Random) -> None:
    """The rows with columns of another type, name or number, and a file that may be damaged."""
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    odd = odd_columns(len(rows), chance)
    share = chance.choice([0, 0.1, 0.5])
    columns = [chance.choice(odd) if chance.random() < share else column for column in columns]
    header = [*header]
    for _ in range(chance.choice([0, 0, 1, 5])):
        columns.append(chance.choice(odd))
        header.append(chance.choice([*header, *CELLS[:40], "more", "__index_level_0__", "item_id"]))
    kept = chance.choice([len(rows), len(rows), len(rows), 0, 1])
    table = pa.Table.from_arrays([column[:kept] for column in columns], header)
    if chance.random() < 0.1:
        table = table.replace_schema_metadata(
            {b"pandas": chance.choice([b"{}", b"\xff", b'{"index_columns": ["q"]}'])}
        )
    pq.write_table(table, path, row_group_size=chance.choice([7, 10**6]))
    if chance.random() < 0.1:
        content = path.read_bytes()
        # The footer stays intact: some damaged bytes in it end the process inside Arrow.
        at = chance.randrange(len(content) - 8 - int.from_bytes(content[-8:-4], "little"))
        damaged = content[:at] + chance.randbytes(1) + content[at + 1 :]
        path.write_bytes(chance.choice([content[:at], content[:-at], damaged, b""]))


HEADER = ["user", "item", "timestamp", "rating"]
ITEMS = [("x", "X", "Drama|War"), ("1", "One", ""), ("2", "Two", "(no genres listed)")]


def movielens(folder: Path, chance: random.Random, rows: list[tuple]) -> dict:
    write_csv(folder / "ratings.csv", ["userId", "movieId", "timestamp", "rating"], rows)
    write_csv(folder / "movies.csv", ["movieId", "title", "genres"], ITEMS)
    odd = folder / chance.choice(["ratings.csv", "movies.csv"])
    header, *rest = [line.split(",") for line in odd.read_text().splitlines()]
    odd.write_bytes(spoilt(csv_text(header, rest, chance), chance))
    if chance.random() < 0.05:
        odd.unlink()
    return {"source": folder}


def s3rec(folder: Path, chance: random.Random, rows: list[tuple]) -> dict:
    lines = [[user, *(i for u, i, *_ in rows if u == user)] for user in {row[0] for row in rows}]
    text = chance.choice(["\n", "\r\n", "\r"]).join(
        " ".join(line) for line in cells(sorted(lines), chance)
    )
    (folder / "raw.txt").write_bytes(spoilt(text, chance))
    return {"source": folder / "raw.txt"}


def table_csv(folder: Path, chance: random.Random, rows: list[tuple]) -> dict:
    (folder / "raw.csv").write_bytes(spoilt(csv_text(HEADER, rows, chance), chance))
    return {"source": folder / "raw.csv"}


def table_parquet(folder: Path, chance: random.Random, rows: list[tuple]) -> dict:
    parquet(folder / "raw.parquet", HEADER, rows, chance)
    return {"source": folder / "raw.parquet"}


def titles(folder: Path, chance: random.Random, rows: list[tuple]) -> dict:
    write_csv(folder / "raw.csv", HEADER, rows)
    path = folder / chance.choice(["titles.csv", "titles.pq"])
    if path.suffix == ".pq":
        parquet(path, ["item", "title", "more"], ITEMS, chance)
    else:
        path.write_bytes(spoilt(csv_text(["item", "title", "more"], ITEMS, chance), chance))
    return {"source": folder / "raw.csv", "titles": path}


KINDS = {
    "movielens": movielens,
    "s3rec": s3rec,
    "table": table_csv,
    "table-parquet": table_parquet,
    "titles": titles,
}


def asked_of(kind: str, seed: int, folder: Path) -> dict:
    """The arguments of `prepare` for one odd source, which is written into the folder."""
    chance = random.Random(f"{kind} {seed}")
    rows = [(*row, 1 + n % 5) for n, row in enumerate(random_rows(seed, 5, tuple("x123")))]
    asked = {"format": kind if kind in READERS else "table", "name": "odd", "k_core": 1}
    for name, values in OPTIONS.items():
        if chance.random() < 0.1:
            asked[name] = chance.choice(values)
    return asked | KINDS[kind](folder, chance, rows)


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", KINDS)
def test_odd_files_end_in_a_dataset_or_a_refusal(tmp_path: Path, kind: str):
    datasets = 0
    for seed in range(TIMES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        asked = asked_of(kind, seed, folder)
        try:
            dataset = prepare(**asked)
            save_dataset(dataset, folder / "made")
            assert load_dataset(folder / "made").fingerprint == dataset.fingerprint
            datasets += 1
        except AwrsrError as error:
            assert len(str(error).splitlines()) == 1, seed
            assert len(str(error)) < 1000, seed
        except Exception as error:
            raise AssertionError(f"{kind} {seed}") from error
    assert TIMES / 10 < datasets < TIMES * 9 / 10
