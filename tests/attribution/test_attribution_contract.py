"""What every attribution method promises, on models that many threads share."""

import inspect
import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import factorial

import numpy as np
import pytest
import torch
from captum.attr import ShapleyValueSampling as CaptumShapleyValueSampling
from conftest import N_ITEMS, is_ours
from torch import nn

import awrsr
from awrsr.attribution import METHODS
from awrsr.attribution.base import Question
from awrsr.attribution.shapley_value_sampling import rises
from awrsr.config import Catalogue, ModelConfig
from awrsr.errors import ConfigError, DataError
from awrsr.models import SequentialModel

pytestmark = pytest.mark.shapes

HISTORY = [3, 1, 4, 1, 5]
TARGET, CONTRAST = 9, 2
RANDOMISED = [name for name, method in METHODS.items() if method.randomised]
ADAPTIVE = {
    "integrated_gradients": "gap",
    "gradient_shap": "largest standard error",
    "shapley_value_sampling": "largest standard error",
}
"""What each method that goes on until it is accurate makes small against its largest value."""
COMPLETE = {name: 1.0 for name, method in METHODS.items() if method.complete}
COMPLETE |= {"integrated_gradients": 1e-2, "shapley_value_sampling": 1e-6}
"""The methods whose values are meant to add up, and how far off they may be here, in item score."""
EXACTLY = {
    "integrated_gradients": {"n_steps": 32, "max_steps": 32},
    "gradient_shap": {"n_samples": 64, "max_samples": 64},
    "shapley_value_sampling": {"n_pairs": 4, "max_pairs": 4},
}
"""Settings under which a method does the same work whatever it finds."""
BASELINES = [name for name in METHODS if any(o.name == "baseline" for o in METHODS[name].options())]

attribute = awrsr.attribute
close = partial(torch.testing.assert_close, rtol=0, atol=1e-6)  # captum adds in single precision
every_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(params=["sasrec", "stosa"])
def model(request, make_model):
    return make_model(request.param, "additive", n_layers=1)


def score_of(model, history, item=TARGET) -> float:
    return float(model.item_scores(model(torch.tensor([history])))[0, -1, item - 1])


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
def test_what_a_history_longer_than_n_loses_is_not_attributed(model, method):
    long = [7, 8, *range(1, 9)]
    result = attribute(model, long, TARGET, method)
    assert result.items == long[-8:]
    assert torch.equal(result.values, attribute(model, long[-8:], TARGET, method).values)
    if method == "leave_one_out":  # what its baseline says: no older item moves in
        assert "none from before the newest n" in result.baseline
        assert float(result.values[0]) == pytest.approx(result.score - score_of(model, long[-7:]))


@every_method
def test_the_seed_decides_where_chance_has_a_part(model, method):
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


