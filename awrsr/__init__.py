"""AWRSR: sequential recommenders that attend to their own attention, trained, evaluated, explained.

Read `awrsr.models.sasrec` first: the vanilla backbone and the one place where a refinement enters.
"""

from awrsr.attribution import attribute, to_captum
from awrsr.config import PADDING, Catalogue, ModelConfig, TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.data.prepare import prepare
from awrsr.errors import AwrsrError, CheckpointError, ConfigError, DataError
from awrsr.models import Adapter, LayerTrace, Trace, build_model, load_trace, save_trace, wrap
from awrsr.ranking.evaluation import Evaluation, evaluate
from awrsr.ranking.recommendation import recommend, trace
from awrsr.studies import Check, check_model
from awrsr.training.checkpoint import load_model
from awrsr.training.loop import train
from awrsr.training.saving import save_model
from awrsr.training.snapshots import load_snapshot, snapshot_epochs

__all__ = [
    "PADDING",
    "Adapter",
    "AwrsrError",
    "Catalogue",
    "Check",
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
    "check_model",
    "evaluate",
    "load_dataset",
    "load_model",
    "load_snapshot",
    "load_trace",
    "prepare",
    "recommend",
    "save_dataset",
    "save_model",
    "save_trace",
    "snapshot_epochs",
    "to_captum",
    "trace",
    "train",
    "wrap",
]
