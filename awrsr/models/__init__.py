"""The backbones. `build_model` is the only place that chooses a class."""

from awrsr.config import Catalogue, ModelConfig
from awrsr.models.base import Intervention, SequentialModel
from awrsr.models.sasrec import SASRec
from awrsr.models.stosa import STOSA

__all__ = ["STOSA", "Intervention", "SASRec", "SequentialModel", "build_model"]

_BACKBONES: dict[str, type[SequentialModel]] = {"sasrec": SASRec, "stosa": STOSA}


def build_model(config: ModelConfig, catalogue: Catalogue) -> SequentialModel:
    """A new model with initial weights.

    Raises:
        ConfigError: the refinement is unknown or not for this backbone.
    """
    return _BACKBONES[config.backbone](config, catalogue)
