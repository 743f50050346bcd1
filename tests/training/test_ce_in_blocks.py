"""Cross-entropy in blocks of items equals cross-entropy at once, gradients included."""

import pytest
import torch
from helpers import make_dataset
from torch import nn
from torch.nn.functional import cross_entropy

from awrsr.config import TrainConfig
from awrsr.data.batching import Unseen
from awrsr.models import BACKBONES
from awrsr.training.epoch import Objective
from awrsr.training.losses import ce
from awrsr.training.losses.blocks import cross_entropy_in_blocks

WINDOWS = torch.tensor([[0, 3, 1, 4, 2, 7], [5, 9, 2, 6, 5, 11]])
TARGETS = torch.tensor([4, 11, 1])
BLOCKS = [1, 4, 11, 100]
every_block = pytest.mark.parametrize("block", BLOCKS)


def states_of(model):
    return model(WINDOWS)[0, -3:]


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@every_block
@pytest.mark.parametrize("backbone", BACKBONES)
def test_blocks_change_neither_the_loss_nor_a_gradient(make_model, backbone, block):
    model = make_model(backbone).requires_grad_()
    whole = cross_entropy(model.item_scores(states_of(model)), TARGETS - 1)
    parts = cross_entropy_in_blocks(model, states_of(model), TARGETS, block)
    torch.testing.assert_close(parts, whole, rtol=1e-12, atol=1e-12)
    expected, found = gradients(model, whole), gradients(model, parts)
    assert expected.keys() == found.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backbone", ["sasrec", "stosa"])
def test_its_gradient_is_that_of_finite_differences(make_model, monkeypatch, backbone):
    model = make_model(backbone)
    states = states_of(model).detach().requires_grad_()
    items = model.catalogue_embeddings().detach().clone().requires_grad_()

    def loss(states, items):
        monkeypatch.setattr(model, "catalogue_embeddings", lambda: items)
        return cross_entropy_in_blocks(model, states, TARGETS, 4)

    assert torch.autograd.gradcheck(loss, (states, items))


@every_block
def test_parameters_of_the_comparison_get_their_gradient(make_model, monkeypatch, block):
    """A backbone may compare with weights of its own, such as a bias of items."""
    model = make_model("sasrec").requires_grad_()
    model.scale = nn.Parameter(torch.tensor(1.7, dtype=torch.float64))
    compare = type(model).compare
    monkeypatch.setattr(
        type(model), "compare", lambda self, s, items: self.scale * compare(self, s, items)
    )
    whole = cross_entropy(model.item_scores(states_of(model)), TARGETS - 1)
    parts = cross_entropy_in_blocks(model, states_of(model), TARGETS, block)
    expected, found = gradients(model, whole), gradients(model, parts)
    assert found["scale"] != 0
    torch.testing.assert_close(found["scale"], expected["scale"], rtol=1e-10, atol=1e-12)


def test_large_scores_do_not_overflow(make_model):
    model = make_model("sasrec").float()
    states = 1e4 * states_of(model)
    whole = cross_entropy(model.item_scores(states), TARGETS - 1)
    parts = cross_entropy_in_blocks(model, states, TARGETS, 3)
    torch.testing.assert_close(parts, whole)
    assert whole.isfinite() and whole > 100


def test_mixed_precision_has_the_same_gradient(make_model):
    model = make_model("sasrec").float().requires_grad_()
    found = []
    for block in (None, 4):
        with torch.autocast("cpu", torch.bfloat16):
            states = states_of(model)
            loss = (
                cross_entropy(model.item_scores(states), TARGETS - 1)
                if block is None
                else cross_entropy_in_blocks(model, states, TARGETS, block)
            )
        found.append((loss, gradients(model, loss)))
    (whole, expected), (parts, blocked) = found
    torch.testing.assert_close(parts, whole.float(), rtol=0.01, atol=0.01)
    for name, gradient in expected.items():
        torch.testing.assert_close(blocked[name], gradient, rtol=0.1, atol=0.01)


@pytest.mark.parametrize("most", [0, 10**9], ids=["in blocks", "at once"])
def test_the_loss_is_computed_in_blocks_above_a_number_of_scores(make_model, monkeypatch, most):
    calls = []

    def counted(*arguments):
        calls.append(arguments[-1])
        return cross_entropy_in_blocks(*arguments)

    monkeypatch.setattr(ce, "MOST_SCORES", most)
    monkeypatch.setattr(ce, "BLOCK_SCORES", 30)
    monkeypatch.setattr(ce, "cross_entropy_in_blocks", counted)
    unseen = Unseen(make_dataset(), torch.device("cpu"))
    objective = Objective(make_model(), TrainConfig(), unseen)
    loss = objective(WINDOWS, torch.tensor([0, 1]))
    inputs, targets = WINDOWS[:, :-1], WINDOWS[:, 1:].masked_fill(WINDOWS[:, :-1] == 0, 0)
    real = targets != 0
    scores = objective.model.item_scores(objective.model(inputs)[real])
    torch.testing.assert_close(loss, cross_entropy(scores, targets[real] - 1))
    assert calls == ([30 // int(real.sum())] if most == 0 else [])


def test_a_run_in_blocks_learns_as_one_at_once(run, monkeypatch):
    losses = []
    for most in (10**9, 0):
        monkeypatch.setattr(ce, "MOST_SCORES", most)
        monkeypatch.setattr(ce, "BLOCK_SCORES", 200)
        losses.append(run(str(most), precision="64-true")["loss"].tolist())
    assert losses[1] == pytest.approx(losses[0], rel=1e-9)
