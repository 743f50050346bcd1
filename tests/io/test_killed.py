"""A verb killed, or with a full disk, at any step of writing continues to the same result."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from helpers import ROOT, make_dataset

from awrsr.cli.main import main
from awrsr.data.dataset_files import save_dataset

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes: no fork")

TINY = ["--model.max_length", "8", "--model.hidden_size", "8", "--model.inner_size", "16"]
TWO_EPOCHS = ["--train.epochs", "2", "--train.batch_size", "8"]
GRID = """
backbones = ["sasrec"]
refinements = ["none", "additive"]
seeds = [0]
[datasets]
tiny = "data"
[losses]
ce = {}
[model]
max_length = 8
hidden_size = 8
inner_size = 16
[train]
epochs = 1
batch_size = 8
"""


class Verb(NamedTuple):
    """A command and its continuation."""

    first: list[str]
    resumed: list[str]


def again(*words: str) -> Verb:
    """A verb that continues by itself."""
    return Verb([*words], [*words])


def resumed(*words: str) -> Verb:
    """A verb that continues with an option."""
    return Verb([*words], [*words, "--resume"])


VERBS = {
    "prepare": again("prepare", "table.csv", "made", "--format", "table", "--k_core", "1"),
    "plant": again("plant", "made", "--users", "5"),
    "train": resumed("train", "data", "--model.refinement", "additive", *TINY, *TWO_EPOCHS),
    "scan": again("scan", "data"),
    "faithfulness": resumed("faithfulness", "data/models/sasrec-none", "--sample", "2"),
    "experiment": again("experiment", "grid.toml"),
}
QUICK = {"prepare": 5, "train": 29}
"""The verbs of the quick test, and the distance between its steps; the slow test has all."""
SETTINGS = {"awrsr.studies.faithfulness.CHUNK_USERS": 1, "awrsr.studies.scan_files.PART_USERS": 6}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a dataset, two models of it, a table and a grid."""
    place = tmp_path_factory.mktemp("start")
    dataset = make_dataset()
    save_dataset(dataset, place / "data")
    for name in ("none", "simple"):
        words = ["train", str(place / "data"), "--model.refinement", name, *TINY]
        assert main([*words, "--train.epochs", "1", "--train.batch_size", "8"]) == 0
    rows = [
        f"{user},{item},{time}"
        for user in range(dataset.n_users)
        for time, item in enumerate(dataset.sequence(user))
    ]
    (place / "table.csv").write_text("\n".join(["user,item,timestamp", *rows]))
    (place / "grid.toml").write_text(GRID)
    return place


def contents(place: Path) -> dict[str, Any]:
    """Every file by its name, without measured seconds."""
    return {
        str(path.relative_to(place)): without_seconds(path)
        for path in sorted(place.rglob("*"))
        if path.is_file() or not any(path.iterdir())
    }


def without_seconds(path: Path) -> Any:
    if path.is_dir():
        return "an empty directory"
    if path.suffix == ".csv":
        table = pd.read_csv(StringIO(path.read_text()))
        return table.drop(columns="seconds", errors="ignore").to_csv()
    if path.name == "metrics.json":
        found = json.loads(path.read_text())
        found["training"].pop("seconds")
        return found
    return path.read_bytes()


def broken(
    strides: dict[str, dict[str, int]], start: Path, place: Path
) -> dict[str, list[dict[str, Any]]]:
    """The results of breaking.py for every verb and the strides of its modes, in one process."""
    plans = [
        {
            "start": str(start),
            "work": str(place / verb),
            "first": VERBS[verb].first,
            "then": VERBS[verb].resumed,
            "strides": of_modes,
            "settings": SETTINGS,
        }
        for verb, of_modes in strides.items()
    ]
    (place / "plans.json").write_text(json.dumps(plans))
    script = Path(__file__).with_name("breaking.py")
    subprocess.run(
        [sys.executable, str(script), str(place / "plans.json")],
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
    )
    return dict(zip(strides, json.loads((place / "plans.found").read_text()), strict=True))


def check(verb: str, found: list[dict[str, Any]]) -> None:
    unbroken, *runs = found
    assert unbroken["codes"] == [0], unbroken["said"]
    expected = contents(Path(unbroken["place"]))
    assert not [name for name in expected if "/." in name]
    for run in runs:
        where = f"{verb}, {run['mode']} at step {run['step']} of {unbroken['steps']}: {run['said']}"
        first, then = run["codes"]
        assert first == -9 if run["mode"] == "killed" else first in (0, 2), where
        assert "Traceback" not in run["said"], where
        # Started again after everything is written, a verb that makes a directory refuses.
        assert then == 0 or "already exists and is not empty" in run["said"], where
        found = contents(Path(run["place"]))
        assert found.keys() == expected.keys(), where
        assert [name for name in found if found[name] != expected[name]] == [], where


@pytest.fixture(scope="module")
def at_some_steps(start: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Results by verb; in one process, because imports take longer than most verbs."""
    strides = {name: {"killed": step, "full": 2 * step - 1} for name, step in QUICK.items()}
    return broken(strides, start, tmp_path_factory.mktemp("broken"))


@pytest.mark.slow
@pytest.mark.parametrize("verb", QUICK)
def test_a_verb_broken_while_it_writes_continues_to_the_same_end(
    at_some_steps: dict[str, Any], verb: str
):
    found = at_some_steps[verb]
    modes = [run["mode"] for run in found[1:]]
    assert modes.count("killed") >= 2 and modes[-1] == "full"
    assert found[-1]["codes"][0] == 2, found[-1]["said"]
    check(verb, found)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["killed", "full"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_broken_at_every_step_of_writing_continues_to_the_same_end(
    start: Path, tmp_path: Path, verb: str, mode: str
):
    found = broken({verb: {mode: 1}}, start, tmp_path)[verb]
    assert len(found) == found[0]["steps"] + 1
    check(verb, found)
