"""Every column of a scan against traces of one user at a time."""

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from uneven import BINS, KINDS, UNEVEN

import awrsr
from awrsr.data.dataset import Dataset
from awrsr.errors import ConfigError, DataError
from awrsr.models import SequentialModel
from awrsr.ranking.evaluation import evaluate
from awrsr.ranking.statistics import spearman
from awrsr.studies import scan


def rows_of(trace: awrsr.Trace) -> dict[str, list[float] | None]:
    """The last layer's last rows, heads averaged."""
    maps = {kind: getattr(trace.layers[-1], kind) for kind in KINDS}
    return {
        kind: None if weights is None else weights[:, -1].mean(dim=0).tolist()
        for kind, weights in maps.items()
    }


def reference(model: SequentialModel, dataset: Dataset, user: int) -> dict[str, float]:
    """A user's columns in one model, item by item."""
    *history, target = dataset.sequence(user).tolist()
    trace = awrsr.trace(model, history)
    seen = trace.items
    scores = trace.item_scores.tolist()
    excluded = set(history) if dataset.default_candidates == "unseen" else set()
    rivals = set(range(1, dataset.n_items + 1)) - excluded - {target}
    found: dict[str, float] = {
        "target": target,
        "rank": 1 + sum(scores[item - 1] >= scores[target - 1] for item in rivals),
        "length": len(history),
        "seen": len(seen),
        "repeats": sum(count - 1 for count in Counter(history).values()),
    }
    sizes = awrsr.attribute(model, history, target, "input_x_gradient").values.abs().numpy()
    for kind, row in rows_of(trace).items():
        if row is None:
            continue
        m = len(row)
        entropy = -sum(weight * math.log(weight) for weight in row if weight)
        found[f"{kind}_entropy"] = entropy
        if m > 1:
            found[f"{kind}_entropy_share"] = entropy / math.log(m)
        lagged = [(m - 1 - place, weight) for place, weight in enumerate(row)]
        found[f"{kind}_reach"] = sum(lag * weight for lag, weight in lagged)
        found[f"{kind}_itself"] = row[-1]
        for name, lags in BINS.items():
            found[f"{kind}_{name}"] = sum(weight for lag, weight in lagged if lag in lags)
        found[f"{kind}_first"] = row[0]
        found[f"{kind}_repeats"] = sum(
            weight for item, weight in zip(seen, row, strict=True) if seen.count(item) > 1
        )
        rho = spearman(row, sizes)
        if rho is not None:
            found[f"{kind}_attribution"] = rho
    return found


def divergence(p: list[float], q: list[float]) -> float:
    """Jensen-Shannon in bits, by its definition; the shorter row has no weight on older items."""
    width = max(len(p), len(q))
    p, q = ([0.0] * (width - len(row)) + row for row in (p, q))

    def to_the_middle(row: list[float]) -> float:
        return sum(x * math.log2(2 * x / (a + b)) for x, a, b in zip(row, p, q, strict=True) if x)

    return (to_the_middle(p) + to_the_middle(q)) / 2


def compared(
    a: SequentialModel, b: SequentialModel, history: list[int], target: int
) -> dict[str, float]:
    """A user's columns of one pair of models."""
    excluded = set(history) if UNEVEN.default_candidates == "unseen" else set()
    candidates = {*range(1, UNEVEN.n_items + 1)} - excluded | {target}
    lists = []
    for model in (a, b):
        scores = awrsr.trace(model, history).item_scores.tolist()
        lists.append(sorted(candidates, key=lambda item: -scores[item - 1])[:10])
    found: dict[str, float] = {"shared": len({*lists[0]} & {*lists[1]})}
    rows = [rows_of(awrsr.trace(model, history)) for model in (a, b)]
    for kind in KINDS:
        p, q = (row[kind] for row in rows)
        if p is None or q is None:
            continue
        found[f"{kind}_divergence"] = divergence(p, q)
        width = min(len(p), len(q))
        rho = spearman(p[-width:], q[-width:])
        if rho is not None:
            found[f"{kind}_correlation"] = rho
    return found


def check_row(row: pd.Series, expected: dict[str, float]) -> None:
    numbers = row.drop([name for name in row.index if name in ("user_id", *MODELS)])
    assert set(expected) <= set(numbers.index)
    for name, value in numbers.items():
        if name in expected:
            assert value == pytest.approx(expected[name], abs=2e-6, rel=1e-5), name
        else:
            assert np.isnan(value), name


MODELS = ("model", "model_a", "model_b")


@pytest.fixture(params=["unseen", "all"])
def candidates(request, monkeypatch) -> str:
    """The default candidates: most users of UNEVEN repeat an item as the target."""
    if request.param == "unseen":
        monkeypatch.setattr("awrsr.data.dataset.MOST_SEEN", 1.0)
    assert UNEVEN.default_candidates == request.param
    return request.param


