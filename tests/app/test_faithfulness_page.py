"""Faithfulness on the page: the panel for one history, and recorded studies."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from driving import (
    HOSTILE,
    add_dataset,
    add_model,
    click,
    figures,
    messages,
    open_faithfulness,
    open_page,
    run,
    tables,
    texts,
    titled,
)
from helpers import ROOT

import awrsr
from app import folders
from app.figures.faithfulness import mean_curves
from app.views.inspect.faithfulness import heading
from awrsr.data.batching import training_popularity
from awrsr.data.planted import CAUSES_FILE, plant
from awrsr.explain import (
    EXPLANATIONS,
    MEASURES,
    NEWEST_FIRST,
    RANDOM,
    explanation_orders,
    faithfulness_curves,
    faithfulness_measures,
)
from awrsr.studies import FORCED_SHARE, against_floor, write_study

MODELS = ("sasrec-none", "sasrec-additive")


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset of hostile titles with two models, offered before the embedded ones."""
    monkeypatch.setenv(folders.ASSETS_VARIABLE, str(tmp_path))
    return add_dataset(tmp_path, titled([*HOSTILE, "Heat", "Fargo", "Alien"]), *MODELS)


def study(directory: Path, names: tuple[str, ...] = MODELS, **settings) -> Path:
    dataset = awrsr.load_dataset(directory)
    path = directory / "faithfulness" / "_".join(names)
    models = {name: directory / "models" / name for name in names}
    write_study(models, dataset, path, device="cpu", **{"sample": 4, **settings})
    return path


@pytest.mark.slow
def test_the_panel_measures_on_request_and_shows_the_librarys_numbers(directory: Path):
    page = open_page(source="own", items="3.1.4.9", target=7, panel="faithfulness")
    assert not [key for key in figures(page) if key.startswith("faithful-")]
    click(page, "Measure")
    drawn = figures(page)
    dataset = awrsr.load_dataset(directory)
    table = tables(page, "explanation", "model", heading("deletion"))[0]
    for side, name in zip("ab", MODELS, strict=True):
        model = awrsr.load_model(directory / "models" / name, "auto")
        history = [3, 1, 4, 9]
        orders = explanation_orders(
            model, awrsr.trace(model, history), 7, training_popularity(dataset)
        )
        curves = faithfulness_curves(model, history, 7, orders)
        lines = {trace["name"]: trace for trace in drawn[f"faithful-curves-{side}"][::2]}
        for explanation in ("first_order", "leave_one_out", "random"):
            line = lines[EXPLANATIONS[explanation].title]
            assert list(line["x"]) == [0, 1, 2, 3]
            expected = curves[explanation].deletion.standard_scores
            np.testing.assert_allclose(np.array(line["y"]), expected, atol=1e-4)
            row = table[
                (table["explanation"] == EXPLANATIONS[explanation].title)
                & (table["model"] == side.upper())
            ].iloc[0]
            for measure, value in faithfulness_measures(curves[explanation]).items():
                assert row[heading(measure)] == pytest.approx(value, abs=1e-3)
    assert len(MEASURES) == len(table.columns) - 2


def test_one_item_has_no_curve(directory: Path):
    page = open_page(source="own", items="3", panel="faithfulness")
    assert any("a curve needs 2 or more" in box.value for box in page.info)
    assert not [button for button in page.button if button.label == "Measure"]


def test_without_a_study_the_page_says_which_command_makes_one(directory: Path):
    page = open_faithfulness()
    assert messages(page) == []
    (line,) = [code.value for code in page.code]
    a, b = (directory / "models" / name for name in MODELS)
    assert line == f"python -m awrsr faithfulness {a} --beside {b} --sample 200 --seed 0"


