"""Every file that failed in the past, by command line: a dataset, or one sentence and code 2."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import SHARED_DATA

from awrsr.cli.main import main
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset

CASES = SHARED_DATA.parent / "cases"

TABLE = "--format table --k_core 3"
OTHER = "which is not this format; without --format the format is recognised"
READ = {
    "copies": ("every-row-twice.csv", TABLE, "repeats dropped    96 (same user, item and time)"),
    "copies-kept": ("every-row-twice.csv", f"{TABLE} --repeats keep", "repeats kept       96 (sa"),
    "list": (
        "interactions-of-titles.csv",
        f"{TABLE} --titles CASES/titles-list-column.parquet",
        "time unit          milliseconds, stored as whole seconds",
    ),
    "struct": (
        "interactions-of-titles.csv",
        f"{TABLE} --titles CASES/titles-struct-column.parquet",
        "time unit          milliseconds",
    ),
    "empty-title": (
        "interactions-of-titles.csv",
        f"{TABLE} --titles CASES/titles-one-empty.parquet",
        "without a title    1 (named by id)",
    ),
    "latin-1": (
        "interactions-of-latin1.csv",
        f"{TABLE} --titles CASES/titles-latin1.csv --encoding latin-1",
        "interactions       96",
    ),
    "titles-that-are-ids": (
        "interactions-of-ids.csv",
        f"{TABLE} --titles CASES/titles-that-are-ids.csv",
        "interactions       96",
    ),
    "atomic": ("atomic.inter", "", "recognised         recbole: an atomic file NAME.inter"),
    "reviews": ("reviews.jsonl.gz", "--k_core 3", "recognised         amazon_reviews: a file of A"),
    "ml-1m": ("movielens-1m-layout", "", "recognised         movielens_dat: MovieLens 1M or 10M"),
    "capitals": ("INTERACTIONS.PARQUET", TABLE, "interactions       96"),
    "named-columns": (
        "atomic.inter",
        f"{TABLE} --separator tab --user_column user_id:token --item_column item_id:token "
        "--time_column timestamp:float --rating_column rating:float --min_rating 4",
        "rated              96 with 4 or more",
    ),
    **{
        name: (f"{name}.csv", TABLE, "interactions       96")
        for name in (
            "interactions-of-titles",
            "interactions-of-latin1",
            "interactions-of-comma",
            "interactions-of-ids",
        )
    },
}
"""A file, the options, a line of the summary."""

REFUSED = {
    "latin-1-unsaid": (
        "interactions-of-latin1.csv",
        f"{TABLE} --titles CASES/titles-latin1.csv",
        "titles-latin1.csv is not text in UTF-8; if it is ISO 8859-1, give --encoding latin-1",
    ),
    "comma": (
        "interactions-of-comma.csv",
        f"{TABLE} --titles CASES/titles-one-unquoted-comma.csv",
        "titles-one-unquoted-comma.csv, line 5: 3 values in 2 columns; a value with a comma needs "
        "quotes",
    ),
    "json-lines": ("reviews.jsonl.gz", TABLE, "missing column 'user'; it has "),
    "colons": ("double-colons.csv", TABLE, f"a file of values separated by '::', {OTHER}"),
    "colons-unsaid": ("double-colons.csv", "", "its first line is 'user::item::timestamp'. Acc"),
    "atomic": ("atomic.inter", TABLE, f"seems to be a RecBole atomic file, {OTHER}"),
    "ml-100k": ("movielens-100k-layout", "", "u.item does not exist"),
    "ml-100k-file": (
        "movielens-100k-layout/u.data",
        TABLE,
        "Its values seem to be separated by tab: --separator tab. Its first line must name the co",
    ),
    "ml-1m": ("movielens-1m-layout", "--format movielens", "movies.csv does not exist"),
    **{
        name: (f"movielens-1m-layout/{name}", TABLE, message)
        for name, message in {
            "ratings.dat": f"seems to be a file of values separated by '::', {OTHER}",
            "movies.dat": "movies.dat is not text in UTF-8; if it is ISO 8859-1, give --encoding",
        }.items()
    },
    "directory": ("movielens-1m-layout", TABLE, "is not a readable text file: Is a directory"),
    **{
        f"{name} alone": (name, TABLE, message)
        for name, message in {
            "titles-list-column.parquet": "missing column 'user'; it has 'item', 'title', 'categ",
            "titles-struct-column.parquet": "missing column 'user'; it has 'item', 'title', 'det",
            "titles-one-empty.parquet": "missing column 'user'; it has 'item', 'title'. ",
            "titles-one-unquoted-comma.csv": "missing column 'user'; it has 'item', 'title'. ",
            "titles-latin1.csv": "is not text in UTF-8; if it is ISO 8859-1, give --encoding latin",
            "titles-that-are-ids.csv": "missing column 'user'; it has 'item', 'title'. ",
            "README.md": "missing column 'user'; it has '# Inputs that once failed'",
        }.items()
    },
}
"""A file, the options, a part of the refusal."""


@pytest.fixture
def call(tmp_path: Path, capsys):
    """Runs `prepare` on a file of a folder."""

    def run(folder: Path, name: str, options: str) -> tuple[int, str, str]:
        words = options.replace("CASES", str(folder)).split()
        code = main(["prepare", str(folder / name), str(tmp_path / "out"), *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def cases() -> Path:
    if not CASES.is_dir():
        pytest.skip(f"needs the files in {CASES}")
    return CASES


def written(directory: Path) -> Dataset:
    return load_dataset(directory / "out")


@pytest.mark.parametrize("name, options, line", READ.values(), ids=READ)
def test_a_case_that_is_read(call, cases: Path, tmp_path: Path, name, options, line: str):
    code, out, err = call(cases, name, options)
    assert (code, err) == (0, "")
    assert line in out
    assert f"fingerprint        {written(tmp_path).fingerprint}" in out


@pytest.mark.parametrize("name, options, message", REFUSED.values(), ids=REFUSED)
def test_a_case_that_is_refused(call, cases: Path, tmp_path: Path, name, options, message: str):
    code, out, err = call(cases, name, options)
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and len(err.splitlines()) == 1
    assert message in err
    assert not (tmp_path / "out").exists()


def test_no_case_is_left_out(cases: Path):
    asked = " ".join(" ".join(case[:2]) for case in (*READ.values(), *REFUSED.values()))
    for path in cases.rglob("*"):
        assert str(path.relative_to(cases)) in asked, path


def test_the_datasets_have_the_contents_of_the_cases(call, cases: Path, tmp_path: Path):
    call(cases, *READ["list"][:2])
    listed = written(tmp_path)
    assert listed.items["categories"].str.startswith("Beauty|c").all()
    assert listed.flat_timestamps.min() == 1500001000


# --- files made like those cases ----------------------------------------------------------------

GENERATOR = np.random.default_rng(0)
ROWS = [
    (user, item, 1500000000 + 60 * at)
    for user in range(6)
    for at, item in enumerate(GENERATOR.permutation(9)[:5])
]


def made(folder: Path) -> None:
    """Files like those of the cases."""
    frame = pd.DataFrame(ROWS, columns=["user", "item", "timestamp"])
    frame.to_csv(folder / "good.csv", index=False)
    pd.concat([frame, frame]).to_csv(folder / "twice.csv", index=False)
    frame.assign(timestamp=frame["timestamp"] * 1000).to_csv(folder / "ms.csv", index=False)
    frame.to_parquet(folder / "GOOD.PARQUET")
    lines = [json.dumps(row) for row in frame.to_dict("records")]
    (folder / "lines.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    titles = pd.DataFrame({"item": range(9), "title": [f"Café {n}" for n in range(9)]})
    titles.assign(kinds=[["a", "b"]] * 9).to_parquet(folder / "lists.parquet")
    titles.assign(kinds=[{"a": 1}] * 9).to_parquet(folder / "structs.parquet")
    titles.to_csv(folder / "latin-1.csv", index=False, encoding="latin-1")
    (folder / "comma.csv").write_text("item,title\n1,One\n2,Two, too\n")


@pytest.mark.parametrize(
    "name, options, line",
    [
        ("twice.csv", "", "repeats dropped    30"),
        ("ms.csv", "", "time unit          milliseconds"),
        ("GOOD.PARQUET", "", "interactions       30"),
        ("lines.jsonl.gz", "", "interactions       30"),
        ("good.csv", "--titles CASES/lists.parquet", "interactions       30"),
        ("good.csv", "--titles CASES/structs.parquet", "interactions       30"),
        ("good.csv", "--titles CASES/latin-1.csv --encoding latin-1", "interactions       30"),
    ],
)
def test_a_file_like_a_case_is_read(call, tmp_path: Path, name: str, options: str, line: str):
    made(tmp_path)
    code, out, err = call(tmp_path, name, f"--format table --k_core 1 {options}")
    assert (code, err) == (0, "")
    assert line in out
    assert written(tmp_path).n_interactions == len(ROWS)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("good.csv", "--titles CASES/latin-1.csv", "give --encoding latin-1"),
        ("good.csv", "--titles CASES/comma.csv", "comma.csv, line 3: 3 values in 2 columns; a va"),
    ],
)
def test_a_file_like_a_case_is_refused(call, tmp_path: Path, name: str, options: str, message: str):
    made(tmp_path)
    code, out, err = call(tmp_path, name, f"--format table --k_core 1 {options}")
    assert (code, out) == (2, "")
    assert message in err and len(err.splitlines()) == 1
