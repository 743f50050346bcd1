"""Lazy Adam: Adam on the rows of the batch, and nothing elsewhere."""

import math

import pytest
import torch
from helpers import make_dataset
from tiny_runs import Killed, assert_same_outcome, stop
from torch import nn
from torch.nn.functional import embedding

from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.data.batching import Unseen
from awrsr.errors import ConfigError
from awrsr.models import BACKBONES, build_model
from awrsr.training.checkpoint import read_config
from awrsr.training.epoch import Objective
from awrsr.training.losses import LOSSES
from awrsr.training.optimizers import LazyAdam, build_optimizer, coalesced, total_norm

RATE, BETA1, BETA2, EPSILON = 0.1, 0.9, 0.999, 1e-8
N_ROWS, WIDTH = 5, 3
LAZY = {"optimizer": "lazy_adam", "loss": "sampled_ce", "negatives": 2}
PAIRS = [
    (backbone, loss)
    for backbone in BACKBONES
    for loss, kind in LOSSES.items()
    if kind.fits(backbone) and not kind.whole_catalogue
]


def reference(start, steps, *, lazy):
    """Adam in loops over steps, rows and columns: `steps` are lists of (row, gradient row), which
    add up where a row occurs twice. A lazy one passes over rows that do not occur."""
    table = [row.copy() for row in start]
    mean = [[0.0] * WIDTH for _ in start]
    square = [[0.0] * WIDTH for _ in start]
    for step, pairs in enumerate(steps, start=1):
        for row in range(len(start)):
            found = [gradient for touched, gradient in pairs if touched == row]
            if lazy and not found:
                continue
            for column in range(WIDTH):
                g = sum(gradient[column] for gradient in found)
                mean[row][column] = BETA1 * mean[row][column] + (1 - BETA1) * g
                square[row][column] = BETA2 * square[row][column] + (1 - BETA2) * g**2
                m = mean[row][column] / (1 - BETA1**step)
                v = square[row][column] / (1 - BETA2**step)
                table[row][column] -= RATE * m / (math.sqrt(v) + EPSILON)
    return torch.tensor(table, dtype=torch.float64)


def trained(start, steps, *, lazy):
    """The same steps by the optimizers, with a look-up whose gradient is sparse or dense."""
    table = nn.Parameter(start.clone())
    optimizer = (
        LazyAdam([table], [table], RATE)
        if lazy
        else torch.optim.AdamW([table], lr=RATE, weight_decay=0.0)
    )
    for pairs in steps:
        optimizer.zero_grad()
        rows = torch.tensor([row for row, _ in pairs])
        factors = torch.tensor([gradient for _, gradient in pairs], dtype=torch.float64)
        (embedding(rows, table, sparse=lazy) * factors).sum().backward()
        optimizer.step()
    return table.detach()


def drawn(rows_of_steps):
    generator = torch.Generator().manual_seed(1)

    def normal(n):
        return torch.randn(n, WIDTH, generator=generator, dtype=torch.float64)

    start = normal(N_ROWS)
    return start, [
        list(zip(rows, normal(len(rows)).tolist(), strict=True)) for rows in rows_of_steps
    ]


def test_lazy_adam_is_adam_on_the_rows_of_each_step():
    start, steps = drawn([[0, 1, 1], [0], [3, 0, 3], [1, 0], [0, 3, 1], [0, 0, 0]] * 4)
    expected = reference(start.tolist(), steps, lazy=True)
    result = trained(start, steps, lazy=True)
    torch.testing.assert_close(result, expected, rtol=1e-6, atol=1e-7)  # steps count in float32
    adam = trained(start, steps, lazy=False)
    torch.testing.assert_close(adam, reference(start.tolist(), steps, lazy=False))
    torch.testing.assert_close(result[0], adam[0], rtol=1e-6, atol=1e-7)  # in every step
    assert not torch.isclose(result[[1, 3]], adam[[1, 3]]).any()
    assert torch.equal(result[[2, 4]], start[[2, 4]])


def test_a_coalesced_gradient_is_that_of_torch():
    rows = torch.tensor([[4, 0, 4, 2, 0, 4]])
    gradient = torch.sparse_coo_tensor(rows, torch.randn(6, 3), (9, 3), check_invariants=True)
    own, expected = coalesced(gradient), gradient.coalesce()
    assert own.is_coalesced() and coalesced(own) is own
    assert torch.equal(own.indices(), expected.indices())
    torch.testing.assert_close(own.values(), expected.values())


def new_model(backbone: str, n_items: int = 400, **settings):
    torch.manual_seed(0)
    config = ModelConfig(
        backbone=backbone, max_length=8, hidden_size=8, n_layers=1, inner_size=16, **settings
    )
    return build_model(config, Catalogue(name="x", fingerprint="0" * 16, n_items=n_items)).train()


