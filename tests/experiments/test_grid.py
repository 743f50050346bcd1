"""Planned grids: runs, refusals, listing."""

import shutil
from pathlib import Path

import pytest
from grids import EXPERIMENTS, NAMES, TINY, times

from awrsr.cli.main import main
from awrsr.config import ModelConfig, TrainConfig
from awrsr.experiments.grid import read_grid
from awrsr.refinement import REFINEMENTS


def test_a_grid_has_every_existing_combination(tmp_path: Path):
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


def test_a_setting_is_given_to_the_refinements_that_read_it(tmp_path: Path):
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
        kind = run.model.refinement
        mix = {"mix": "halves"} if kind == "additive" else {}
        assert run.model == ModelConfig(refinement=kind, **mix)
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


def test_a_missing_grid_or_dataset(tmp_path: Path, capsys):
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


def test_a_part_of_the_runs(place: Path, capsys):
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
    names = sorted(path.name for path in (place / "runs" / "small").iterdir())
    assert names == sorted(NAMES[:2])
    assert main(["experiment", "small.toml", "--only", "stosa"]) == 2
    assert f"matches none of the 4 runs of small.toml; their names are like {NAMES[0]}" in (
        capsys.readouterr().err
    )


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


def test_dry_and_record_together(place: Path, capsys):
    assert main(["experiment", "small.toml", "--dry", "--record"]) == 2
    assert "choose one" in capsys.readouterr().err
