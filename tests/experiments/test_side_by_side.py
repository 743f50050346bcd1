"""Concurrent runs of a grid: the same results as sequential runs, even if processes are killed."""

import io
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from helpers import ROOT

from awrsr.cli.main import main
from awrsr.data.dataset_files import save_dataset
from awrsr.errors import AwrsrError
from awrsr.experiments.grid import read_grid
from awrsr.experiments.progress import RunBars

GRID = """
backbones = ["sasrec"]
refinements = ["none", "additive"]
seeds = [0]
[datasets]
tiny = "tiny"
[losses]
ce = {}
[model]
max_length = 8
hidden_size = 8
inner_size = 16
[train]
batch_size = 4
"""
NAMES = ["tiny-sasrec-none-ce-seed0", "tiny-sasrec-additive-ce-seed0"]
SHORT = "epochs = 2\n"
LONG = "epochs = 150\npatience = 150\n"


@pytest.fixture
def place(tmp_path: Path, tiny_dataset, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a dataset as the working directory."""
    save_dataset(tiny_dataset, tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def run_grid(name: str, *words: str) -> int:
    return main(["experiment", f"{name}.toml", "--device", "cpu", *words])


def results_of(name: str) -> tuple[list[bytes], str]:
    """Weights and records of the runs NAMES, without paths and times."""
    weights = [Path("runs", name, run, "model.safetensors").read_bytes() for run in NAMES]
    table = pd.read_csv(Path(name, "results.csv")).drop(columns=["seconds", "command"])
    return weights, table[table["run"].isin(NAMES)].to_csv(index=False)


def until(true: Callable[[], object], seconds: float = 120) -> bool:
    """Wait until a condition is true; return whether it became true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def under_way(name: str) -> bool:
    """Whether a run has finished an epoch."""
    files = [Path("runs", name, run, "history.csv") for run in NAMES]
    return any(file.is_file() and file.read_text().count("\n") > 1 for file in files)


@pytest.mark.slow
def test_two_jobs_record_the_same_as_one_and_a_failure_stops_no_other(place: Path, capsys):
    Path("one.toml").write_text(GRID + SHORT)
    assert run_grid("one") == 0
    failing = GRID.replace("ce = {}", "bce = { learning_rate = 1e30 }\nce = {}")
    Path("two.toml").write_text(failing + SHORT)
    capsys.readouterr()
    assert run_grid("two", "--jobs", "2") == 2
    captured = capsys.readouterr()
    assert not multiprocessing.active_children()
    assert results_of("two") == results_of("one")
    lost = [run.replace("-ce-", "-bce-") for run in NAMES]
    for run in lost:
        assert f"error: {run}: training diverged" in captured.err
    last = captured.err.splitlines()[-1]
    assert last.startswith("error: 2 runs failed: ") and all(run in last for run in lost)
    assert sorted(line[:6] for line in captured.out.splitlines()[:-2]) == [
        *("1 of 4", "2 of 4", "3 of 4", "4 of 4", "done: ", "done: ")
    ]
    assert captured.out.endswith("written to two: 2 runs\ntwo: 2 of 4 runs done here, 2 recorded\n")


@pytest.mark.slow
def test_a_killed_worker_ends_the_others_and_the_same_command_continues(place: Path, capsys):
    Path("broken.toml").write_text(GRID + LONG)

    def kill_one() -> None:
        if until(lambda: under_way("broken")):
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    assert run_grid("broken", "--jobs", "2") == 2
    killer.join()
    assert not multiprocessing.active_children()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: a worker was killed") and any(run in line for run in NAMES)
    assert run_grid("broken") == 0
    assert ", resumed" in capsys.readouterr().out
    (place / "whole.toml").write_text(GRID + LONG)
    assert run_grid("whole") == 0
    assert results_of("broken") == results_of("whole")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_workers_end_with_the_process_that_started_them(place: Path, number: signal.Signals):
    Path("broken.toml").write_text(GRID + LONG)
    words = ["experiment", "broken.toml", "--device", "cpu", "--jobs", "2"]
    # A shell's background processes ignore Ctrl-C, and so would their children here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    parent = subprocess.Popen(
        [sys.executable, "-m", "awrsr", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    assert until(lambda: under_way("broken"))
    children = [
        int(child)
        for task in Path(f"/proc/{parent.pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    assert len(children) >= 2
    # A terminal sends Ctrl-C to all processes, other signals go to one.
    (os.killpg if number == signal.SIGINT else os.kill)(parent.pid, number)
    said = parent.communicate(timeout=60)[1]
    assert until(lambda: not any(Path(f"/proc/{child}").exists() for child in children), 10)
    if number == signal.SIGKILL:
        assert parent.returncode == -number
        assert "Traceback" not in said
    else:
        assert parent.returncode == 130
        assert said == "interrupted; the same command resumes the work\n"
    assert run_grid("broken") == 0
    Path("whole.toml").write_text(GRID + LONG)
    assert run_grid("whole") == 0
    assert results_of("broken") == results_of("whole")
    assert not [path for path in place.rglob(".*")]


@pytest.mark.parametrize("jobs", ["0", "-1", "1.5", "many"])
def test_a_number_of_jobs_is_one_or_more(place: Path, jobs: str, capsys):
    Path("g.toml").write_text(GRID)
    assert run_grid("g", "--jobs", jobs) == 2
    said = capsys.readouterr().err
    assert "--jobs must be a whole number" in said and jobs in said


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_line_for_every_run_and_one_for_all(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    Path("g.toml").write_text(GRID + SHORT)
    runs = read_grid("g.toml").runs
    for run, rows in zip(runs, ([0.5, 0.25], [0.125]), strict=True):
        run.directory.mkdir(parents=True)
        (run.directory / "history.csv").write_text("\n".join(["NDCG@10", *map(str, rows)]))
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with RunBars(2) as bars:
        for run in runs:
            bars.begin(run)
        bars.refresh()
        drawn = screen.getvalue()
        bars.end(runs[1], None)
        bars.end(runs[0], AwrsrError("it has its reasons"))
    assert re.search(rf"{NAMES[0]}: .* 2/2 .*ndcg=0.2500", drawn)
    assert re.search(rf"{NAMES[1]}: .* 1/2 .*ndcg=0.1250", drawn)
    assert "0/2" in drawn and "2/2" not in drawn.split(NAMES[0])[0]
    ended = screen.getvalue().removeprefix(drawn)
    assert f"error: {NAMES[0]}: it has its reasons" in ended and "2/2" in ended
