"""Attributions: several methods at once, their facts, and their agreement with attention."""

import json

import numpy as np
import pytest
from checking import check_attributions, escaped, history_and_target, read_dataset, read_model
from driving import (
    HOSTILE,
    add_dataset,
    add_model,
    choose,
    click,
    figures,
    finish,
    messages,
    open_attribution,
    run,
    tables,
    texts,
    titled,
    unescaped,
)
from helpers import EMBEDDED

import awrsr
from app.views.inspect import attributions
from app.views.inspect.agreement import SIGNED, shade
from awrsr.attribution import METHODS
from awrsr.errors import DataError
from awrsr.explain import prediction_rows
from awrsr.ranking.statistics import STATISTICS

ALL = ".".join(METHODS)
QUICK = [name for name in METHODS if not METHODS[name].slow]


OFFERED = ("sasrec-none", "sasrec-additive", "stosa-simple")


def check(page, directory):
    dataset, chosen = read_dataset(directory), page.session_state
    models = {side: read_model(directory / "models" / chosen[side]) for side in "ab"}
    history, target = history_and_target(page, dataset)
    check_attributions(finish(page), dataset, models, history, target)


def facts(page):
    (table,) = tables(page, "method", "baseline")
    return table


def agreement(page):
    (table,) = tables(page, "layer", "head", "map")
    return table


# --- methods --------------------------------------------------------------------------------------


def test_the_first_picture_is_of_integrated_gradients():
    page = open_attribution()
    assert [trace["name"] for trace in figures(page)["attribution"]] == [
        "A Integrated gradients",
        "B Integrated gradients",
    ]
    assert messages(page) == []
    check(page, EMBEDDED)


@pytest.mark.slow
def test_all_methods_of_a_long_history_against_a_rival():
    settings = (
        "integrated_gradients:max_steps:32,gradient_shap:max_samples:64,"
        "shapley_value_sampling:n_pairs:2,shapley_value_sampling:max_pairs:4"
    )
    page = open_attribution(
        methods=ALL, settings=settings, user=20, target=99, rival=7, b="stosa-stochastic"
    )
    check(page, EMBEDDED)
    assert len(figures(page)["attribution"]) == 2 * len(METHODS)
    dataset = read_dataset(EMBEDDED)
    question = f"score of {dataset.titles([99])[0]} minus score of {dataset.titles([7])[0]}. "
    assert any(question in text for text in texts(page))
    assert page.query_params["methods"] == ALL


@pytest.mark.slow
def test_methods_stand_in_their_own_order_whatever_the_order_of_clicks(directory):
    page = choose(open_attribution(), methods=[QUICK[2], QUICK[0]])
    assert facts(page)["method"].tolist() == [
        METHODS[name].title for name in (QUICK[0], QUICK[2]) for _ in "ab"
    ]
    check(page, directory)
    copied = open_attribution(**page.query_params)
    assert copied.session_state["methods"] == page.session_state["methods"]


def test_no_method_is_a_choice_too(directory):
    page = choose(open_attribution(), methods=[])
    assert "Choose at least one method." in [info.value for info in page.info]
    assert not figures(page).get("attribution")
    assert run(page).session_state["methods"] == []
    assert messages(page) == []


@pytest.mark.slow
def test_facts_name_the_gap_the_baseline_and_the_settings(directory):
    page = finish(open_attribution(methods=ALL))
    table = facts(page).set_index(["method", "model"])
    for name, method in METHODS.items():
        for side in "AB":
            row = table.loc[(method.title, side)]
            assert row["baseline"] == method().absent
            assert row["source"] == method.source
            assert row["gap"].endswith(
                f"({method.gap_meaning})" if method.complete else "no completeness"
            )
            assert row["time"].endswith(" ms")
            assert ("seed 0" in row["settings"]) == method.randomised, name


