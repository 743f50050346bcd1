"""The record of a grid: complete, never dropped, refused if damaged."""

import dataclasses
import inspect
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from grids import NAMES, change, files_of, times
from helpers import make_dataset

from awrsr.cli.main import main
from awrsr.errors import DataError
from awrsr.experiments import comparison, recording, report, sentences
from awrsr.experiments.record import read_ranks, read_results
from awrsr.ranking.evaluation import evaluate_scores, ranked_among


def test_the_finished_runs_of_a_grid_are_recorded(place: Path, capsys):
    shutil.rmtree(place / "small")
    for name in NAMES[2:]:
        shutil.rmtree(place / "runs" / "small" / name)
    before = times(place / "runs")
    assert main(["experiment", "small.toml", "--record"]) == 0
    assert times(place / "runs") == before
    found = read_results("small.toml")
    assert found.missing == NAMES[2:]
    assert found.test["run"].tolist() == NAMES[:2]
    assert sentences.state(found).startswith(
        f"2 of 4 runs are recorded. Missing: {NAMES[2]}, {NAMES[3]}. `python -m awrsr experiment "
    )
    text = report.report(place)
    assert "2 of 4 runs are recorded" in text
    assert "1 seed, too few for a range" in text


def test_runs_recorded_elsewhere_stay(place: Path, capsys):
    """The record comes from the repository; here one run is done."""
    files = {path.name: path.read_bytes() for path in (place / "small").iterdir()}
    for name in (NAMES[0], *NAMES[2:]):
        shutil.rmtree(place / "runs" / "small" / name)
    assert main(["experiment", "small.toml", "--record"]) == 0
    assert (
        "written to small: 4 runs\nTiny: 1 of 4 runs done here, 4 recorded"
        in capsys.readouterr().out
    )
    assert {path.name: path.read_bytes() for path in (place / "small").iterdir()} == files


def test_a_recorded_run_is_not_trained_again(place: Path, capsys):
    shutil.rmtree(place / "runs" / "small" / NAMES[0])
    before = files_of(place / "small")
    assert main(["experiment", "small.toml", "--device", "cpu"]) == 0
    assert not (place / "runs" / "small" / NAMES[0]).exists()
    assert "written to small: 4 runs" in capsys.readouterr().out
    assert files_of(place / "small") == before


OTHER = {
    "settings": (
        lambda place: change(
            place / "small" / "results.csv", '""learning_rate"": 0.02', '""learning_rate"": 0.5'
        ),
        "4 runs with other settings or data than small.toml, among them tiny-sasrec-none-ce-seed0: "
        "train.learning_rate is 0.5 there, 0.02 in the grid",
    ),
    "data": (
        lambda place: (place / "small" / "datasets.csv").write_text(
            re.sub(
                "tiny,[0-9a-f]{16}",
                "tiny,639731700177e812",
                (place / "small" / "datasets.csv").read_text(),
            )
        ),
        "the dataset's fingerprint is 639731700177e812 there",
    ),
    "ranks": (
        lambda place: (place / "small" / "ranks.parquet").write_bytes(b"PAR1"),
        "ranks.parquet is not a readable table of ranks",
    ),
    "history": (
        lambda place: (place / "small" / "history.csv").unlink(),
        "history.csv does not exist",
    ),
    "examples": (
        lambda place: (place / "small" / "examples.npz").write_bytes(b"PK"),
        "examples.npz is not a readable examples file",
    ),
}


@pytest.mark.parametrize("case", OTHER)
def test_a_record_that_does_not_fit_is_never_dropped(case: str, place: Path, capsys):
    damage, words = OTHER[case]
    damage(place)
    before = files_of(place / "small")
    shutil.rmtree(place / "runs" / "small" / NAMES[3])
    for flags in ([], ["--record"], ["--dry"]):
        assert main(["experiment", "small.toml", *flags]) == 2
        said = capsys.readouterr().err
        assert words in said and "move the folder away" in said
        assert files_of(place / "small") == before


@pytest.mark.slow
@pytest.mark.parametrize("case", OTHER)
def test_a_grid_that_is_finished_here_is_recorded_anew(case: str, place: Path):
    before = files_of(place / "small")
    OTHER[case][0](place)
    assert main(["experiment", "small.toml", "--record"]) == 0
    assert files_of(place / "small") == before


def test_lost_intervals_are_computed_from_the_recorded_ranks(place: Path, capsys):
    before = files_of(place / "small")
    shutil.rmtree(place / "runs")
    (place / "small" / "intervals.csv").unlink()
    with pytest.raises(DataError, match=r"intervals.csv does not exist; .*small.toml --record"):
        read_results("small.toml")
    assert main(["experiment", "small.toml", "--record"]) == 0
    assert "written to small: 4 runs" in capsys.readouterr().out
    assert files_of(place / "small") == before


def test_without_runs_nothing_is_recorded(place: Path, capsys):
    shutil.rmtree(place / "runs")
    shutil.rmtree(place / "small")
    assert main(["experiment", "small.toml", "--record"]) == 0
    assert capsys.readouterr().out == (
        "no run of Tiny is finished here, so there is nothing to record\n"
        "Tiny: 0 of 4 runs done here, 0 recorded\n"
    )
    assert read_results("small.toml") is None
    assert "## Planned, not recorded" in report.report(place)


