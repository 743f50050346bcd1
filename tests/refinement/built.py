"""Refinements alone, without a model, and weights for them to refine."""

from functools import partial

import pytest
import torch
from helpers import PAIRS, READINGS

from awrsr.attention import allowed_keys, masked_softmax
from awrsr.config import ModelConfig
from awrsr.refinement import REFINEMENTS, Refinement, build_refinement

N = 6
close = partial(torch.testing.assert_close, rtol=0, atol=1e-12)


def of_pairs(pairs):
    return pytest.mark.parametrize(("backbone", "name"), pairs, ids=["-".join(p) for p in pairs])


every_pair = of_pairs(PAIRS)
every_reading = pytest.mark.parametrize(("backbone", "name", "settings"), READINGS)
floors = of_pairs([pair for pair in PAIRS if not REFINEMENTS[pair[1]].learns_attention])


def build(backbone: str, name: str, **settings) -> Refinement:
    torch.manual_seed(0)
    values = {"hidden_size": 8, "max_length": N, **settings}
    refinement = build_refinement(ModelConfig(backbone=backbone, refinement=name, **values))
    return refinement.double().eval()


def spread(refinement: Refinement) -> Refinement:
    """A refinement with parameters moved away from their initial values."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in refinement.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.add_(0.3 * noise)
    return refinement


def weights_and_allowed(present: torch.Tensor, seed: int = 0):
    """Uneven first-order weights of two heads, and their mask."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(present), 2, present.shape[1], present.shape[1])
    allowed = allowed_keys(present)
    scores = 2 * torch.randn(shape, dtype=torch.float64, generator=generator)
    return masked_softmax(scores, allowed), allowed


PRESENT = torch.tensor([[True] * N, [False] * 3 + [True] * 3, [False] * 5 + [True]])
