"""The shipped datasets and models of assets/, read once."""

from functools import cache

from helpers import ROOT

import awrsr
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.models import SequentialModel

ASSETS = ROOT / "assets"
DATASETS = sorted(path.parent.name for path in ASSETS.glob("*/dataset.json"))
MODELS = sorted(path.parent for path in ASSETS.glob("*/*/*/config.json"))
"""All model directories, including those trained with another seed."""


@cache
def dataset_named(name: str) -> Dataset:
    return load_dataset(ASSETS / name)


@cache
def model_named(dataset: str, name: str) -> SequentialModel:
    (directory,) = [path for path in (ASSETS / dataset).glob(f"*/{name}") if path.is_dir()]
    return awrsr.load_model(directory, "cpu")