def test_settings_are_of_the_chosen_methods_and_what_they_accept(directory):
    page = open_attribution(methods=ALL)
    widgets = {box.key: box for box in [*page.number_input, *page.selectbox]}
    for name, method in METHODS.items():
        for option in method.options():
            widget = widgets[f"setting-{name}-{option.name}"]
            assert (widget.label, widget.value) == (option.name, option.default)
            assert widget.help.startswith(option.help)
            if option.choices:
                assert tuple(widget.options) == option.choices
            else:
                assert (widget.min, widget.max) == (option.low, option.high)
    assert "settings" not in page.query_params
    choose(page, methods=["leave_one_out"])
    assert not any("-" in (box.key or "") for box in page.number_input)
    assert "The chosen methods have no settings." in [text.value for text in page.caption]


@pytest.mark.slow
def test_a_setting_decides_what_is_computed_and_is_in_the_address_until_it_is_taken_back(directory):
    page = open_attribution(methods="integrated_gradients.feature_ablation")
    choose(
        page,
        **{"setting-integrated_gradients-n_steps": 2, "setting-integrated_gradients-max_steps": 3},
    )
    choose(page, **{"setting-feature_ablation-baseline": "mean"})
    assert page.query_params["settings"] == (
        "integrated_gradients:n_steps:2,integrated_gradients:max_steps:3,feature_ablation:"
        "baseline:mean"
    )
    row = facts(page).iloc[0]
    assert row["settings"].startswith("n_steps 2, max_steps 3, ")
    check(page, directory)
    copied = open_attribution(**page.query_params)
    assert facts(copied)["settings"].tolist() == facts(page)["settings"].tolist()
    choose(page, methods=["feature_ablation"])
    choose(page, methods=["integrated_gradients"])  # settings of methods not on the page are kept
    assert page.session_state["settings"]["integrated_gradients"] == {"n_steps": 2, "max_steps": 3}
    click(page, "Reset to defaults")
    assert page.session_state["settings"] == {} and "settings" not in page.query_params
    check(page, directory)


@pytest.mark.slow
def test_a_bound_that_ends_the_work_is_said_above_the_bars(directory):
    settings = "gradient_shap:max_samples:64,gradient_shap:tolerance:0.0001"
    page = finish(open_attribution(methods="gradient_shap.leave_one_out", settings=settings))
    (said,) = (text for text in texts(page) if "the bound: " in text)
    for side in "AB":
        assert f"Gradient SHAP, {side}: 64 samples, the bound: largest standard error" in said
    assert any("Whiskers: \u00b1 one standard error" in text for text in texts(page))
    assert "the bound" in facts(page)["took"][0]
    page = open_attribution(methods="integrated_gradients")
    assert not any("Whiskers" in text or "the bound" in text for text in texts(page))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("b", "shared", "said"),
    [
        ("sasrec-additive", True, "the two panels of a method share one scale."),
        ("stosa-simple", False, "they differ between backbones"),
    ],
)
def test_models_of_one_unit_have_one_scale(directory, b, shared, said):
    page = open_attribution(a="sasrec-none", b=b, methods=".".join(QUICK[:2]))
    layout = json.loads(page.get("plotly_chart")[0].proto.spec)["layout"]
    ranges = [layout[f"xaxis{place}"]["range"] for place in ("", 2, 3, 4)]
    assert (ranges[0] == ranges[1]) == (ranges[2] == ranges[3]) == shared
    assert any(said in text for text in texts(page))


def test_a_model_that_sees_fewer_items(directory, tiny_dataset):
    add_model(directory, tiny_dataset, "stosa-none", max_length=3)
    page = open_attribution(a="sasrec-additive", b="stosa-none", user="1000")
    drawn = figures(page)["attribution"]
    assert len(drawn[1]["y"]) == 3 < len(drawn[0]["y"])
    assert drawn[1]["y"] == drawn[0]["y"][-3:]
    check(page, directory)


def test_a_model_that_cannot_be_read_leaves_the_other(directory):
    (directory / "models" / "sasrec-none" / "config.json").write_text("{")
    page = open_attribution(a="sasrec-none", b="sasrec-additive")
    assert [trace["name"] for trace in figures(page)["attribution"]] == ["B Integrated gradients"]
    assert agreement(page).columns.tolist() == ["layer", "head", "map", "Integrated gradients B"]


