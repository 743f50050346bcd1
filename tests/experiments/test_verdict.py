"""Verdicts: an artificial grid for each, the order of rows, the command of a row."""

import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT

from awrsr.cli.main import main
from awrsr.errors import DataError, counted
from awrsr.experiments import comparison, report
from awrsr.experiments.comparison import (
    INTERVAL_COLUMNS,
    MARGIN,
    MIN_SEEDS,
    compare,
    gains,
    holm,
    records,
    verdict,
)
from awrsr.experiments.grid import read_grid, run_name
from awrsr.experiments.record import Results, read_results, refresh_intervals
from awrsr.experiments.run import choose_runs
from awrsr.experiments.verdict import Row, verdict_rows
from awrsr.experiments.verdict_words import sentence, verdict_table

EXPERIMENTS = ROOT / "experiments"
GRID = """
title = "Made up"
backbones = ["sasrec"]
refinements = ["none", "simple", "additive", "uniform"]
seeds = [0, 1, 2]

[datasets]
tiny = "tiny"

[losses]
ce = {}
"""
USERS = 4000
SAME, MORE, LESS, MUCH_LESS = (0, 0), (0.05, 0), (0, 0.05), (0, 0.1)
FEW, MANY = (0.002, 0.002), (0.25, 0.25)
"""The shares of users whose rank rises from 12 to 5, and falls from 5 to 12."""


# --- artificial grids -----------------------------------------------------------------------------


def made_up(shares: dict[str, tuple[float, float]], seeds: int) -> tuple:
    """Runs and ranks of an artificial grid, from the difference of each model to vanilla."""
    generator = np.random.default_rng(9)
    models, ranks = [], {}
    for seed in range(seeds):
        vanilla = np.where(generator.random(USERS) < 0.5, 5, 12)
        for kind, (rise, fall) in {"none": SAME, **shares}.items():
            changed = vanilla.copy()
            for before, after, share in ((12, 5, rise), (5, 12, fall)):
                places = generator.permutation(np.flatnonzero(vanilla == before))
                changed[places[: round(share * USERS)]] = after
            model = {"dataset": "tiny", "backbone": "sasrec", "refinement": kind, "loss": "ce"}
            ranks[run_name(**model, seed=seed)] = changed.astype(np.uint8)
            metric = gains(changed, "NDCG@10").mean()
            models.append(model | {"seed": seed, "split": "test", "NDCG@10": metric})
    return pd.DataFrame(models), ranks


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A grid file with few bootstrap samples, enough for clear differences."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comparison, "SAMPLES", 1000)
    file = tmp_path / "made.toml"
    file.write_text(GRID)
    return file


def row_of(grid: Path, seeds: int = 3, **shares: tuple[float, float]) -> Row:
    """The only row of an artificial grid."""
    runs, ranks = made_up(shares, seeds)
    tables = {"history": pd.DataFrame(), "datasets": pd.DataFrame()}
    found = Results(
        grid=read_grid(grid), runs=runs, intervals=compare(runs, ranks), missing=[], **tables
    )
    (row,) = verdict_rows([found])
    return row


@pytest.mark.slow
def test_mechanisms_are_corrected_together_and_floors_are_not_among_them():
    runs, ranks = made_up({"simple": FEW, "additive": MANY, "uniform": LESS}, seeds=3)
    table = compare(runs, ranks)
    for row in records(table):
        assert row["corrected_for"] == (1 if row["refinement"] == "uniform" else 2)
        assert row["corrected_low"] <= row["low"] <= row["difference"]
        assert row["difference"] <= row["high"] <= row["corrected_high"]
        assert row["p"] <= row["corrected_p"] <= 1
        assert row["standard_error"] > 0
    for metric, rows in table.groupby("metric"):
        mechanisms = rows[rows["refinement"] != "uniform"]
        assert holm(mechanisms["p"].tolist()) == mechanisms["corrected_p"].tolist(), metric
        assert rows[rows["refinement"] == "uniform"].eval("p == corrected_p").all()


# --- verdicts -------------------------------------------------------------------------------------

