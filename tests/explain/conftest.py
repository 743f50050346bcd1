"""A model and its trace, for the parameters of `decomposed.of_all`."""

import pytest
from decomposed import ITEMS, N

from awrsr import trace


@pytest.fixture
def traced(request, make_model):
    backbone, refinement, settings, length, rank = request.param
    model = make_model(backbone, refinement, max_length=N, correlation_rank=rank, **settings)
    return model, trace(model, ITEMS[:length])
