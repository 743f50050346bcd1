"""Means over users with their bootstrap intervals."""

import numpy as np
import pytest

from awrsr.errors import ConfigError
from awrsr.ranking.statistics import bootstrap_means, mean_interval


def test_interval_of_a_mean():
    values = np.random.default_rng(0).normal(2, 1, 400)
    low, high = mean_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert mean_interval([3.0]) == (3.0, 3.0)
    assert mean_interval(values) == mean_interval(values, seed=0) != mean_interval(values, seed=1)
    with pytest.raises(ConfigError, match="a mean needs 1 row or more"):
        mean_interval([])


def test_bootstrap_means_and_intervals():
    generator = np.random.default_rng(0)
    values = generator.normal(size=(400, 2))
    values[:, 1] += 5
    found = bootstrap_means(values, seed=1)
    np.testing.assert_allclose(found.mean, values.mean(axis=0))
    width = 1.96 * values.std(axis=0) / 20
    np.testing.assert_allclose(found.high - found.mean, width, rtol=0.15)
    np.testing.assert_allclose(found.mean - found.low, width, rtol=0.15)
    np.testing.assert_array_equal(bootstrap_means(values, seed=1).low, found.low)
    with pytest.raises(ConfigError, match="1 row or more"):
        bootstrap_means(values[:0])


def test_bootstrap_leaves_out_nan():
    values = np.array([[1.0, np.nan], [3.0, 5.0], [2.0, 7.0]])
    found = bootstrap_means(values, resamples=200)
    np.testing.assert_allclose(found.mean, [2, 6])
    assert 5 <= found.low[1] <= found.high[1] <= 7
