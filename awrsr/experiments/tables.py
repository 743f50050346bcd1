"""Tables of recorded results as texts, for RESULTS.md and the page Results."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from awrsr.experiments.averages import epoch_means, in_order, means
from awrsr.experiments.comparison import MODEL, PAIRED_METRICS, records
from awrsr.experiments.record import Results
from awrsr.models import model_title
from awrsr.refinement import REFINEMENTS, VANILLA

CUTOFFS = (1, 5, 10, 20)
EPOCHS = (1, 5, 10, 20, 40, 80, 160)
"""Epochs in tables of the course of training."""


def part(table: pd.DataFrame, dataset: str, loss: str) -> pd.DataFrame:
    """The rows of one dataset and one loss: models are compared only within these."""
    return table[(table["dataset"] == dataset) & (table["loss"] == loss)]


def parts(results: Results) -> list[tuple[str, str]]:
    """The recorded pairs of dataset and loss."""
    found = results.runs[["dataset", "loss"]].drop_duplicates()
    return [(str(dataset), str(loss)) for dataset, loss in found.itertuples(index=False)]


def data_table(all_results: Iterable[Results]) -> pd.DataFrame:
    """The datasets, each once."""
    table = pd.concat([results.datasets for results in all_results]).drop_duplicates("fingerprint")
    return pd.DataFrame(
        {
            "dataset": table["dataset"],
            **{
                name: [f"{value:,}" for value in table[name]]
                for name in ("users", "items", "interactions")
            },
            "density": [f"{value:.3%}" for value in table["density"]],
            "sequence, median": [f"{value:g}" for value in table["median sequence"]],
            "mean": [f"{value:.1f}" for value in table["mean sequence"]],
            "longest": [f"{value:,}" for value in table["longest sequence"]],
            "popularity HR@10": [f"{value:.4f}" for value in table["popularity HR@10"]],
            "popularity NDCG@10": [f"{value:.4f}" for value in table["popularity NDCG@10"]],
            "fingerprint": [f"`{value}`" for value in table["fingerprint"]],
        }
    )


def main_table(results: Results, dataset: str, loss: str) -> pd.DataFrame:
    """Each model's mean and range over seeds, and its paired difference to vanilla."""
    differences = {
        (*(row[name] for name in MODEL), row["metric"]): signed(row)
        for row in records(results.intervals)
    }
    rows = []
    for row in records(means(part(results.test, dataset, loss), PAIRED_METRICS)):
        cells = {"model": _model(row), "seeds": str(row["seeds"])}
        for metric in PAIRED_METRICS:
            cells[f"{metric}, mean (min to max)"] = (
                f"{row[metric]:.4f} ({row[f'{metric} min']:.4f} to {row[f'{metric} max']:.4f})"
                if row["seeds"] > 1
                else f"{row[metric]:.4f}"
            )
        for metric in PAIRED_METRICS:
            key = (*(row[name] for name in MODEL), metric)
            cells[f"{metric} minus vanilla"] = differences.get(key, "")
        rows.append(cells)
    return pd.DataFrame(rows)


def mechanism_table(results: Results, dataset: str, loss: str) -> pd.DataFrame:
    """The formula and cost of each mechanism, and the metrics that are not in the main table."""
    columns = ("NDCG@5", "NDCG@20", "MRR", "parameters", "best_epoch", "epochs")
    table = means(part(results.test, dataset, loss), columns)
    vanilla = table[table["refinement"] == VANILLA].set_index("backbone")
    configs = {(run.model.backbone, run.model.refinement): run.model for run in results.grid.runs}
    rows = []
    for row in records(table):
        base = vanilla["parameters"].get(row["backbone"])
        config = configs[row["backbone"], row["refinement"]]
        rows.append(
            {
                "model": _model(row),
                "mixes values with": REFINEMENTS[row["refinement"]].formula_of(config),
                "parameters": f"{row['parameters']:,.0f}",
                "more than vanilla": "" if base is None else f"{row['parameters'] - base:+,.0f}",
                "best epoch": f"{row['best_epoch']:.0f} of {row['epochs']:.0f}",
                **{name: f"{row[name]:.4f}" for name in ("NDCG@5", "NDCG@20", "MRR")},
            }
        )
    return pd.DataFrame(rows)


def cutoff_table(results: Results, dataset: str, loss: str) -> pd.DataFrame:
    """NDCG@N against N, means over seeds."""
    names = [f"NDCG@{cutoff}" for cutoff in CUTOFFS]
    table = means(part(results.test, dataset, loss), names)
    return pd.DataFrame(
        [
            {"model": _model(row), **{name: f"{row[name]:.4f}" for name in names}}
            for row in records(table)
        ]
    )


def trend_table(results: Results, dataset: str, loss: str, column: str) -> pd.DataFrame:
    """A column of the histories at `EPOCHS`, means over seeds; blank after the end of a seed."""
    history = part(results.history, dataset, loss)
    table = in_order(epoch_means(history, [column]))
    digits = 4 if column.startswith(("NDCG", "HR")) else 2
    rows: list[dict[str, str]] = []
    for _, group in table.groupby(MODEL, sort=False):
        complete = group[group["seeds"] == group["seeds"].max()].set_index("epoch")[column]
        cells = {"model": _model(records(group)[0])}
        for epoch in EPOCHS:
            if epoch <= table["epoch"].max():
                cells[f"epoch {epoch}"] = (
                    f"{complete[epoch]:.{digits}f}" if epoch in complete else ""
                )
        rows.append(cells)
    return pd.DataFrame(rows)


def signed(row: dict[str, Any]) -> str:
    """The difference and interval of a row as text."""
    return f"{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]"


def _model(row: dict[str, Any]) -> str:
    return model_title(row["backbone"], row["refinement"])
