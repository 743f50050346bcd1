"""A small model of each backbone."""

import pytest


@pytest.fixture(params=["sasrec", "stosa"])
def model(request, make_model):
    return make_model(request.param, "additive", n_layers=1)
