"""A directory with an odd file is read or refused in one sentence, without a traceback.

The odd files are made from intact ones by a seeded generator.
"""

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from awrsr.config import TrainConfig
from awrsr.data.dataset_files import load_dataset
from awrsr.errors import AwrsrError
from awrsr.ranking.recommendation import recommend
from awrsr.training.checkpoint import load_model, save_config, save_weights

ODD_FILES = 200
ODD_VALUES = [
    *(None, True, -1, 1, 2, 3, 1.5, 1e300, -1e-300, 10**30, "", "x", "1", "\x00", "nan"),
    *([], [1], [[1]], {}, {"a": 1}, float("nan"), float("inf"), "\ud800", "é" * 1000),
]
ODD_COLUMNS = [
    *(pa.array([1, 2, 3]), pa.array([1.5, None, float("nan")]), pa.array(["a", None, ""])),
    *(pa.array([[1], [], [2, 3]]), pa.array([["a"], None, ["b"]]), pa.array([b"a", b"\xff", None])),
    *(pa.array([{"a": 1}, {"a": 2}, None]), pa.nulls(3), pa.array([True, False, None])),
    *(pa.array([[1.5], [2.5], []]), pa.array([[[1]], [], [[2]]]), pa.array([], pa.string())),
    pa.array([2**63 - 1, -(2**63), 0]),
    pa.array([[2**40], [-1], [0]]),
    pa.array(["1", "2", "3"]).dictionary_encode(),
    pa.array([1, 2, 3], pa.timestamp("us")),
]


def odd_bytes(content: bytes, chance: random.Random) -> bytes:
    """A file damaged like by disks, transfers and editors."""
    found = bytearray(content)
    kind = chance.randrange(6)
    if kind == 0:
        return bytes(found[: chance.randrange(len(found))])
    if kind == 1:
        return chance.randbytes(chance.randrange(200))
    if kind == 2:
        place = chance.randrange(len(found))
        return bytes(found[:place] + chance.randbytes(chance.randrange(1, 30)) + found[place:])
    if kind == 3:
        place = chance.randrange(len(found))
        del found[place : place + chance.randrange(1, 30)]
        return bytes(found)
    for _ in range(1 if kind == 4 else chance.randrange(1, 20)):
        found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found)


def odd_json(content: bytes, chance: random.Random) -> bytes:
    """JSON with one value replaced, one key removed or one added."""
    record = json.loads(content)
    inner = [record, *(value for value in record.values() if isinstance(value, dict))]
    chosen = chance.choice(inner)
    key = chance.choice(list(chosen))
    if chance.random() < 0.1:
        del chosen[key]
    else:
        chosen[key if chance.random() < 0.9 else "odd"] = chance.choice(ODD_VALUES)
    return json.dumps(record).encode("utf-8", "surrogatepass")


def odd_parquet(content: bytes, chance: random.Random) -> bytes:
    """A table with changed values, or one column or row removed or added."""
    table = pq.read_table(pa.BufferReader(content))
    place = chance.randrange(table.num_columns)
    kind = chance.randrange(5)
    if kind == 0:
        table = table.remove_column(place)
    elif kind == 1:
        table = table.slice(0, chance.randrange(table.num_rows))
    elif kind == 2:
        rows = [chance.randrange(table.num_rows) for _ in range(table.num_rows)]
        table = table.take(rows)
    else:
        column = chance.choice(ODD_COLUMNS)
        name = table.column_names[place] if kind == 3 else "odd"
        repeats = -(-table.num_rows // max(1, len(column)))
        longer = pa.concat_arrays([column] * repeats)[: table.num_rows]
        if len(longer) < table.num_rows:
            longer = pa.nulls(table.num_rows, column.type)
        if kind == 3:
            table = table.remove_column(place)
        table = table.append_column(name, longer)
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(None), sink)
    return sink.getvalue().to_pybytes()


def odd_header(content: bytes, chance: random.Random) -> bytes:
    """Safetensors with a header that contradicts the data."""
    length = struct.unpack("<Q", content[:8])[0]
    header = odd_json(content[8 : 8 + length], chance)
    said = len(header) if chance.random() < 0.7 else chance.choice([0, 1, 2**40, 2**63, length])
    return struct.pack("<Q", said) + header + content[8 + length :]


Change = Callable[[bytes, random.Random], bytes]
DATASET_FILES: dict[str, list[Change]] = {
    "dataset.json": [odd_json, odd_bytes],
    "items.parquet": [odd_parquet, odd_bytes],
    "sequences.parquet": [odd_parquet, odd_bytes],
}
MODEL_FILES: dict[str, list[Change]] = {
    "config.json": [odd_json, odd_bytes],
    "model.safetensors": [odd_header, odd_bytes],
}


def read_odd_files(
    directory: Path, name: str, changes: list[Change], use: Callable[[Path], object]
) -> None:
    original = (directory / name).read_bytes()
    outcomes = {"read": 0, "refused": 0}
    for seed in range(ODD_FILES):
        chance = random.Random(f"{name} {seed}")
        (directory / name).write_bytes(changes[seed % len(changes)](original, chance))
        try:
            use(directory)
        except AwrsrError as error:
            outcomes["refused"] += 1
            assert "\n" not in str(error), f"seed {seed}: {error}"
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {type(error).__name__}: {error}") from error
        else:
            outcomes["read"] += 1
    assert outcomes["refused"] > ODD_FILES / 2, outcomes


@pytest.mark.few(1)
@pytest.mark.parametrize("name", DATASET_FILES)
def test_a_dataset_with_an_odd_file_is_read_or_refused(tiny_directory: Path, name: str):
    def use(directory: Path) -> None:
        dataset = load_dataset(directory)
        dataset.summary()
        dataset.titles(range(1, dataset.n_items + 1))
        dataset.nearest_titles("Film")

    read_odd_files(tiny_directory, name, DATASET_FILES[name], use)


@pytest.mark.few(1)
@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_model_with_an_odd_file_is_read_or_refused(tmp_path: Path, make_model, name: str):
    model = make_model("stosa", "additive").float()
    (tmp_path / "model").mkdir()
    save_config(tmp_path / "model", model.config, model.catalogue, TrainConfig())
    save_weights(tmp_path / "model", model)

    def use(directory: Path) -> None:
        loaded = load_model(directory, "cpu")
        if loaded.config.hidden_size < 1000:
            recommend(loaded, [1], 1)

    read_odd_files(tmp_path / "model", name, MODEL_FILES[name], use)
