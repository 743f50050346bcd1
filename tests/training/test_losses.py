"""Losses against loops over the real positions of a batch."""

import math

import pytest
import torch
from helpers import N_ITEMS, is_ours, make_dataset

from awrsr.config import PADDING, Catalogue, ModelConfig, TrainConfig
from awrsr.data.batching import Unseen, left_pad
from awrsr.errors import ConfigError
from awrsr.models import BACKBONES, build_model
from awrsr.training import losses
from awrsr.training.epoch import Objective
from awrsr.training.losses import Predictions

pytestmark = pytest.mark.shapes

WINDOWS = [[3, 1, 4], [1, 5, 9, 2, 6, 5], [3, 5]]
BATCH = left_pad(WINDOWS)
INPUTS = BATCH[:, :-1]
TARGETS = BATCH[:, 1:].masked_fill(INPUTS == PADDING, PADDING)
UNSEEN = torch.tensor([[7, 8, 10, 11, 7], [8, 10, 7, 7, 11], [11, 10, 8, 8, 7]])
SHARED = torch.tensor(
    [[*range(1, N_ITEMS + 1), 3, 4, 4], [5] * 14, [3, 5, 5, *range(1, N_ITEMS + 1)]]
)
USERS = torch.tensor([0, 1, 2])
NEGATIVES = Unseen(make_dataset(), torch.device("cpu"))
PAIRS = [(b, name) for name, loss in losses.LOSSES.items() for b in BACKBONES if loss.fits(b)]
every_pair = pytest.mark.parametrize(("backbone", "loss"), PAIRS, ids=["-".join(p) for p in PAIRS])


def training_loss(model, config, states, targets, users, unseen):
    return losses.training_loss(
        Predictions(
            model=model, config=config, states=states, targets=targets, users=users, unseen=unseen
        )
    )


def log_sum_exp(values):
    return math.log(sum(math.exp(value) for value in values))


def log_sigmoid(x):
    return -math.log(1 + math.exp(-x))


def some_states(model):
    """The model's states, in the longest window close to the targets."""
    states = model(INPUTS)
    states[1] = 1.1 * model.as_states(model.embed(TARGETS[1]))
    return states


def reference(model, config, states):
    """The loss of WINDOWS, with SHARED or UNSEEN as the negatives; also the hinges of bpr_pvn."""
    terms, hinges = [], []
    catalogue = model.as_states(model.embed(torch.arange(1, N_ITEMS + 1)))
    between_items = model.item_scores(catalogue).tolist()
    item_scores = model.item_scores(states).tolist()
    for row, window in enumerate(WINDOWS):
        for back, target in enumerate(reversed(window[1:]), start=1):
            score = [math.nan, *item_scores[row][-back]]  # item i at index i
            negative = int(UNSEEN[row, -back])
            if config.loss == "ce":
                terms.append(log_sum_exp(score[1:]) - score[target])
            elif config.loss == "sampled_ce":
                others = [score[item] for item in SHARED[row] if item != target]
                terms.append(log_sum_exp([score[target], *others]) - score[target])
            elif config.loss == "bce":
                terms.append(-log_sigmoid(score[target]) - log_sigmoid(-score[negative]))
            else:
                distance, between = -score[target], -between_items[target - 1][negative - 1]
                hinges.append(max(0.0, distance - between))
                terms.append(-log_sigmoid(score[target] - score[negative]))
                terms[-1] += config.pvn_weight * hinges[-1]
    return sum(terms) / len(terms), hinges


