"""AWRSR: sequential recommenders that attend to their own attention, trained, evaluated, explained.

Read `awrsr.models.sasrec` first: the vanilla backbone and the one place where a refinement enters.
"""

from awrsr.attribution import attribute
from awrsr.checkpoint import load_model
from awrsr.config import PADDING, Catalogue, ModelConfig, TrainConfig
from awrsr.dataset import Dataset, load_dataset, save_dataset
from awrsr.errors import AwrsrError, CheckpointError, ConfigError, DataError
from awrsr.evaluation import Evaluation, evaluate
from awrsr.models import build_model
from awrsr.prepare import prepare
from awrsr.recommendation import recommend, trace
from awrsr.tracing import LayerTrace, Trace
from awrsr.training import train

__all__ = [
    "PADDING",
    "AwrsrError",
    "Catalogue",
    "CheckpointError",
    "ConfigError",
    "DataError",
    "Dataset",
    "Evaluation",
    "LayerTrace",
    "ModelConfig",
    "Trace",
    "TrainConfig",
    "attribute",
    "build_model",
    "evaluate",
    "load_dataset",
    "load_model",
    "prepare",
    "recommend",
    "save_dataset",
    "trace",
    "train",
]
