"""The effect and the initial values of each setting of the refinements."""

import numpy as np
import pytest
import torch
from built import PRESENT, N, build, close, of_pairs, spread, weights_and_allowed
from helpers import PAIRS, plain

from awrsr.attention import allowed_keys, masked_softmax
from awrsr.config import Catalogue, ModelConfig
from awrsr.models import build_model
from awrsr.refinement import REFINEMENTS, Refinement
from awrsr.refinement.second_order import standardise

pytestmark = pytest.mark.shapes


def test_a_similar_start_changes_nothing_if_matrices_are_tied(make_model):
    similar, separate = (
        make_model("stosa", "stochastic", tied=True, similar_start=value).state_dict()
        for value in (True, False)
    )
    assert similar.keys() == separate.keys()
    assert all(torch.equal(similar[name], separate[name]) for name in similar)


def test_settings_that_change_m_change_its_formula():
    for name, setting, values in (
        ("additive", "mix", ("halves", "gate", "scores")),
        ("value_weighted", "value_matrix", (False, True)),
    ):
        configs = [ModelConfig(refinement=name, **{setting: value}) for value in values]
        assert len({REFINEMENTS[name].formula_of(config) for config in configs}) == len(values)


def readers_of(setting: str):
    return of_pairs([pair for pair in PAIRS if setting in REFINEMENTS[pair[1]].settings])


def test_standardised_rows_by_hand():
    """Deviations from even (0.24, -0.24) and (0.4, -0.2, -0.2), standard deviations 0.26 and 0.3
    including the 0.1 that keeps nearly even rows small."""
    first = torch.tensor(
        [[1, 0, 0], [0.62, 0.38, 0], [7 / 15, 4 / 15, 4 / 15]], dtype=torch.float64
    )
    allowed = allowed_keys(torch.ones(1, 3, dtype=torch.bool))
    rows = torch.tensor(
        [[0, 0, 0], [12 / 13, -12 / 13, 0], [4 / 3, -2 / 3, -2 / 3]], dtype=torch.float64
    )
    close(standardise(first[None, None], allowed)[0, 0], rows)

    settings = plain("simple") | {"rows": "standardised", "gain": True}
    refinement = build("sasrec", "simple", max_length=3, correlation_rank=4, **settings)
    matrix = torch.eye(3, 4, dtype=torch.float64)
    refinement.load_state_dict(
        {
            "second_order.query.weight": matrix,
            "second_order.key.weight": matrix,
            "log_gain": torch.tensor([0.0, np.log(2)]),
        }
    )
    refined = refinement(first.expand(1, 2, 3, 3), allowed)
    # Row by row the products of rows, (12/13)^2 2 and 24/13, 8/3, over sqrt(4); doubled in head 2.
    scores = torch.tensor([[0, 0, 0], [0, 144 / 169, 0], [0, 12 / 13, 4 / 3]], dtype=torch.float64)
    for head, gain in enumerate((1, 2)):
        found = refined.second_order_scores[0, head]
        close(found.tril(), gain * scores)
        weights = (gain * scores).exp().tril()
        close(refined.weights[0, head], weights / weights.sum(-1, keepdim=True))


def test_standardised_rows_sum_to_0_and_are_0_on_other_keys():
    first, allowed = weights_and_allowed(PRESENT)
    rows = standardise(first, allowed)
    close(rows.sum(-1), torch.zeros_like(rows.sum(-1)))
    assert (rows.masked_select(~allowed) == 0).all()
    count = allowed.sum(-1, keepdim=True)
    assert (rows[(count == 1).expand_as(rows)] == 0).all()
    variance = rows.square().sum(-1, keepdim=True) / count.clamp(min=1)
    assert (variance[(count > 1).expand_as(variance)] > 0.5).all() and (variance < 1).all()


