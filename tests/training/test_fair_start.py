"""Models of one seed start equal, and all training positions have equal weight."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import N_ITEMS, PAIRS, make_dataset, plain

from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.data.batching import training_items
from awrsr.models import build_model
from awrsr.training.checkpoint import load_model
from awrsr.training.loop import train

SMALL = {"max_length": 8, "hidden_size": 8, "inner_size": 16}
CATALOGUE = Catalogue(name="tiny", fingerprint="", n_items=N_ITEMS)


def begun(seed: int = 0, **settings) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return build_model(ModelConfig(**SMALL | settings), CATALOGUE).state_dict()


# --- initial weights ------------------------------------------------------------------------------


@pytest.mark.parametrize("backbone", ["sasrec", "stosa"])
def test_a_seed_gives_all_models_of_a_backbone_equal_weights_in_shared_matrices(backbone):
    """Bit for bit; also with other ranks and more layers."""
    names = [name for other, name in PAIRS if other == backbone]
    models = [begun(backbone=backbone, refinement=name) for name in names]
    models.append(begun(backbone=backbone, refinement="additive", correlation_rank=3))
    models.append(begun(backbone=backbone, n_layers=3))
    vanilla = models[names.index("none")]
    for weights in models:
        for name, value in weights.items():
            for others in models:
                if name in others and others[name].shape == value.shape:
                    assert torch.equal(value, others[name]), name
        shared = {name for name in vanilla if "query" not in name and "key" not in name}
        assert shared <= weights.keys()


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_no_two_modules_and_no_two_seeds_have_the_same_weights(pair):
    backbone, refinement = pair
    settings = {"max_length": 16, "correlation_rank": 8, **plain(refinement)}  # no similar start
    weights = begun(backbone=backbone, refinement=refinement, **settings)
    drawn = {name: value for name, value in weights.items() if value.std() > 0}
    for name, value in drawn.items():
        for other, values in drawn.items():
            rows = min(len(value), len(values), 8)
            if name != other and value.shape[1:] == values.shape[1:]:
                assert not torch.equal(value[:rows], values[:rows]), (name, other)
    other_seed = begun(1, backbone=backbone, refinement=refinement, **settings)
    for name, value in drawn.items():
        if value.shape == other_seed[name].shape:
            assert not torch.equal(value, other_seed[name]), name


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_building_a_model_draws_one_number_of_the_process(pair):
    """Dropout and negatives after it are the same for any model; on meta nothing is drawn."""
    begun(3, backbone=pair[0], refinement=pair[1])
    after = torch.rand(5)
    torch.manual_seed(3)
    torch.randint(2**31, ())
    assert torch.equal(after, torch.rand(5))
    with torch.device("meta"):
        begun(3, backbone=pair[0], refinement=pair[1])
    after = torch.rand(5)
    torch.manual_seed(3)
    assert torch.equal(after, torch.rand(5))


# --- the weight of a position ---------------------------------------------------------------------

DATASET = make_dataset(n_users=9)
WHOLE = ModelConfig(**SMALL | {"max_length": 20}, hidden_dropout=0.0, attention_dropout=0.0)


def an_epoch(tmp_path, monkeypatch, batch_size: int) -> tuple[torch.nn.Module, pd.DataFrame, int]:
    """A model after an epoch of plain SGD with a tiny step, so that batches do not interact."""
    steps = 0

    class Slow(torch.optim.SGD):
        def __init__(self, parameters, lr, weight_decay, fused) -> None:
            super().__init__(parameters, lr=RATE)

        def step(self, *given):
            nonlocal steps
            steps += 1
            return super().step(*given)

    monkeypatch.setattr(torch.optim, "AdamW", Slow)
    config = TrainConfig(epochs=1, batch_size=batch_size, precision="64-true")
    history = train(DATASET, tmp_path / "run", WHOLE, config, device="cpu")
    return load_model(tmp_path / "run", "cpu"), history, steps


RATE = 1e-7


@pytest.mark.parametrize("batch_size", [1, 2, 4, 100])
def test_an_epoch_follows_the_mean_over_positions_however_it_is_batched(
    tmp_path, monkeypatch, batch_size
):
    trained, history, steps = an_epoch(tmp_path, monkeypatch, batch_size)
    torch.manual_seed(0)
    model = build_model(WHOLE, trained.catalogue, TrainConfig().initial_weights).double()
    before = copy.deepcopy(model.state_dict())

    terms = []  # every item but a user's first is predicted once
    for user in range(DATASET.n_users):
        items = training_items(DATASET, user).tolist()
        states = model(torch.tensor([items[:-1]]))[0] if len(items) > 1 else []
        for state, target in zip(states, items[1:], strict=True):
            terms.append(-model.item_scores(state[None])[0].log_softmax(-1)[target - 1])
    mean = torch.stack(terms).mean()
    mean.backward()

    assert history["loss"].item() == pytest.approx(mean.item(), rel=1e-6)
    assert steps == -(-np.count_nonzero(DATASET.lengths() >= 4) // batch_size)
    largest = max(float(p.grad.abs().max()) for p in model.parameters())
    for name, parameter in model.named_parameters():
        followed = (before[name] - trained.state_dict()[name].double()) / (RATE * steps)
        torch.testing.assert_close(followed, parameter.grad, rtol=0, atol=1e-5 * largest, msg=name)
