"""Means over seeds of what is recorded, in the order in which models are shown."""

from collections.abc import Iterable

import pandas as pd

from awrsr.experiments.comparison import MODEL
from awrsr.refinement import REFINEMENTS, VANILLA


def means(test: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Per model the number of seeds and the mean, lowest and highest of columns over them.

    Returns:
        In the refinements' order; columns `MODEL`, seeds, and (name, "mean" | "min" | "max") as
        "name", "name min" and "name max".
    """
    table = test.groupby(MODEL, sort=False).agg(
        seeds=("seed", "size"),
        **{
            f"{name}{suffix}": (name, how)
            for name in columns
            for how, suffix in (("mean", ""), ("min", " min"), ("max", " max"))
        },
    )
    return in_order(table.reset_index())


def less_vanilla(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Rows of all other models, columns minus those of vanilla of the same seed, and epoch if any.

    A row without such a vanilla is left out.
    """
    columns = list(columns)
    by = [name for name in ("dataset", "loss", "backbone", "seed", "epoch") if name in table]
    others = table[table["refinement"] != VANILLA]
    vanilla = table[table["refinement"] == VANILLA][[*by, *columns]]
    both = others.merge(vanilla, on=by, suffixes=("", " of vanilla"))
    return both.assign(**{name: both[name] - both[f"{name} of vanilla"] for name in columns})


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of models in the order in which refinements are shown."""
    places = {name: place for place, name in enumerate(REFINEMENTS)}
    order = table["refinement"].map(places)
    return table.assign(_place=order).sort_values(
        ["dataset", "loss", "backbone", "_place"], kind="stable", ignore_index=True
    )[list(table.columns)]


def epoch_means(history: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Per model and epoch the mean over the seeds that got so far, and how many did."""
    table = history.groupby([*MODEL, "epoch"], sort=False).agg(
        seeds=("seed", "size"), **{name: (name, "mean") for name in columns}
    )
    return table.reset_index()
