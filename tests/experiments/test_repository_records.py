"""The recorded files of this repository agree with each other, their grids and RESULTS.md."""

import json
from pathlib import Path

import pandas as pd
import pytest
from grids import EXPERIMENTS, RECORDED
from helpers import ROOT

from awrsr.config import FORMER_TRAINING
from awrsr.experiments import comparison, examples, report, tables
from awrsr.experiments import record as results
from awrsr.experiments.comparison import compare, gains
from awrsr.experiments.record import read_ranks, read_results
from awrsr.refinement import with_former_settings

QUICK = ("ml-latest-small", "planted-two-layers")
"""The grids whose intervals the quick tests compute again."""


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_every_picture_of_the_report_exists(file: Path):
    found = read_results(file)
    for dataset, loss in tables.parts(found):
        if examples.example_of(found, dataset, loss):
            assert (file.with_suffix("") / examples.example_file(dataset, loss)).is_file()


def test_results_md_agrees_with_the_recorded_files():
    assert (ROOT / "RESULTS.md").read_text(encoding="utf-8") == report.report(EXPERIMENTS), (
        "write it again: python -m awrsr report"
    )


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_recorded_metrics_are_those_of_the_recorded_ranks(file: Path):
    found, ranks = read_results(file), read_ranks(file)
    assert list(ranks) == found.test["run"].tolist()
    for row in comparison.records(found.test):
        assert len(ranks[row["run"]]) == row["users"]
        for metric in ("HR@1", "HR@10", "HR@20", "NDCG@5", "NDCG@10", "NDCG@20"):
            assert gains(ranks[row["run"]], metric).mean() == pytest.approx(row[metric], abs=1e-6)


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "file",
    [
        pytest.param(file, id=file.stem, marks=() if file.stem in QUICK else pytest.mark.slow)
        for file in RECORDED
    ],
)
def test_recorded_intervals_are_those_of_the_recorded_ranks(file: Path):
    found = read_results(file)
    again = results.in_order(compare(found.runs, read_ranks(file)))
    pd.testing.assert_frame_equal(again, found.intervals, check_dtype=False, atol=1e-6)


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_recorded_settings_are_those_of_the_grid(file: Path):
    found = read_results(file)
    planned = {run.name: run for run in found.grid.runs}
    for row in comparison.records(found.test):
        run = planned[row["run"]]
        assert with_former_settings(json.loads(row["model"])) == run.model.to_json()
        assert {**FORMER_TRAINING, **json.loads(row["train"])} == run.train.to_json()


def test_recorded_files_are_small():
    files = [path for file in RECORDED for path in file.with_suffix("").iterdir()]
    assert all(path.stat().st_size < 1_000_000 for path in files)
    assert sum(path.stat().st_size for path in files) < 8_000_000
