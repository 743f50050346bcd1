"""The users of a scan as a table for two models, one row per user."""

from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.finding.columns import COLUMNS, PER_MODEL
from awrsr.data.dataset import Dataset
from awrsr.refinement import VANILLA
from awrsr.studies import Scan, seed_pairs


def has_second_order(scan: Scan, model: str) -> bool:
    """Whether a scanned model has second-order maps."""
    rows = scan.users["model"] == model
    return bool(scan.users.loc[rows, "second_order_entropy"].notna().any())


def noise_pair(scan: Scan, a: str, b: str, kind: str) -> tuple[str, str] | None:
    """Two seeds of one model with A's or B's backbone, the closest to A and B in the scan.

    Pairs with the kind of map come first, then those with A's or B's settings, then vanilla.
    """
    models = scan.about["models"]
    backbones = {backbone_of(scan, a), backbone_of(scan, b)}

    def far(pair: tuple[str, str]) -> tuple[bool, ...]:
        lacking = kind == "second_order" and not has_second_order(scan, pair[0])
        refined = models[pair[0]]["model"]["refinement"] != VANILLA
        return lacking, not {a, b} & {*pair}, refined

    pairs = [p for p in seed_pairs(scan.about) if models[p[0]]["model"]["backbone"] in backbones]
    return min(pairs, key=far, default=None)


def backbone_of(scan: Scan, name: str) -> str:
    """A model's backbone, from the scan or, if the scan lacks it, from its name."""
    about = scan.about["models"].get(name)
    return about["model"]["backbone"] if about else name.partition("-")[0]


def pair_table(
    scan: Scan, noise: Scan | None, dataset: Dataset, a: str, b: str, kind: str
) -> pd.DataFrame:
    """One row per user with a test item: id, and those of COLUMNS that the scan has.

    Args:
        scan: a scan with both models.
        noise: a scan with two seeds of one model, or None.
        dataset: the dataset of the users.
        a: model A.
        b: model B, may be the same.
        kind: kind of map, one of KINDS.
    """
    users = _users(dataset)
    sides = {side: _of_model(scan, name, dataset) for side, name in (("a", a), ("b", b))}
    columns: dict[str, npt.NDArray[Any]] = {
        "length": sides["a"]["length"].to_numpy(),
        "repeats": sides["a"]["repeats"].to_numpy(),
        "rank_a": sides["a"]["rank"].to_numpy(),
        "rank_b": sides["b"]["rank"].to_numpy(),
    }
    columns["change"] = columns["rank_a"] - columns["rank_b"]
    columns["doublings"] = np.log2(columns["rank_a"] / columns["rank_b"])
    for name, measure in PER_MODEL.items():
        for side, rows in sides.items():
            if f"{kind}_{measure}" in rows:
                columns[f"{name}_{side}"] = rows[f"{kind}_{measure}"].to_numpy(dtype=float)
    seeds = noise_pair(noise, a, b, kind) if noise is not None else None
    of_pairs: dict[str, pd.DataFrame | None] = {
        "": _of_pair(scan, (a, b), dataset),
        "_seeds": _of_pair(noise, seeds, dataset) if noise and seeds else None,
    }
    for suffix, pairs in of_pairs.items():
        columns["shared" + suffix] = (
            np.full(len(users), np.nan) if pairs is None else pairs["shared"].to_numpy(float)
        )
        for measure in ("divergence", "correlation"):
            name = f"{kind}_{measure}"
            if pairs is not None and suffix and pairs[name].isna().all():
                name = f"refined_{measure}"  # two vanilla seeds have no second order
            columns[measure + suffix] = (
                np.full(len(users), np.nan) if pairs is None else pairs[name].to_numpy(dtype=float)
            )
    return pd.DataFrame({"user_id": users} | {c: columns[c] for c in COLUMNS if c in columns})


def _users(dataset: Dataset) -> list[str]:
    """The ids of the users with a test item."""
    return list(compress(dataset.user_ids, dataset.has_target("test")))


def _of_model(scan: Scan, name: str, dataset: Dataset) -> pd.DataFrame:
    rows = scan.users[scan.users["model"] == name]
    return rows.set_index("user_id").loc[_users(dataset)]


def _of_pair(scan: Scan, pair: tuple[str, str], dataset: Dataset) -> pd.DataFrame | None:
    first, second = scan.pairs["model_a"], scan.pairs["model_b"]
    a, b = pair
    rows = scan.pairs[((first == a) & (second == b)) | ((first == b) & (second == a))]
    return rows.set_index("user_id").loc[_users(dataset)] if len(rows) else None