@pytest.mark.slow
def test_titles_are_text(directory, tmp_path):
    add_dataset(tmp_path, titled(HOSTILE), "sasrec-none", "stosa-simple")
    items = ".".join(map(str, range(1, len(HOSTILE) + 1)))
    page = open_attribution(dataset="titled", source="own", items=items, target=3, rival=1)
    named = f"score of {HOSTILE[2]} minus score of {HOSTILE[0]}. "
    assert any(named in text for text in texts(page))
    for trace in figures(page)["attribution"]:
        assert [name[3:] for name in trace["y"]] == [escaped(title) for title in HOSTILE]
    assert not any(
        title in box.value for title in HOSTILE for box in [*page.markdown, *page.caption]
    )


# --- agreement ------------------------------------------------------------------------------------


@pytest.mark.few(1)
@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("signed", [False, True])
def test_agreement_is_the_librarys(directory, statistic, signed):
    page = open_attribution(a="sasrec-none", b="stosa-simple", methods=".".join(QUICK), target=4)
    changes = {"agreement_statistic": statistic}
    choose(page, **(changes | {"agreement_side": SIGNED} if signed else changes))
    dataset, table = read_dataset(directory), agreement(page)
    history, _ = history_and_target(page, dataset)
    shown = table.set_index(["layer", "head", "map"])
    assert len(shown) == 2 * 3 * 3
    for side in "ab":
        model = read_model(directory / "models" / page.session_state[side])
        attributed = {
            name: awrsr.attribute(model, history, 4, name).values.numpy() for name in QUICK
        }
        places = set()
        for row in prediction_rows(awrsr.trace(model, history)):
            head = "mean" if row.head is None else str(row.head + 1)
            place = (str(row.layer + 1), head, row.kind.replace("_", " "))
            places.add(place)
            for name, values in attributed.items():
                expected = STATISTICS[statistic](row.weights, values if signed else abs(values))
                said = shown.loc[place, f"{METHODS[name].title} {side.upper()}"]
                assert float(said) == pytest.approx(expected, abs=0.006)
        assert (len(places) == 12) == (side == "a")
        for place in set(shown.index) - places:  # the vanilla model's second order
            assert shown.loc[place, f"Integrated gradients {side.upper()}"] == "\u2013"
    (said,) = (text for text in texts(page) if text.startswith(statistic))
    n = min(len(history), 8)
    assert f"n = {n} items in A, n = {n} items in B" in said


def test_agreement_of_two_items_is_not_defined(directory):
    page = open_attribution(source="own", items="1.2", a="sasrec-additive", b="stosa-simple")
    cells = agreement(page).drop(columns=["layer", "head", "map"])
    assert set(np.unique(cells)) == {"not defined"}


@pytest.mark.few(1)
@pytest.mark.parametrize("items", ["1", "1.1.1", "1.2.3"])
def test_the_shortest_histories(directory, items):
    page = finish(open_attribution(source="own", items=items, methods=ALL, target=5))
    assert messages(page) == []
    check(page, directory)


def test_shades_grow_with_the_correlation_and_words_have_none():
    assert shade("not defined") == shade("\u2013") == ""
    strong, weak, opposite = (shade(value) for value in (1.0, 0.1, -1.0))
    assert strong.endswith("0.600)") and weak.endswith("0.060)")
    assert strong.split(", ")[0] != opposite.split(", ")[0]


def test_a_methods_error_is_told_in_its_place(directory, monkeypatch):
    def refuse(*_):
        raise DataError("the <b>history</b> is odd")

    monkeypatch.setattr(attributions.cache, "get_attribution", refuse)
    page = open_attribution()
    assert [unescaped(box.value) for box in page.error] == [
        f"Integrated gradients, {side}: SASRec \u00b7 {kind}: the <b>history</b> is odd"
        for side, kind in (("A", "vanilla"), ("B", "additive"))
    ]
    assert "<b>" not in page.error[0].value
