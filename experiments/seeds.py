"""Seeds of the shipped SASRec models: train what is missing, write seeds.csv, print the table.

    python experiments/seeds.py            # from the repository's root; about an hour on two cores

Seed 0 is the shipped model; the others go to runs/ml-latest-small/. A run has the command line
recorded in the shipped model's metrics.json, with another seed and another output.
"""

import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd

from awrsr.cli import main

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "assets" / "ml-latest-small" / "models"
RUNS = ROOT / "runs" / "ml-latest-small"
REFINEMENTS = ("none", "simple", "value_weighted", "additive")
SEEDS = (0, 1, 2)
METRICS = ("HR@10", "NDCG@10")


def run_directory(refinement: str, seed: int) -> Path:
    """Where a run's model is; trained first where there is none."""
    name = f"sasrec-{refinement}"
    if seed == 0:
        return SHIPPED / name
    directory = RUNS / f"{name}-seed{seed}"
    if not (directory / "metrics.json").is_file():
        recorded = json.loads((SHIPPED / name / "metrics.json").read_text())["training"]["command"]
        arguments = shlex.split(recorded)[3:]  # after: python -m awrsr
        arguments[arguments.index("--train.seed") + 1] = str(seed)
        resume = ["--resume"] if directory.exists() else []
        if main([*arguments, "--output", str(directory), *resume]):
            raise SystemExit(2)
    return directory


def results() -> pd.DataFrame:
    """One row per refinement, seed, split and metric."""
    rows = []
    for refinement in REFINEMENTS:
        for seed in SEEDS:
            recorded = json.loads((run_directory(refinement, seed) / "metrics.json").read_text())
            for split in ("validation", "test"):
                for metric, value in recorded[split]["metrics"].items():
                    rows.append((refinement, seed, split, metric, value))
    return pd.DataFrame(rows, columns=["refinement", "seed", "split", "metric", "value"])


def paired_interval(refinement: str) -> tuple[float, float, float]:
    """Mean per-user test NDCG@10 less vanilla's, seeds averaged, and its 95% bootstrap."""

    def gains(name: str) -> np.ndarray:
        per_seed = []
        for seed in SEEDS:
            ranks = pd.read_parquet(run_directory(name, seed) / "ranks.parquet")
            rank = ranks.loc[ranks["split"] == "test", "rank"].to_numpy()
            per_seed.append(np.where(rank <= 10, 1 / np.log2(rank + 1), 0.0))
        return np.mean(per_seed, axis=0)

    difference = gains(refinement) - gains("none")
    generator = np.random.default_rng(0)
    samples = generator.choice(difference, (10_000, len(difference))).mean(axis=1)
    low, high = np.quantile(samples, [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)


if __name__ == "__main__":
    table = results()
    table.to_csv(ROOT / "experiments" / "seeds.csv", index=False, float_format="%.6f")
    test = table[(table["split"] == "test") & table["metric"].isin(METRICS)]
    print(
        "| refinement | "
        + " | ".join(f"{m} mean (min to max)" for m in METRICS)
        + " | NDCG@10 less vanilla, 95% interval |"
    )
    print("|---|" + "---|" * (len(METRICS) + 1))
    for refinement in REFINEMENTS:
        cells = []
        for metric in METRICS:
            values = test[(test["refinement"] == refinement) & (test["metric"] == metric)]["value"]
            cells.append(f"{values.mean():.4f} ({values.min():.4f} to {values.max():.4f})")
        if refinement == "none":
            cells.append("")
        else:
            mean, low, high = paired_interval(refinement)
            cells.append(f"{mean:+.4f} ({low:+.4f} to {high:+.4f})")
        print(f"| {refinement} | " + " | ".join(cells) + " |")
