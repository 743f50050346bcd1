"""How accurate attributions are by default: completeness gaps, and agreement between seeds.

    python -m experiments.attribution_accuracy

Of the test item, over the newest items of the test history. Gaps: of integrated gradients, as a
share of the largest value, over some 34 users of each dataset. Agreement: of the randomised methods
in ml-latest-small, Spearman's rho between the values of every two of four seeds, mean over those
pairs, over every 30th user with 50 items or more.
"""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pandas as pd

import awrsr
from awrsr.attribution import METHODS
from awrsr.data.batching import history_and_target
from awrsr.ranking.statistics import STATISTICS

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SEEDS = range(4)


def gaps(dataset: awrsr.Dataset, directory: Path) -> Iterator[float]:
    """|gap| over the largest |value|, by user."""
    model = awrsr.load_model(directory)
    for user in range(0, dataset.n_users, dataset.n_users // 33):
        history, target = history_and_target(dataset, user, "test")
        result = awrsr.attribute(model, history.tolist(), target)
        yield abs(result.delta or 0.0) / float(result.values.abs().max())


def agreements(dataset: awrsr.Dataset, directory: Path, method: str) -> Iterator[float]:
    """Mean Spearman's rho between two seeds, by user."""
    model = awrsr.load_model(directory)
    spearman = STATISTICS["Spearman's rho"]
    for user in range(0, dataset.n_users, 30):
        history, target = history_and_target(dataset, user, "test")
        if len(history) >= 50:
            values = [
                awrsr.attribute(model, history.tolist(), target, method, seed=seed).values.numpy()
                for seed in SEEDS
            ]
            pairs = list(combinations(values, 2))
            yield sum(spearman(a, b) or 0.0 for a, b in pairs) / len(pairs)


def main() -> None:
    """Print both tables."""
    for name in ("ml-latest-small", "planted"):
        dataset = awrsr.load_dataset(ASSETS / name)
        directories = sorted((ASSETS / name / "models").iterdir())
        found = pd.DataFrame({path.name: list(gaps(dataset, path)) for path in directories})
        print(f"{name}, {len(found)} users: median, nine tenths and all are at or below")
        print(found.quantile([0.5, 0.9, 1]).T.to_string(float_format="{:.3%}".format))
    dataset = awrsr.load_dataset(ASSETS / "ml-latest-small")
    for name in ("sasrec-none", "stosa-none"):
        for method in METHODS:
            if METHODS[method].randomised:
                rho = pd.Series(agreements(dataset, dataset.directory / "models" / name, method))
                print(f"{name} {method}, {len(rho)} users: rho {rho.mean():.2f}, ", end="")
                print(f"least {rho.min():.2f}")


if __name__ == "__main__":
    main()
