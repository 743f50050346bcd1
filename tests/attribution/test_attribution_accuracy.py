"""Effort and accuracy of the methods."""

import itertools
from math import factorial

import numpy as np
import pytest
import torch
from attributed import (
    ADAPTIVE,
    HISTORY,
    RANDOMISED,
    TARGET,
    LinearModel,
    attribute,
    close,
    every_method,
    without_embedding,
)
from captum.attr import ShapleyValueSampling as CaptumShapleyValueSampling
from helpers import is_ours

from awrsr.attribution import METHODS
from awrsr.attribution.base import Question
from awrsr.attribution.shapley_value_sampling import rises


@pytest.mark.few(2)
@pytest.mark.parametrize("method", ADAPTIVE)
def test_a_method_continues_until_its_error_is_small_or_its_bound_is_reached(model, method):
    first, bound, *_ = (option.name for option in METHODS[method].options())
    counts = []
    for tolerance in (1.0, 0.02, 0.0):
        settings = {"tolerance": tolerance, first: 2, bound: 100}
        result = attribute(model, HISTORY, TARGET, method, seed=1, **settings)
        effort, largest = result.effort, float(result.values.abs().max())
        errors = result.delta if method == "integrated_gradients" else result.standard_errors
        share = float(torch.as_tensor(errors).abs().max()) / largest
        assert (effort.measure, effort.tolerance) == (ADAPTIVE[method], tolerance)
        assert effort.error == pytest.approx(share, rel=1e-6)
        assert effort.enough == (effort.error <= tolerance)
        assert effort.enough or effort.count == 100
        assert ("the bound" in str(effort)) == (not effort.enough)
        if effort.count > 2:  # it doubles, and stops at the first small error
            settings[bound] = effort.count // 2
            before = attribute(model, HISTORY, TARGET, method, seed=1, **settings)
            assert not before.effort.enough
        counts.append(effort.count)
    assert counts == sorted(counts) and counts[-1] == 100
    assert set(counts[:-1]) <= {2, 4, 8, 16, 32, 64, 100}


@every_method
def test_only_adaptive_methods_have_an_effort_and_only_randomised_ones_an_error(model, method):
    result = attribute(model, HISTORY, TARGET, method)
    if is_ours(METHODS[method]):
        assert (result.effort is None) == (method not in ADAPTIVE)
    assert (result.standard_errors is None) == (method not in RANDOMISED)
    if result.standard_errors is not None:
        assert result.standard_errors.shape == result.values.shape
        assert result.standard_errors.dtype == result.values.dtype
        assert (result.standard_errors > 0).all()


def test_a_start_above_the_bound_is_the_only_round(model):
    result = attribute(model, HISTORY, TARGET, n_steps=70, max_steps=3, tolerance=0.0)
    assert result.effort.count == 70 and not result.effort.enough


def test_values_that_are_all_zero_are_exact(model):
    result = attribute(model, HISTORY, TARGET, contrast=TARGET)
    assert (result.effort.error, result.effort.count) == (0, 32)


@pytest.mark.few(1)
def test_more_steps_of_integrated_gradients_close_the_gap(model):
    gaps = [
        abs(attribute(model, HISTORY, TARGET, n_steps=n_steps, max_steps=1).delta)
        for n_steps in (4, 2_000)
    ]
    assert gaps[1] < 1e-6 < gaps[0]


def exact_shapley(model, history, target=TARGET):
    """Reference: Shapley values over all subsets."""
    m, everything = len(history), set(range(len(history)))

    def score(present):
        return without_embedding(model, history, *everything - set(present), target=target)

    values = [0.0] * m
    for slot in everything:
        for size in range(m):
            share = factorial(size) * factorial(m - size - 1) / factorial(m)
            for present in itertools.combinations(sorted(everything - {slot}), size):
                values[slot] += share * (score({*present, slot}) - score(present))
    return np.array(values)


def shapley(model, history, **settings):
    return attribute(model, history, TARGET, "shapley_value_sampling", **settings)


