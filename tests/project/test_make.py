"""assets/make.sh makes all shipped files: all its commands exist, and it copies every model."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT, parsed

from awrsr.data.dataset_files import load_dataset
from awrsr.experiments.grid import read_grid
from awrsr.training.checkpoint import read_config
from awrsr.training.snapshots import snapshot_epochs

ASSETS = ROOT / "assets"
SCRIPT = ASSETS / "make.sh"
GRIDS = re.findall(r"^grid (\S+)$", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)
RUN_FILES = ("README.md", "config.json", "history.csv", "metrics.json") + (
    "model.safetensors",
    "ranks.parquet",
)
DATASETS = ("lichess-openings", "ml-latest-small", "planted")

PYTHON = f"""#!{sys.executable} -I
import json, subprocess, sys
from pathlib import Path
words = sys.argv[1:]
with open("/LOG", "a") as log:
    log.write(json.dumps(words) + "\\n")
if words[0] == "moves.py":
    sys.exit(subprocess.call([sys.executable, *words]))
if words[2:3] in (["prepare"], ["plant"]):
    place = Path(words[4 if words[2] == "prepare" else 3])
    place.mkdir()
    for name in ("dataset.json", "items.parquet", "sequences.parquet"):
        (place / name).write_text("made")
"""
"""A python that records its calls; runs of grids exist already."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[str]]]:
    """A folder where the script ran without training, and its calls of python."""
    place = tmp_path_factory.mktemp("make")
    programs = place / "programs"
    programs.mkdir()
    (programs / "python").write_text(PYTHON.replace("/LOG", str(place / "log")))
    (programs / "sha256sum").write_text("#!/bin/sh\ncat\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    shutil.copytree(ROOT / "experiments", place / "experiments")
    for name in DATASETS:
        (place / "assets" / name).mkdir(parents=True)
        shutil.copy(ASSETS / name / "README.md", place / "assets" / name)
    shutil.copy(SCRIPT, place / "assets")
    (place / "films").mkdir()
    moves = [
        "e4 e5 Nf3 Nc6 Bb5 a6 Ba4 Nf6 O-O Be7 Re1 b5 Bb3 d6 c3 O-O h3 Nb8 d4 Nbd7 Nbd2 Bb7 Bc2 Re8"
    ]
    moves += ["d4 d5", "e4 e5"]
    lines = [f"white,a,1,b,2,{game}" for game in [*moves, moves[0]]]
    header = "winner,white_id,white_rating,black_id,black_rating,moves"
    (place / "games.csv").write_text("\n".join([header, *lines]) + "\n")
    made = place / "build" / "assets"
    for grid in GRIDS:
        plan = read_grid(place / "experiments" / f"{grid}.toml", made / "runs")
        for run in plan.runs:
            run.directory.mkdir(parents=True)
            for name in RUN_FILES:
                (run.directory / name).write_text(f"{grid} {run.name}")
        (made / "experiments" / grid).mkdir(parents=True)
        (made / "experiments" / grid / "results.csv").write_text("recorded")
    path = f"{programs}:/usr/bin:/bin"
    ran = subprocess.run(
        ["bash", "assets/make.sh", "films", "games.csv"],
        cwd=place,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return place, [json.loads(line) for line in (place / "log").read_text().splitlines()]


def commands(asked: list[list[str]]) -> list[list[str]]:
    return [words for words in asked if words[:2] == ["-m", "awrsr"]]


def test_every_command_exists(made):
    asked = commands(made[1])
    verbs = [words[2] for words in asked]
    assert verbs.count("experiment") == len(GRIDS) and {"prepare", "plant", "scan"} < {*verbs}
    for words in asked:
        parsed(shlex.join(["python", *words]))
    for words in made[1]:
        if words[0] not in ("-m", "moves.py"):
            assert (ROOT / words[0]).is_file()


def test_the_sources_of_the_datasets_are_stated(made):
    for words in commands(made[1]):
        if words[2] == "prepare":
            about = json.loads(words[words.index("--about") + 1])
            name = Path(words[4]).name
            shipped = load_dataset(ASSETS / name)
            assert shipped.name == name
            assert {key: shipped.about[key] for key in about} == about
            assert {"source", "licence", "citation"} == about.keys()


def test_the_python_of_the_readme_makes_the_games_and_the_moves(made):
    place = made[0] / "build" / "assets" / "chess"
    (game,) = (place / "openings.txt").read_text().splitlines()
    assert game.startswith("g0 e4 e5 Nf3 Nc6 Bb5 a6 Ba4 Nf6 O-O Be7 Re1")
    assert 12 <= len(game.split()) - 1 <= 24
    header, *rows = (place / "moves.csv").read_text().splitlines()
    assert header == "item,title,piece" and len(rows) == len({*game.split()[1:]})
    assert {"O-O,O-O,castling", "Re1,Re1,rook", "b5,b5,pawn", "Bb5,Bb5,bishop"} < {*rows}


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_model_that_ships_is_copied_from_a_run(made, dataset):
    copied = {
        f"{path.parent.parent.name}/{path.parent.name}"
        for path in (made[0] / "assets" / dataset).glob("*/*/model.safetensors")
    }
    shipped = {
        f"{path.parent.parent.name}/{path.parent.name}"
        for path in (ASSETS / dataset).glob("*/*/config.json")
    }
    assert shipped <= copied and "models/sasrec-none" in copied
    assert "seeds/sasrec-none-seed1" in copied
    for path in (made[0] / "assets" / dataset).glob("*/*/model.safetensors"):
        directory, run = path.parent, path.read_text().split()[1]
        assert sorted(file.name for file in directory.iterdir()) == sorted(RUN_FILES)
        seed = 1 if directory.parent.name == "seeds" else 0
        pair = "-".join(directory.name.split("-")[:2])
        assert run.startswith(f"{dataset}-{pair}-") and run.endswith(f"-seed{seed}")


def test_the_runs_that_keep_epochs_are_those_of_the_grid_that_ship(made):
    asked = [parsed(shlex.join(["python", *words])) for words in commands(made[1])]
    trained = {arguments["output"].name: arguments for arguments in asked if "train" in arguments}
    kept = {path: snapshot_epochs(path) for path in (ASSETS / "planted" / "models").iterdir()}
    shipped = {
        (made[0] / "assets" / path.relative_to(ASSETS) / "model.safetensors").read_text(): path
        for path, epochs in kept.items()
        if epochs
    }
    assert {f"planted {run}" for run in trained} == shipped.keys()
    for run, arguments in trained.items():
        path = shipped[f"planted {run}"]
        model, _, train = read_config(path)
        assert (arguments["model"], arguments["train"]) == (model, train)
        assert arguments["snapshots"] == kept[path] and arguments["resume"]


def test_formerly_shipped_files_are_removed(made):
    for grid in GRIDS:
        assert [path.name for path in (made[0] / "experiments" / grid).iterdir()] == ["results.csv"]


def test_another_source_is_refused_before_anything_is_made(tmp_path: Path):
    (tmp_path / "films").mkdir()
    for name in ("films/ratings.csv", "films/movies.csv", "games.csv"):
        (tmp_path / name).write_text("other\n")
    arguments = ["bash", str(SCRIPT), "films", "games.csv"]
    ran = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode != 0 and "FAILED" in ran.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["films", "games.csv"]
    result = subprocess.run(["bash", str(SCRIPT)], cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 2 and b"bash assets/make.sh ML_LATEST_SMALL" in result.stderr


def test_the_readme_shows_the_script():
    assert "bash assets/make.sh" in (ASSETS / "README.md").read_text(encoding="utf-8")
