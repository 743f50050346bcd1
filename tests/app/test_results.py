"""The page Results shows the contents of the recorded files."""

from pathlib import Path

import numpy as np
import pytest
from checking import unpacked
from driving import figures, messages, open_results, run, sent, texts, unescaped
from driving import tables as shown
from recorded import DATASET, EXPERIMENTS, GRID, LOSS

from app.figures.results import cutoff_figure, interval_figure, trend_figure, verdict_figure
from app.views.results import example as example_module
from awrsr.experiments import examples, sentences, tables
from awrsr.experiments.averages import epoch_means, means
from awrsr.experiments.comparison import PAIRED_METRICS, records
from awrsr.experiments.record import read_results
from awrsr.experiments.verdict import mechanism_name, verdict_rows
from awrsr.experiments.verdict_words import sentence, verdict_table

RECORDED = sorted(path.stem for path in EXPERIMENTS.glob("*.toml") if path.with_suffix("").is_dir())
QUICK = ("ml-latest-small", "planted-two-layers")
"""The experiments that the quick tests open."""


def test_everything_shown_equals_the_files(folder: Path):
    page, found = open_results(), read_results(folder / f"{GRID}.toml")
    assert messages(page) == []
    said = texts(page)
    rows = verdict_rows([found])
    assert any(all(f"- {sentence(row)}" in text for row in rows) for text in said)
    (verdicts,) = shown(page, "verdict")
    expected = verdict_table(rows)
    assert verdicts.equals(expected[verdicts.columns])
    assert [*verdicts.columns[:2]] == ["dataset", "verdict"]
    assert {*expected.columns} - {*verdicts.columns} == {"command that repeats the row"}
    commands = "\n".join(row.command for row in rows)
    assert commands in [code.value for code in page.code]
    dots = [trace for trace in figures(page)["results-verdict-figure"] if trace["customdata"]]
    assert [dot["x"][0] for dot in dots] == pytest.approx(
        [
            gain["difference"] / gain["vanilla"]
            for row in rows
            for gain in (row.attention, *row.mechanisms)
        ]
    )
    for paragraph in sentences.findings(found, DATASET, LOSS):
        assert unescaped(paragraph) in said
    (models,) = shown(page, "HR@10 minus vanilla")
    assert models.equals(tables.main_table(found, DATASET, LOSS))
    (mechanisms,) = shown(page, "mixes values with")
    assert mechanisms.equals(tables.mechanism_table(found, DATASET, LOSS))
    (data,) = shown(page, "popularity HR@10")
    assert data["users"].tolist() == [f"{found.datasets['users'].item():,}"]
    assert any(text.startswith("Protocol: leave-one-out, test") for text in said)

    drawn = figures(page)
    for metric in PAIRED_METRICS:
        dots = [trace for trace in drawn[f"results-interval-{metric}"] if "error_x" in trace]
        rows = records(found.intervals[found.intervals["metric"] == metric])
        assert [dot["x"] for dot in dots] == [[row["difference"]] for row in rows]
    for backbone in ("sasrec", "stosa"):
        curves = drawn[f"results-cutoff-{backbone}"]
        part = found.test[found.test["backbone"] == backbone]
        table = means(part, [f"NDCG@{n}" for n in tables.CUTOFFS])
        for curve, row in zip(curves, records(table), strict=True):
            assert list(curve["y"]) == [row[f"NDCG@{n}"] for n in tables.CUTOFFS]
        for key, column in (("trend", "NDCG@10"), ("gradient", "grad_norm")):
            thick = [t for t in drawn[f"results-{key}-{backbone}"] if t["line"]["width"] > 2]
            (line,) = (t for t in thick if t["name"] == "simple")
            history = found.history[
                (found.history["backbone"] == backbone) & (found.history["refinement"] == "simple")
            ]
            mean = epoch_means(history, [column])
            mean = mean[mean["seeds"] == history["seed"].nunique()]  # up to the last epoch of all
            np.testing.assert_allclose(line["y"], mean[column])
    board = sent(page, "board")
    assert [source["name"] for source in board["sources"]] == ["A", "B"]


def test_what_attention_is_worth_comes_first_and_floors_are_rows_like_any_other(folder: Path):
    page, found = open_results(), read_results(folder / f"{GRID}.toml")
    assert page.exception == [] and page.error == []
    said = texts(page)
    paragraphs = [unescaped(one) for one in sentences.findings(found, DATASET, LOSS)]
    places = [said.index(one) for one in paragraphs]
    assert places == sorted(places)
    assert ["Learned attention is worth" in one for one in paragraphs] == [True, True, False, False]
    dots = [t for t in figures(page)["results-interval-NDCG@10"] if "error_x" in t]
    assert [dot["name"] for dot in dots if "SASRec" in dot["name"]] == [
        f"SASRec \u00b7 {name}"
        for name in ("simple", "value-weighted", "additive", "uniform", "identity")
    ]
    curves = figures(page)["results-cutoff-sasrec"]
    assert [curve["line"]["dash"] for curve in curves] == ["dot", *3 * ["solid"], "dash", "dash"]


