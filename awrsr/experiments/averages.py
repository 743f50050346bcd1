"""Means over seeds of recorded results, in the order of display."""

from collections.abc import Iterable

import pandas as pd

from awrsr.experiments.comparison import MODEL
from awrsr.refinement import REFINEMENTS, VANILLA


def means(test: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The number of seeds of each model, and mean, minimum and maximum of columns over the seeds.

    Returns:
        A row per model, in the refinements' order; columns `MODEL`, seeds, and for each name
        "name" (the mean), "name min" and "name max".
    """
    table = test.groupby(MODEL, sort=False).agg(
        seeds=("seed", "size"),
        **{
            f"{name}{suffix}": (name, statistic)
            for name in columns
            for statistic, suffix in (("mean", ""), ("min", " min"), ("max", " max"))
        },
    )
    return in_order(table.reset_index())


def minus_vanilla(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Rows of all models except vanilla: columns minus those of vanilla with the same seed and, if
    the table has epochs, the same epoch.

    Rows without such a vanilla row are left out.
    """
    columns = list(columns)
    keys = [name for name in ("dataset", "loss", "backbone", "seed", "epoch") if name in table]
    refined = table[table["refinement"] != VANILLA]
    vanilla = table[table["refinement"] == VANILLA][[*keys, *columns]]
    paired = refined.merge(vanilla, on=keys, suffixes=("", " of vanilla"))
    return paired.assign(**{name: paired[name] - paired[f"{name} of vanilla"] for name in columns})


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of models in the order of display."""
    places = {name: place for place, name in enumerate(REFINEMENTS)}
    order = table["refinement"].map(places)
    return table.assign(_place=order).sort_values(
        ["dataset", "loss", "backbone", "_place"], kind="stable", ignore_index=True
    )[list(table.columns)]


def epoch_means(history: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """For each model and epoch the mean over the seeds that reached it, and their number."""
    table = history.groupby([*MODEL, "epoch"], sort=False).agg(
        seeds=("seed", "size"), **{name: (name, "mean") for name in columns}
    )
    return table.reset_index()
