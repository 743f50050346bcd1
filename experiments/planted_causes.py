"""How well the recorded explanations find the planted causes, and what random orders would reach.

    python -m experiments.planted_causes

First table: average precision, first-order / second-order targets, from the recorded studies of
assets/planted. Then of `stosa-stochastic`, whose second-order rows give most to the item itself:
for how many users that is the newest item's place, but for what is equal to rounding, and the
average precision of its maps less that of 200 random orders a user with the newest item first, mean
over users with a 95% interval; random orders with and without that beside it.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import awrsr
from awrsr.batching import history_and_target
from awrsr.explain import EXPLANATIONS, attention_values, bootstrap_means, cause_measures
from awrsr.planted import load_causes

DATASET = Path(__file__).resolve().parent.parent / "assets" / "planted"
MEASURE, ORDERS = "average_precision", 200
SORTS = ("first_order", "second_order")


def random_orders(dataset: awrsr.Dataset, users: list[str]) -> pd.DataFrame:
    """Mean average precision of random orders, free and with the newest item first, by user."""
    causes, rows = load_causes(dataset, "test"), {}
    for user_id in users:
        user = dataset.user_index(user_id)
        draw, m = np.random.default_rng(user), len(history_and_target(dataset, user, "test")[0])
        places = list(causes.iloc[user]["cause_places"])
        free = [draw.permutation(m).tolist() for _ in range(ORDERS)]
        newest = [[m - 1, *draw.permutation(m - 1).tolist()] for _ in range(ORDERS)]
        rows[user_id] = {
            "random": cause_measures(free, places)[MEASURE],
            "newest first": cause_measures(newest, places)[MEASURE],
            "newest is a cause": float(m - 1 in places),
            "sort": causes.iloc[user]["sort"],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def newest_first(dataset: awrsr.Dataset, users: list[str]) -> pd.Series:
    """How far the newest item's second-order weight is below the largest, as a share, by user."""
    model, short = awrsr.load_model(DATASET / "models" / "stosa-stochastic"), {}
    for user_id in users:
        history, _ = history_and_target(dataset, dataset.user_index(user_id), "test")
        row = attention_values(awrsr.trace(model, history.tolist()))["second_order"]
        short[user_id] = 1 - row[-1] / row.max()
    return pd.Series(short)


def main() -> None:
    """Print both tables."""
    values = pd.concat(
        [pd.read_parquet(path) for path in sorted(DATASET.glob("faithfulness/*/values.parquet"))]
    ).query("measure == @MEASURE")
    means = values.groupby(["explanation", "model", "sort"])["value"].mean().unstack()
    cells = means.apply(lambda row: " / ".join(f"{row[sort]:.2f}" for sort in SORTS), axis=1)
    models = ["sasrec-none", "sasrec-simple", "sasrec-value_weighted", "sasrec-additive"]
    columns = [*models, "stosa-none", "stosa-stochastic"]
    order = [name for name in EXPLANATIONS if name in cells.index]
    print(cells.unstack()[columns].loc[order].fillna("").to_string())

    dataset, users = awrsr.load_dataset(DATASET), sorted(values["user_id"].unique())
    found, short = random_orders(dataset, users), newest_first(dataset, users)
    causes, largest = int(found["newest is a cause"].sum()), int((short == 0).sum())
    print(
        f"\n{len(users)} users; the newest item is a cause for {causes}, has the largest", end=" "
    )
    print(f"second-order weight for {largest}, for the others at most {short.max():.1g} less")
    for sort in ("both", *SORTS):
        part = found if sort == "both" else found[found["sort"] == sort]
        print(
            f"{sort}: random {part['random'].mean():.3f}, "
            f"newest first {part['newest first'].mean():.3f}"
        )
        for explanation in ("first_order", "second_order", "refined"):
            own = values.query("model == 'stosa-stochastic' and explanation == @explanation")
            less = own.set_index("user_id")["value"].reindex(part.index) - part["newest first"]
            mean = bootstrap_means(less.to_numpy(dtype=float)[:, None])
            print(
                f"  {explanation} less newest first: "
                f"{mean.mean[0]:+.3f} ({mean.low[0]:+.3f} to {mean.high[0]:+.3f})"
            )


if __name__ == "__main__":
    main()
