"""A grid: run, interrupted and resumed; a run that does not fit the grid is refused."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
from grids import NAMES, TINY, times
from helpers import make_dataset

from awrsr.cli.main import main
from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.errors import ConfigError
from awrsr.experiments import record as results
from awrsr.experiments import tables
from awrsr.experiments.grid import read_grid
from awrsr.experiments.record import read_ranks, read_results
from awrsr.experiments.verdict import verdict_rows
from awrsr.training import loop as training
from awrsr.training.checkpoint import read_config


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


def test_an_interrupted_run_is_resumed_to_the_same_end(place: Path, capsys):
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


def test_other_directories_are_refused(place: Path, capsys):
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


@pytest.mark.slow
def test_a_grid_of_floors_is_trained_recorded_and_reported(place: Path, capsys):
    text = (
        (place / "small.toml")
        .read_text()
        .replace('"none", "additive"', '"none", "uniform", "identity"')
        .replace("[0, 1]", "[0]")
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


@pytest.mark.slow
def test_the_command_of_a_row_trains_it_again(place: Path, capsys):
    before = read_ranks("small.toml")
    (row,) = verdict_rows([read_results("small.toml")])
    made, copied, *verbs = (shlex.split(part) for part in row.command.split(" && "))
    assert made[:2] == ["mkdir", "-p"] and copied[0] == "cp"
    assert all(words[:3] == ["python", "-m", "awrsr"] for words in verbs)
    Path(made[2]).mkdir()
    shutil.copy(copied[1], copied[2])
    trained, reported = verbs
    assert main([*trained[3:], "--device", "cpu"]) == 0
    assert main(reported[3:]) == 0
    assert row.name in Path(reported[-1]).read_text()
    again = read_ranks("again/small.toml")
    assert {name: values.tolist() for name, values in again.items()} == {
        name: values.tolist() for name, values in before.items()
    }