@pytest.mark.slow
def test_attention_stands_first_in_the_table_the_sentences_and_the_figure(folder: Path):
    page, rows = open_results(), verdict_rows([read_results(folder / f"{GRID}.toml")])
    (verdicts,) = shown(page, "verdict")
    columns = list(verdicts)
    assert columns.index("what attention is worth") < columns.index("what refinement adds")
    assert "not recorded" not in verdicts["what attention is worth"].tolist()
    for row in rows:
        words = sentence(row)
        assert words.index("attention is worth") < words.index(mechanism_name(row.best))
    drawn = verdict_figure(rows).data
    names = {"value_weighted": "value-weighted"}
    assert [dot.name for dot in drawn] == [
        name
        for row in rows
        for name in (
            "attention",
            *(names.get(gain["refinement"], gain["refinement"]) for gain in row.mechanisms),
        )
    ]
    assert {"simple", "value-weighted", "additive", "stochastic"} <= {dot.name for dot in drawn}
    for dot, gain in ((drawn[0], rows[0].attention), (drawn[-1], rows[1].mechanisms[-1])):
        assert dot.x[0] == pytest.approx(gain["difference"] / gain["vanilla"])
        ends = (dot.x[0] - dot.error_x.arrayminus[0], dot.x[0] + dot.error_x.array[0])
        bounds = (gain["corrected_low"], gain["corrected_high"])
        assert ends == pytest.approx([bound / gain["vanilla"] for bound in bounds])


@pytest.mark.slow
def test_another_validation_metric(folder: Path):
    page = open_results()
    page.segmented_control(key="trend").set_value("NDCG@5")
    run(page)
    found = read_results(folder / f"{GRID}.toml")
    drawn = figures(page)["results-trend-sasrec"]
    for seed in (0, 1):
        history = found.history[
            found.history["run"] == f"{DATASET}-sasrec-simple-{LOSS}-seed{seed}"
        ]
        (line,) = (trace for trace in drawn if trace["name"] == f"simple, seed {seed}")
        np.testing.assert_allclose(line["y"], history["NDCG@5"])


@pytest.mark.slow
def test_lines_minus_vanilla(folder: Path):
    page = open_results()
    page.segmented_control(key="lines").set_value("Minus vanilla")
    run(page)
    assert messages(page) == []
    found = read_results(folder / f"{GRID}.toml")
    drawn = figures(page)
    rows = {
        (row["refinement"], row["seed"]): row
        for row in records(found.test)
        if row["backbone"] == "sasrec"
    }
    both = [seed for seed in range(5) if {("none", seed), ("simple", seed)} <= rows.keys()]
    curve = next(t for t in drawn["results-cutoff-sasrec"] if t["name"] == "simple")
    for value, n in zip(curve["y"], tables.CUTOFFS, strict=True):
        each = [rows["simple", s][f"NDCG@{n}"] - rows["none", s][f"NDCG@{n}"] for s in both]
        assert value == pytest.approx(np.mean(each))
    for key in ("cutoff", "trend", "gradient"):
        assert "vanilla" not in {t["name"] for t in drawn[f"results-{key}-sasrec"]}
    part = found.history[found.history["backbone"] == "sasrec"]
    norms = part.pivot(index=["seed", "epoch"], columns="refinement", values="grad_norm")
    each = (norms["simple"] - norms["none"]).unstack("seed")[both].dropna()
    line = [t for t in drawn["results-gradient-sasrec"] if t["name"] == "simple"][-1]
    np.testing.assert_allclose(line["y"], each.mean(axis=1), atol=1e-9)


@pytest.mark.slow
def test_the_example_is_the_recorded_one(folder: Path):
    page = open_results()
    found = read_results(folder / f"{GRID}.toml")
    example = examples.example_of(found, DATASET, LOSS)
    board = sent(page, "board")
    assert [item for item in board["items"]] == example.items
    assert board["titles"] == example.titles
    options = example_module.pairs_with_vanilla(example)
    assert len(options) == 11 and set(options.values()) == {
        f"{DATASET}-{backbone}-none-{LOSS}-seed0" for backbone in ("sasrec", "stosa")
    }
    (box,) = (box for box in page.selectbox if box.key.startswith("example-"))
    run_name = f"{DATASET}-stosa-stochastic-{LOSS}-seed0"
    box.set_value(run_name)
    run(page)
    drawn = sent(page, "board")["sources"]
    assert [source["title"] for source in drawn] == [
        "STOSA \u00b7 vanilla",
        "STOSA \u00b7 stochastic",
    ]
    weights = example.traces[run_name].maps["first_order"]
    shown = unpacked(drawn[1]["maps"]["first"], weights.shape[-1])
    np.testing.assert_allclose(shown.reshape(weights.shape), weights, rtol=0, atol=1e-6)


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in RECORDED],
)
def test_a_recorded_experiment_opens_by_address(name: str):
    page, found = open_results(grid=name), read_results(EXPERIMENTS / f"{name}.toml")
    assert messages(page) == []
    (models,) = shown(page, "HR@10 minus vanilla")
    seeds = found.test.groupby(["dataset", "loss"])["seed"].nunique()
    first = next(part for part in tables.parts(found) if seeds[part] == seeds.max())
    assert models.equals(tables.main_table(found, *first))


def test_figures_hold_their_numbers():
    found = read_results(EXPERIMENTS / f"{GRID}.toml")
    sasrec = found.test[found.test["backbone"] == "sasrec"]
    table = means(sasrec, [f"NDCG@{n}" for n in tables.CUTOFFS])
    assert len(cutoff_figure(table, tables.CUTOFFS).data) == table["refinement"].nunique()
    row = records(found.intervals)[0]
    dot = interval_figure(found.intervals, row["metric"]).data[0]
    assert dot.x[0] + dot.error_x.array[0] == pytest.approx(row["high"])
    assert dot.x[0] - dot.error_x.arrayminus[0] == pytest.approx(row["low"])
    history = found.history[found.history["backbone"] == "sasrec"]
    lines = trend_figure(history, "grad_norm").data
    runs = history.groupby("refinement")["seed"].nunique()
    assert len(lines) == len(runs) + sum(runs[runs > 1])