def footprint(model):
    """All that a method might leave behind: on the model, in the process's generators."""
    hooks = [
        len(getattr(module, name))
        for module in model.modules()
        for name in vars(module)
        if "hook" in name and hasattr(getattr(module, name), "__len__")
    ]
    return {
        "hooks": sum(hooks),
        "modes": [module.training for module in model.modules()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "gradients": [parameter.grad for parameter in model.parameters()],
        "flags": [parameter.requires_grad for parameter in model.parameters()],
        "weights": [value.tolist() for value in model.state_dict().values()],
        "torch": torch.random.get_rng_state().tolist(),
        "numpy": [
            part.tolist() if hasattr(part, "tolist") else part for part in np.random.get_state()
        ],
        "grad mode": torch.is_grad_enabled(),
    }


@every_method
@pytest.mark.parametrize("trainable", [False, True], ids=["frozen", "trainable"])
def test_nothing_is_left_behind(model, method, trainable):
    model.requires_grad_(trainable)
    before = footprint(model)
    attribute(model, HISTORY, TARGET, method, contrast=CONTRAST)
    assert footprint(model) == before


@every_method
@pytest.mark.parametrize("calls", [1, 2], ids=["at once", "later"])
def test_nothing_is_left_behind_by_a_failure_either(model, method, calls):
    """The model fails at its first or at its second evaluation."""
    real, count, before = model.encode, 0, footprint(model)

    def encode(*args, **kwargs):
        nonlocal count
        count += 1
        if count == calls:
            raise RuntimeError("the device fell over")
        return real(*args, **kwargs)

    model.encode = encode
    with pytest.raises(RuntimeError, match="the device fell over"):
        attribute(model, HISTORY, TARGET, method)
    del model.encode
    assert footprint(model) == before


@pytest.mark.gpu
@every_method
def test_the_gpus_generators_are_left_alone(make_model, method):
    model = make_model().to("cuda")
    torch.rand(1, device="cuda")
    before = torch.cuda.get_rng_state()
    attribute(model, HISTORY, TARGET, method)
    assert torch.equal(torch.cuda.get_rng_state(), before)


@every_method
def test_a_contrast_is_the_difference_of_two_targets(model, method):
    """All methods are linear in the score that they explain, where they do the same work for it."""
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
def test_the_gap_to_completeness_is_told_and_small_where_it_is_promised(model, method):
    result = attribute(model, HISTORY, TARGET, method)
    assert (result.delta is None) == (method not in COMPLETE)
    if result.delta is not None:
        gap = result.score - result.baseline_score - float(result.values.sum())
        assert result.delta == pytest.approx(gap)
        assert abs(result.delta) < COMPLETE[method]


def without_embedding(model, history, *slots, baseline="zero", target=TARGET):
    embeddings = model.embed(torch.tensor([history]))
    mean = model.embed(torch.arange(1, model.catalogue.n_items + 1)).mean(dim=0)
    embeddings[0, list(slots)] = mean if baseline == "mean" else 0
    states = model.encode(embeddings, torch.ones(1, len(history), dtype=torch.bool))
    return float(model.item_scores(states)[0, -1, target - 1])


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


class LinearModel(SequentialModel):
    """State: the sum of the embeddings so far, weighted 1, 2, 4 from oldest slot to newest."""

    def __init__(self) -> None:
        config = ModelConfig(max_length=3, hidden_size=2, n_heads=1)
        super().__init__(config, Catalogue(name="toy", fingerprint="", n_items=4))
        table = torch.tensor([[0, 0], [1, 0], [0, 2], [3, 1], [1, 1]])
        self.table = nn.Parameter(table.double(), requires_grad=False)

    def embed(self, items):
        return self.table[items]

    def encode(self, embeddings, present, *, recording=None, interventions=None):
        weights = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)[-embeddings.shape[1] :]
        return (embeddings * (weights * present)[..., None]).cumsum(dim=1)

    def catalogue_embeddings(self):
        return self.table[1:]

    def as_states(self, embeddings):
        return embeddings

    def compare(self, states, items):
        return states @ items.transpose(-2, -1)


@pytest.mark.parametrize("method", [name for name in METHODS if is_ours(METHODS[name])])
def test_a_linear_model_has_one_right_answer(method):
    """Items 1, 2, 3 score 1, 2, 4 with item 4, at weights 1, 2, 4."""
    model, contributions = LinearModel(), torch.tensor([1.0, 4.0, 16.0], dtype=torch.float64)
    result = attribute(model, [1, 2, 3], 4, method)
    assert result.score == 21
    if method == "gradient_shap":
        # Relative to random histories: what one item is worth more than another is exact.
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
    # Whichever is left out, [3, 3] is left; of a method from outside we do not know.
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
    unchecked = inspect.unwrap(attribute)  # of types, which the test run checks before we can
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


def test_many_threads_on_one_model_disturb_each_other_not(model):
    asked = [(method, seed) for method in METHODS for seed in (0, 1)]

    def values(question):
        method, seed = question
        history = HISTORY[seed:]
        return attribute(model, history, TARGET + seed, method, seed=seed).values

    alone = [values(question) for question in asked]
    before = footprint(model)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(values, asked))
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))
    assert footprint(model) == before


