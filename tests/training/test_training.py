"""The training loop: what it learns, what it keeps, and that interruptions change nothing."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ROOT, gone_process
from safetensors.torch import load_file, save_file

from awrsr.cli.main import main
from awrsr.config import ModelConfig, TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.errors import CheckpointError, ConfigError, DataError
from awrsr.io.files import HOST
from awrsr.ranking.evaluation import evaluate
from awrsr.training.checkpoint import CONFIG_FILE, WEIGHTS_FILE, load_model, read_config
from awrsr.training.loop import Progress, train
from awrsr.training.unfinished import HISTORY_FILE, RESUME_FILE

COLUMNS = ["epoch", "loss", "HR@10", "NDCG@5", "NDCG@10", "grad_norm", "seconds"]
MODEL = ModelConfig(
    max_length=8,
    hidden_size=8,
    n_layers=1,
    inner_size=16,
    hidden_dropout=0.1,
    attention_dropout=0.1,
)
TRAINING = TrainConfig(epochs=2, batch_size=8, learning_rate=0.02)


@pytest.fixture
def run(tiny_dataset: Dataset, tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Trains into a directory of tmp_path, with changes of the settings above."""

    def train_tiny(
        name: str = "run",
        *,
        model: dict | None = None,
        dataset: Dataset = tiny_dataset,
        resume: bool = False,
        report: Callable[[Progress], None] = lambda progress: None,
        **training: object,
    ) -> pd.DataFrame:
        return train(
            dataset,
            tmp_path / name,
            MODEL.replace(**(model or {})),
            TRAINING.replace(**training),
            device="cpu",
            resume=resume,
            report=report,
        )

    return train_tiny


