"""The backbones. `build_model` is the only place that chooses a class."""

import torch

from awrsr.config import Catalogue, InitialWeights, ModelConfig
from awrsr.models.base import Intervention, SequentialModel
from awrsr.models.blocks import initialise
from awrsr.models.sasrec import SASRec
from awrsr.models.stosa import STOSA
from awrsr.models.trace import LayerTrace, Trace

__all__ = [
    "STOSA",
    "Intervention",
    "LayerTrace",
    "SASRec",
    "SequentialModel",
    "Trace",
    "build_model",
]

_BACKBONES: dict[str, type[SequentialModel]] = {"sasrec": SASRec, "stosa": STOSA}


def build_model(
    config: ModelConfig, catalogue: Catalogue, initial_weights: InitialWeights = "normal"
) -> SequentialModel:
    """A new model with initial weights, drawn by one seed that torch's generator gives.

    On the meta device there are no weights, and nothing is drawn.

    Raises:
        ConfigError: the refinement is unknown or not for this backbone.
    """
    with torch.random.fork_rng(devices=[]):  # torch's modules draw weights of their own first
        model = _BACKBONES[config.backbone](config, catalogue)
    if not next(model.parameters()).is_meta:
        initialise(model, int(torch.randint(2**31, ())), initial_weights, model.initial_mean)
    return model
