"""The backbones. `build_model` is the only place that chooses a class."""

import torch

from awrsr.config import Catalogue, ModelConfig
from awrsr.models.base import Intervention, SequentialModel
from awrsr.models.blocks import initialise
from awrsr.models.sasrec import SASRec
from awrsr.models.stosa import STOSA

__all__ = ["STOSA", "Intervention", "SASRec", "SequentialModel", "build_model"]

_BACKBONES: dict[str, type[SequentialModel]] = {"sasrec": SASRec, "stosa": STOSA}


def build_model(config: ModelConfig, catalogue: Catalogue) -> SequentialModel:
    """A new model with initial weights, drawn by a seed that torch's generator gives.

    Raises:
        ConfigError: the refinement is unknown or not for this backbone.
    """
    seed = int(torch.randint(2**31, (), device="cpu"))
    model = _BACKBONES[config.backbone](config, catalogue)
    if not next(model.parameters()).is_meta:
        initialise(model, seed, model.initial_mean)
    return model
