"""The report of a grid and its sentences."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from awrsr.cli.main import main
from awrsr.experiments import comparison, sentences
from awrsr.experiments import record as results
from awrsr.experiments.comparison import compare
from awrsr.experiments.grid import run_name
from awrsr.experiments.record import read_results


@pytest.mark.parametrize(
    "low, high, p, words",
    [
        (0.01, 0.03, 0.01, "helps"),
        (-0.03, -0.01, 0.01, "harms"),
        (-0.01, 0.03, 0.5, "inconclusive"),
    ],
)
def test_the_claim_follows_from_the_intervals(
    low: float, high: float, p: float, words: str, place: Path
):
    found = read_results("small.toml")
    bounds = {"low": low, "high": high, "corrected_low": low, "corrected_high": high}
    changed = found.intervals.assign(
        **bounds, difference=(low + high) / 2, corrected_p=p, seeds=comparison.MIN_SEEDS
    )
    (paragraph,) = sentences.claim(
        results.Results(**{**vars(found), "intervals": changed}), "tiny", "ce"
    )
    assert paragraph.startswith(f"**Refinement: {words}** (NDCG@10, SASRec on tiny, loss `ce`, 1 m")
    assert f"additive **{words}**" in paragraph
    assert paragraph.count(f"[{low:+.4f}, {high:+.4f}]") == 2


def recorded_with(*kinds: str, seeds: int = 2) -> results.Results:
    """The small grid's results with artificial ranks."""
    generator = np.random.default_rng(5)
    models = [
        {"dataset": "tiny", "loss": "ce", "backbone": "sasrec", "refinement": kind, "seed": seed}
        for kind in kinds
        for seed in range(seeds)
    ]
    ranks = {run_name(**model): generator.integers(1, 25, 300).astype(np.uint8) for model in models}
    intervals = results.in_order(compare(pd.DataFrame(models).assign(split="test"), ranks))
    return results.Results(**{**vars(read_results("small.toml")), "intervals": intervals})


@pytest.mark.parametrize("seeds", [2, 3])
def test_the_gain_of_attention_comes_before_refinement(place: Path, seeds: int):
    """Vanilla minus uniform is minus the recorded difference; floors are not mechanisms."""
    found = recorded_with("none", "additive", "uniform", "identity", seeds=seeds)
    worth, claimed = sentences.findings(found, "tiny", "ce")
    rows = {
        row["refinement"]: row
        for row in comparison.records(found.intervals)
        if row["metric"] == "NDCG@10"
    }
    for kind, opening in (
        ("uniform", "**Learned attention is worth {} NDCG@10 over an even average over the "),
        ("identity", "; over each item alone: {}, "),
    ):
        row = rows[kind]
        turned = f"{-row['difference']:+.4f} [{-row['high']:+.4f}, {-row['low']:+.4f}]"
        assert opening.format(turned) in worth
    assert "SASRec on tiny, loss `ce`" in worth
    assert worth.count("too few for a range") == (2 if seeds == 2 else 0)
    assert "per seed" in worth or seeds == 2
    assert claimed.startswith("**Refinement: ") and "1 mechanism)" in claimed
    assert "uniform" not in claimed and "identity" not in claimed


def test_missing_floors_and_refinements_are_named(place: Path):
    found = recorded_with("none", "uniform", "identity")
    (worth, nothing) = sentences.findings(found, "tiny", "ce")
    assert (
        worth.startswith("**Learned attention is worth ") and nothing == sentences.NOTHING_TO_PAIR
    )
    nothing, claimed = sentences.findings(recorded_with("none", "additive"), "tiny", "ce")
    assert nothing == sentences.NO_FLOOR and "**Refinement: " in claimed
    nothing, claimed = sentences.findings(recorded_with("none", "identity"), "tiny", "ce")
    assert (nothing, claimed) == (sentences.NO_FLOOR, sentences.NOTHING_TO_PAIR)


def test_a_difference_reversed_twice_is_unchanged(place: Path):
    for row in comparison.records(recorded_with("none", "uniform").intervals):
        turned = comparison.from_vanilla(row)
        assert turned["low"] <= turned["difference"] <= turned["high"]
        assert turned["lowest_seed"] <= turned["highest_seed"]
        assert comparison.from_vanilla(turned) == row


def test_report_says_what_is_missing_and_where_to_look(place: Path, capsys):
    assert main(["report", "--experiments", ".", "--output", "R.md"]) == 0
    text = (place / "R.md").read_text()
    assert "All 4 runs of the grid are recorded." in text
    for heading in ("## Data", "## Tiny", "is worth, and what refinement adds", "NDCG@N against N"):
        assert heading in text
    assert "| SASRec \u00b7 additive | 2 |" in text
    (place / "none").mkdir()
    assert main(["report", "--experiments", "none"]) == 2
    assert "none has no grid; a grid is a TOML file" in capsys.readouterr().err