@pytest.mark.parametrize("m", [2, 50, 1000])
def test_a_nearly_even_row_is_not_amplified(m):
    """In single precision: rounding errors of an even row stay negligible for any length."""
    allowed = allowed_keys(torch.ones(1, m, dtype=torch.bool))
    generator = torch.Generator().manual_seed(0)
    for departure in (0, 1e-3):
        scores = departure * torch.randn((1, 1, m, m), generator=generator)
        rows = standardise(masked_softmax(scores, allowed), allowed)
        assert rows.abs().max() <= max(1e-4, 100 * departure)


@readers_of("gain")
def test_a_gain_is_initially_1(backbone, name):
    with_gain, without = (drawn_by_name(backbone, name, gain=gain) for gain in (True, False))
    first, allowed = weights_and_allowed(PRESENT)
    assert torch.equal(with_gain(first, allowed).weights, without(first, allowed).weights)
    with torch.no_grad():
        with_gain.log_gain.copy_(torch.tensor([0.0, np.log(3)]))
    scores, tripled = (r(first, allowed).second_order_scores for r in (without, with_gain))
    close(tripled, scores * torch.tensor([1, 3])[:, None, None])


def drawn_by_name(backbone, name, **settings) -> Refinement:
    """A refinement whose matrices depend only on their names."""
    refinement = build(backbone, name, **settings)
    with torch.no_grad():
        for key, parameter in refinement.named_parameters():
            if parameter.dim() > 1:
                generator = torch.Generator().manual_seed(len(key))
                drawn = torch.randn(parameter.shape[-2:], generator=generator).double()
                parameter.copy_(drawn)
    return refinement


@readers_of("matrices")
def test_matrices_of_each_head_are_those_of_a_layer_for_that_head(backbone, name):
    per_head = spread(build(backbone, name, matrices="head"))
    first, allowed = weights_and_allowed(PRESENT)
    together = per_head(first, allowed)
    for head in range(2):
        alone = build(backbone, name, matrices="layer")
        alone.load_state_dict(
            {k: v[head] if v.dim() == 3 else v for k, v in per_head.state_dict().items()}
        )
        for value, expected in zip(together, alone(first, allowed), strict=True):
            close(value[:, head], expected[:, head])


def begun(backbone, name, **settings):
    """The state of a whole model at the start of training."""
    torch.manual_seed(0)
    config = ModelConfig(backbone=backbone, refinement=name, max_length=N, **settings)
    return build_model(config, Catalogue(name="", fingerprint="", n_items=5))


@readers_of("similar_start")
@pytest.mark.parametrize("matrices", ["layer", "head"])
def test_a_similar_start_relates_similar_rows(backbone, name, matrices):
    """G is symmetric and positive semidefinite; the two matrices are different parameters."""
    similar = begun(backbone, name, similar_start=True, matrices=matrices)
    separate = begun(backbone, name, similar_start=False, matrices=matrices)
    for layer in range(2):
        found = similar.refinement(layer)
        g = found.double().pair_matrix(N)
        close(g, g.transpose(-2, -1))
        assert torch.linalg.eigvalsh(g).min() > -1e-6
        other = separate.refinement(layer).double().pair_matrix(N)
        assert not torch.allclose(other, other.transpose(-2, -1))
        parameters = dict(found.named_parameters())
        keys = [key for key in parameters if ".key." in key]
        assert keys
        for key in keys:
            query = parameters[key.replace(".key.", ".query.")]
            assert torch.equal(parameters[key], query) and parameters[key] is not query
            assert parameters[key].data_ptr() != query.data_ptr()


def test_a_similar_start_does_not_change_the_queries():
    similar, separate = (
        begun("sasrec", "simple", similar_start=s).state_dict() for s in (True, False)
    )
    assert {key for key in separate if not torch.equal(separate[key], similar[key])} == {
        f"attention.{layer}.refinement.second_order.key.weight" for layer in (0, 1)
    }


