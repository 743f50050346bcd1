"""On a GPU: the numbers of the CPU, no wait within a step, and what half precision changes."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
import torch
from helpers import PAIRS, make_dataset
from tiny_runs import MODEL, TRAINING, Killed, stop

import awrsr
from awrsr.config import ModelConfig, TrainConfig
from awrsr.data.batching import Unseen
from awrsr.data.windows import bucketed, training_batches, training_windows
from awrsr.models import SequentialModel, build_model
from awrsr.ranking.evaluation import evaluate
from awrsr.training.epoch import Objective
from awrsr.training.loop import train
from awrsr.training.losses import LOSSES, ce
from awrsr.training.optimizers import build_optimizer, total_norm
from awrsr.training.unfinished import RESUME_FILE

pytestmark = pytest.mark.gpu
GPU = torch.device("cuda")
DATASET = make_dataset(n_users=60, n_items=200, seed=1)
every_pair = pytest.mark.parametrize(("backbone", "refinement"), PAIRS)
WITH_LOSSES = [(b, r, name) for b, r in PAIRS for name, loss in LOSSES.items() if loss.fits(b)]


def new_model(backbone: str, refinement: str = "none", **settings: object) -> SequentialModel:
    torch.manual_seed(0)
    config = ModelConfig(
        backbone=backbone, refinement=refinement, hidden_size=32, n_heads=2, **settings
    )
    return build_model(config, DATASET.catalogue, "xavier").eval()


def steps(model: SequentialModel, config: TrainConfig, device: torch.device) -> Iterator[float]:
    """The loss of each step of an epoch."""
    model.to(device).train()
    objective = Objective(model, config, Unseen(DATASET, device))
    optimizer = build_optimizer(model, config)
    windows = training_windows(DATASET, model.config.max_length, np.random.default_rng(0))
    order = list(bucketed(windows.lengths, 8, np.random.default_rng(0)))
    for batch in training_batches(torch.from_numpy(DATASET.flat_items).to(device), windows, order):
        loss = objective(*batch)
        optimizer.zero_grad()
        loss.backward()
        total_norm(model)
        optimizer.step()
        yield loss.detach()


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@every_pair
def test_scores_and_traces_are_those_of_the_cpu(backbone: str, refinement: str):
    model, history = new_model(backbone, refinement), [3, 1, 4, 1, 5, 9, 2, 6]
    expected = awrsr.trace(model, history)
    found = awrsr.trace(model.to(GPU), history)
    for ours, theirs in zip(found.layers, expected.layers, strict=True):
        for name in ("first_order", "second_order", "refined"):
            if (weights := getattr(theirs, name)) is not None:
                close(getattr(ours, name).cpu(), weights)
    inputs = torch.tensor([history])
    close(model(inputs.to(GPU)).cpu(), model.cpu()(inputs))


@pytest.mark.parametrize(("backbone", "refinement", "loss"), WITH_LOSSES)
def test_no_step_waits_for_the_gpu(backbone: str, refinement: str, loss: str):
    config = TrainConfig(loss=loss, negatives=8)
    taking = steps(new_model(backbone, refinement), config, GPU)
    next(taking)  # kernels and the optimizer's state are loaded in the first step
    torch.cuda.set_sync_debug_mode("error")
    try:
        losses = list(taking)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.stack(losses).isfinite().all()


@pytest.mark.parametrize("optimizer", ["adamw", "lazy_adam"])
@pytest.mark.parametrize("backbone", ["sasrec", "stosa"])
def test_steps_are_those_of_the_cpu(backbone: str, optimizer: str):
    """Without dropout and with negatives that both devices draw alike: all but none."""
    config = TrainConfig(loss="sampled_ce", negatives=1, optimizer=optimizer, learning_rate=1e-4)
    without = {"hidden_dropout": 0.0, "attention_dropout": 0.0}
    losses = {}
    real = torch.randint
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "randint", lambda *size, device=None: real(*size).to(device or "cpu"))
        for device in (torch.device("cpu"), GPU):
            model = new_model(backbone, "additive", **without)
            torch.manual_seed(1)
            losses[device.type] = torch.stack(list(steps(model, config, device))).cpu()
    torch.testing.assert_close(losses["cuda"], losses["cpu"], rtol=1e-3, atol=1e-4)


def test_the_softmax_in_blocks_is_that_of_the_whole_catalogue(monkeypatch: pytest.MonkeyPatch):
    losses = []
    for most in (10**9, 0):
        monkeypatch.setattr(ce, "MOST_SCORES", most)
        monkeypatch.setattr(ce, "BLOCK_SCORES", 3_000)
        torch.manual_seed(1)
        losses.append(torch.stack(list(steps(new_model("sasrec"), TrainConfig(loss="ce"), GPU))))
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-3, atol=1e-4)


@every_pair
def test_half_precision_moves_scores_little(backbone: str, refinement: str):
    """Largest difference of an item score under autocast over the spread of the scores."""
    model = new_model(backbone, refinement).to(GPU)
    inputs = torch.randint(1, DATASET.n_items + 1, (32, 20), device=GPU)
    with torch.inference_mode():
        exact = model.item_scores(model(inputs)[:, -1])
        with torch.autocast("cuda", torch.bfloat16):
            half = model.item_scores(model(inputs)[:, -1])
    assert half.dtype == (torch.float32 if backbone == "stosa" else torch.bfloat16)
    gap = (half.float() - exact).abs().max() / exact.std(dim=-1).mean()
    assert gap < 0.1, float(gap)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("backbone", ["sasrec", "stosa"])
def test_a_run_on_the_gpu_learns_and_resumes(tmp_path, backbone: str, precision: str):
    model, training = MODEL.replace(backbone=backbone), TRAINING.replace(precision=precision)
    run = partial(
        train, DATASET, tmp_path / "run", model, training.replace(epochs=6), device="cuda"
    )
    with pytest.raises(Killed):
        run(report=stop(2, 3))
    assert (tmp_path / "run" / RESUME_FILE).is_file()
    history = run(resume=True)
    assert len(history) == 6 and history["loss"].iloc[-1] < history["loss"].iloc[0]
    stored = awrsr.load_model(tmp_path / "run", "cpu")
    on_cpu = evaluate(stored, DATASET, "validation").ranks["rank"]
    on_gpu = evaluate(stored.to(GPU), DATASET, "validation").ranks["rank"]
    assert (abs(on_cpu - on_gpu) <= 1).mean() > 0.95