@pytest.mark.parametrize("history", [[3], [3, 1]], ids=len)
def test_one_pair_of_orders_is_all_orders_of_two_items(model, history):
    result = shapley(model, history)
    assert result.values.tolist() == pytest.approx(exact_shapley(model, history), abs=1e-9)
    close(result.standard_errors, torch.zeros(len(history), dtype=torch.float64))
    assert result.effort.count == METHODS["shapley_value_sampling"]().n_pairs


def test_shapley_values_are_captums_of_the_same_orders(model):
    """Captum receives the orders drawn with this seed, each followed by its reverse."""
    generator, n_pairs = torch.Generator().manual_seed(5), 7
    drawn = [torch.randperm(len(HISTORY), generator=generator).tolist() for _ in range(n_pairs)]

    def score(embeddings):
        present = torch.ones(embeddings.shape[:2], dtype=torch.bool)
        return model.item_scores(model.encode(embeddings, present))[:, -1, TARGET - 1]

    method = CaptumShapleyValueSampling(score)
    method.permutation_generator = lambda *_: (o for order in drawn for o in (order, order[::-1]))
    expected = method.attribute(
        model.embed(torch.tensor([HISTORY])),
        feature_mask=torch.arange(len(HISTORY))[None, :, None],
        n_samples=2 * n_pairs,
    )[0, :, 0]
    found = shapley(model, HISTORY, seed=5, n_pairs=n_pairs, max_pairs=n_pairs)
    torch.testing.assert_close(found.values, expected.double(), rtol=0, atol=1e-5)


def many_seeds(model, method, **settings):
    """(seed, item) values and standard errors."""
    results = [
        attribute(model, HISTORY, TARGET, method, seed=seed, **settings) for seed in range(80)
    ]
    return (
        torch.stack([one.values for one in results]).numpy(),
        torch.stack([one.standard_errors for one in results]).numpy(),
    )


def check_errors(values, errors, expected):
    """Check that there is no bias, and that errors agree with the standard errors."""
    n = len(values)
    spread = values.std(axis=0, ddof=1)
    assert (np.abs(values.mean(axis=0) - expected) < 4 * spread / np.sqrt(n)).all()
    np.testing.assert_allclose(np.sqrt((errors**2).mean(axis=0)), spread, rtol=0.25)
    covered = np.abs(values - expected) < 2 * errors
    assert 0.85 < covered.mean() <= 0.99  # 95% if the standard errors were exact


@pytest.mark.slow
def test_standard_errors_of_shapley_cover_the_exact_values(make_model):
    model = make_model("sasrec", "additive", n_layers=1)
    values, errors = many_seeds(model, "shapley_value_sampling", n_pairs=12, max_pairs=12)
    check_errors(values, errors, exact_shapley(model, HISTORY))


@pytest.mark.slow
def test_standard_errors_of_gradient_shap_cover_the_expected_gradients(make_model):
    model = make_model("sasrec", "additive", n_layers=1)
    values, errors = many_seeds(model, "gradient_shap", n_samples=100, max_samples=100)
    settled = attribute(
        model, HISTORY, TARGET, "gradient_shap", seed=999, n_samples=12_000, tolerance=1.0
    )
    assert (settled.standard_errors.numpy() < 0.1 * errors.mean(axis=0)).all()
    check_errors(values, errors, settled.values.numpy())


class PairModel(LinearModel):
    """Scores a history by squares of sums, that is, by its items and by pairs of items."""

    def encode(self, embeddings, present, **_):
        return super().encode(embeddings, present).square()


def test_an_order_and_its_reverse_are_exact_if_items_interact_in_pairs():
    """Single orders are not exact; pairs remove their variance."""
    model, history = PairModel(), [1, 2, 3]
    question = Question(model, history, 4, None)
    orders = torch.tensor(list(itertools.permutations(range(3))))
    plain = rises(question, orders, question.absent("zero"))
    exact = plain.mean(dim=0)
    assert exact.tolist() == pytest.approx(exact_shapley(model, history, 4))
    assert float(plain.std(dim=0).min()) > 10
    for seed in range(5):
        found = attribute(model, history, 4, "shapley_value_sampling", seed=seed, n_pairs=2)
        close(found.values, exact)
        close(found.standard_errors, torch.zeros_like(exact))
        assert found.effort.count == 2
