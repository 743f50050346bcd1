"""Grids: planned, run, resumed, recorded, compared; RESULTS.md says what the files say."""

import dataclasses
import inspect
import json
import re
import shlex
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ROOT, make_dataset

import awrsr
from awrsr.cli.main import main
from awrsr.config import FORMER_TRAINING, ModelConfig, TrainConfig
from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.errors import ConfigError, DataError
from awrsr.experiments import comparison, examples, recording, report, sentences, tables
from awrsr.experiments import record as results
from awrsr.experiments.averages import means
from awrsr.experiments.comparison import compare, gains, paired_interval
from awrsr.experiments.grid import read_grid, run_name
from awrsr.experiments.record import read_ranks, read_results
from awrsr.experiments.recorded_examples import read_examples
from awrsr.experiments.recording import example_user
from awrsr.experiments.verdict import verdict_rows
from awrsr.ranking.evaluation import evaluate_scores, ranked_among
from awrsr.ranking.metrics import summarise
from awrsr.refinement import REFINEMENTS, with_former_settings
from awrsr.training import loop as training
from awrsr.training.checkpoint import read_config

EXPERIMENTS = ROOT / "experiments"
TINY = """
title = "Tiny"
backbones = ["sasrec"]
refinements = ["none", "additive"]
seeds = [0, 1]

[datasets]
tiny = "tiny"

[losses]
ce = {}

[model]
max_length = 8
hidden_size = 8
inner_size = 16

[train]
epochs = 3
learning_rate = 0.02
"""
RECORDED = sorted(file for file in EXPERIMENTS.glob("*.toml") if file.with_suffix("").is_dir())
QUICK = ("ml-latest-small", "planted-two-layers")
"""The grids whose intervals the quick tests compute again."""
NAMES = [f"tiny-sasrec-{kind}-ce-seed{seed}" for seed in (0, 1) for kind in ("none", "additive")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_dataset) -> Path:
    """A folder with the tiny grid, run to its end."""
    place = tmp_path_factory.mktemp("grid")
    save_dataset(tiny_dataset, place / "tiny")
    (place / "small.toml").write_text(TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert main(["experiment", "small.toml", "--device", "cpu"]) == 0
    return place


@pytest.fixture
def place(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, entered."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


# --- plan -----------------------------------------------------------------------------------------


def test_a_grid_is_every_combination_that_there_is(tmp_path: Path):
    file = tmp_path / "g.toml"
    file.write_text(
        """
        backbones = ["sasrec", "stosa"]
        refinements = ["none", "stochastic"]
        seeds = [3]
        [datasets]
        A = "somewhere/a"
        [losses]
        ce = { batch_size = 7, epochs = 2 }
        bpr_pvn = { pvn_weight = 0.1 }
        [train]
        batch_size = 9
        [model]
        n_heads = 1
        """
    )
    grid = read_grid(file, "there")
    assert [str(run.directory) for run in grid.runs] == [
        "there/g/A-sasrec-none-ce-seed3",
        "there/g/A-stosa-none-ce-seed3",
        "there/g/A-stosa-stochastic-ce-seed3",
        "there/g/A-stosa-none-bpr_pvn-seed3",
        "there/g/A-stosa-stochastic-bpr_pvn-seed3",
    ]
    assert grid.runs[0].train == TrainConfig(loss="ce", batch_size=7, epochs=2, seed=3)
    assert grid.runs[3].train == TrainConfig(loss="bpr_pvn", batch_size=9, pvn_weight=0.1, seed=3)
    assert grid.runs[2].model == ModelConfig(backbone="stosa", refinement="stochastic", n_heads=1)
    assert (grid.title, grid.about, grid.runs[0].data) == ("g", "", Path("somewhere/a"))


def test_a_setting_of_some_refinements_is_given_to_those(tmp_path: Path):
    file = tmp_path / "g.toml"
    wider = TINY.replace('"additive"]', '"additive", "value_weighted"]')
    file.write_text(wider.replace("[model]", '[model]\nrows = "standardised"\nmix = "gate"'))
    asked = {run.model.refinement: (run.model.rows, run.model.mix) for run in read_grid(file).runs}
    usual = ModelConfig()
    assert asked == {
        "none": (usual.rows, usual.mix),
        "additive": ("standardised", "gate"),
        "value_weighted": ("standardised", usual.mix),
    }


def test_the_beauty_grid_is_the_runs_that_its_commands_make():
    grid = read_grid(EXPERIMENTS / "beauty.toml")
    kinds = ("none", "uniform", "identity", "simple", "value_weighted", "additive")
    assert [str(run.directory) for run in grid.runs] == [
        f"runs/beauty/Beauty-sasrec-{kind}-sampled_ce-seed{seed}"
        for seed in range(5)
        for kind in kinds
    ]
    for run in grid.runs:
        assert run.model == ModelConfig(refinement=run.model.refinement)
        assert run.train == TrainConfig(
            loss="sampled_ce",
            negatives=256,
            initial_weights="normal",
            batch_size=128,
            epochs=60,
            patience=5,
            seed=run.train.seed,
        )


BAD = {
    "not-toml": ("seeds = [", "is not readable TOML"),
    "unknown-key": ("seed = [1]", "unknown field 'seed'; accepted: title, about, backbones"),
    "empty": ("", "missing field 'backbones', 'refinements', 'seeds', 'datasets', 'losses'"),
    "no-seeds": (TINY.replace("seeds = [0, 1]", "seeds = []"), "seeds: expected one entry or more"),
    "seeds-twice": (
        TINY.replace("[0, 1]", "[0, 0]"),
        "seeds: expected one entry or more, all different; received [0, 0]",
    ),
    "seeds-text": (TINY.replace("[0, 1]", '["0"]'), "seeds.0 must be a whole number, 0 to "),
    "seeds-true": (TINY.replace("[0, 1]", "[true]"), "seeds.0 must be a whole number, 0 to "),
    "negative-seed": (TINY.replace("[0, 1]", "[-1]"), "seeds.0 must be a whole number, 0 to "),
    "backbone": (TINY.replace('"sasrec"', '"sasrek"'), "unknown backbone 'sasrek'; accepted: "),
    "refinement": (
        TINY.replace('"additive"', '"aditive"'),
        f"unknown refinement 'aditive'; accepted: {', '.join(REFINEMENTS)}. "
        "Did you mean 'additive'?",
    ),
    "stochastic-sasrec": (
        TINY.replace('"additive"', '"stochastic"'),
        "refinement 'stochastic' is for stosa; backbones are sasrec",
    ),
    "loss": (TINY.replace("ce = {}", "cee = {}"), "unknown loss 'cee'; accepted: ce, sampled_ce"),
    "loss-value": (TINY.replace("ce = {}", "ce = 3"), "losses.ce must be an object; received 3"),
    "loss-of-stosa": (
        TINY.replace("ce = {}", "bpr_pvn = {}"),
        "loss 'bpr_pvn' needs backbone 'stosa'; received 'sasrec'",
    ),
    "setting": (
        TINY.replace("hidden_size", "hiden_size"),
        "model: unknown field 'hiden_size'; accepted: backbone, refinement, max_length",
    ),
    "setting-of-no-refinement-here": (
        TINY.replace("[model]", "[model]\ntied = true"),
        "model.tied is for refinement stochastic; refinements are none, additive",
    ),
    "override": (TINY.replace("ce = {}", "ce = { epoch = 2 }"), "losses.ce: unknown field 'epoch'"),
    "value": (
        TINY.replace("epochs = 3", 'epochs = "3"'),
        "train: epochs must be a whole number, 1 or more; received '3'",
    ),
    "value-of-loss": (
        TINY.replace("ce = {}", "ce = { patience = 0 }"),
        "losses.ce: patience must be a whole number, 1 or more; received 0",
    ),
    "grids-own": (
        TINY.replace("epochs = 3", "seed = 3"),
        "train: seed is not accepted here: seeds sets it for every run",
    ),
    "dataset-name": (
        TINY.replace('tiny = "tiny"', '"../x" = "tiny"'),
        "datasets: a name becomes a part of a directory name",
    ),
    "dataset-path": (
        TINY.replace('= "tiny"', "= 3"),
        "datasets.tiny must be text, not empty; received 3",
    ),
    "no-dataset-path": (TINY.replace('= "tiny"', '= ""'), "datasets.tiny must be text, not empty"),
    "datasets": (
        TINY.replace("[datasets]", "").replace("tiny = ", "datasets = "),
        "datasets must be an object; received",
    ),
    "title": (TINY.replace('"Tiny"', "3"), "title must be text; received 3"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_grid_is_refused_in_one_line(case: str, tmp_path: Path, capsys):
    text, words = BAD[case]
    (tmp_path / "bad.toml").write_text(text)
    assert main(["experiment", str(tmp_path / "bad.toml")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path / 'bad.toml'}")
    assert words in line


def test_a_grid_or_dataset_that_is_not_there(tmp_path: Path, capsys):
    assert main(["experiment", str(tmp_path / "no.toml")]) == 2
    assert "no.toml does not exist; a grid is a TOML file" in capsys.readouterr().err
    (tmp_path / "g.toml").write_text(TINY.replace('= "tiny"', f'= "{tmp_path / "nowhere"}"'))
    assert main(["experiment", str(tmp_path / "g.toml")]) == 2
    said = capsys.readouterr().err
    assert "g.toml: datasets.tiny: " in said
    assert "nowhere is not a dataset directory: no such directory; `python -m awrsr prepare" in said


def test_dry_without_the_dataset_lists_what_is_recorded(place: Path, capsys):
    shutil.rmtree(place / "tiny")
    shutil.rmtree(place / "runs")
    assert main(["experiment", "small.toml", "--dry"]) == 0
    *lines, error, last = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["recorded"] * 4
    assert "small.toml: datasets.tiny: tiny is not a dataset directory" in error
    assert last == "Tiny: 0 of 4 runs done here, 4 recorded"


def test_only_some_runs(place: Path, capsys):
    shutil.rmtree(place / "small")
    for name in NAMES[1:]:
        shutil.rmtree(place / "runs" / "small" / name)
    assert main(["experiment", "small.toml", "--only", "*-seed1", "--dry"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("small/")[1] for line in lines[:-1]] == [
        name for name in NAMES if name.endswith("-seed1")
    ]
    only = ["--only", NAMES[1], "--device", "cpu"]
    assert main(["experiment", "small.toml", *only]) == 0
    there = sorted(path.name for path in (place / "runs" / "small").iterdir())
    assert there == sorted(NAMES[:2])
    assert main(["experiment", "small.toml", "--only", "stosa"]) == 2
    assert f"matches none of the 4 runs of small.toml; their names are like {NAMES[0]}" in (
        capsys.readouterr().err
    )


# --- run ------------------------------------------------------------------------------------------


def test_runs_are_model_directories_with_the_command_that_makes_them(finished: Path):
    for name in NAMES:
        directory = finished / "runs" / "small" / name
        model, _, train = read_config(directory)
        assert name == f"tiny-sasrec-{model.refinement}-ce-seed{train.seed}"
        command = json.loads((directory / "metrics.json").read_text())["training"]["command"]
        assert command.startswith(f"python -m awrsr train tiny --output runs/small/{name} ")
        assert (directory / "README.md").is_file()


def test_finished_runs_are_not_run_again_and_the_record_stays(place: Path, capsys):
    before = times(place / "runs")
    files = {path.name: path.read_bytes() for path in (place / "small").iterdir()}
    assert sorted(files) == sorted(results.FILES)
    assert main(["experiment", "small.toml", "--device", "cpu"]) == 0
    assert "Tiny: 4 of 4 runs done here, 4 recorded" in capsys.readouterr().out
    assert times(place / "runs") == before
    assert {path.name: path.read_bytes() for path in (place / "small").iterdir()} == files


def test_a_run_broken_off_is_resumed_to_the_same_end(place: Path, capsys):
    directory = place / "runs" / "small" / NAMES[1]
    weights = (directory / "model.safetensors").read_bytes()
    shutil.rmtree(directory)
    (run,) = (run for run in read_grid("small.toml").runs if run.name == NAMES[1])

    def stop(progress: training.Progress) -> None:
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        data = load_dataset("tiny")
        training.train(data, directory, run.model, run.train, device="cpu", report=stop)
    assert main(["experiment", "small.toml", "--dry"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["done", "unfinished", "done", "done"]
    assert main(["experiment", "small.toml", "--device", "cpu"]) == 0
    assert f"1 of 1: {NAMES[1]}, resumed" in capsys.readouterr().out
    assert (directory / "model.safetensors").read_bytes() == weights


def test_a_run_killed_before_its_evaluation_is_evaluated(place: Path, capsys):
    directory = place / "runs" / "small" / NAMES[1]
    metrics = (directory / "metrics.json").read_bytes()
    (directory / "metrics.json").unlink()
    assert main(["experiment", "small.toml", "--device", "cpu"]) == 0
    assert f"1 of 1: {NAMES[1]}, resumed" in capsys.readouterr().out
    assert (directory / "metrics.json").read_bytes() == metrics


def test_dry_lists_and_writes_nothing(place: Path, capsys):
    shutil.rmtree(place / "runs" / "small" / NAMES[2])
    before = times(place)
    assert main(["experiment", "small.toml", "--dry"]) == 0
    lines = capsys.readouterr().out.splitlines()
    states = ["done", "done", "recorded", "done"]
    assert [line.split() for line in lines[:-1]] == [
        [state, f"runs/small/{name}"] for state, name in zip(states, NAMES, strict=True)
    ]
    assert lines[-1] == "Tiny: 3 of 4 runs done here, 4 recorded"
    assert times(place) == before


def test_a_run_with_other_settings_is_refused_before_anything_starts(place: Path, capsys):
    shutil.rmtree(place / "runs" / "small" / NAMES[0])
    (place / "small.toml").write_text(TINY.replace("0.02", "0.03"))
    for flags in ([], ["--dry"], ["--record"]):
        assert main(["experiment", "small.toml", *flags]) == 2
        assert (
            f"runs/small/{NAMES[1]} holds a run with other settings: train.learning_rate is 0.02 "
            "there, 0.03 in the grid" in capsys.readouterr().err
        )
    assert not (place / "runs" / "small" / NAMES[0]).exists()


def test_a_run_of_other_data_is_refused(place: Path, capsys):
    shutil.rmtree(place / "tiny")
    save_dataset(make_dataset(seed=1), place / "tiny")
    assert main(["experiment", "small.toml", "--dry"]) == 2
    assert "holds a run with other settings: dataset.fingerprint is" in capsys.readouterr().err


def test_what_is_no_run_is_refused(place: Path, capsys):
    directory = place / "runs" / "small" / NAMES[0]
    shutil.rmtree(directory)
    directory.mkdir()
    (directory / "notes.txt").touch()
    assert main(["experiment", "small.toml"]) == 2
    assert f"{NAMES[0]} is not a model directory: it lacks config.json" in capsys.readouterr().err


def test_one_failing_run_does_not_stop_the_others(place: Path, capsys, monkeypatch):
    shutil.rmtree(place / "small")
    for name in NAMES[:2]:
        shutil.rmtree(place / "runs" / "small" / name)
    real = training.train

    def train(dataset, directory, model, config, **settings):
        if model.refinement == "none":
            raise ConfigError("this one fails")
        return real(dataset, directory, model, config, **settings)

    monkeypatch.setattr(training, "train", train)
    assert main(["experiment", "small.toml", "--device", "cpu"]) == 2
    captured = capsys.readouterr()
    assert "error: this one fails" in captured.err
    assert captured.err.endswith(f"error: 1 run failed: {NAMES[0]}\n")
    assert "Tiny: 3 of 4 runs done here, " in captured.out
    assert read_results("small.toml").missing == [NAMES[0]]


def test_dry_and_record_together(place: Path, capsys):
    assert main(["experiment", "small.toml", "--dry", "--record"]) == 2
    assert "choose one" in capsys.readouterr().err


# --- record ---------------------------------------------------------------------------------------


def test_a_half_finished_grid_is_recorded_as_far_as_it_is(place: Path, capsys):
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


def test_what_was_recorded_elsewhere_stays(place: Path, capsys):
    """The record came with the repository; here one run is done."""
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


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


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


@pytest.mark.parametrize("case", OTHER)
def test_what_is_all_done_here_is_recorded_anew(case: str, place: Path):
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


def test_nothing_done_records_nothing(place: Path, capsys):
    shutil.rmtree(place / "runs")
    shutil.rmtree(place / "small")
    assert main(["experiment", "small.toml", "--record"]) == 0
    assert capsys.readouterr().out == (
        "no run of Tiny is finished here, so there is nothing to record\n"
        "Tiny: 0 of 4 runs done here, 0 recorded\n"
    )
    assert read_results("small.toml") is None
    assert "## Planned, not recorded" in report.report(place)


def test_the_record_is_what_the_runs_hold(place: Path):
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
        mine = found.history[found.history["run"] == name]
        np.testing.assert_allclose(mine["NDCG@5"], history["NDCG@5"], atol=1e-6)
        np.testing.assert_allclose(mine["grad_norm"], history["grad_norm"], atol=1e-6)


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


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_records_are_refused(case: str, place: Path, capsys):
    damage, words = DAMAGE[case]
    damage(place / "small")
    with pytest.raises(DataError, match=words):
        read_results("small.toml")
    assert main(["report", "--experiments", ".", "--output", "R.md"]) == 2
    assert words in capsys.readouterr().err
    assert not (place / "R.md").exists()


def test_the_example_is_what_the_first_seeds_models_attend_to(place: Path):
    data = load_dataset("tiny")
    example = read_examples("small.toml")["tiny"]
    user = data.user_index(example.user)
    assert user == example_user(data)
    assert example.items == data.sequence(user)[:-1].tolist()
    assert example.titles == data.titles(example.items)
    assert list(example.traces) == [name for name in NAMES if name.endswith("seed0")]
    for name, recorded in example.traces.items():
        trace = awrsr.trace(awrsr.load_model(place / "runs" / "small" / name), example.items)
        assert (recorded.items, recorded.dropped) == (trace.items, trace.dropped)
        expected = {kind: a for kind, a in trace.arrays().items() if a.ndim > 1}
        assert recorded.arrays().keys() == expected.keys()
        for kind, maps in expected.items():
            np.testing.assert_allclose(recorded.maps[kind], maps, atol=1e-6)


def test_an_example_recorded_elsewhere_stays(place: Path):
    before = read_examples("small.toml")["tiny"]
    shutil.rmtree(place / "runs" / "small" / NAMES[0])
    assert main(["experiment", "small.toml", "--record"]) == 0
    after = read_examples("small.toml")["tiny"]
    assert list(after.traces) == list(before.traces)
    np.testing.assert_array_equal(
        after.traces[NAMES[0]].maps["refined"], before.traces[NAMES[0]].maps["refined"]
    )


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
def test_damaged_examples_are_refused_by_the_report(damage: bytes, place: Path, capsys):
    (place / "small" / "examples.npz").write_bytes(damage)
    code = main(["report", "--experiments", ".", "--output", "R.md"])
    if damage.endswith(bytes(18)):  # an archive of nothing is no damage: nothing is recorded
        assert code == 0 and "one example" not in (place / "R.md").read_text()
        return
    assert code == 2
    assert "examples.npz is not a readable examples file" in capsys.readouterr().err
    assert not (place / "R.md").exists()


def test_the_report_draws_the_example(place: Path):
    assert main(["report", "--experiments", ".", "--output", "R.md"]) == 0
    picture = place / "small" / "example-tiny-ce.svg"
    assert f"](small/{picture.name})" in (place / "R.md").read_text()
    before = picture.read_bytes()
    assert main(["report", "--experiments", ".", "--output", "R.md"]) == 0
    assert picture.read_bytes() == before


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_every_picture_of_the_report_is_there(file: Path):
    found = read_results(file)
    for dataset, loss in tables.parts(found):
        if examples.example_of(found, dataset, loss):
            assert (file.with_suffix("") / examples.example_file(dataset, loss)).is_file()


def test_damaged_ranks_are_refused(place: Path):
    (place / "small" / "ranks.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="ranks.parquet is not a readable table of ranks"):
        read_ranks("small.toml")


# --- comparison -----------------------------------------------------------------------------------


def test_gains_average_to_the_metrics():
    ranks = np.random.default_rng(0).integers(1, 40, 500)
    for metric, value in summarise(ranks).items():
        if "MRR" not in metric:
            assert gains(ranks, metric).mean() == pytest.approx(value)
    kept = np.minimum(ranks, results.RANKS_KEPT + 1)
    assert gains(kept, "NDCG@20").tolist() == gains(ranks, "NDCG@20").tolist()


def test_an_interval_is_that_of_a_bootstrap_written_as_a_loop():
    """Users and seeds drawn apart from each other, every user kept, ten thousand times."""
    generator = np.random.default_rng(3)
    changed = generator.random((300, 1)) < 0.3
    differences = np.where(changed, generator.normal(0.02, 0.3, (300, 3)), 0) + [0, 0.01, -0.01]
    differences[~changed[:, 0]] = 0
    interval = paired_interval(differences)
    samples = []
    for _ in range(10_000):
        users = generator.integers(300, size=300)
        seeds = generator.integers(3, size=3)
        samples.append(differences[users][:, seeds].mean())
    low, high = np.quantile(samples, [0.025, 0.975])
    assert interval.mean == pytest.approx(differences.mean())
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_an_interval_covers_the_truth_as_often_as_it_says():
    """Normal differences of one seed: the interval is near mean +- 1.96 standard errors."""
    differences = np.random.default_rng(1).normal(0.1, 1, (400, 1))
    interval = paired_interval(differences)
    error = differences.std() / 20
    assert interval.low == pytest.approx(differences.mean() - 1.96 * error, abs=0.1 * error)
    assert interval.high == pytest.approx(differences.mean() + 1.96 * error, abs=0.1 * error)


def test_no_difference_is_an_interval_of_nothing():
    assert paired_interval(np.zeros((5, 2))) == (0, 0, 0)


def test_a_disagreement_between_seeds_widens_the_interval():
    users = np.random.default_rng(2).normal(0, 0.1, 500)
    agree = paired_interval(np.stack([users, users, users], axis=1))
    differ = paired_interval(np.stack([users - 0.1, users, users + 0.1], axis=1))
    assert differ.high - differ.low > 3 * (agree.high - agree.low)


def test_models_are_paired_by_user_and_seed():
    """Hand-worked: two users, seeds 0 and 1 of additive, 1 and 2 of vanilla; only 1 is in both."""
    rows = [
        {"dataset": "d", "loss": "ce", "backbone": "sasrec", "refinement": kind, "seed": seed}
        for kind, seeds in (("none", (1, 2)), ("additive", (0, 1)))
        for seed in seeds
    ]
    runs = pd.DataFrame(rows).assign(split="test")
    ranks = {
        "d-sasrec-none-ce-seed1": np.array([1, 30], np.uint8),
        "d-sasrec-none-ce-seed2": np.array([9, 9], np.uint8),
        "d-sasrec-additive-ce-seed0": np.array([9, 9], np.uint8),
        "d-sasrec-additive-ce-seed1": np.array([1, 3], np.uint8),
    }
    table = compare(runs, ranks).set_index("metric")
    assert table["seeds"].tolist() == [1, 1]
    assert table.loc["HR@10", "vanilla"] == 0.5
    assert table.loc["HR@10", "difference"] == 0.5
    assert table.loc["NDCG@10", "difference"] == pytest.approx(1 / np.log2(4) / 2)
    alone = compare(runs[runs["refinement"] == "additive"], dict(list(ranks.items())[2:]))
    assert alone.empty


def test_means_over_seeds_in_the_order_of_the_refinements(place: Path):
    found = read_results("small.toml")
    table = means(found.test.iloc[::-1], ["NDCG@10"])
    assert table["refinement"].tolist() == ["none", "additive"]
    mine = found.test[found.test["refinement"] == "additive"]["NDCG@10"]
    assert table.iloc[1][["NDCG@10", "NDCG@10 min", "NDCG@10 max"]].tolist() == pytest.approx(
        [mine.mean(), mine.min(), mine.max()]
    )


# --- what is said ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "low, high, p, words",
    [
        (0.01, 0.03, 0.01, "helps"),
        (-0.03, -0.01, 0.01, "harms"),
        (-0.01, 0.03, 0.5, "inconclusive"),
    ],
)
def test_the_claim_is_read_off_the_intervals(
    low: float, high: float, p: float, words: str, place: Path
):
    found = read_results("small.toml")
    bounds = {"low": low, "high": high, "corrected_low": low, "corrected_high": high}
    changed = found.intervals.assign(
        **bounds, difference=(low + high) / 2, corrected_p=p, seeds=comparison.MIN_SEEDS
    )
    (paragraph,) = sentences.claim(
        results.Results(**{**vars(found), "intervals": changed}), "tiny", "ce"
    )
    assert paragraph.startswith(f"**Refinement: {words}** (NDCG@10, SASRec on tiny, loss `ce`, 1 m")
    assert f"additive **{words}**" in paragraph
    assert paragraph.count(f"[{low:+.4f}, {high:+.4f}]") == 2


def recorded_with(*kinds: str, seeds: int = 2) -> results.Results:
    """The small grid's results with made-up ranks in the place of what was trained."""
    generator = np.random.default_rng(5)
    models = [
        {"dataset": "tiny", "loss": "ce", "backbone": "sasrec", "refinement": kind, "seed": seed}
        for kind in kinds
        for seed in range(seeds)
    ]
    ranks = {run_name(**model): generator.integers(1, 25, 300).astype(np.uint8) for model in models}
    intervals = results.in_order(compare(pd.DataFrame(models).assign(split="test"), ranks))
    return results.Results(**{**vars(read_results("small.toml")), "intervals": intervals})


@pytest.mark.parametrize("seeds", [2, 3])
def test_what_attention_is_worth_is_said_before_anything_about_refinement(place: Path, seeds: int):
    """Vanilla less uniform is the recorded difference turned; floors are no mechanisms."""
    found = recorded_with("none", "additive", "uniform", "identity", seeds=seeds)
    worth, claimed = sentences.findings(found, "tiny", "ce")
    rows = {
        row["refinement"]: row
        for row in comparison.records(found.intervals)
        if row["metric"] == "NDCG@10"
    }
    for kind, opening in (
        ("uniform", "**Learned attention is worth {} NDCG@10 over an even average over the "),
        ("identity", "; over each item alone: {}, "),
    ):
        row = rows[kind]
        turned = f"{-row['difference']:+.4f} [{-row['high']:+.4f}, {-row['low']:+.4f}]"
        assert opening.format(turned) in worth
    assert "SASRec on tiny, loss `ce`" in worth
    assert worth.count("too few for a range") == (2 if seeds == 2 else 0)
    assert "per seed" in worth or seeds == 2
    assert claimed.startswith("**Refinement: ") and "1 mechanism)" in claimed
    assert "uniform" not in claimed and "identity" not in claimed


def test_what_is_not_recorded_of_floors_or_refinements_is_said(place: Path):
    found = recorded_with("none", "uniform", "identity")
    (worth, nothing) = sentences.findings(found, "tiny", "ce")
    assert (
        worth.startswith("**Learned attention is worth ") and nothing == sentences.NOTHING_TO_PAIR
    )
    nothing, claimed = sentences.findings(recorded_with("none", "additive"), "tiny", "ce")
    assert nothing == sentences.NO_FLOOR and "**Refinement: " in claimed
    nothing, claimed = sentences.findings(recorded_with("none", "identity"), "tiny", "ce")
    assert (nothing, claimed) == (sentences.NO_FLOOR, sentences.NOTHING_TO_PAIR)


def test_a_difference_turned_twice_is_itself(place: Path):
    for row in comparison.records(recorded_with("none", "uniform").intervals):
        turned = comparison.from_vanilla(row)
        assert turned["low"] <= turned["difference"] <= turned["high"]
        assert turned["lowest_seed"] <= turned["highest_seed"]
        assert comparison.from_vanilla(turned) == row


def test_a_grid_of_floors_is_trained_recorded_and_reported(place: Path, capsys):
    text = (
        (place / "small.toml")
        .read_text()
        .replace('"none", "additive"', '"none", "uniform", "identity"')
    )
    (place / "floors.toml").write_text(text)
    assert main(["experiment", "floors.toml", "--device", "cpu"]) == 0
    found = read_results("floors.toml")
    assert found.missing == []
    table = tables.main_table(found, "tiny", "ce")
    assert table["model"].str.split(" \u00b7 ").str[1].tolist() == [
        "vanilla",
        "uniform",
        "identity",
    ]
    assert (table["NDCG@10 minus vanilla"] != "").tolist() == [False, True, True]
    sizes = tables.mechanism_table(found, "tiny", "ce")["more than vanilla"].tolist()
    assert sizes[0] == "+0" and sizes[1] == sizes[2] and sizes[1].startswith("-")
    assert main(["report", "--experiments", ".", "--output", "R.md"]) == 0
    assert "Learned attention is worth" in (place / "R.md").read_text()


def test_the_command_of_a_row_trains_it_again(place: Path, capsys):
    before = read_ranks("small.toml")
    (row,) = verdict_rows([read_results("small.toml")])
    copied, trained = (shlex.split(part) for part in row.command.split(" && "))
    assert copied[0] == "cp" and trained[:3] == ["python", "-m", "awrsr"]
    shutil.copy(copied[1], copied[2])
    assert main([*trained[3:], "--device", "cpu"]) == 0
    again = read_ranks("again.toml")
    assert {name: of.tolist() for name, of in again.items()} == {
        name: of.tolist() for name, of in before.items()
    }


def test_report_says_what_is_missing_and_where_to_look(place: Path, capsys):
    assert main(["report", "--experiments", ".", "--output", "R.md"]) == 0
    text = (place / "R.md").read_text()
    assert "All 4 runs of the grid are recorded." in text
    for heading in ("## Data", "## Tiny", "is worth, and what refinement adds", "NDCG@N against N"):
        assert heading in text
    assert "| SASRec \u00b7 additive | 2 |" in text
    (place / "none").mkdir()
    assert main(["report", "--experiments", "none"]) == 2
    assert "none has no grid; a grid is a TOML file" in capsys.readouterr().err


# --- the recorded files of this repository --------------------------------------------------------


def test_results_md_is_what_the_recorded_files_say():
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


def test_recorded_ranks_are_of_the_users_who_count(tmp_path: Path):
    """Two of a hundred had their target before: too few for all items to be candidates."""
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
