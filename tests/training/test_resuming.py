"""An interrupted run ends like an uninterrupted one, or is refused."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from helpers import ROOT, gone_process
from safetensors.torch import load_file, save_file
from tiny_runs import COLUMNS, Killed, assert_same_outcome, listing, stop

from awrsr.cli.main import main
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.errors import AwrsrError, CheckpointError, ConfigError
from awrsr.io.files import HOST
from awrsr.ranking.evaluation import evaluate
from awrsr.training.checkpoint import load_model
from awrsr.training.epoch import Progress
from awrsr.training.unfinished import HISTORY_FILE, RESUME_FILE


@pytest.mark.parametrize("there_is", ["nothing", "an empty directory"])
def test_a_run_killed_before_its_first_file_starts_when_resumed(run, tmp_path: Path, there_is: str):
    if there_is == "an empty directory":
        (tmp_path / "run").mkdir()
    stale = tmp_path / f".run.{HOST}-{gone_process()}.abcd_123"
    (stale / "half").mkdir(parents=True)
    recent = tmp_path / f".run.{HOST}-{os.getpid()}.wxyz_456"
    recent.mkdir()
    history = run(resume=True)
    assert len(history) == len(pd.read_csv(tmp_path / "run" / HISTORY_FILE))
    load_model(tmp_path / "run", "cpu")
    assert recent.is_dir() and not stale.exists()  # another process may be writing the recent one


def test_a_finished_run_whose_history_lacks_a_column_is_refused(run, tmp_path: Path):
    run(epochs=1)
    (tmp_path / "run" / HISTORY_FILE).write_text("epoch,loss\n1,2.0\n")
    with pytest.raises(CheckpointError, match="it lacks HR@10, NDCG@5, NDCG@10, grad_norm"):
        run(epochs=1, resume=True)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"epochs": 4}, "epochs is 2 there, 4 was asked"),
        ({"learning_rate": 0.5}, "learning_rate is 0.02 there, 0.5 was asked"),
        ({"seed": 1}, "seed is 0 there, 1 was asked"),
        ({"model": {"refinement": "simple"}}, "refinement is 'none' there, 'simple' was asked"),
        ({"model": {"correlation_rank": 2}}, "correlation_rank is None there, 2 was asked"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("finished", [False, True], ids=["unfinished", "finished"])
def test_a_run_continues_only_with_its_own_settings(run, tmp_path, changes, message, finished):
    if finished:
        run()
    else:
        with pytest.raises(Killed):
            run(report=stop(1, 0))
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(ConfigError, match=f"run was started with other settings: {message}"):
        run(resume=True, **changes)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}


def test_a_run_continues_only_with_its_own_dataset(run, tiny_dataset: Dataset):
    with pytest.raises(Killed):
        run(report=stop(1, 0))
    other = dataclasses.replace(tiny_dataset, user_ids=tiny_dataset.user_ids[::-1])
    with pytest.raises(ConfigError, match=f"fingerprint is '{tiny_dataset.fingerprint}' there, '"):
        run(resume=True, dataset=other)


def test_a_run_that_is_being_trained_is_not_resumed_by_another_process(run, tmp_path: Path):
    refusals = []

    def resumed_meanwhile(progress: Progress) -> None:
        with pytest.raises(AwrsrError, match="another process is training the run in") as refused:
            run(resume=True)
        refusals.append(refused)

    run(epochs=1, batch_size=32, report=resumed_meanwhile)
    assert refusals
    run(epochs=1, batch_size=32, resume=True)  # the lock ends with the training


def test_resuming_a_finished_run_changes_nothing(run, tmp_path: Path):
    history = run()
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    again = run(resume=True, report=stop(1, 1))
    assert list(again.columns) == COLUMNS
    assert again["loss"].tolist() == pytest.approx(history["loss"].tolist())
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def edit_resume(change: Callable[[dict[str, torch.Tensor]], object], **metadata: str):
    def edit(path: Path) -> None:
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path, metadata)

    return edit


@pytest.mark.few(4)
@pytest.mark.parametrize(
    "damage, message",
    [
        pytest.param(cut, "is not a complete safetensors file", id="truncated"),
        pytest.param(
            edit_resume(lambda t: t.pop("model.norm.weight"), history="[]"),
            "does not fit config.json: missing model.norm.weight",
            id="tensor-missing",
        ),
        pytest.param(
            edit_resume(lambda t: t.update({"model.norm.weight": torch.ones(9)}), history="[]"),
            r"does not fit config.json: model.norm.weight is \(9,\)",
            id="other-shape",
        ),
        pytest.param(
            edit_resume(lambda t: None),
            "does not hold what a run needs to resume: KeyError 'history'",
            id="history-missing",
        ),
        pytest.param(
            edit_resume(lambda t: None, history="[{"),
            "does not hold what a run needs to resume",
            id="history-not-json",
        ),
        *(
            pytest.param(
                edit_resume(lambda t: None, history=history),
                "does not hold what a run needs to resume",
                id=f"history-{history}",
            )
            for history in ("{}", "5", "[1]", "null", '[{"epoch": 1}]', '[{"epoch": "x"}]')
        ),
        pytest.param(
            edit_resume(lambda t: t.update({"optimizer.x": torch.ones(1)}), history="[]"),
            "does not fit config.json: unexpected optimizer.x",
            id="foreign-optimizer",
        ),
    ],
)
def test_a_damaged_resume_file_is_refused(run, tmp_path: Path, damage, message: str):
    with pytest.raises(Killed):
        run(report=stop(1, 0))
    damage(tmp_path / "run" / RESUME_FILE)
    with pytest.raises(CheckpointError, match=f"{RESUME_FILE} {message}"):
        run(resume=True)
    load_model(tmp_path / "run", "cpu")


def test_a_finished_run_without_its_history_is_refused(run, tmp_path: Path):
    run(epochs=1)
    (tmp_path / "run" / HISTORY_FILE).unlink()
    with pytest.raises(CheckpointError, match="history.csv is not a readable history"):
        run(epochs=1, resume=True)


@pytest.mark.parametrize(
    "epoch, batch, backbone, loss",
    [
        (1, 1, "sasrec", "ce"),
        (1, 0, "sasrec", "ce"),
        (1, 0, "stosa", "bpr_pvn"),
        (2, 2, "sasrec", "ce"),
        (2, 0, "sasrec", "ce"),
    ],
)
def test_a_run_stopped_in_an_epoch_ends_the_same(run, tmp_path, epoch, batch, backbone, loss):
    settings = {"model": {"backbone": backbone}, "loss": loss}
    run("unbroken", **settings)
    with pytest.raises(Killed):
        run("broken", **settings, report=stop(epoch, batch))
    load_model(tmp_path / "broken", "cpu")
    torch.manual_seed(99)  # another process would have another generator
    run("broken", **settings, resume=True)
    assert_same_outcome(tmp_path / "unbroken", tmp_path / "broken")


@pytest.mark.slow
def test_a_run_stopped_at_any_step_of_writing_ends_the_same(run, tmp_path: Path, monkeypatch):
    """The run is ended before each replacement of a file, in turn."""
    replace, steps, deadly = Path.replace, 0, None

    def counted(source: Path, target: Path) -> Path:
        nonlocal steps
        steps += 1
        if steps == deadly:
            raise Killed
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", counted)
    run("unbroken", batch_size=32)
    total = steps
    # A directory of four files; two epochs with history and resume file each; the weights once.
    assert total >= 5 + 2 * 2 + 1
    for step in range(1, total + 1):
        name = f"broken-{step}"
        steps, deadly = 0, step
        with pytest.raises(Killed):
            run(name, batch_size=32)
        deadly = None
        begun = (tmp_path / name).exists()
        assert begun == (step > 5)
        if begun:
            load_model(tmp_path / name, "cpu")
        run(name, batch_size=32, resume=begun)
        assert_same_outcome(tmp_path / "unbroken", tmp_path / name)
        assert listing(tmp_path / name) == listing(tmp_path / "unbroken")


@pytest.mark.slow
def test_a_killed_process_ends_the_same_after_resuming(tiny_directory: Path, tmp_path: Path):
    broken, unbroken = tmp_path / "broken", tmp_path / "unbroken"
    options = (
        "--device cpu --model.max_length 8 --model.hidden_size 8 --model.inner_size 16 "
        "--train.epochs 30 --train.patience 30"
    ).split()

    def arguments(output: Path) -> list[str]:
        return ["train", str(tiny_directory), "--output", str(output), *options]

    def epochs() -> int:
        path = broken / HISTORY_FILE
        return len(path.read_text().splitlines()) - 1 if path.exists() else 0

    process = subprocess.Popen(
        [sys.executable, "-m", "awrsr", *arguments(broken)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while epochs() < 2 and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    assert 2 <= epochs() < 30
    assert (broken / RESUME_FILE).exists()
    evaluate(load_model(broken, "cpu"), load_dataset(tiny_directory))

    assert main([*arguments(broken), "--resume"]) == 0
    assert main(arguments(unbroken)) == 0
    assert_same_outcome(unbroken, broken)
    assert listing(unbroken) == listing(broken)
