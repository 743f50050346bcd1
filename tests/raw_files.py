"""Raw files of interactions, for every test that prepares a dataset from them."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.data.prepare import prepare

Rows = list[tuple[str, str, int]]

TITLES = {
    "1": "Postman, The (1994)",
    "2": 'The "Great" One',
    "9": "Amélie, 千と千尋",
    "10": "<b>Bold</b> & <script>alert(1)</script>",
    "100": "NA",
}


def random_rows(seed: int, n_users: int = 8, items: tuple[str, ...] = tuple(TITLES)) -> Rows:
    """Users with 4 to 9 items at distinct times, in shuffled file order."""
    generator = np.random.default_rng(seed)
    rows = [
        (str(user), str(generator.choice(items)), 0)
        for user in range(1, n_users + 1)
        for _ in range(generator.integers(4, 10))
    ]
    times = generator.permutation(len(rows))
    return [
        (user, item, 1000 + int(time)) for (user, item, _), time in zip(rows, times, strict=True)
    ]


def write_csv(path: Path, header: list[str], rows: Iterable[tuple]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


GOOD: list[tuple] = [(user, item, n) for n, item in enumerate("xyz") for user in "ab"]
"""Two users who see x, y, z, one after the other."""


def table(directory: Path, rows: Iterable[tuple], header: str = "user item timestamp") -> dict:
    """The arguments of `prepare` for a csv file of these rows."""
    return {
        "source": write_csv(directory / "raw.csv", header.split(), rows),
        "format": "table",
        "name": "made",
        "k_core": 1,
    }


def sequences(dataset: Dataset) -> dict[str, list[str]]:
    """Item ids by user id."""
    return {
        user: [dataset.item_ids[item - 1] for item in dataset.sequence(index)]
        for index, user in enumerate(dataset.user_ids)
    }


SEEN = {"a": list("xyz"), "b": list("xyz")}
"""The rows of GOOD."""
LINES = ["user,item,timestamp", *(f"{user},{item},{time}" for user, item, time in GOOD)]
TABLE = {"format": "table", "name": "made", "k_core": 1}
S3REC = {"format": "s3rec", "name": "made", "k_core": 1}


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def titled(directory: Path, titles: Path, **asked) -> Dataset:
    """GOOD with these titles, saved and loaded."""
    dataset = prepare(**table(directory, GOOD), titles=titles, **asked)
    save_dataset(dataset, directory / "saved")
    return load_dataset(directory / "saved")


def parquet(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path
