"""Other readings of the mechanisms, on recorded grids: does one do better than the default?

    python -m experiments.readings runs/readings

Trains runs of a grid again with one setting of the refinement changed, everything else equal, all
seeds. Prints NDCG@10 and HR@1 on the test split beside the recorded runs, and the paired difference
(users and seeds drawn). Goes on where it was interrupted.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from awrsr.data.dataset_files import load_dataset
from awrsr.experiments.comparison import gains, paired_interval
from awrsr.experiments.grid import read_grid
from awrsr.experiments.record import read_ranks
from awrsr.experiments.run import train_and_measure

METRICS = ("NDCG@10", "HR@1")
READINGS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("planted", "additive", {"mix": "gate"}),
    ("lichess-openings", "additive", {"mix": "gate"}),
    ("planted", "additive", {"mix": "scores"}),
    ("planted", "additive", {"gain": True}),
    ("planted", "value_weighted", {"gain": True}),
    ("planted", "value_weighted", {"value_matrix": True}),
    ("planted", "additive", {"refinement_dropout": 0.1}),
    ("planted", "value_weighted", {"refinement_dropout": 0.1}),
    ("planted-two-heads", "additive", {"matrices": "head"}),
    ("planted-two-heads", "value_weighted", {"matrices": "head"}),
    ("lichess-openings", "additive", {"mix": "scores"}),
)
"""Grid, refinement, and the setting that differs from the grid's."""


def compare(
    grid: str, refinement: str, changes: Mapping[str, Any], runs: Path, command: str
) -> None:
    """Train all SASRec runs of a grid's refinement with changed settings, and print the comparison.

    Args:
        grid: the name of a recorded grid in this folder.
        changes: settings of the model that differ from the grid's.
        runs: the folder for the new runs.
    """
    file = Path(__file__).with_name(f"{grid}.toml")
    recorded = read_ranks(file)
    differences: dict[str, list[np.ndarray]] = {metric: [] for metric in METRICS}
    for run in read_grid(file).runs:
        if (run.model.backbone, run.model.refinement) != ("sasrec", refinement):
            continue
        directory = runs / f"seed{run.train.seed}"
        evaluations = train_and_measure(
            load_dataset(run.data),
            directory,
            run.model.model_copy(update=dict(changes)),
            run.train,
            command=command,
            resume=directory.exists(),
        )
        line = []
        for metric in METRICS:
            before, after = (
                gains(ranks, metric)
                for ranks in (recorded[run.name], evaluations["test"].ranks["rank"])
            )
            differences[metric].append(after - before)
            line.append(f"{metric} {before.mean():.4f} recorded, {after.mean():.4f}")
        print(f"  seed {run.train.seed}: {'; '.join(line)}", flush=True)
    for metric, found in differences.items():
        interval = paired_interval(np.stack(found, axis=1))
        print(f"  {metric} {interval.mean:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]")


def main(runs: Path) -> None:
    """Compare all readings."""
    torch.set_num_threads(1)
    for grid, refinement, changes in READINGS:
        setting = ", ".join(f"{name} = {value}" for name, value in changes.items())
        print(f"{grid}, {refinement}, {setting}", flush=True)
        folder = (
            runs / f"{grid}-{refinement}-{'-'.join(changes)}-{'-'.join(map(str, changes.values()))}"
        )
        compare(grid, refinement, changes, folder, f"python -m experiments.readings {runs}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
