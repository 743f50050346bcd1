"""How even the prediction's attention is in the shipped models, trained and as training began.

    python -m experiments.row_entropy [--untrained]

Two tables, averaged over heads and over every tenth user's test history (newest 50 items): the
entropy of the last row of every map over that of a uniform row (1 = uniform), and the standard
deviation of its weights over their mean (0 = uniform). Untrained: the weights that a training with
the shipped model's seed starts from.
"""

import argparse
from pathlib import Path

import pandas as pd
import torch

import awrsr
from awrsr.data.batching import history_and_target
from awrsr.models import SequentialModel
from awrsr.refinement import REFINEMENTS
from awrsr.training.checkpoint import read_config

DATASET = Path(__file__).resolve().parent.parent / "assets" / "ml-latest-small"
MAPS = ("first_order", "second_order", "refined")


def evenness(row: torch.Tensor) -> float:
    """Mean over heads of a (head, key) row's entropy over its maximum."""
    entropy = torch.special.entr(row).sum(-1)
    return float((entropy / torch.log(torch.tensor(row.shape[-1]))).mean())


def spread(row: torch.Tensor) -> float:
    """Mean over heads of the standard deviation of a (head, key) row over its mean."""
    return float((row.std(dim=-1) / row.mean(dim=-1)).mean())


def load(directory: Path, untrained: bool) -> SequentialModel:
    """The model of a directory, or what its training started from."""
    if not untrained:
        return awrsr.load_model(directory, device="cpu")
    config, catalogue, training = read_config(directory)
    torch.manual_seed(training.seed)
    return awrsr.build_model(config, catalogue).eval()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--untrained", action="store_true")
    untrained = parser.parse_args().untrained
    dataset = awrsr.load_dataset(DATASET)
    rows = []
    for backbone in ("sasrec", "stosa"):
        for name, refinement in REFINEMENTS.items():
            directory = DATASET / "models" / f"{backbone}-{name}"
            if not refinement.fits(backbone) or not directory.is_dir():
                continue
            model = load(directory, untrained)
            for user in range(0, dataset.n_users, 10):
                history, _ = history_and_target(dataset, user, "test")
                trace = awrsr.trace(model, history.tolist())
                for layer, recorded in enumerate(trace.layers, 1):
                    for kind in MAPS:
                        weights = getattr(recorded, kind)
                        if weights is not None:
                            last = weights[:, -1]
                            measured = evenness(last), spread(last)
                            rows.append((f"{backbone}-{name}", kind, layer, *measured))
    table = pd.DataFrame(rows, columns=["model", "map", "layer", "evenness", "spread"])
    means = table.groupby(["model", "map", "layer"], sort=False)[["evenness", "spread"]].mean()
    for measure, form in (("evenness", "{:.2f}"), ("spread", "{:.4f}")):
        columns = means[measure].unstack(["map", "layer"])[list(MAPS)]
        print(measure)
        print(columns.to_string(float_format=form.format))


if __name__ == "__main__":
    main()