def test_the_record_equals_the_runs(place: Path):
    found, ranks = read_results("small.toml"), read_ranks("small.toml")
    assert found.missing == []
    for name in NAMES:
        recorded = json.loads((place / "runs" / "small" / name / "metrics.json").read_text())
        for split in ("test", "validation"):
            (row,) = comparison.records(
                found.runs[(found.runs["run"] == name) & (found.runs["split"] == split)]
            )
            for metric, value in recorded[split]["metrics"].items():
                assert row[metric] == pytest.approx(value, abs=1e-6)
            assert row["held_out"] == recorded[split]["protocol"]["split"]
            assert row["candidates"] == ranked_among(recorded[split]["protocol"])
            assert row["command"] == recorded["training"]["command"]
            assert json.loads(row["train"])["seed"] == row["seed"]
            assert "torch " in row["software"]
        of_users = pd.read_parquet(place / "runs" / "small" / name / "ranks.parquet")
        assert ranks[name].tolist() == of_users.query("split == 'test'")["rank"].tolist()
        history = pd.read_csv(place / "runs" / "small" / name / "history.csv")
        rows = found.history[found.history["run"] == name]
        np.testing.assert_allclose(rows["NDCG@5"], history["NDCG@5"], atol=1e-6)
        np.testing.assert_allclose(rows["grad_norm"], history["grad_norm"], atol=1e-6)


def test_metrics_of_other_weights_are_not_recorded(place: Path, capsys):
    one, other = (place / "runs" / "small" / name for name in NAMES[:2])
    shutil.copy(other / "metrics.json", one)
    assert main(["experiment", "small.toml", "--record"]) == 2
    assert f"run `python -m awrsr evaluate runs/small/{NAMES[0]}" in capsys.readouterr().err


DAMAGE = {
    "missing": (lambda folder: (folder / "history.csv").unlink(), "history.csv does not exist"),
    "column": (
        lambda folder: change(folder / "results.csv", "HR@10,", "HR@11,"),
        "column 'HR@10' is missing",
    ),
    "text": (
        lambda folder: change(folder / "history.csv", ",3,", ",three,"),
        "column 'epoch' must hold numbers",
    ),
    "interval": (
        lambda folder: (folder / "intervals.csv").write_text(
            re.sub(
                r"(HR@10,\d+,\d+,[^,]+),[^,]+", r"\1,0.9", (folder / "intervals.csv").read_text()
            )
        ),
        "an interval does not contain its mean",
    ),
    "empty": (lambda folder: (folder / "results.csv").write_text(""), "not a readable table"),
    "strange-run": (
        lambda folder: change(folder.parent / "small.toml", "[0, 1]", "[0]"),
        "is not a run of",
    ),
    "wrong-name": (
        lambda folder: change(folder / "results.csv", "ce,sasrec,additive", "ce,sasrec,simple"),
        "contradict the names of their runs",
    ),
    "half": (
        lambda folder: (folder / "history.csv").write_text(
            (folder / "history.csv").read_text().splitlines()[0] + "\n"
        ),
        "were not written together",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_records_are_refused(case: str, place: Path, capsys):
    damage, words = DAMAGE[case]
    damage(place / "small")
    with pytest.raises(DataError, match=words):
        read_results("small.toml")
    assert main(["report", "--experiments", ".", "--output", "R.md"]) == 2
    assert words in capsys.readouterr().err
    assert not (place / "R.md").exists()


def test_damaged_ranks_are_refused(place: Path):
    (place / "small" / "ranks.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="ranks.parquet is not a readable table of ranks"):
        read_ranks("small.toml")


def test_recorded_ranks_are_those_of_the_counted_users(tmp_path: Path):
    """Two of a hundred users repeat an item as the target: too few to make all items candidates."""
    sequences = [[1, 2, 1], [1, 2, 3]] + [[1, 3, 2]] * 97 + [[2, 3, 2]]
    dataset = dataclasses.replace(
        make_dataset(n_items=3),
        user_ids=[f"u{number}" for number in range(100)],
        offsets=np.arange(0, 301, 3),
        flat_items=np.concatenate(sequences).astype(np.int32),
        flat_timestamps=None,
    )
    assert dataset.default_candidates == "unseen"
    run = SimpleNamespace(directory=tmp_path, data=tmp_path)
    scores = torch.tensor([3.0, 2.0, 1.0])
    found = inspect.unwrap(recording._test_ranks)
    for candidates, fits in (("unseen", True), ("all", False)):
        ranks = evaluate_scores(
            lambda users: scores.repeat(len(users), 1), dataset, candidates=candidates
        ).ranks
        ranks.assign(split="test").to_parquet(tmp_path / "ranks.parquet")
        if fits:
            assert found(run, dataset).tolist() == [1] * 98
        else:
            with pytest.raises(DataError, match="has other users than"):
                found(run, dataset)
