"""The training loop: learning, kept weights, refusals."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny_runs import COLUMNS, MODEL, TRAINING, listing, stored_history

from awrsr.data.dataset import Dataset
from awrsr.errors import ConfigError, DataError
from awrsr.ranking.evaluation import evaluate
from awrsr.training.checkpoint import CONFIG_FILE, WEIGHTS_FILE, load_model, read_config
from awrsr.training.epoch import Progress
from awrsr.training.unfinished import HISTORY_FILE


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
    best = history["NDCG@10"].idxmax()  # the first of equal ones
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


@pytest.mark.few(3)
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
