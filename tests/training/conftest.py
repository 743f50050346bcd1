"""A very short training run, and a model in files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest
from tiny_runs import MODEL, TRAINING, save

from awrsr.data.dataset import Dataset
from awrsr.training.epoch import Progress
from awrsr.training.loop import train


@pytest.fixture
def run(tiny_dataset: Dataset, tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Train into a directory of tmp_path, with changes to the settings in tiny_runs."""

    def train_tiny(
        name: str = "run",
        *,
        model: dict | None = None,
        dataset: Dataset = tiny_dataset,
        resume: bool = False,
        snapshots: Sequence[int] = (),
        report: Callable[[Progress], None] = lambda progress: None,
        **training: object,
    ) -> pd.DataFrame:
        return train(
            dataset,
            tmp_path / name,
            MODEL.replace(**(model or {})),
            TRAINING.replace(**training),
            device="cpu",
            resume=resume,
            snapshots=snapshots,
            report=report,
        )

    return train_tiny


@pytest.fixture
def stored(tmp_path: Path, make_model) -> Path:
    return save(make_model("sasrec", "additive").float(), tmp_path / "model")
