"""The first sentence of each page agrees with its numbers."""

from types import SimpleNamespace

import pandas as pd
import pytest
from driving import messages, open_page, texts
from helpers import ROOT

from app.sentences import checks_sentence, find_sentence, results_sentence, study_sentence
from awrsr.experiments.record import read_results
from awrsr.experiments.report import grid_files
from awrsr.experiments.verdict import verdict_rows


def users(mean=0.01, low=-0.01, high=0.03, apart=0.2, seeds=0.1):
    interval = {"difference": mean, "low": low, "high": high}
    return {
        "users": 3.0,
        "divergence": apart,
        "divergence_seeds": seeds,
        **{f"NDCG@10 {part}": value for part, value in interval.items()},
    }


@pytest.mark.parametrize(
    "given, words",
    [
        ({}, "3 users do not distinguish A and B (NDCG@10, B minus A: +0.0100 [-0.0100, +0.0300])"),
        ({"low": 0.001}, "3 users rank better in B"),
        ({"mean": -0.02, "low": -0.03, "high": -0.01}, "3 users rank better in A"),
        ({}, "differs more than that of two seeds"),
        ({"apart": 0.05}, "differs no more than that of two seeds"),
    ],
)
def test_users_distinguish_models_only_outside_the_interval(given, words):
    assert words in find_sentence(users(**given))


def test_without_a_second_seed_attention_is_not_compared():
    assert "attention" not in find_sentence(users(seeds=float("nan")))


def study(**less_floor):
    rows = [
        {"explanation": name, "less_floor": mean, "less_floor_low": low, "less_floor_high": high}
        for name, (low, mean, high) in less_floor.items()
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "attention, relation",
    [
        ((0.4, 0.5, 0.6), "is better than"),
        ((0.1, 0.2, 0.35), "cannot be distinguished from"),
        ((-0.1, 0.0, 0.1), "is worse than"),
    ],
)
def test_attention_is_compared_with_recency(attention, relation):
    rows = study(
        leave_one_out=(0.8, 0.9, 1.0), refined=attention, recency=(0.2, 0.3, 0.38), random=(0, 9, 9)
    )
    said = study_sentence(rows, "average_precision", "M")
    assert said.startswith("M: Leave one out (+0.90 [+0.80, +1.00]) finds them best; ")
    assert f"{relation} Recency" in said


def test_the_lowest_value_is_best_if_lower_is_better():
    rows = study(leave_one_out=(-0.9, -0.8, -0.7), first_order=(0.1, 0.2, 0.3))
    said = study_sentence(rows, "deletion", "M")
    assert said.startswith("M: Leave one out (-0.80 [-0.90, -0.70]) finds them best")


def test_a_study_without_known_explanations_has_no_sentence():
    assert study_sentence(study(random=(0, 0, 0), other=(1, 2, 3)), "average_precision", "M") == ""


@pytest.mark.parametrize(
    "verdicts, said",
    [
        ({"A": [True, True]}, "The model passes all 2 checks."),
        ({"A": [True, True], "B": [True, True]}, "Both models pass all 2 checks."),
        ({"A": [True, None], "B": [True, True]}, "A passes 1 of 2, B passes 2 of 2 checks."),
        ({"A": [True, False]}, "A passes 1 of 2 checks. Do not trust A before you know why."),
    ],
)
def test_checks_that_were_not_made_do_not_fail(verdicts, said):
    assert checks_sentence(verdicts) == said


def row(name, verdict, attention=None, mechanisms=(1,)):
    return SimpleNamespace(
        name=name, verdict=verdict, attention=attention, mechanisms=list(mechanisms)
    )


def test_results_count_gains_with_enough_seeds_and_name_where_refinement_helps():
    found = [
        row("planted", "helps; simple harms", {"low": 0.1, "seeds": 5}),
        row("few", "1 seed: no verdict", {"low": 0.1, "seeds": 1}),
        row("films", "no gain from attention; inconclusive", {"low": -0.1, "seeds": 5}),
        row("plain", "does not help"),
        row("floor", "not recorded", mechanisms=()),
    ]
    said = results_sentence(found)
    assert said == (
        "Learned attention is better than an even average in 1 of 3 recorded comparisons. "
        "Refinement helps in 1 of 4: planted."
    )
    assert results_sentence(found[1:]).endswith("Refinement helps in none of 3.")


@pytest.mark.slow
def test_the_pages_open_with_these_sentences():
    recorded = [read_results(file) for file in grid_files(ROOT / "experiments")]
    rows = verdict_rows([results for results in recorded if results is not None])
    for page, start in (
        ("find", "671 users "),
        ("faithfulness", "SASRec"),
        ("models", "Both models pass all 9 checks."),
        ("results", results_sentence(rows)[:60]),
    ):
        shown = open_page(page)
        assert messages(shown) == []
        assert any(text.startswith(start) for text in texts(shown)), page
