"""The free functions of attention, against loops."""

import math

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from awrsr.attention import (
    allowed_keys,
    dot_product_scores,
    gaussian,
    masked_softmax,
    wasserstein_distance,
    wasserstein_scores,
)

pytestmark = pytest.mark.shapes

BATCH, HEADS, LENGTH, WIDTH = 2, 2, 4, 3
PRESENT = torch.tensor([[True] * 4, [False, False, True, True]])


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def pairs():
    return np.ndindex(BATCH, HEADS, LENGTH, LENGTH)


def test_a_query_may_attend_to_items_that_are_present_and_not_later():
    allowed = allowed_keys(PRESENT)
    assert allowed.shape == (BATCH, 1, LENGTH, LENGTH)
    for b, _, i, j in pairs():
        assert bool(allowed[b, 0, i, j]) == (j <= i and bool(PRESENT[b, j]))


def test_other_shapes_than_annotated_are_refused():
    """So shapes are checked in this file, and in all files with its mark."""
    with pytest.raises(TypeCheckError, match="allowed"):
        masked_softmax(normal(BATCH, HEADS, LENGTH, LENGTH), allowed_keys(PRESENT)[0, 0, 0])


def test_masked_softmax_equals_a_loop_and_is_exactly_zero_elsewhere():
    scores, allowed = 3 * normal(BATCH, HEADS, LENGTH, LENGTH), allowed_keys(PRESENT)
    weights = masked_softmax(scores, allowed)
    for b, h, i, j in pairs():
        keys = [k for k in range(LENGTH) if allowed[b, 0, i, k]]
        if j in keys:
            total = sum(math.exp(scores[b, h, i, k]) for k in keys)
            assert float(weights[b, h, i, j]) == pytest.approx(math.exp(scores[b, h, i, j]) / total)
        else:
            assert weights[b, h, i, j] == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_masked_softmax_of_extreme_scores_and_of_rows_without_a_key_is_finite(dtype):
    largest = torch.finfo(dtype).max
    scores = torch.full((BATCH, HEADS, LENGTH, LENGTH), -largest, dtype=dtype)
    scores[..., 1] = largest
    scores.requires_grad_()
    weights = masked_softmax(scores, allowed_keys(PRESENT))
    weights.square().sum().backward()
    assert weights[0, 0, 3].tolist() == [0, 1, 0, 0]
    assert (weights[1, :, :2] == 0).all()
    assert weights.isfinite().all() and scores.grad.isfinite().all()


def test_dot_product_scores_equal_a_loop():
    query, key = normal(BATCH, HEADS, LENGTH, WIDTH), normal(BATCH, HEADS, LENGTH, WIDTH, seed=1)
    scores = dot_product_scores(query, key)
    for b, h, i, j in pairs():
        dot = sum(float(query[b, h, i, d] * key[b, h, j, d]) for d in range(WIDTH))
        assert float(scores[b, h, i, j]) == pytest.approx(dot / math.sqrt(WIDTH))


def gaussians(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Means and covariances."""
    shape = (BATCH, HEADS, LENGTH, WIDTH)
    return normal(*shape, seed=seed), normal(*shape, seed=seed + 10).exp()


def test_wasserstein_distance_and_scores_equal_the_general_formula_for_matrices():
    """|m - m'|^2 + trace(C + C' - 2 (C^1/2 C' C^1/2)^1/2), valid for any covariance matrices."""
    (mean, covariance), (other_mean, other_covariance) = gaussians(0), gaussians(1)
    left, right = gaussian(mean, covariance), gaussian(other_mean, other_covariance)
    distance, scores = wasserstein_distance(left, right), wasserstein_scores(left, right)
    for b, h, i, j in pairs():
        one, two = np.diag(covariance[b, h, i]), np.diag(other_covariance[b, h, j])
        root = np.linalg.cholesky(one)  # of a diagonal matrix: its square root
        cross = np.linalg.cholesky(root @ two @ root)
        expected = float((mean[b, h, i] - other_mean[b, h, j]).square().sum())
        expected += np.trace(one + two - 2 * cross)
        assert float(distance[b, h, i, j]) == pytest.approx(expected)
        assert float(scores[b, h, i, j]) == pytest.approx(-expected / math.sqrt(WIDTH))


def test_wasserstein_distance_with_equal_covariances_is_the_squared_distance_of_the_means():
    (mean, covariance), (other_mean, _) = gaussians(0), gaussians(1)
    covariance = covariance[..., :1, :].expand_as(mean)
    distance = wasserstein_distance(gaussian(mean, covariance), gaussian(other_mean, covariance))
    torch.testing.assert_close(distance, torch.cdist(mean, other_mean).square())


def test_wasserstein_distance_is_zero_to_itself_symmetric_and_never_negative():
    left, right = gaussian(*gaussians(0)), gaussian(*gaussians(1))
    forward, backward = wasserstein_distance(left, right), wasserstein_distance(right, left)
    torch.testing.assert_close(forward, backward.transpose(-2, -1))
    at_home = wasserstein_distance(1e4 + left.float(), 1e4 + left.float())
    assert (at_home >= 0).all()  # rounding alone would make some of these negative
    torch.testing.assert_close(
        wasserstein_distance(left, left).diagonal(dim1=-2, dim2=-1),
        torch.zeros(BATCH, HEADS, LENGTH, dtype=torch.float64),
    )


def test_a_covariance_of_zero_has_a_finite_gradient():
    covariance = torch.zeros(2, WIDTH, requires_grad=True)
    point = gaussian(torch.ones(2, WIDTH), covariance)
    wasserstein_distance(point, point.detach() + 1).sum().backward()
    assert covariance.grad.isfinite().all()