@pytest.mark.few(1)
def test_every_column_equals_the_slow_reference(models, candidates):
    if candidates == "unseen":  # candidates change only the ranks
        models = {name: models[name] for name in ("sasrec-none", "stosa-stochastic", "short")}
    found = scan(models, UNEVEN, attribution=True)
    assert found.users["model"].tolist() == [n for n in models for _ in range(UNEVEN.n_users)]
    assert found.users["user_id"].tolist() == UNEVEN.user_ids * len(models)
    for place, (_, row) in enumerate(found.users.iterrows()):
        check_row(row, reference(models[row["model"]], UNEVEN, place % UNEVEN.n_users))


def test_every_pair_equals_the_slow_reference(models, candidates):
    pairs = [
        ("sasrec-none", "sasrec-additive"),
        ("short", "stosa-stochastic"),
        ("sasrec-simple", "short"),
    ]
    found = scan(models, UNEVEN, pairs=pairs).pairs
    assert list(zip(found["model_a"], found["model_b"], strict=True)) == [
        pair for pair in pairs for _ in range(UNEVEN.n_users)
    ]
    for place, (_, row) in enumerate(found.iterrows()):
        *history, target = UNEVEN.sequence(place % UNEVEN.n_users).tolist()
        expected = compared(models[row["model_a"]], models[row["model_b"]], history, target)
        check_row(row, expected)


def test_without_pairs_every_two_models_are_compared_once(models):
    found = scan(models, UNEVEN).pairs
    pairs = list(dict.fromkeys(zip(found["model_a"], found["model_b"], strict=True)))
    assert len(pairs) == len({frozenset(pair) for pair in pairs}) == math.comb(len(models), 2)


def test_ranks_are_those_of_evaluate(models):
    found = scan(models, UNEVEN, pairs=[]).users
    for name, model in models.items():
        ranks = evaluate(model, UNEVEN, "test").ranks
        rows = found[found["model"] == name]
        assert rows["rank"].tolist() == ranks["rank"].tolist()
        assert rows["target"].tolist() == ranks["target"].tolist()


def test_the_parts_of_the_weight_sum_to_one(models):
    found = scan(models, UNEVEN).users
    for kind in KINDS:
        total = found[[f"{kind}_itself", *(f"{kind}_{name}" for name in BINS)]].sum(axis=1)
        defined = found[f"{kind}_itself"].notna()
        np.testing.assert_allclose(total[defined], 1, atol=1e-6)
    vanilla = found[found["model"] == "sasrec-none"]
    assert vanilla["second_order_reach"].isna().all()
    pd.testing.assert_series_equal(
        vanilla["first_order_reach"], vanilla["refined_reach"], check_names=False
    )


@pytest.mark.slow
def test_batches_change_nothing(models):
    full = scan(models, UNEVEN, attribution=True, batch_size=100)
    for batch_size in (1, 3, 7):
        parts = scan(models, UNEVEN, attribution=True, batch_size=batch_size)
        pd.testing.assert_frame_equal(full.users, parts.users, rtol=1e-6, atol=1e-7)
        pd.testing.assert_frame_equal(full.pairs, parts.pairs, rtol=1e-6, atol=1e-7)


def test_a_part_of_the_users_has_the_same_rows(models):
    full = scan(models, UNEVEN)
    part = scan(models, UNEVEN, users=[8, 1])
    assert part.users["user_id"].tolist()[:2] == ["1001", "1008"]
    chosen = full.users["user_id"].isin(["1001", "1008"])
    pd.testing.assert_frame_equal(
        full.users[chosen].reset_index(drop=True), part.users, rtol=1e-6, atol=1e-7
    )


def test_a_scan_does_not_change_the_models(models):
    before = {
        name: {key: value.clone() for key, value in model.state_dict().items()}
        for name, model in models.items()
    }
    scan(models, UNEVEN, attribution=True)
    for name, model in models.items():
        assert all(
            torch.equal(value, before[name][key]) for key, value in model.state_dict().items()
        )
        assert not any(p.requires_grad or p.grad is not None for p in model.parameters())
        assert not any(module._forward_hooks for module in model.modules())


def test_wrong_questions_are_refused(models, make_model):
    with pytest.raises(ConfigError, match="a scan needs one model or more; none was given"):
        scan({}, UNEVEN)
    with pytest.raises(ConfigError, match="a scan needs one user or more"):
        scan(models, UNEVEN, users=[])
    with pytest.raises(ConfigError, match="'shorts' is not among the models.*Did you mean 'short'"):
        scan(models, UNEVEN, pairs=[("sasrec-none", "shorts")])
    with pytest.raises(ConfigError, match="pair short:short is one model; name two"):
        scan(models, UNEVEN, pairs=[("short", "short")])
    with pytest.raises(DataError, match="foreign: the model belongs to 'tiny'.*fingerprint"):
        scan(models | {"foreign": make_model()}, UNEVEN)
