"""Shared by the tests of models."""

import pytest
import torch
from own_model import Plain

from awrsr.models import BACKBONES


@pytest.fixture
def own_module(monkeypatch):
    """A module of the class Plain; backbones that a test registers are gone afterwards."""
    monkeypatch.setattr(BACKBONES, "_registered", {})
    torch.manual_seed(0)
    return Plain()