@every_method
def test_the_facts_are_stated(method):
    chosen = METHODS[method]
    assert chosen.name == method
    for fact in (chosen.title, chosen().absent, chosen.source, chosen.gap_meaning):
        assert fact.strip()
    assert (chosen.gap_meaning == "sampling gap") == (method == "gradient_shap")


# --- settings -------------------------------------------------------------------------------------


def other_value(option):
    """A value that a setting accepts and that is not its default."""
    if option.choices:
        return next(name for name in option.choices if name != option.default)
    return type(option.default)(min(option.high, max(option.low, option.default * 2 + 1)))


every_option = pytest.mark.parametrize(
    ("method", "option"),
    [(name, option) for name, method in METHODS.items() for option in method.options()],
    ids=lambda value: getattr(value, "name", value),
)


@every_method
def test_settings_are_declared_with_a_default_what_is_accepted_and_a_line_of_help(method):
    declared = METHODS[method].options()
    defaults = {option.name: option.default for option in declared}
    assert METHODS[method]().to_json() == defaults
    assert METHODS[method].with_settings(defaults).changed() == {}
    for option in declared:
        assert option.help.strip() and "\n" not in option.help and option.accepted
        changed = {option.name: other_value(option)}
        assert METHODS[method].with_settings(changed).changed() == changed
    assert METHODS[method].with_settings(METHODS[method].in_studies)  # they are accepted ones


@every_option
def test_a_setting_is_recorded_and_changes_what_is_found(model, method, option):
    names = [one.name for one in METHODS[method].options()]
    little = dict(zip(names, (16, 32, 0.0), strict=False)) if method in ADAPTIVE else {}
    changed = {option.name: 40 if option.high > 1 else 1.0 if not option.choices else "mean"}
    plain = attribute(model, HISTORY, TARGET, method, seed=3, **little)
    result = attribute(model, HISTORY, TARGET, method, seed=3, **(little | changed))
    assert result.settings == plain.settings | changed
    assert not torch.equal(result.values, plain.values)
    assert (result.baseline != plain.baseline) == (option.name == "baseline")


@every_option
def test_a_value_that_a_setting_does_not_accept_is_refused_before_any_work(
    make_model, method, option
):
    model = make_model()
    model.encode = None
    for wrong in ("x", None, True, [1], float("nan"), -1, 1e9):
        with pytest.raises(ConfigError) as caught:
            inspect.unwrap(attribute)(model, HISTORY, TARGET, method, **{option.name: wrong})
        assert str(caught.value).startswith(f"settings of {method}: ")
        assert f"{option.name} " in str(caught.value)
        assert repr(wrong) in str(caught.value)
        for accepted in option.choices or (f"{option.low} to {option.high}",):
            assert accepted in str(caught.value)


@every_method
def test_an_unknown_setting_is_refused_with_the_accepted_and_the_nearest_name(make_model, method):
    names = [option.name for option in METHODS[method].options()]
    wrong = names[0] + "s" if names else "steps"
    near = f" Did you mean '{names[0]}'" if names else "$"
    accepted = ", ".join(names) or "none"
    text = f"settings of {method}: unknown field '{wrong}'; accepted: {accepted}.{near}"
    with pytest.raises(ConfigError, match=text):
        attribute(make_model(), HISTORY, TARGET, method, **{wrong: 3})


@pytest.mark.parametrize("method", BASELINES)
def test_the_mean_embedding_of_the_catalogue_may_stand_for_an_absent_item(model, method):
    result = attribute(model, HISTORY, TARGET, method, baseline="mean")
    everything = range(len(HISTORY))
    assert "mean embedding of the catalogue" in result.baseline
    if METHODS[method].complete:
        nothing = without_embedding(model, HISTORY, *everything, baseline="mean")
        assert result.baseline_score == pytest.approx(nothing)
        assert abs(result.delta) < COMPLETE[method]
    else:
        expected = [
            result.score - without_embedding(model, HISTORY, slot, baseline="mean")
            for slot in everything
        ]
        assert result.values.tolist() == pytest.approx(expected)


