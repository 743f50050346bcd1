"""What heads give their weight to, and what they compare rows by, against slow references."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from conftest import PAIRS
from test_scan import KINDS, UNEVEN

import awrsr
from awrsr.errors import ConfigError, DataError
from awrsr.explain import correlation_matrices, head_profile
from awrsr.explain.heads import MEASURES, popular_items
from awrsr.refinement import REFINEMENTS

GROUPS = [["Drama", "Comedy", "War"][item % 3] for item in range(UNEVEN.n_items)]


def of_uneven(model):
    model.catalogue = dataclasses.replace(model.catalogue, fingerprint=UNEVEN.fingerprint)
    return model


def measures(row: np.ndarray, items: list[int], popular: np.ndarray) -> dict[str, float]:
    """A row's measures, written for one row."""
    lag = np.arange(len(row))[::-1]
    groups = np.array([GROUPS[item - 1] for item in items])
    others = lag > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nansum(row * np.log(row))
        share = entropy / np.log(len(row))
    return {
        "entropy": entropy,
        "entropy_share": share,
        "reach": (row * lag).sum(),
        "itself": row[-1],
        "lag_1": row[lag == 1].sum(),
        "lag_2_3": row[(lag >= 2) & (lag <= 3)].sum(),
        "lag_4_7": row[(lag >= 4) & (lag <= 7)].sum(),
        "lag_8_15": row[(lag >= 8) & (lag <= 15)].sum(),
        "lag_16": row[lag >= 16].sum(),
        "first": row[0],
        "repeats": row[[items.count(item) > 1 for item in items]].sum(),
        "popular": row[popular[np.array(items) - 1]].sum(),
        "group": row[(groups == groups[-1]) & others].sum(),
    }


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_profile_is_the_mean_over_users(make_model, pair):
    model = of_uneven(make_model(*pair, max_length=20))
    popular = popular_items(UNEVEN)
    profile = head_profile(model, UNEVEN, groups=GROUPS)
    sums: dict[tuple, list[dict[str, float]]] = {}
    for user in range(UNEVEN.n_users):
        trace = awrsr.trace(model, UNEVEN.sequence(user)[:-1].tolist())
        for layer, recorded in enumerate(trace.layers, start=1):
            for kind in KINDS:
                weights = getattr(recorded, kind)
                for head in range(0 if weights is None else len(weights)):
                    row = weights[head, -1].numpy()
                    of_head = sums.setdefault((layer, kind, head + 1), [])
                    of_head.append(measures(row, trace.items, popular))
        even = np.full(len(trace.items), 1 / len(trace.items))
        sums.setdefault((0, "even", 0), []).append(measures(even, trace.items, popular))
    found = profile.set_index(["layer", "kind", "head"])
    assert set(found.index) == set(sums)
    assert set(found.columns) == {"users", *MEASURES, "popular", "group"}
    for name, rows in sums.items():
        expected = pd.DataFrame(rows).mean()  # which leaves out what is not defined
        for measure, value in expected.items():
            assert found.loc[name, measure] == pytest.approx(value, abs=1e-9), (name, measure)
        assert found.loc[name, "users"] == UNEVEN.n_users


def test_batches_and_order_of_users_change_nothing(make_model):
    model = of_uneven(make_model("stosa", "additive", max_length=20))
    users = [7, 2, 3, 9, 1]
    whole = head_profile(model, UNEVEN, users)
    for size in (1, 2):
        other = head_profile(model, UNEVEN, users[::-1], batch_size=size)
        pd.testing.assert_frame_equal(whole, other, rtol=1e-9)
    assert "group" not in whole


def test_wrong_slices_are_refused(make_model):
    model = of_uneven(make_model())
    with pytest.raises(ConfigError, match="one user or more; the slice is empty"):
        head_profile(model, UNEVEN, [])
    with pytest.raises(DataError, match="the model belongs to 'tiny'"):
        head_profile(make_model(), UNEVEN)


def test_popular_items_are_the_tenth_most_frequent_in_training(tiny_dataset):
    training = np.concatenate(
        [tiny_dataset.sequence(user)[:-2] for user in range(tiny_dataset.n_users)]
    )
    counts = np.bincount(training, minlength=tiny_dataset.n_items + 1)[1:]
    popular = popular_items(tiny_dataset)
    assert popular.sum() == 1  # of 11
    assert counts[popular].min() == counts.max()


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_matrix_gives_the_second_order_scores(make_model, pair):
    """The score (i, j) is the sum over p, q of A_ip G_pq A_jq, exactly."""
    model = make_model(*pair, correlation_rank=3)
    matrices = correlation_matrices(model)
    if not REFINEMENTS[pair[1]].has_second_order():
        assert matrices == []
        return
    trace = awrsr.trace(model, [3, 1, 4, 1, 5])
    assert [matrix.layer for matrix in matrices] == [1, 2]
    for matrix, layer in zip(matrices, trace.layers, strict=True):
        assert matrix.values.shape == (8, 8)
        last = matrix.values[-5:, -5:]  # the slots of five items
        for head, first in enumerate(layer.first_order.numpy()):
            scores = layer.second_order_scores[head].numpy()
            if pair[1] != "stochastic":
                np.testing.assert_allclose(first @ last @ first.T, scores, atol=1e-12)
                continue
            weights = model.state_dict()
            prefix = f"attention.{matrix.layer - 1}.refinement.covariance.weight"
            raw = first @ weights[prefix].numpy()[-5:]
            spread = np.sqrt(np.where(raw > 0, raw, np.expm1(raw)) + 1)
            for i in range(5):
                for j in range(5):
                    apart = first[i] - first[j]
                    of_covariance = ((spread[i] - spread[j]) ** 2).sum() / 3**0.5
                    expected = -(apart @ last @ apart) - of_covariance
                    assert scores[i, j] == pytest.approx(expected, abs=1e-10)