VERDICTS = {
    "helps": (dict(simple=MORE, additive=SAME, uniform=LESS), "simple (+", ") helps."),
    "helps; additive harms": (
        dict(simple=MORE, additive=LESS, uniform=LESS),
        "simple (+",
        ") helps; additive (-",
        ") harms.",
    ),
    "harms": (dict(simple=LESS, additive=MUCH_LESS, uniform=LESS), "every mechanism harms (the"),
    "does not help": (dict(simple=FEW, additive=SAME, uniform=LESS), "no mechanism helps by 2"),
    "does not help; additive and value-weighted harm": (
        dict(simple=FEW, additive=LESS, value_weighted=MUCH_LESS, uniform=LESS),
        "no mechanism helps by 2",
        "; additive (-",
        ", value-weighted (-",
        ") harm.",
    ),
    "inconclusive": (dict(simple=MANY, uniform=LESS), "is inconclusive (the best", "detectable"),
    "gain from attention cannot be told; inconclusive": (
        dict(simple=MANY, uniform=MANY),
        "whether attention is better than the even average cannot be told",
        "smallest detectable effect",
    ),
    "no gain from attention; does not help": (
        dict(simple=FEW, uniform=SAME),
        "attention is no better than the even average, so refinement has nothing to refine",
        "smallest detectable effect",
    ),
    "no gain from attention; not recorded": (
        dict(uniform=MORE),
        "attention is worse than the even average, so refinement has nothing to refine",
        "no refined model is recorded.",
    ),
    "not recorded": (dict(uniform=LESS), "attention is worth +", "no refined model is recorded."),
}


@pytest.mark.parametrize("word", VERDICTS)
def test_a_grid_for_every_verdict(word: str, grid: Path):
    shares, *said = VERDICTS[word]
    row = row_of(grid, **shares)
    assert row.verdict == word
    for words in said:
        assert words in sentence(row)
    (cells,) = records(verdict_table([row]))
    assert cells["verdict"] == word
    assert cells["vanilla NDCG@10 (seeds)"] == f"{row.vanilla:.4f} (3)"
    missing = "simple" not in shares
    assert (cells["what refinement adds"] == "not recorded") == missing
    assert cells["what attention is worth"].endswith("; 3 seeds)")
    assert missing or cells["what refinement adds"].endswith("] (3 seeds)")
    assert (cells["smallest detectable effect"] == "not recorded") == missing


@pytest.mark.parametrize(
    ("word", "seeds"), [*((word, 2) for word in VERDICTS), ("helps", 1), ("not recorded", 1)]
)
def test_few_seeds_give_no_verdict(word: str, seeds: int, grid: Path):
    row = row_of(grid, seeds=seeds, **VERDICTS[word][0])
    assert row.verdict == (
        f"{counted(seeds, 'seed')}: no verdict" if row.mechanisms else "not recorded"
    )
    assert "no verdict on attention from" in sentence(row)
    if row.mechanisms:
        assert "no verdict on refinement from" in sentence(row)
        (cells,) = records(verdict_table([row]))
        assert cells["smallest detectable effect"] == "too few seeds"


def test_without_the_even_average_the_row_says_so(grid: Path):
    row = row_of(grid, simple=MORE)
    (cells,) = records(verdict_table([row]))
    assert cells["what attention is worth"] == "not recorded"
    assert "what attention is worth is not recorded; simple (+" in sentence(row)
    assert row.verdict == "helps"


def test_the_margin_decides_between_no_help_and_inconclusive():
    row = {"seeds": 3, "vanilla": 0.5, "difference": 0.0, "corrected_p": 1.0}
    row |= {"corrected_low": -0.2}
    assert verdict([row | {"corrected_high": 0.5 * MARGIN * 0.99}]) == "does not help"
    assert verdict([row | {"corrected_high": 0.5 * MARGIN}]) == "inconclusive"
    near, far = (row | {"corrected_high": 0.5 * MARGIN * by} for by in (0.5, 2))
    assert verdict([near, far]) == "inconclusive"
    below = near | {"difference": -0.1, "corrected_p": 0.01, "corrected_high": -0.05}
    assert verdict([below]) == "harms"
    assert verdict([below, near]) == "does not help"
    above = near | {"difference": 0.1, "corrected_p": 0.01, "corrected_high": 0.3}
    assert verdict([above | {"corrected_low": 0.01}]) == "helps"
    assert verdict([above]) == "inconclusive"  # p and interval do not agree
    with pytest.raises(ValueError, match="at least one mechanism; received none"):
        verdict([])


