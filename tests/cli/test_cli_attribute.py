"""The verb attribute on the tiny model, and what it refuses."""

from pathlib import Path

import pytest
from command_lines import HISTORY, ITEMS, check_refused, model_and_dataset

import awrsr
from awrsr.attribution import METHODS

REFUSED = {
    "unknown-setting": (
        f"attribute MODEL {HISTORY} '101' --settings.n_step 3",
        "settings of integrated_gradients: unknown field 'n_step'; accepted: n_steps, max_steps, "
        "tolerance, baseline. Did you mean 'n_steps'",
    ),
    "setting-that-is-another-argument": (
        f"attribute MODEL {HISTORY} '101' --settings.seed 3",
        "settings of integrated_gradients: unknown field 'seed'; accepted: n_steps, max_steps, ",
    ),
    "setting-of-a-method-without": (
        f"attribute MODEL {HISTORY} '101' --method leave_one_out --settings.n_steps 3",
        "settings of leave_one_out: unknown field 'n_steps'; accepted: none.",
    ),
    "setting-out-of-range": (
        f"attribute MODEL {HISTORY} '101' --settings.n_steps 0",
        "settings of integrated_gradients: n_steps must be a whole number, 1 to 2048; received 0",
    ),
    "setting-of-another-kind": (
        f"""attribute MODEL {HISTORY} '101' --settings '{{"baseline": ["mean"]}}'""",
        "settings of integrated_gradients: unknown baseline ['mean']; accepted: zero, mean.",
    ),
    "settings-not-an-object": (
        f"attribute MODEL {HISTORY} '101' --settings 64",
        "--settings must be a JSON object, such as '{\"name\": 1}'; received '64'.",
    ),
    "target-unknown": (
        f"attribute MODEL {HISTORY} 'Flim C'",
        "unknown title or id 'Flim C' in tiny. Did you mean 'Film C (1993)'",
    ),
    "target-beyond-the-catalogue": (f"attribute MODEL {HISTORY} 12", "unknown title or id '12'"),
    "contrast-unknown": (f"attribute MODEL {HISTORY} 103 --contrast 0", "unknown title or id '0'"),
    "unknown-method": (
        f"attribute MODEL {HISTORY} 103 --method integrated_gradient",
        "unknown attribution method 'integrated_gradient'; accepted: integrated_gradients, ",
    ),
    "seed-out-of-range": (
        f"attribute MODEL {HISTORY} 103 --seed -1",
        "seed must be a whole number",
    ),
}


@pytest.mark.parametrize(
    "method, contrast",
    [
        ("integrated_gradients", None),
        ("integrated_gradients", "Film B (1992)"),
        ("gradient_shap", None),
        ("leave_one_out", None),
        ("shapley_value_sampling", None),
    ],
)
def test_attribute_prints_one_value_per_item(call, place: Path, method: str, contrast: str | None):
    option = f"--contrast '{contrast}'" if contrast else ""
    line = f"attribute MODEL {HISTORY} 'Film K (2001)' {option} --method {method} --seed 3"
    code, out, err = call(line + " --device cpu")
    assert (code, err) == (0, "")
    model, dataset = model_and_dataset(place)
    second = dataset.lookup(contrast) if contrast else None
    expected = awrsr.attribute(model, ITEMS, 11, method, second, seed=3)
    lines = out.splitlines()
    less = ", minus score of Film B (1992) (id 102)" if contrast else ""
    settings = "".join(f", {name} {value}" for name, value in expected.settings.items())
    took = [] if expected.effort is None else [f"took      {expected.effort}"]
    head = [
        f"question  score of Film K (2001) (id 111){less}",
        f"method    {METHODS[method].title}{settings}",
        *took,
        "unit      item score",
        f"baseline  {expected.baseline}",
        "",
    ]
    assert lines[: len(head)] == head
    columns = "value" + " standard error" * (expected.standard_errors is not None)
    assert lines[len(head)].strip() == columns
    rows = zip(
        dataset.titles(ITEMS),
        *(column for column in (expected.values, expected.standard_errors) if column is not None),
        lines[len(head) + 1 : len(head) + 4],
        strict=True,
    )
    for title, *numbers, printed in rows:
        assert printed.startswith(title)
        shown = [float(cell) for cell in printed.removeprefix(title).split()]
        assert shown == pytest.approx([float(number) for number in numbers], abs=1e-4)
    assert f"score {expected.score:+.4f}" in lines[-1]
    gaps = {"leave_one_out": "not promise a sum", "gradient_shap": "sampling gap "}
    assert gaps.get(method, "completeness gap ") in lines[-1]


@pytest.mark.parametrize(
    "asked",
    [
        "--settings.n_samples 4 --settings.max_samples 8 --settings.tolerance 0.001",
        """--settings '{"n_samples": 4, "max_samples": 8, "tolerance": 0.001}'""",
    ],
    ids=["one by one", "an object"],
)
def test_attribute_takes_the_settings_of_its_method(call, place: Path, asked: str):
    code, out, err = call(f"attribute MODEL {HISTORY} '101' --method gradient_shap {asked}")
    assert (code, err) == (0, "")
    assert "Gradient SHAP, n_samples 4, max_samples 8, tolerance 0.001, seed 0\n" in out
    model, _ = model_and_dataset(place)
    settings = {"n_samples": 4, "max_samples": 8, "tolerance": 0.001}
    expected = awrsr.attribute(model, ITEMS, 1, "gradient_shap", **settings)
    assert not expected.effort.enough and f"took      {expected.effort}\n" in out
    assert "8 samples, the bound: largest standard error " in out


def test_help_lists_every_setting_of_every_method(call):
    _, out, _ = call("attribute --help")
    words = " ".join(out.split())
    for name, method in METHODS.items():
        assert name in words
        for option in method.options():
            said = f"{option.name} ({option.default}; {option.accepted}) {option.help}"
            assert said in words


@pytest.mark.parametrize("line, message", REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused(call, place: Path, line: str, message: str):
    check_refused(call, place, line, message)
