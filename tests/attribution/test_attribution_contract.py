"""The contract of every attribution method: its values, settings and facts."""

import inspect

import numpy as np
import pytest
import torch
from attributed import (
    COMPLETE,
    CONTRAST,
    EXACTLY,
    HISTORY,
    RANDOMISED,
    TARGET,
    LinearModel,
    attribute,
    close,
    every_method,
    score_of,
    without_embedding,
)
from helpers import N_ITEMS, is_ours

from awrsr.attribution import METHODS
from awrsr.errors import ConfigError, DataError

pytestmark = pytest.mark.shapes


@every_method
def test_one_finite_value_per_item(model, method):
    result = attribute(model, HISTORY, TARGET, method)
    assert result.values.shape == (len(HISTORY),)
    assert result.values.dtype == torch.float64 and result.values.isfinite().all()
    assert not result.values.requires_grad
    assert result.values.abs().max() > 1e-3
    assert (result.method, result.items) == (method, HISTORY)
    assert (result.target, result.contrast) == (TARGET, None)
    assert result.score == pytest.approx(score_of(model, HISTORY))
    assert result.baseline == METHODS[method]().absent


@every_method
def test_single_precision_gives_the_same_to_its_own_precision(make_model, method):
    exactly = EXACTLY.get(method, {})
    double = attribute(make_model(), HISTORY, TARGET, method, **exactly)
    single = attribute(make_model().float(), HISTORY, TARGET, method, **exactly)
    assert single.values.dtype == torch.float32
    torch.testing.assert_close(single.values.double(), double.values, rtol=0, atol=1e-4)


@every_method
def test_items_beyond_the_newest_n_are_not_attributed(model, method):
    long = [7, 8, *range(1, 9)]
    result = attribute(model, long, TARGET, method)
    assert result.items == long[-8:]
    assert torch.equal(result.values, attribute(model, long[-8:], TARGET, method).values)
    if method == "leave_one_out":  # with its baseline, no older item moves in
        assert "none from before the newest n" in result.baseline
        assert float(result.values[0]) == pytest.approx(result.score - score_of(model, long[-7:]))


@every_method
def test_the_seed_determines_randomised_values(model, method):
    first, again, other = (
        attribute(model, HISTORY, TARGET, method, seed=seed) for seed in (3, 3, 4)
    )
    assert torch.equal(first.values, again.values)
    assert torch.equal(first.values, other.values) == (method not in RANDOMISED)
    seed = {"seed": 3} if method in RANDOMISED else {}
    assert first.settings == METHODS[method]().to_json() | seed


def test_the_seed_draws_a_history_for_every_sample_of_gradient_shap(model):
    """Their mean score is the baseline score."""
    first, again, other = (
        attribute(model, HISTORY, TARGET, "gradient_shap", seed=seed, n_samples=8, max_samples=8)
        for seed in (3, 3, 4)
    )
    assert first.baseline_score == again.baseline_score != other.baseline_score
    generator = torch.Generator().manual_seed(3)
    drawn = torch.randint(1, N_ITEMS + 1, (8, len(HISTORY)), generator=generator)
    scores = [score_of(model, history) for history in drawn.tolist()]
    assert first.baseline_score == pytest.approx(np.mean(scores))


@every_method
def test_a_contrast_is_the_difference_of_two_targets(model, method):
    """All methods are linear in the explained score, if they evaluate the same inputs."""
    exactly = EXACTLY.get(method, {})
    target = attribute(model, HISTORY, TARGET, method, **exactly)
    contrast = attribute(model, HISTORY, CONTRAST, method, **exactly)
    result = attribute(model, HISTORY, TARGET, method, CONTRAST, **exactly)
    assert result.contrast == CONTRAST
    assert result.score == pytest.approx(target.score - contrast.score)
    close(result.values, target.values - contrast.values)
    if result.baseline_score is not None:
        assert result.baseline_score == pytest.approx(
            target.baseline_score - contrast.baseline_score
        )
    itself = attribute(model, HISTORY, TARGET, method, contrast=TARGET)
    close(itself.values, torch.zeros_like(itself.values))


@every_method
def test_the_completeness_gap_is_given_and_small_for_complete_methods(model, method):
    result = attribute(model, HISTORY, TARGET, method)
    assert (result.delta is None) == (method not in COMPLETE)
    if result.delta is not None:
        gap = result.score - result.baseline_score - float(result.values.sum())
        assert result.delta == pytest.approx(gap)
        assert abs(result.delta) < COMPLETE[method]


def test_feature_ablation_equals_a_loop(model):
    actual = attribute(model, HISTORY, TARGET, "feature_ablation")
    score = score_of(model, HISTORY)
    expected = [score - without_embedding(model, HISTORY, slot) for slot in range(len(HISTORY))]
    assert actual.values.tolist() == pytest.approx(expected)
    assert actual.baseline_score is None


def test_leave_one_out_equals_a_loop_over_shorter_histories(model):
    actual = attribute(model, HISTORY, TARGET, "leave_one_out")
    score = score_of(model, HISTORY)
    shorter = [HISTORY[:slot] + HISTORY[slot + 1 :] for slot in range(len(HISTORY))]
    assert actual.values.tolist() == pytest.approx([score - score_of(model, s) for s in shorter])
    assert actual.baseline_score is None


