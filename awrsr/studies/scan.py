"""Scans: all users through several models; one row of numbers per user and model, and per pair.

All numbers about maps refer to the last row of the last layer, mean over heads: the attention of
the prediction position. Undefined numbers (a map that the model does not have, a correlation of two
items) are missing. `awrsr.studies.scan_files` writes and reads scans.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from torch import Tensor

from awrsr.data.batching import batches, users_with_target
from awrsr.data.dataset import Dataset
from awrsr.errors import ConfigError, did_you_mean
from awrsr.explain import KINDS
from awrsr.models import SequentialModel
from awrsr.ranking.recommendation import check_same_catalogue
from awrsr.studies.scan_rows import (
    COUNTS,
    PAIR_MEASURES,
    SHARED,
    Frame,
    Pair,
    compare,
    scan_batch,
    shared,
)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """The result of `scan`.

    Args:
        users: a row per model and user, see the module.
        pairs: a row per pair of models and user.
        about: the contents of scan.json; empty for a scan that was not written.
    """

    users: pd.DataFrame
    pairs: pd.DataFrame
    about: dict[str, Any]


def all_pairs(names: Sequence[str]) -> list[Pair]:
    """All pairs of models, each once."""
    return list(combinations(names, 2))


def scan(
    models: Mapping[str, SequentialModel],
    dataset: Dataset,
    *,
    pairs: Sequence[Pair] | None = None,
    users: npt.ArrayLike | None = None,
    attribution: bool = False,
    batch_size: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Scan:
    """Ranks of the held-out items and measures of the models' attention, computed in batches.

    Candidates are `awrsr.Dataset.default_candidates`; a held-out item is always a candidate, so
    that every user with a test item has a rank.

    The cost is one forward pass per user and model, and for attributions one more with its
    gradient. Comparing pairs of models costs little in addition.

    Args:
        models: by name, in eval mode.
        dataset: the dataset of all models.
        pairs: pairs of names to compare; default: all pairs.
        users: indices of users with a test item; default: all of them.
        attribution: compare each row with the absolute input x gradient of the held-out item, by
            Spearman's rho.
        batch_size: users per batch; affects only the speed.
        progress: called with the number of sequences (one user in one model) done since the last
            call.

    Raises:
        ConfigError: no model, no user, a user without a test item, or a pair with a name that is
            not a model.
        DataError: a model belongs to another catalogue.
    """
    pairs = check_pairs(list(models), pairs)
    for name, model in models.items():
        check_same_catalogue(model, dataset, f"{name}: ")
    chosen = users_with_target(dataset, users)
    if len(chosen) == 0:
        raise ConfigError("a scan needs one user or more; none was given")
    longest = max(model.config.max_length for model in models.values())
    found: dict[str, list[Frame]] = {name: [] for name in models}
    compared: list[Frame] = []
    lists: dict[str, Tensor] = {}
    order: list[npt.NDArray[np.int64]] = []
    for batch in batches(dataset, chosen, longest, n_items=dataset.n_items, batch_size=batch_size):
        rows: dict[str, dict[str, Tensor]] = {}
        for name, model in models.items():
            frame, rows[name], lists[name] = scan_batch(
                model, batch, attribution, dataset.default_candidates
            )
            found[name].append(frame)
            if progress is not None:
                progress(len(batch.users))
        compared.append(shared(lists, pairs) | compare(rows, models, batch, pairs))
        order.append(batch.users)
    in_order = np.argsort(np.concatenate(order), kind="stable")
    ids = np.array(dataset.user_ids, dtype=object)[np.concatenate(order)[in_order]]
    per_model = [_table(found[name], in_order, {"user_id": ids, "model": name}) for name in models]
    per_pair = [
        _table(
            [{c: v[place] for c, v in frame.items()} for frame in compared],
            in_order,
            {"user_id": ids, "model_a": a, "model_b": b},
        )
        for place, (a, b) in enumerate(pairs)
    ]
    return Scan(
        users=pd.concat(per_model, ignore_index=True),
        pairs=pd.concat(per_pair, ignore_index=True) if pairs else _no_pairs(),
        about={},
    )


def check_pairs(names: list[str], pairs: Sequence[Pair] | None) -> list[Pair]:
    """The given pairs, checked; by default all pairs.

    Raises:
        ConfigError: there is no model, a pair names an unknown model, or the same model twice.
    """
    if not names:
        raise ConfigError("a scan needs one model or more; none was given")
    for pair in all_pairs(names) if pairs is None else pairs:
        for name in pair:
            if name not in names:
                raise ConfigError(
                    f"pair {':'.join(pair)}: {name!r} is not among the models scanned; accepted: "
                    f"{', '.join(names)}.{did_you_mean(name, names)}"
                )
        if pair[0] == pair[1]:
            raise ConfigError(f"pair {':'.join(pair)} is one model; name two")
    return all_pairs(names) if pairs is None else [(a, b) for a, b in pairs]


def _table(
    frames: list[Frame], order: npt.NDArray[np.int64], front: dict[str, Any]
) -> pd.DataFrame:
    """Columns of all batches, whole numbers in int32 and others in float32."""
    columns = {name: np.concatenate([frame[name] for frame in frames])[order] for name in frames[0]}
    return pd.DataFrame(
        front
        | {
            name: values.astype(np.int32 if name in (*COUNTS, SHARED) else np.float32)
            for name, values in columns.items()
        }
    )


def _no_pairs() -> pd.DataFrame:
    text = {name: pd.Series(dtype=str) for name in ("user_id", "model_a", "model_b")}
    numbers = {
        f"{kind}_{measure}": pd.Series(dtype=np.float32)
        for measure in PAIR_MEASURES
        for kind in KINDS
    }
    return pd.DataFrame(text | {SHARED: pd.Series(dtype=np.int32)} | numbers)