@pytest.mark.parametrize(("backbone", "loss"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_only_the_rows_of_the_batch_move(backbone: str, loss: str):
    """Every gradient of an item table is sparse, and equal to the dense one; what is not looked up
    keeps its value and its moments, in every table of the backbone."""
    dataset = make_dataset(n_items=400)
    settings = {"output_embedding": "separate"} if backbone == "sasrec" else {}
    config = TrainConfig(optimizer="lazy_adam", loss=loss, negatives=3)
    objectives = []
    for lazy in (True, False):
        model = new_model(backbone, **settings)
        optimizer = build_optimizer(model, config if lazy else TrainConfig(loss=loss))
        objective = Objective(model, config, Unseen(dataset, torch.device("cpu")))
        objectives.append((objective, optimizer))
    windows = torch.tensor([[0, 5, 6, 7], [9, 9, 2, 3]])
    (objective, optimizer), (dense, _) = objectives
    tables = objective.model.item_tables()
    before = [table.weight.detach().clone() for table in tables]
    for each in (objective, dense):
        torch.manual_seed(1)
        each(windows, torch.tensor([0, 1])).backward()
    norm = total_norm(dense.model)
    torch.testing.assert_close(total_norm(objective.model), norm)
    optimizer.step()
    assert len(tables) == 2
    for table, old, other in zip(tables, before, dense.model.item_tables(), strict=True):
        assert table.weight.grad.is_sparse
        torch.testing.assert_close(table.weight.grad.to_dense(), other.weight.grad)
        moved = (table.weight != old).any(dim=1)
        assert torch.equal(moved, (other.weight.grad != 0).any(dim=1))
        assert 0 < moved.sum() < 30 and not moved[0]
        moments = optimizer.state[table.weight]
        assert torch.equal((moments["exp_avg"] != 0).any(dim=1), moved)
    rest = [p for p in objective.model.parameters() if all(p is not t.weight for t in tables)]
    assert all(p.grad is None or p.grad.layout is torch.strided for p in rest)


def test_the_rest_of_the_model_is_trained_as_by_adamw(run, tmp_path):
    """Where each step has every item, both optimizers give the same model."""
    losses = {}
    for name in ("adamw", "lazy_adam"):
        config = {"optimizer": name, "loss": "sampled_ce", "negatives": 200}
        losses[name] = run(name, **config)["loss"].tolist()
    assert losses["lazy_adam"] == pytest.approx(losses["adamw"], rel=1e-4)


@pytest.mark.few(2)
@pytest.mark.parametrize("backbone", ["sasrec", "stosa"])
@pytest.mark.parametrize(("epoch", "batch"), [(1, 1), (1, 0), (2, 2)])
def test_a_stopped_run_of_lazy_adam_ends_the_same(run, tmp_path, backbone, epoch, batch):
    settings = {"model": {"backbone": backbone}, **LAZY}
    run("unbroken", **settings)
    with pytest.raises(Killed):
        run("broken", **settings, report=stop(epoch, batch))
    torch.manual_seed(99)
    run("broken", **settings, resume=True)
    assert_same_outcome(tmp_path / "unbroken", tmp_path / "broken")
    assert read_config(tmp_path / "broken")[2].optimizer == "lazy_adam"


def test_a_run_does_not_continue_with_another_optimizer(run):
    with pytest.raises(Killed):
        run(**LAZY, report=stop(1, 0))
    with pytest.raises(ConfigError, match="optimizer is 'lazy_adam' there, 'adamw' was asked for"):
        run(**{**LAZY, "optimizer": "adamw"}, resume=True)


def test_only_lazy_adam_is_written():
    assert "optimizer" not in TrainConfig().to_json()
    config = TrainConfig(**LAZY)
    assert config.to_json()["optimizer"] == "lazy_adam"
    assert TrainConfig.from_json(config.to_json(), where="here") == config


def test_settings_that_change_every_row_are_refused():
    with pytest.raises(ConfigError, match="'sampled_ce' or 'bce'.*received 'ce', which changes ev"):
        TrainConfig(optimizer="lazy_adam")
    with pytest.raises(ConfigError, match="needs weight_decay 0, .*; received 0.01"):
        TrainConfig(**LAZY, weight_decay=0.01)


def test_a_backbone_without_tables_is_refused(monkeypatch):
    model = new_model("sasrec")
    monkeypatch.setattr(type(model), "item_tables", lambda self: [])
    with pytest.raises(ConfigError, match="'sasrec' names none; accepted: 'adamw'"):
        build_optimizer(model, TrainConfig(**LAZY))


def test_a_gradient_of_the_whole_table_is_refused():
    """A loss of another package may not say that it uses every item."""
    model = new_model("sasrec")
    optimizer = build_optimizer(model, TrainConfig(**LAZY))
    model.item_scores(model(torch.tensor([[1, 2]]))).sum().backward()
    with pytest.raises(ConfigError, match="'lazy_adam' needs sparse gradients"):
        optimizer.step()


def test_padding_stays_zero():
    model = new_model("sasrec")
    optimizer = build_optimizer(model, TrainConfig(**LAZY))
    model(torch.tensor([[0, 0, 3]])).sum().backward()
    optimizer.step()
    assert model.embed(torch.tensor([0])).abs().sum() == 0


@pytest.mark.slow
def test_lazy_adam_learns_a_rule_as_adamw_does(run, tmp_path):
    """The next item is the one after the newest, with some noise; a step has few of the items."""
    dataset = make_dataset(n_users=150, n_items=60)
    best = {}
    for name in ("adamw", "lazy_adam"):
        config = {"optimizer": name, "loss": "sampled_ce", "negatives": 4, "epochs": 20}
        model = {"hidden_size": 16, "n_heads": 1, "hidden_dropout": 0.0, "attention_dropout": 0.0}
        history = run(name, dataset=dataset, model=model, patience=20, batch_size=16, **config)
        best[name] = history["NDCG@10"].max()
    assert min(best.values()) > 0.7
    assert best["lazy_adam"] > best["adamw"] - 0.05