def test_input_x_gradient_equals_a_difference_quotient(model):
    actual = attribute(model, HISTORY, TARGET, "input_x_gradient")
    embeddings, step = model.embed(torch.tensor([HISTORY])), 1e-6
    present = torch.ones(1, len(HISTORY), dtype=torch.bool)
    for slot in range(len(HISTORY)):
        sides = []
        for sign in (-1, 1):
            moved = embeddings.clone()
            moved[0, slot] *= 1 + sign * step
            sides.append(model.item_scores(model.encode(moved, present))[0, -1, TARGET - 1])
        slope = float(sides[1] - sides[0]) / (2 * step)
        assert float(actual.values[slot]) == pytest.approx(slope, abs=1e-6)
    assert actual.baseline_score is None


@pytest.mark.parametrize("method", [name for name in METHODS if is_ours(METHODS[name])])
def test_a_linear_model_has_one_right_answer(method):
    """Items 1, 2, 3 score 1, 2, 4 for item 4, with weights 1, 2, 4."""
    model, contributions = LinearModel(), torch.tensor([1.0, 4.0, 16.0], dtype=torch.float64)
    result = attribute(model, [1, 2, 3], 4, method)
    assert result.score == 21
    if method == "gradient_shap":
        # Relative to random histories, differences between items are exact.
        result = attribute(model, [1, 2, 3], 4, method, **EXACTLY[method])
        other = attribute(model, [1, 2, 2], 4, method, **EXACTLY[method])
        expected = torch.tensor([0, 0, 4.0 * (4 - 2)], dtype=torch.float64)
        close(result.values - other.values, expected)
        # Mean worth of a random item: (1 + 2 + 4 + 2) / 4; of a history: 7 times that.
        assert result.baseline_score == pytest.approx(7 * 9 / 4, abs=3)
        assert result.values.tolist() == pytest.approx([1 - 9 / 4, 4 - 9 / 2, 16 - 9], abs=2)
        return
    if method == "leave_one_out":
        # Without one item the older ones move to slots of twice the weight.
        contributions = torch.tensor([21 - 20, 21 - (2 + 16), 21 - (2 + 8)], dtype=torch.float64)
    close(result.values, contributions)
    assert result.baseline_score in (None, 0)
    if result.delta is not None:
        assert result.delta == pytest.approx(0, abs=1e-6)
    contrasted = attribute(model, [1, 2, 3], 4, method, contrast=1)  # scores 1, 0, 3 with item 1
    if method != "leave_one_out":
        close(contrasted.values, contributions - torch.tensor([1.0, 0, 12]))


@every_method
def test_a_history_of_one_item(model, method):
    result = attribute(model, [3], TARGET, method)
    assert result.values.shape == (1,) and result.values.isfinite().all()
    if method in ("feature_ablation", "shapley_value_sampling"):
        expected = result.score - without_embedding(model, [3], 0)
    elif method == "leave_one_out":
        assert "without its only item, one empty slot" in result.baseline
        expected = result.score - score_of(model, [0])
    else:
        return
    assert float(result.values) == pytest.approx(expected)


@every_method
def test_the_target_may_be_in_the_history_and_items_may_repeat(model, method):
    result = attribute(model, [3, 3, 3], 3, method, contrast=1)
    assert result.values.isfinite().all()
    assert result.target == 3
    alike = float(result.values.max() - result.values.min()) < 1e-6
    # Without any of the items, [3, 3] is left; for methods from outside this is not known.
    assert alike == (method == "leave_one_out") or not is_ours(METHODS[method])


@every_method
def test_any_whole_number_names_an_item(make_model, method):
    plain = attribute(make_model(), HISTORY, TARGET, method, CONTRAST)
    unchecked = inspect.unwrap(attribute)
    other = unchecked(make_model(), np.array(HISTORY), np.int32(TARGET), method, np.int64(CONTRAST))
    assert torch.equal(plain.values, other.values)
    assert type(other.target) is type(other.contrast) is int


@pytest.mark.parametrize("role", ["target", "contrast"])
@pytest.mark.parametrize("wrong", [0, -1, N_ITEMS + 1, 2.5, "x", [1]], ids=repr)
def test_what_is_not_an_item_is_neither_target_nor_contrast(make_model, role, wrong):
    asked = {"target": TARGET, "contrast": CONTRAST, role: wrong}
    unchecked = inspect.unwrap(attribute)  # without the type checks of the test run
    with pytest.raises(DataError) as caught:
        unchecked(make_model(), HISTORY, **asked)
    assert str(caught.value) == f"the {role} {wrong!r} is not an item of tiny; items are 1 to 11"


def test_an_unknown_method_is_refused_with_the_nearest_name(make_model):
    text = (
        "unknown attribution method 'shapley'; accepted: integrated_gradients, .*Did you mean 'sh"
    )
    with pytest.raises(ConfigError, match=text):
        attribute(make_model(), HISTORY, TARGET, "shapley")


@pytest.mark.parametrize("seed", [-1, 2**32], ids=str)
def test_a_seed_out_of_range_is_refused(make_model, seed):
    with pytest.raises(ConfigError, match=f"seed must be a whole number, 0 to .*; received {seed}"):
        attribute(make_model(), HISTORY, TARGET, seed=seed)


@every_method
def test_the_facts_are_stated(method):
    chosen = METHODS[method]
    assert chosen.name == method
    for fact in (chosen.title, chosen().absent, chosen.source, chosen.gap_meaning):
        assert fact.strip()
    assert (chosen.gap_meaning == "sampling gap") == (method == "gradient_shap")
