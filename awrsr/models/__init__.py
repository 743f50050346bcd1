"""The backbones. `build_model` is the only place that chooses a class."""

import torch

from awrsr.config import Catalogue, InitialWeights, ModelConfig
from awrsr.family import Family
from awrsr.models.adapter import Adapter, wrap
from awrsr.models.base import Intervention, SequentialModel
from awrsr.models.blocks import initialise
from awrsr.models.flow import LayerFlow, ScoreFlow, flow_of, is_linear
from awrsr.models.recorder import Recorder
from awrsr.models.sasrec import SASRec
from awrsr.models.stosa import STOSA
from awrsr.models.trace import LayerTrace, Trace
from awrsr.models.trace_files import load_trace, save_trace
from awrsr.refinement import REFINEMENTS

__all__ = [
    "BACKBONES",
    "STOSA",
    "Adapter",
    "Intervention",
    "LayerFlow",
    "LayerTrace",
    "SASRec",
    "Recorder",
    "ScoreFlow",
    "SequentialModel",
    "Trace",
    "build_model",
    "flow_of",
    "is_linear",
    "load_trace",
    "model_title",
    "save_trace",
    "wrap",
]

BACKBONES: Family[SequentialModel] = Family(
    "backbone",
    SequentialModel,
    group="awrsr.backbones",
    members=(SASRec, STOSA),
    facts=("title", "score_meaning"),
)


def build_model(
    config: ModelConfig, catalogue: Catalogue, initial_weights: InitialWeights = "normal"
) -> SequentialModel:
    """A new model with random initial weights, seeded from torch's generator.

    On the meta device there are no weights, and nothing is drawn.

    Raises:
        ConfigError: the refinement is unknown or does not work with this backbone.
    """
    with torch.random.fork_rng(devices=[]):  # the modules of torch draw weights that we replace
        model = BACKBONES[config.backbone](config, catalogue)
    if not next(model.parameters()).is_meta:
        initialise(model, int(torch.randint(2**31, ())), initial_weights, model.initial_mean)
    return model


def model_title(backbone: str, refinement: str) -> str:
    """The displayed name of a model, "SASRec \u00b7 vanilla"; unknown names are kept unchanged.

    What follows a known refinement in the name of a directory, as in none-s3rec, is a note:
    "SASRec \u00b7 vanilla (s3rec)".
    """
    known, _, note = refinement.partition("-")
    refinement_title = refinement.replace("_", "-")
    if known in REFINEMENTS:
        refinement_title = REFINEMENTS[known].title + (f" ({note})" if note else "")
    backbone_title = BACKBONES[backbone].title if backbone in BACKBONES else backbone
    return f"{backbone_title} \u00b7 {refinement_title}"