def test_a_mechanism_that_helps_precedes_a_larger_uncertain_one():
    """The larger difference has only one seed."""
    file = EXPERIMENTS / "planted.toml"
    (row, *_) = verdict_rows([read_results(file)])
    base = {"vanilla": 0.5, "corrected_low": 0.01, "corrected_high": 0.1}
    sure = base | {"refinement": "simple", "seeds": 3, "difference": 0.02, "corrected_p": 0.01}
    large = base | {"refinement": "additive", "seeds": 1, "difference": 0.2, "corrected_p": 0.01}
    mixed = Row(**{**vars(row), "mechanisms": [large, sure]})
    assert mixed.verdict == "helps" and mixed.best == sure


# --- rows and files -------------------------------------------------------------------------------


def test_rows_of_one_dataset_in_several_grids_have_the_grids_titles():
    found = [read_results(file) for file in sorted(EXPERIMENTS.glob("*.toml"))]
    rows = verdict_rows([one for one in found if one is not None])
    keys = [(row.dataset, row.backbone, row.loss) for row in rows]
    for row, key in zip(rows, keys, strict=True):
        if keys.count(key) > 1:
            assert row.results.grid.title in (row.name, row.name[len(row.dataset) + 2 : -1])
        else:
            assert row.name == row.dataset
    assert len({(row.name, row.backbone, row.loss) for row in rows}) == len(rows)


def test_rows_are_ordered_by_the_gain_of_attention():
    found = [read_results(file) for file in sorted(EXPERIMENTS.glob("*.toml"))]
    rows = verdict_rows([one for one in found if one is not None])
    known = [row.attention is not None and row.attention["seeds"] >= MIN_SEEDS for row in rows]
    assert known == sorted(known, reverse=True) and sum(known) > 2
    shares = [
        row.attention["difference"] / row.attention["vanilla"]
        for row, is_known in zip(rows, known, strict=True)
        if is_known
    ]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.slow
def test_the_command_of_a_row_trains_only_its_runs():
    for file in sorted(EXPERIMENTS.glob("*.toml")):
        found = read_results(file)
        for row in verdict_rows([] if found is None else [found]):
            words = shlex.split(row.command)
            only = words[words.index("--only") + 1]
            chosen = {run.name for run in choose_runs(found.grid, only)}
            assert chosen == {
                run.name
                for run in found.grid.runs
                if run.dataset == row.dataset
                and (run.model.backbone, run.train.loss) == (row.backbone, row.loss)
            }


@pytest.mark.slow
def test_former_columns_are_computed_again_by_the_report(tmp_path: Path, capsys):
    """intervals.csv in its form without p values; all other files of the folder stay."""
    name = "planted-two-layers"
    shutil.copy(EXPERIMENTS / f"{name}.toml", tmp_path)
    shutil.copytree(EXPERIMENTS / name, tmp_path / name)
    path, grid = tmp_path / name / "intervals.csv", tmp_path / f"{name}.toml"
    written = path.read_bytes()
    assert not refresh_intervals(grid)
    pd.read_csv(path)[INTERVAL_COLUMNS[:12]].to_csv(path, index=False)
    with pytest.raises(DataError, match="awrsr report` computes it again"):
        read_results(grid)
    folder, output = str(tmp_path), str(tmp_path / "R.md")
    assert main(["report", "--experiments", folder, "--output", output]) == 0
    assert path.read_bytes() == written
    assert not refresh_intervals(grid)


def test_the_report_begins_with_the_verdict():
    text = (ROOT / "RESULTS.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line]
    assert lines[0] == "# Results"
    assert lines[1].startswith("| dataset | model and loss | vanilla NDCG@10 (seeds) | what attent")
    found = [read_results(file) for file in report.grid_files(EXPERIMENTS)]
    rows = verdict_rows([one for one in found if one is not None])
    for row, line in zip(rows, lines[3:], strict=False):
        assert line.startswith(f"| {row.name} |") and f"| {row.verdict} |" in line
    for row in rows:
        assert text.index(sentence(row)) < text.index("## Data")