@pytest.mark.parametrize(
    ("backbone", "loss"), [pair for pair in PAIRS if is_ours(losses.LOSSES[pair[1]])]
)
def test_losses_equal_a_loop_over_the_real_positions(make_model, monkeypatch, backbone, loss):
    """Accidental hits among the shared negatives are left out, position by position."""
    model, drawn = make_model(backbone, "additive"), SHARED if loss == "sampled_ce" else UNSEEN

    def draw(low, high, size, device):
        assert (low, high, tuple(size)) == (1, N_ITEMS + 1, tuple(drawn.shape))
        return drawn

    monkeypatch.setattr(torch, "randint", draw)
    monkeypatch.setattr(NEGATIVES, "draw", lambda users, slots: UNSEEN)
    config = TrainConfig(loss=loss, negatives=SHARED.shape[1], pvn_weight=0.7)
    states = some_states(model)
    expected, hinges = reference(model, config, states)
    actual = training_loss(model, config, states, TARGETS, USERS, NEGATIVES)
    assert float(actual) == pytest.approx(expected, abs=1e-10)
    assert loss != "bpr_pvn" or min(hinges) == 0 < max(hinges)


@every_pair
def test_states_at_padding_do_not_matter(make_model, backbone, loss):
    model, config = make_model(backbone), TrainConfig(loss=loss, negatives=5)

    def value(disturbance: float) -> torch.Tensor:
        states = model(INPUTS).masked_fill((TARGETS == PADDING)[..., None], disturbance)
        torch.manual_seed(0)
        return training_loss(model, config, states, TARGETS, USERS, NEGATIVES)

    assert torch.equal(value(1.0), value(3.0))


@every_pair
def test_padding_receives_no_gradient(make_model, backbone, loss):
    model, config = make_model(backbone), TrainConfig(loss=loss, negatives=5)
    states = model(INPUTS).requires_grad_()
    training_loss(model, config, states, TARGETS, USERS, NEGATIVES).backward()
    touched = states.grad.abs().sum(-1) > 0
    assert torch.equal(touched, TARGETS != PADDING)


def test_more_padding_changes_no_loss(make_model):
    objective = Objective(make_model(), TrainConfig(), NEGATIVES)
    wider = torch.nn.functional.pad(BATCH, (2, 0))
    torch.testing.assert_close(objective(BATCH, USERS), objective(wider, USERS))


def test_the_objective_predicts_every_item_of_a_window_but_the_first(make_model):
    objective = Objective(make_model(), TrainConfig(), NEGATIVES)
    terms = [objective(torch.tensor([window]), USERS[:1]) * (len(window) - 1) for window in WINDOWS]
    expected = sum(terms) / sum(len(window) - 1 for window in WINDOWS)
    torch.testing.assert_close(objective(BATCH, USERS), expected)
    direct = training_loss(
        objective.model, TrainConfig(), objective.model(INPUTS), TARGETS, USERS, NEGATIVES
    )
    assert torch.equal(objective(BATCH, USERS), direct)


def test_many_sampled_negatives_approximate_the_whole_catalogue(make_model):
    """K uniform negatives estimate K / n_items times the sum over all items except the target."""
    model, n_negatives = make_model(), 200_000
    states, target = model(torch.tensor([[3, 1, 4]]))[:, -1:], torch.tensor([[5]])
    torch.manual_seed(0)
    config = TrainConfig(loss="sampled_ce", negatives=n_negatives)
    actual = training_loss(model, config, states, target, USERS[:1], NEGATIVES)
    score = model.item_scores(states)[0, 0]
    others = torch.cat([score[:4], score[5:]])
    odds = (others - score[4]).exp().sum() * n_negatives / N_ITEMS
    assert float(actual) == pytest.approx(math.log(1 + float(odds)), abs=0.01)


def test_a_catalogue_of_one_item_leaves_no_negative():
    model = build_model(ModelConfig(), Catalogue(name="one", fingerprint="", n_items=1))
    ones = torch.ones(1, 3, dtype=torch.long)
    config = TrainConfig(loss="sampled_ce")
    assert training_loss(model, config, model(ones), ones, USERS[:1], NEGATIVES).item() == 0


def test_a_loss_for_stosa_is_refused_for_other_backbones(make_model):
    model = make_model("sasrec")
    with pytest.raises(ConfigError, match="'bpr_pvn' needs backbone 'stosa'; received 'sasrec'"):
        training_loss(model, TrainConfig(loss="bpr_pvn"), model(INPUTS), TARGETS, USERS, NEGATIVES)
