"""Attention weight of heads, and their matrices for comparing rows, against slow references."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import PAIRS, READINGS
from uneven import KINDS, UNEVEN

import awrsr
from awrsr.errors import ConfigError, DataError
from awrsr.explain import Cell, second_order_provenance
from awrsr.refinement import REFINEMENTS
from awrsr.refinement.second_order import standardise
from awrsr.studies import correlation_matrices, head_profile
from awrsr.studies.heads import MEASURES, popular_items

GROUPS = [["Drama", "Comedy", "War"][item % 3] for item in range(UNEVEN.n_items)]


def of_uneven(model):
    model.catalogue = model.catalogue.replace(fingerprint=UNEVEN.fingerprint)
    return model


def measures(row: np.ndarray, items: list[int], popular: np.ndarray) -> dict[str, float]:
    """The measures of one row."""
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


@pytest.mark.few(5)
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
        expected = pd.DataFrame(rows).mean()  # without undefined values
        for measure, value in expected.items():
            assert found.loc[name, measure] == pytest.approx(value, abs=1e-9), (name, measure)
        assert found.loc[name, "users"] == UNEVEN.n_users


def test_batches_and_order_of_users_change_nothing(make_model):
    model = of_uneven(make_model("stosa", "additive", max_length=20))
    users = [7, 2, 3, 9, 1]
    profile = head_profile(model, UNEVEN, users)
    for size in (1, 2):
        other = head_profile(model, UNEVEN, users[::-1], batch_size=size)
        pd.testing.assert_frame_equal(profile, other, rtol=1e-9)
    assert "group" not in profile


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


@pytest.mark.few(4)
@pytest.mark.parametrize(("backbone", "refinement", "settings"), READINGS)
def test_the_matrix_gives_the_second_order_scores(make_model, backbone, refinement, settings):
    """The score (i, j) is exactly the sum over p, q of a_ip G_pq a_jq; for the stochastic form, the
    part of the means."""
    model = make_model(backbone, refinement, correlation_rank=3, **settings)
    matrices = correlation_matrices(model)
    if not REFINEMENTS[refinement].has_second_order():
        assert matrices == []
        return
    config = model.config
    trace = awrsr.trace(model, [3, 1, 4, 1, 5])
    allowed = torch.ones(1, 1, 5, 5, dtype=torch.bool).tril()
    differ = config.gain or config.matrices == "head"
    heads = (1, 2) if differ else (None,)
    assert [(m.layer, m.head) for m in matrices] == [(n, head) for n in (1, 2) for head in heads]
    assert all(("gain" in matrix.formula) == config.gain for matrix in matrices)
    for matrix in matrices:
        assert matrix.values.shape == (8, 8)
        last = matrix.values[-5:, -5:]  # the slots of five items
        layer = trace.layers[matrix.layer - 1]
        all_rows = layer.first_order
        if config.rows == "standardised":
            all_rows = standardise(all_rows[None], allowed)[0]
        for head in (0, 1) if matrix.head is None else (matrix.head - 1,):
            rows = all_rows[head].numpy()
            scores = layer.second_order_scores[head].numpy()
            if refinement != "stochastic":
                np.testing.assert_allclose(rows @ last @ rows.T, scores, atol=1e-12)
                continue
            for i in range(5):
                for j in range(i + 1):
                    cell = Cell(layer=matrix.layer - 1, head=head, query=i, key=j)
                    of_means = second_order_provenance(model, trace, cell).mean_terms.sum()
                    if config.tied:
                        difference = rows[i] - rows[j]
                        assert of_means == pytest.approx(
                            -(difference @ last @ difference), abs=1e-10
                        )
                        continue
                    alone = [
                        second_order_norm(model, matrix.layer - 1, head, row, role)
                        for row, role in ((rows[i], "query"), (rows[j], "key"))
                    ]
                    together = rows[i] @ last @ rows[j]
                    assert of_means == pytest.approx(together - sum(alone), abs=1e-10)


def second_order_norm(model, layer: int, head: int, row: np.ndarray, role: str) -> float:
    """The term of a single row in the means' part of a score."""
    weights = model.state_dict()
    prefix = f"attention.{layer}.refinement"
    matrix = weights[f"{prefix}.mean.{role}.weight"].numpy()
    matrix = matrix[head] if model.config.matrices == "head" else matrix
    gain = np.exp(weights[f"{prefix}.log_gain"][head].item()) if model.config.gain else 1
    return gain * ((row @ matrix[-5:]) ** 2).sum() / 3**0.5