def listing(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def stored_history(directory: Path) -> pd.DataFrame:
    """history.csv, every digit of it."""
    return pd.read_csv(directory / HISTORY_FILE, dtype=str).astype(float)


def assert_same_outcome(left: Path, right: Path) -> None:
    """Equal weights and history, bit for bit; only the clock may differ."""
    weights = [load_file(directory / WEIGHTS_FILE) for directory in (left, right)]
    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name
    histories = [stored_history(directory).drop(columns="seconds") for directory in (left, right)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)


def test_a_run_learns_and_records_it(run, tmp_path: Path):
    calls: list[Progress] = []
    history = run(epochs=20, patience=20, report=calls.append)
    assert list(history.columns) == COLUMNS
    assert history["epoch"].tolist() == list(range(1, 21))
    assert history["loss"].iloc[-1] < 0.6 * history["loss"].iloc[0]
    assert history["NDCG@10"].max() > history["NDCG@10"].iloc[0]
    assert (history[["grad_norm", "seconds"]] > 0).all(axis=None)
    stored = stored_history(tmp_path / "run")
    pd.testing.assert_frame_equal(stored, history.astype(float), check_exact=True)
    assert listing(tmp_path / "run") == [CONFIG_FILE, HISTORY_FILE, WEIGHTS_FILE]

    done = [(call.epoch, call.batch, call.n_batches) for call in calls[:5]]
    assert done == [(1, 1, 3), (1, 2, 3), (1, 3, 3), (1, 0, 0), (2, 1, 3)]
    assert len(calls[-1].history) == 20


def test_the_configuration_is_stored(run, tmp_path: Path, tiny_dataset: Dataset):
    run(seed=5, epochs=1)
    model, catalogue, training = read_config(tmp_path / "run")
    assert model == MODEL
    assert training == TRAINING.replace(seed=5, epochs=1)
    assert (catalogue.name, catalogue.n_items) == ("tiny", 11)
    assert catalogue.fingerprint == tiny_dataset.fingerprint


@pytest.mark.parametrize("patience", [1, 3])
def test_early_stopping_keeps_the_best_weights(run, tmp_path: Path, tiny_dataset, patience: int):
    history = run(epochs=100, patience=patience, learning_rate=0.1, seed=2)
    best = history["NDCG@10"].idxmax()  # the first of equals
    assert len(history) == best + 1 + patience < 100
    stored = evaluate(load_model(tmp_path / "run", "cpu"), tiny_dataset, "validation").metrics
    for name in ("HR@10", "NDCG@5", "NDCG@10"):
        assert stored[name] == history[name][best]
    assert stored["NDCG@10"] > history["NDCG@10"].iloc[-1]


@pytest.mark.parametrize("loss", ["ce", "bce"])
def test_held_out_items_never_reach_the_weights(run, tmp_path: Path, tiny_dataset, loss: str):
    items = tiny_dataset.flat_items.copy()
    for end in tiny_dataset.offsets[1:]:
        items[end - 2 : end] = items[end - 2 : end] % tiny_dataset.n_items + 1
    changed = dataclasses.replace(tiny_dataset, flat_items=items)
    run("original", epochs=1, loss=loss)
    run("changed", epochs=1, loss=loss, dataset=changed)
    original, other = (load_file(tmp_path / d / WEIGHTS_FILE) for d in ("original", "changed"))
    assert all(torch.equal(tensor, other[name]) for name, tensor in original.items())


@pytest.mark.parametrize(
    "backbone, loss",
    [
        (backbone, loss)
        for backbone in ("sasrec", "stosa")
        for loss in ("ce", "sampled_ce", "bce", "bpr_pvn")
        if (backbone, loss) != ("sasrec", "bpr_pvn")
    ],
)
def test_every_loss_trains(run, backbone: str, loss: str):
    history = run(model={"backbone": backbone}, loss=loss, epochs=9, patience=9, negatives=5)
    assert np.isfinite(history.drop(columns="seconds")).all(axis=None)
    # Negatives and dropout differ between epochs: compare means.
    assert history["loss"].iloc[-3:].mean() < 0.8 * history["loss"].iloc[:2].mean()


REFUSED = {
    "bpr-on-sasrec": (
        {"loss": "bpr_pvn"},
        ConfigError,
        "loss 'bpr_pvn' needs backbone 'stosa'; received 'sasrec'",
    ),
    "unknown-refinement": (
        {"model": {"refinement": "additives"}},
        ConfigError,
        "unknown refinement 'additives'; .* Did you mean 'additive'",
    ),
    "refinement-of-stosa": (
        {"model": {"refinement": "stochastic"}},
        ConfigError,
        "refinement 'stochastic' is for stosa; received backbone 'sasrec'",
    ),
}


@pytest.mark.parametrize("settings, error, message", REFUSED.values(), ids=REFUSED)
def test_settings_that_are_refused_leave_nothing(run, tmp_path: Path, settings, error, message):
    with pytest.raises(error, match=message):
        run(**settings)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("there_is", ["nothing", "an empty directory"])
def test_a_run_killed_before_there_was_anything_begins_when_resumed(
    run, tmp_path: Path, there_is: str
):
    if there_is == "an empty directory":
        (tmp_path / "run").mkdir()
    stale = tmp_path / f".run.{HOST}-{gone_process()}.abcd_123"
    (stale / "half").mkdir(parents=True)
    recent = tmp_path / f".run.{HOST}-{os.getpid()}.wxyz_456"
    recent.mkdir()
    history = run(resume=True)
    assert len(history) == len(pd.read_csv(tmp_path / "run" / HISTORY_FILE))
    load_model(tmp_path / "run", "cpu")
    assert recent.is_dir() and not stale.exists()  # another process may be writing the one


def test_a_finished_run_whose_history_lacks_a_column_is_refused(run, tmp_path: Path):
    run(epochs=1)
    (tmp_path / "run" / HISTORY_FILE).write_text("epoch,loss\n1,2.0\n")
    with pytest.raises(CheckpointError, match="it lacks HR@10, NDCG@5, NDCG@10, grad_norm"):
        run(epochs=1, resume=True)


def test_sequences_too_short_to_train_on_are_refused(run, tmp_path: Path, tiny_dataset: Dataset):
    short = dataclasses.replace(
        tiny_dataset,
        user_ids=["a", "b"],
        offsets=np.array([0, 3, 6]),
        flat_items=tiny_dataset.flat_items[:6],
    )
    with pytest.raises(DataError, match="the longest sequence has 3 items, 4 or more are needed"):
        run(dataset=short)
    assert listing(tmp_path) == []


def test_an_existing_directory_is_refused(run, tmp_path: Path):
    run(epochs=1)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(DataError, match="run already exists and is not empty"):
        run(epochs=1)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}


class Killed(BaseException):
    """Stands for a signal: nothing in the package catches it."""


def stop(epoch: int, batch: int) -> Callable[[Progress], None]:
    """A report that ends the run at this batch of this epoch; batch 0 is the end of the epoch."""

    def report(progress: Progress) -> None:
        if (progress.epoch, progress.batch) == (epoch, batch):
            raise Killed

    return report


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
def test_a_run_goes_on_with_its_own_settings_only(run, tmp_path, changes, message, finished):
    if finished:
        run()
    else:
        with pytest.raises(Killed):
            run(report=stop(1, 0))
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(ConfigError, match=f"run was started with other settings: {message}"):
        run(resume=True, **changes)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}


def test_a_run_goes_on_with_its_own_dataset_only(run, tiny_dataset: Dataset):
    with pytest.raises(Killed):
        run(report=stop(1, 0))
    other = dataclasses.replace(tiny_dataset, user_ids=tiny_dataset.user_ids[::-1])
    with pytest.raises(ConfigError, match=f"fingerprint is '{tiny_dataset.fingerprint}' there, '"):
        run(resume=True, dataset=other)


def test_resuming_a_finished_run_leaves_it_as_it_is(run, tmp_path: Path):
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


@pytest.mark.parametrize(
    "damage, message",
    [
        pytest.param(cut, "is not a whole safetensors file", id="truncated"),
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


def test_a_run_stopped_at_any_step_of_writing_ends_the_same(run, tmp_path: Path, monkeypatch):
    """Dies just before each file is put in its place, in turn."""
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
