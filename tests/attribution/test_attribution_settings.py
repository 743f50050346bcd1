"""Settings of the methods: declared, recorded, refused; each has an effect."""

import inspect

import pytest
import torch
from attributed import (
    ADAPTIVE,
    BASELINES,
    COMPLETE,
    HISTORY,
    TARGET,
    attribute,
    every_method,
    without_embedding,
)

from awrsr.attribution import METHODS
from awrsr.errors import ConfigError


def other_value(option):
    """A valid value of a setting that differs from its default."""
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
    assert METHODS[method].with_settings(METHODS[method].in_studies)  # they are accepted


@every_option
def test_a_setting_is_recorded_and_changes_the_result(model, method, option):
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
