"""Command lines on the tiny dataset: one trains a model, others use it."""

import csv
import hashlib
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import EMBEDDED

import awrsr
from awrsr.cli.main import main
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import save_dataset

TRAIN = (
    "--device cpu --model.refinement additive --model.max_length 8 --model.hidden_size 8 "
    "--model.n_layers 2 --model.inner_size 16 --train.epochs 3 --train.learning_rate 0.02"
)
HISTORY = '\'["103", "Film A (1991)", "film d (1994)"]\''
ITEMS = [3, 1, 4]


@pytest.fixture(scope="session")
def place(tmp_path_factory, tiny_dataset: Dataset) -> Path:
    """A dataset directory with a trained model, and raw files with all kinds of problems."""
    place = tmp_path_factory.mktemp("cli")
    save_dataset(tiny_dataset, place / "tiny")
    assert main(["train", str(place / "tiny"), *shlex.split(TRAIN)]) == 0

    (place / "raw").mkdir()
    good = [(user, item, time) for time, item in enumerate("xyz") for user in "ab"]

    def write(name: str, rows: list[tuple], header: str = "user item timestamp") -> None:
        with (place / "raw" / name).open("w", newline="") as file:
            csv.writer(file).writerows([header.split(), *rows])

    write("good.csv", good)
    write("no-timestamp.csv", good, "user item time")
    write("bad-timestamp.csv", [(*good[0][:2], "monday"), *good[1:]])
    write("one-user.csv", good[::2])
    write("header.csv", [])
    (place / "raw" / "empty.csv").touch()
    write("titles.csv", [("x", "Ex, the first")], "item title")

    shutil.copytree(place / "tiny" / "models" / "sasrec-additive", place / "foreign")
    (place / "foreign" / "config.json").write_text('{"architecture": "SASRec"}')
    short = Dataset(
        name="short",
        about={},
        items=tiny_dataset.items,
        user_ids=["a", "b"],
        offsets=np.array([0, 3, 6]),
        flat_items=tiny_dataset.flat_items[:6],
        flat_timestamps=None,
    )
    save_dataset(short, place / "short")
    return place


@pytest.fixture
def call(place: Path, capsys):
    """Run one command line; words in capitals are replaced by paths."""

    def run(line: str) -> tuple[int, str, str]:
        paths = {
            "TINY": place / "tiny",
            "MODEL": place / "tiny" / "models" / "sasrec-additive",
            "RAW": place / "raw",
            "OUT": place / "out",
            "PLACE": place,
            "EMBEDDED": EMBEDDED,
        }
        words = shlex.split(line)
        for name, path in paths.items():
            words = [str(path) + w[len(name) :] if w.startswith(name) else w for w in words]
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run
    shutil.rmtree(place / "out", ignore_errors=True)


def snapshot(directory: Path) -> dict[str, str]:
    """Every file and directory below, with a hash of its contents."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "directory"
        for path in directory.rglob("*")
    }


def model_and_dataset(place: Path):
    directory = place / "tiny" / "models" / "sasrec-additive"
    return awrsr.load_model(directory, "cpu"), awrsr.load_dataset(place / "tiny")


def check_refused(call, place: Path, line: str, message: str) -> None:
    """Check for one clear sentence, exit code 2, nothing printed or written."""
    before = snapshot(place)
    code, out, err = call(line)
    assert code == 2
    assert message in err
    assert err.startswith("error: ") and len(err.splitlines()) == 1
    assert "Traceback" not in err + out and "usage" not in err + out
    assert not any(word in err for word in ("<class", "typing.", "Parser key"))
    assert "written to" not in out
    assert snapshot(place) == before