@pytest.mark.parametrize("rows", ["plain", "standardised"])
def test_tied_gaussians_are_nearest_to_themselves_whatever_is_learned(rows):
    """With separate matrices, queries can be nearest to others."""
    first, allowed = weights_and_allowed(PRESENT)
    elsewhere = 0
    for seed in range(20):
        settings = plain("stochastic") | {"rows": rows}
        tied, separate = (
            build("stosa", "stochastic", **settings | {"tied": tied}) for tied in (True, False)
        )
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in (*tied.parameters(), *separate.parameters()):
                parameter.copy_(3 * torch.randn(parameter.shape, generator=generator).double())
        second = tied(first, allowed).second_order
        diagonal = second.diagonal(dim1=-2, dim2=-1)
        assert (diagonal >= second.amax(-1) - 1e-12).all()
        second = separate(first, allowed).second_order
        elsewhere += (second.diagonal(dim1=-2, dim2=-1) < second.amax(-1)).sum()
    assert elsewhere > 100


@pytest.mark.parametrize("n", [1, 6, 50])
def test_a_value_matrix_is_initially_near_the_identity(n):
    refinement = build("sasrec", "value_weighted", value_matrix=True, max_length=n)
    for m in range(1, n + 1):
        allowed = allowed_keys(torch.ones(1, m, dtype=torch.bool))
        moved = refinement.value(allowed)[0, 0]
        assert (moved.diagonal() >= 0.9).all() and (moved.triu(1) == 0).all()
        close(moved.sum(-1), torch.ones(m, dtype=torch.float64))


def test_a_gate_begins_near_vanilla():
    gated = build("sasrec", "additive", mix="gate")
    first, allowed = weights_and_allowed(PRESENT)
    refined = gated(first, allowed)
    close(refined.weights, 0.9 * first + 0.1 * refined.second_order, atol=1e-7)


def test_added_scores_are_the_product_of_both_orders():
    first, allowed = weights_and_allowed(PRESENT)
    refinement = spread(build("sasrec", "additive", mix="scores"))
    refined = refinement(first, allowed)
    product = first * refined.second_order
    close(refined.weights, product / product.sum(-1, keepdim=True).clamp(min=1e-300))
    with torch.no_grad():  # equal scores give A
        refinement.second_order.query.weight.zero_()
    close(refinement(first, allowed).weights, first)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_weight_that_underflowed_gives_no_nan(dtype):
    refinement = build("sasrec", "additive", mix="scores").to(dtype)
    scores = torch.tensor([[0.0, 0, 0], [2000, 0, 0], [0, 2000, -2000]], dtype=dtype)
    allowed = allowed_keys(torch.ones(1, 3, dtype=torch.bool))
    scores = scores.expand(1, 2, 3, 3).clone().requires_grad_()
    first = masked_softmax(scores, allowed)
    assert (first == 0).masked_select(allowed).any()
    weights = refinement(first, allowed).weights
    close(weights, first, atol=1e-6)
    weights.square().sum().backward()
    for value in (scores, *refinement.parameters()):
        assert value.grad.isfinite().all()


@pytest.mark.parametrize("biased", ["query", "key"])
def test_a_bias_of_plain_rows_is_part_of_the_matrix_and_one_of_standardised_keys_is_nothing(
    biased: str,
):
    """Why a bias is no setting: rows of A sum to one, so a W + b = a (W + 1 b^T); and a term that
    is the same for all keys does not change a softmax."""
    bias = torch.linspace(-1, 1, N, dtype=torch.float64)
    first, allowed = weights_and_allowed(PRESENT)
    with_items = allowed.any(-1)[:, :, :, None]
    for rows in ("plain", "standardised"):
        settings = plain("simple") | {"rows": rows}
        refinement = spread(build("sasrec", "simple", **settings))
        query, key = refinement.second_order(refinement.rows(first, allowed))
        if biased == "query":
            query = query + bias
        else:
            key = key + bias
        explicit = masked_softmax(query @ key.transpose(-2, -1) / N**0.5, allowed)
        if rows == "plain":
            with torch.no_grad():
                getattr(refinement.second_order, biased).weight.add_(bias)
        same = torch.allclose(
            (refinement(first, allowed).second_order * with_items), explicit * with_items
        )
        assert same == (rows == "plain" or biased == "key")