# --- how far a method goes ------------------------------------------------------------------------


@pytest.mark.parametrize("method", ADAPTIVE)
def test_a_method_goes_on_until_its_error_is_small_or_its_bound_is_reached(model, method):
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
        if effort.count > 2:  # it doubles, and no more than that
            settings[bound] = effort.count // 2
            before = attribute(model, HISTORY, TARGET, method, seed=1, **settings)
            assert not before.effort.enough
        counts.append(effort.count)
    assert counts == sorted(counts) and counts[-1] == 100
    assert set(counts[:-1]) <= {2, 4, 8, 16, 32, 64, 100}


@every_method
def test_only_methods_that_go_on_say_how_far_and_only_chance_has_an_error(model, method):
    result = attribute(model, HISTORY, TARGET, method)
    if is_ours(METHODS[method]):
        assert (result.effort is None) == (method not in ADAPTIVE)
    assert (result.standard_errors is None) == (method not in RANDOMISED)
    if result.standard_errors is not None:
        assert result.standard_errors.shape == result.values.shape
        assert result.standard_errors.dtype == result.values.dtype
        assert (result.standard_errors > 0).all()


def test_a_start_above_the_bound_is_all_there_is(model):
    result = attribute(model, HISTORY, TARGET, n_steps=70, max_steps=3, tolerance=0.0)
    assert result.effort.count == 70 and not result.effort.enough


def test_values_of_nothing_but_zeros_are_exact(model):
    result = attribute(model, HISTORY, TARGET, contrast=TARGET)
    assert (result.effort.error, result.effort.count) == (0, 32)


def test_more_steps_of_integrated_gradients_close_the_gap(model):
    gaps = [
        abs(attribute(model, HISTORY, TARGET, n_steps=n_steps, max_steps=1).delta)
        for n_steps in (4, 400)
    ]
    assert gaps[1] < 1e-6 < gaps[0]


def exact_shapley(model, history, target=TARGET):
    """Reference: over all subsets."""
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
    """Captum is given the orders that this seed draws, each followed by its reverse."""
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
    """Unbiased, and as far off as the standard errors say."""
    n = len(values)
    spread = values.std(axis=0, ddof=1)
    assert (np.abs(values.mean(axis=0) - expected) < 4 * spread / np.sqrt(n)).all()
    np.testing.assert_allclose(np.sqrt((errors**2).mean(axis=0)), spread, rtol=0.25)
    covered = np.abs(values - expected) < 2 * errors
    assert 0.85 < covered.mean() <= 0.99  # 95% where the errors' own error is nil


def test_standard_errors_of_shapley_cover_the_exact_values(make_model):
    model = make_model("sasrec", "additive", n_layers=1)
    values, errors = many_seeds(model, "shapley_value_sampling", n_pairs=12, max_pairs=12)
    check_errors(values, errors, exact_shapley(model, HISTORY))


def test_standard_errors_of_gradient_shap_cover_the_expected_gradients(make_model):
    model = make_model("sasrec", "additive", n_layers=1)
    values, errors = many_seeds(model, "gradient_shap", n_samples=100, max_samples=100)
    settled = attribute(
        model, HISTORY, TARGET, "gradient_shap", seed=999, n_samples=12_000, tolerance=1.0
    )
    assert (settled.standard_errors.numpy() < 0.1 * errors.mean(axis=0)).all()
    check_errors(values, errors, settled.values.numpy())


class PairModel(LinearModel):
    """Scores a history by squares of sums: by its items and by pairs of them."""

    def encode(self, embeddings, present, **_):
        return super().encode(embeddings, present).square()


def test_an_order_and_its_reverse_are_exact_where_items_work_in_pairs():
    """Single orders are not: their spread is what the pairs save."""
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
