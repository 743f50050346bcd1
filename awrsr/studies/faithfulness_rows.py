"""The rows of a study: values and curves of every explanation for one user in one model."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.config import Split
from awrsr.data.batching import history_and_target
from awrsr.data.dataset import Dataset
from awrsr.explain import (
    at_shares,
    cause_measures,
    explanation_orders,
    faithfulness_curves,
    faithfulness_measures,
)
from awrsr.models import SequentialModel
from awrsr.ranking.recommendation import trace
from awrsr.studies.faithfulness_summary import ALL, FIRST

VALUES_FILE, CURVES_FILE = "values.parquet", "curves.parquet"
GRID = np.linspace(0.05, 1, 20)
"""Shares of the items at which curves are averaged, if at least half of the users have a score."""


class Rows:
    """Values and curves of some users, filled one user and model at a time."""

    def __init__(self) -> None:
        self.values: list[tuple[str, str, str, str, str, float]] = []
        self.curves: list[pd.DataFrame] = []

    def tables(self) -> dict[str, pd.DataFrame]:
        """Values and curves, by file."""
        names = ["user_id", "sort", "model", "explanation", "measure", "value"]
        values = pd.DataFrame(self.values, columns=names).astype({"value": "float32"})
        return {VALUES_FILE: values, CURVES_FILE: pd.concat(self.curves, ignore_index=True)}

    def add(
        self,
        name: str,
        model: SequentialModel,
        dataset: Dataset,
        split: Split,
        user: int,
        popularity: npt.NDArray[np.int64],
        cause: "pd.Series[Any] | None",
        seed: int,
    ) -> None:
        """Measure every explanation of one user in one model.

        Args:
            name: the name of the model.
            model: in eval mode.
            dataset: the user's dataset.
            split: the split whose held-out item is explained.
            user: index of the user.
            popularity: popularity of every item, see `awrsr.data.batching.training_popularity`.
            cause: the user's row of planted causes, if there are any.
            seed: seed of the random orders and the randomised methods.
        """
        history, target = history_and_target(dataset, user, split)
        items = [int(item) for item in history]
        traced = trace(model, items)
        by_name = explanation_orders(model, traced, target, popularity, seed=seed)
        user_id, sort = dataset.user_ids[user], ALL if cause is None else str(cause["sort"])
        curves = faithfulness_curves(
            model, items, target, by_name, candidates=dataset.default_candidates
        )
        for explanation, found in curves.items():
            orders = by_name[explanation]
            values = faithfulness_measures(found)
            values[FIRST] = float(np.mean([order[0] == len(order) - 1 for order in orders]))
            if cause is not None:
                places = [place - traced.dropped for place in cause["cause_places"]]
                if min(places) >= 0:  # the model sees all causes
                    values |= cause_measures(orders, places)
            key = (user_id, sort, name, explanation)
            self.values += [(*key, measure, value) for measure, value in values.items()]
            for kind in ("deletion", "insertion"):
                curve = at_shares(getattr(found, kind), GRID)
                self.curves.append(
                    pd.DataFrame(
                        {
                            "user_id": user_id,
                            "sort": sort,
                            "model": name,
                            "explanation": explanation,
                            "curve": kind,
                            "share": GRID,
                            "standard_score": curve.standard_scores.astype(np.float32),
                            "ndcg": curve.ndcg.astype(np.float32),
                        }
                    )
                )
