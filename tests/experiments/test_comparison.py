"""Comparisons of models by their ranks: gains, intervals, pairs, means, corrected p values."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from awrsr.experiments import record as results
from awrsr.experiments.averages import means
from awrsr.experiments.comparison import (
    bootstrap_means,
    compare,
    gains,
    holm,
    interval_of,
    p_value,
    paired_interval,
    smallest_effect,
)
from awrsr.experiments.record import read_results
from awrsr.ranking.metrics import summarise


def test_gains_average_to_the_metrics():
    ranks = np.random.default_rng(0).integers(1, 40, 500)
    for metric, value in summarise(ranks).items():
        if "MRR" not in metric:
            assert gains(ranks, metric).mean() == pytest.approx(value)
    kept = np.minimum(ranks, results.RANKS_KEPT + 1)
    assert gains(kept, "NDCG@20").tolist() == gains(ranks, "NDCG@20").tolist()


def test_an_interval_is_that_of_a_bootstrap_written_as_a_loop():
    """Users and seeds are drawn independently, every user is kept, ten thousand times."""
    generator = np.random.default_rng(3)
    changed = generator.random((300, 1)) < 0.3
    differences = np.where(changed, generator.normal(0.02, 0.3, (300, 3)), 0) + [0, 0.01, -0.01]
    differences[~changed[:, 0]] = 0
    interval = paired_interval(differences)
    samples = []
    for _ in range(10_000):
        users = generator.integers(300, size=300)
        seeds = generator.integers(3, size=3)
        samples.append(differences[users][:, seeds].mean())
    low, high = np.quantile(samples, [0.025, 0.975])
    assert interval.mean == pytest.approx(differences.mean())
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_an_interval_covers_the_truth_at_its_level():
    """Normal differences of one seed: the interval is close to mean +- 1.96 standard errors."""
    differences = np.random.default_rng(1).normal(0.1, 1, (400, 1))
    interval = paired_interval(differences)
    error = differences.std() / 20
    assert interval.low == pytest.approx(differences.mean() - 1.96 * error, abs=0.1 * error)
    assert interval.high == pytest.approx(differences.mean() + 1.96 * error, abs=0.1 * error)


def test_without_a_difference_the_interval_is_zero():
    assert paired_interval(np.zeros((5, 2))) == (0, 0, 0)


def test_a_disagreement_between_seeds_widens_the_interval():
    users = np.random.default_rng(2).normal(0, 0.1, 500)
    agree = paired_interval(np.stack([users, users, users], axis=1))
    differ = paired_interval(np.stack([users - 0.1, users, users + 0.1], axis=1))
    assert differ.high - differ.low > 3 * (agree.high - agree.low)


def test_models_are_paired_by_user_and_seed():
    """By hand: two users, seeds 0 and 1 of additive, 1 and 2 of vanilla; only 1 is in both."""
    rows = [
        {"dataset": "d", "loss": "ce", "backbone": "sasrec", "refinement": kind, "seed": seed}
        for kind, seeds in (("none", (1, 2)), ("additive", (0, 1)))
        for seed in seeds
    ]
    runs = pd.DataFrame(rows).assign(split="test")
    ranks = {
        "d-sasrec-none-ce-seed1": np.array([1, 30], np.uint8),
        "d-sasrec-none-ce-seed2": np.array([9, 9], np.uint8),
        "d-sasrec-additive-ce-seed0": np.array([9, 9], np.uint8),
        "d-sasrec-additive-ce-seed1": np.array([1, 3], np.uint8),
    }
    table = compare(runs, ranks).set_index("metric")
    assert table["seeds"].tolist() == [1, 1]
    assert table.loc["HR@10", "vanilla"] == 0.5
    assert table.loc["HR@10", "difference"] == 0.5
    assert table.loc["NDCG@10", "difference"] == pytest.approx(1 / np.log2(4) / 2)
    alone = compare(runs[runs["refinement"] == "additive"], dict(list(ranks.items())[2:]))
    assert alone.empty


@pytest.mark.slow
def test_means_over_seeds_in_the_order_of_the_refinements(place: Path):
    found = read_results("small.toml")
    table = means(found.test.iloc[::-1], ["NDCG@10"])
    assert table["refinement"].tolist() == ["none", "additive"]
    rows = found.test[found.test["refinement"] == "additive"]["NDCG@10"]
    assert table.iloc[1][["NDCG@10", "NDCG@10 min", "NDCG@10 max"]].tolist() == pytest.approx(
        [rows.mean(), rows.min(), rows.max()]
    )


def test_holm_by_hand():
    """0.01 x 4; 0.02 x 3 = 0.06; 0.03 x 2 = 0.06; 0.04 x 1 is raised to 0.06: Holm 1979."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_corrected_p_values_are_no_smaller_and_in_the_same_order():
    generator = np.random.default_rng(0)
    for size in range(1, 9):
        plain = generator.random(size)
        corrected = np.array(holm(plain))
        assert (corrected >= plain).all() and (corrected <= np.minimum(1, size * plain)).all()
        assert (np.diff(corrected[np.argsort(plain)]) >= 0).all()


@pytest.mark.slow
def test_p_is_about_uniform_without_a_difference():
    """One seed, so only users are drawn."""
    generator = np.random.default_rng(4)
    found = [p_value(bootstrap_means(generator.normal(0, 1, (100, 1)))) for _ in range(30)]
    grid = np.arange(1, 31) / 30
    distance = np.abs(np.sort(found) - grid).max()
    assert distance < 1.63 / np.sqrt(30) + 0.02  # Kolmogorov-Smirnov at 1%


def test_p_and_interval_agree():
    """p < 1 - level if the interval of that level excludes zero, except in one or two samples."""
    generator = np.random.default_rng(1)
    for shift in (-0.2, -0.05, 0.0, 0.05, 0.1, 0.2):
        samples = bootstrap_means(generator.normal(shift, 1, (300, 3)))
        p = p_value(samples)
        assert 0 < p <= 1
        for level in (0.5, 0.95, 0.99):
            low, high = interval_of(samples, level)
            if abs(p - (1 - level)) > 4 / len(samples):
                assert (p < 1 - level) == (low > 0 or high < 0)
    assert p_value(np.zeros(100)) == 1


def test_the_smallest_detectable_effect_has_its_power():
    """Normal differences: z of 0.05/2 and of 0.8 are 1.960 and 0.842; three models need more."""
    row = {"standard_error": 0.01, "corrected_for": 1}
    assert smallest_effect(row) == pytest.approx(0.01 * (1.95996 + 0.84162), rel=1e-4)
    assert smallest_effect(row | {"corrected_for": 3}) > smallest_effect(row)
    drawn = np.random.default_rng(0).normal(smallest_effect(row), 0.01, 20_000)
    assert (drawn > 1.95996 * 0.01).mean() == pytest.approx(0.8, abs=0.01)