@pytest.mark.slow
def test_a_half_finished_study_says_how_to_go_on(directory: Path):
    class Killed(Exception):
        pass

    def kill(done: int, total: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        study(directory, sample=11, command="python -m awrsr faithfulness x", progress=kill)
    page = open_faithfulness()
    assert any("unfinished: 10 of 11 users" in box.value for box in page.info)
    assert "python -m awrsr faithfulness x --resume" in [code.value for code in page.code]


def test_a_study_is_shown_as_recorded(directory: Path):
    path = study(directory)
    page = open_faithfulness()
    assert messages(page) == []
    summary = awrsr.studies.read_study(path).summary
    random = summary["explanation"].str.startswith("random")
    rows = summary[(summary["measure"] == "deletion") & ~random]
    (vanilla, additive) = figures(page)["faithful-less-floor"]
    for trace, name in zip((vanilla, additive), MODELS, strict=True):
        expected = rows[rows["model"] == name].set_index("explanation")["less_floor"]
        shown = dict(zip(trace["text"], trace["x"], strict=True))
        assert shown == pytest.approx({EXPLANATIONS[n].title: v for n, v in expected.items()})
    table = tables(page, "explanation", "SASRec \u00b7 vanilla")[0]
    assert len(table) == len(EXPLANATIONS) and len(table.columns) == 6
    row = rows[rows["explanation"] == "recency"].iloc[0]
    cell = table.set_index("explanation").loc["Recency", "SASRec \u00b7 vanilla, minus floor"]
    assert cell.startswith(f"{row['less_floor']:+.3f} (") and cell.endswith(
        f"floor {row['floor']:.3f}*"
    )
    assert any("4 of 12 users, drawn by seed 0" in text for text in texts(page))


@pytest.mark.slow
def test_a_study_without_floors_is_compared_with_random_orders(directory: Path):
    path = study(directory)
    summary = pd.read_csv(path / "summary.csv")
    columns = [name for name in summary if "floor" in name or name == "newest_first"]
    summary.drop(columns=columns).to_csv(path / "summary.csv", index=False)
    page = open_faithfulness()
    assert messages(page) == []
    rows = summary[(summary["measure"] == "deletion") & (summary["model"] == MODELS[0])]
    shown = figures(page)["faithful-less-floor"][0]
    by_name = rows.set_index("explanation")["less_random"]
    for name, x in zip(shown["text"], shown["x"], strict=True):
        (explanation,) = (key for key, each in EXPLANATIONS.items() if each.title == name)
        assert x == pytest.approx(by_name[explanation])
    assert any("Floor: random orders." in text for text in texts(page))
    assert len(tables(page, "explanation", "SASRec \u00b7 vanilla")[0].columns) == 4


@pytest.mark.slow
def test_a_damaged_study_and_one_of_other_data_are_told(directory: Path):
    path = study(directory)
    (path / "curves.parquet").write_bytes(b"PAR1")
    assert any("is a damaged study" in message for message in messages(open_faithfulness()))
    text = (path / "study.json").read_text().replace('"finished": true', '"finished": false')
    fingerprint = awrsr.load_dataset(directory).fingerprint
    (path / "study.json").write_text(text.replace(fingerprint, "0" * 16))
    assert any("is a study of other data" in message for message in messages(open_faithfulness()))


@pytest.fixture(scope="module")
def planted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small planted dataset with three untrained models and two studies."""
    dataset, causes = plant(60, seed=1)
    directory = add_dataset(tmp_path_factory.mktemp("assets"), dataset)
    for name in (*MODELS, "sasrec-simple"):
        add_model(directory, dataset, name, max_length=20)
    causes.to_parquet(directory / CAUSES_FILE)
    study(directory, sample=8)
    study(directory, names=("sasrec-none", "sasrec-simple"), sample=4)
    return directory


@pytest.fixture
def planted(planted_once: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The planted dataset, offered; read-only."""
    monkeypatch.setenv(folders.ASSETS_VARIABLE, str(planted_once.parent))
    return planted_once


@pytest.mark.slow
def test_a_planted_study_says_how_explanations_stand_to_their_floors(planted: Path):
    page = open_faithfulness()
    found = awrsr.studies.read_study(planted / "faithfulness" / "_".join(MODELS))
    page.segmented_control(key="study_sort").set_value("occasion")
    run(page)
    assert messages(page) == []
    (said,) = (text for text in texts(page) if text.startswith("- SASRec"))
    rows = found.summary.query("sort == 'occasion' and measure == 'average_precision'")
    for line, name in zip(said.splitlines(), MODELS, strict=True):
        of_model = rows[rows["model"] == name]
        assert "occasion causes" in line
        for side, explanations in against_floor(of_model).items():
            words = {
                "better": "better than its floor",
                "undecided": "not distinguishable from its floor",
            }
            part = line.partition(f"**{words.get(side, 'worse than its floor')}**")[2]
            means = of_model.set_index("explanation")["mean"]
            for explanation in explanations:
                assert f"{EXPLANATIONS[explanation].title} {means[explanation]:.3f}" in part
        for row in of_model[of_model["newest_first"] >= FORCED_SHARE].to_dict("records"):
            if row["explanation"] in (RANDOM, NEWEST_FIRST):
                continue
            said_of = f"{EXPLANATIONS[row['explanation']].title} {row['mean']:.3f} (its floor "
            assert f"{said_of}{row['floor']:.3f}*)" in line
    left_out = found.about["open_users"]
    assert left_out > 0
    assert any(f"{left_out} users without a planted cause" in text for text in texts(page))


@pytest.mark.slow
def test_the_study_is_that_of_the_pair_in_the_sidebar_where_there_is_one(planted: Path):
    page = open_faithfulness()
    assert page.session_state["study"] == "sasrec-none_sasrec-additive"
    page.selectbox(key="b").set_value("sasrec-simple")
    run(page)
    assert page.session_state["study"] == "sasrec-none_sasrec-simple"
    other = "This study is about other models than those chosen in the sidebar"
    assert not any(other in text for text in texts(page))
    page.selectbox(key="study").set_value("sasrec-none_sasrec-additive")
    assert run(page).session_state["study"] == "sasrec-none_sasrec-additive"
    assert any(other in text for text in texts(page))


def test_mean_curves_of_all_models_have_one_scale():
    found = awrsr.studies.read_study(ROOT / "assets/planted/faithfulness" / "_".join(MODELS))
    curves = found.curves[found.curves["sort"] == "all"]
    first = [name for name, each in EXPLANATIONS.items() if each.shown_first]
    drawn = [mean_curves(curves, model, first, "standard_score") for model in MODELS]
    ranges = {tuple(figure.layout[axis].range) for figure in drawn for axis in ("yaxis", "yaxis2")}
    assert len(ranges) == 1
    ((low, high),) = ranges
    shown = curves[curves["explanation"].isin(first)]
    assert low < shown["standard_score_low"].min() < shown["standard_score_high"].max() < high
