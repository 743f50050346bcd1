"""Print what vanilla has over its floors, dataset by dataset: `python -m experiments.floors`.

Floors are the same model with an even average over the history (`uniform`) and without any mixing
of items (`identity`). NDCG@10 on the test split, paired by user and seed, from the recorded
intervals of every grid; the most that vanilla has over `uniform` first.
"""

from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent


def table(folder: Path = HERE) -> list[str]:
    """Rows of a Markdown table, without its head."""
    rows = []
    for file in sorted(folder.glob("*/intervals.csv")):
        intervals = pd.read_csv(file)
        intervals = intervals[intervals["metric"] == "NDCG@10"]
        for (dataset, loss, backbone), part in intervals.groupby(["dataset", "loss", "backbone"]):
            by_name = part.set_index("refinement")
            if "uniform" not in by_name.index:
                continue
            uniform = by_name.loc["uniform"]
            name = f"{dataset} ({file.parent.name}) | {backbone}, `{loss}`"
            vanilla = f"{uniform['vanilla']:.4f} ({uniform['seeds']})"
            cells = f"{_over(by_name, 'uniform')} | {_over(by_name, 'identity')}"
            worth = -uniform["difference"] / uniform["vanilla"]
            rows.append((worth, f"| {name} | {vanilla} | {cells} |"))
    return [row for _, row in sorted(rows, reverse=True)]


def _over(by_name: pd.DataFrame, floor: str) -> str:
    """What vanilla has over a floor: difference, its share of vanilla with the 95% interval, seeds;
    nothing where the floor was not trained."""
    if floor not in by_name.index:
        return ""
    row = by_name.loc[floor]
    share, low, high = (-row[name] / row["vanilla"] for name in ("difference", "high", "low"))
    return f"{-row['difference']:+.4f}, {share:+.1%} [{low:+.1%}, {high:+.1%}] ({row['seeds']})"


if __name__ == "__main__":
    print("\n".join(table()))
