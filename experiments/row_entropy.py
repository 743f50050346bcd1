"""How even the prediction's attention is in the shipped models.

    python experiments/row_entropy.py

Entropy of the last row of every map over that of a uniform row (1 = uniform), averaged over heads
and over every tenth user's test history (newest 50 items).
"""

from pathlib import Path

import pandas as pd
import torch

import awrsr
from awrsr.batching import history_and_target
from awrsr.refinement import REFINEMENTS

DATASET = Path(__file__).resolve().parent.parent / "assets" / "ml-latest-small"
MAPS = ("first_order", "second_order", "refined")


def evenness(weights: torch.Tensor) -> float:
    """Mean over heads of the last row's entropy over its maximum."""
    row = weights[:, -1]
    entropy = torch.special.entr(row).sum(-1)
    return float((entropy / torch.log(torch.tensor(row.shape[-1]))).mean())


def main() -> None:
    """Print the table."""
    dataset = awrsr.load_dataset(DATASET)
    rows = []
    for backbone in ("sasrec", "stosa"):
        for name, refinement in REFINEMENTS.items():
            if backbone not in refinement.backbones:
                continue
            model = awrsr.load_model(DATASET / "models" / f"{backbone}-{name}", device="cpu")
            for user in range(0, dataset.n_users, 10):
                history, _ = history_and_target(dataset, user, "test")
                trace = awrsr.trace(model, history.tolist())
                for layer, recorded in enumerate(trace.layers, 1):
                    for kind in MAPS:
                        weights = getattr(recorded, kind)
                        if weights is not None:
                            rows.append((f"{backbone}-{name}", kind, layer, evenness(weights)))
    table = pd.DataFrame(rows, columns=["model", "map", "layer", "evenness"])
    means = table.groupby(["model", "map", "layer"], sort=False)["evenness"].mean()
    print(means.unstack(["map", "layer"])[list(MAPS)].to_string(float_format="{:.2f}".format))


if __name__ == "__main__":
    main()
