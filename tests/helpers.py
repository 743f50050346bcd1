"""Shared by all tests: paths, families, a tiny dataset, ranks, command lines."""

import inspect
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from awrsr.cli.main import VERBS
from awrsr.cli.parser import parse
from awrsr.data.dataset import Dataset
from awrsr.models import BACKBONES
from awrsr.ranking.metrics import target_ranks
from awrsr.refinement import FORMER, REFINEMENTS, USUAL

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED = ROOT / "assets" / "ml-latest-small"
SHARED_DATA = ROOT.parent / "shared" / "data"

PAIRS = [
    (backbone, name)
    for name, refinement in REFINEMENTS.items()
    for backbone in BACKBONES
    if refinement.fits(backbone)
]
"""Every existing backbone x refinement, including those of other installed packages."""


def is_ours(member: type) -> bool:
    """Whether a member of a family belongs to this package, so tests have a reference for it."""
    return member.__module__.startswith("awrsr.")


OURS = [
    (backbone, name)
    for backbone, name in PAIRS
    if is_ours(BACKBONES[backbone]) and is_ours(REFINEMENTS[name])
]
"""Those of this package, for which the tests have a reference."""

VALUES = {
    "rows": ("plain", "standardised"),
    "gain": (False, True),
    "similar_start": (False, True),
    "matrices": ("layer", "head"),
    "refinement_dropout": (0.0, 0.3),
    "tied": (False, True),
    "value_matrix": (False, True),
    "mix": ("gate", "halves", "scores"),
}
"""The tested values of every setting of refinements."""


def plain(name: str) -> dict:
    """The settings that correspond to a refinement before settings existed."""
    return {setting: FORMER[setting] for setting in REFINEMENTS[name].settings}


def readings(name: str) -> list[dict]:
    """The defaults of a refinement, each setting changed alone, and several changed together."""
    read = REFINEMENTS[name].settings
    each = [{one: value} for one in read for value in VALUES[one] if value != USUAL[one]]
    each = [{"similar_start": False, **one} if one.get("tied") else one for one in each]
    together = {one: values[1] for one, values in VALUES.items() if one in read and one != "tied"}
    return [{}, *each, *([together] if read else [])]


def reading_id(backbone: str, name: str, settings: dict) -> str:
    words = [f"{one}={value}" for one, value in settings.items()]
    return "-".join([backbone, name, *(words if len(words) < 3 else ["together"])])


READINGS = [
    pytest.param(*pair, settings, id=reading_id(*pair, settings))
    for pair in PAIRS
    for settings in readings(pair[1])
]
"""Every backbone x refinement x setting that the refinement reads."""
OUR_READINGS = [reading for reading in READINGS if reading.values[:2] in OURS]
"""Those of this package."""


LAYOUTS = {
    "before": {"norms": "before", "outer_norm": "states"},
    "query": {"norms": "query", "outer_norm": "states", "norm_epsilon": 0.1},
    "oldest": {"positions": "oldest", "activation": "silu"},
    "separate": {"output_embedding": "separate", "activation": "relu", "outer_norm": "states"},
    "scaled": {"scaled_embeddings": True},
    "zero": {"padding": "zero", "norms": "query"},
    "carried": {"padding": "carried"},
    "carried-before": {"padding": "carried", "norms": "before", "outer_norm": "states"},
}
"""Layouts of SASRec that together have every value of every setting of a layout."""

SHIPPED = [pair for pair in PAIRS if (EMBEDDED / "models" / "-".join(pair)).is_dir()]
"""Pairs with a model in the embedded dataset."""

N_ITEMS = 11


def parsed(command: str) -> dict[str, Any]:
    """The parsed arguments of a command line `python -m awrsr ...`; nothing is run.

    Raises:
        ConfigError: an unknown verb or option, or a missing one.
    """
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "awrsr"], command
    call = parse(VERBS, words[3:])
    asked = inspect.signature(call.func).bind(**call.keywords)
    asked.apply_defaults()
    return asked.arguments


def gone_process() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def make_dataset(
    n_users: int = 12, n_items: int = N_ITEMS, seed: int = 0, *, people_repeat: bool = False
) -> Dataset:
    """Users who go through the items in steps of 1, with some noise; held-out items are new to
    them unless users repeat items."""
    generator = np.random.default_rng(seed)
    sequences = []
    for _ in range(n_users):
        length = int(generator.integers(4, 15))
        start = int(generator.integers(n_items))
        noise = generator.random(length) < 0.1
        walk = (start + np.arange(length)) % n_items + 1
        walk = np.where(noise, generator.integers(1, n_items + 1, length), walk)
        sequences.append(walk if people_repeat else with_new_targets(walk, n_items))
    lengths = [len(sequence) for sequence in sequences]
    return Dataset(
        name="tiny",
        about={"source": "made by tests/helpers.py"},
        items=pd.DataFrame(
            {
                "item": range(1, n_items + 1),
                "item_id": [str(100 + i) for i in range(1, n_items + 1)],
                "title": [f"Film {chr(64 + i)} ({1990 + i})" for i in range(1, n_items + 1)],
            }
        ),
        user_ids=[str(1000 + user) for user in range(n_users)],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        flat_items=np.concatenate(sequences).astype(np.int32),
        flat_timestamps=np.arange(sum(lengths), dtype=np.int64),
    )


def with_new_targets(sequence: np.ndarray, n_items: int) -> np.ndarray:
    """The sequence with earlier occurrences of the last two items replaced."""
    *_, validation, test = sequence
    if validation == test:
        validation = test % n_items + 1
    other = next(item for item in range(1, n_items + 1) if item not in (validation, test))
    history = sequence[:-2]
    history = np.where(np.isin(history, [validation, test]), other, history)
    return np.append(history, [validation, test])


def rank_of(item_scores: torch.Tensor, item: int, excluded: Sequence[int]) -> int:
    """Rank of one item, 1 = best, under the rule of `awrsr.ranking.metrics.target_ranks`.

    Args:
        item_scores: (n_items,), item i at index i - 1.
        item: the ranked item; a candidate even if it is excluded.
        excluded: items that are not candidates.
    """
    seen = torch.as_tensor(list(excluded), dtype=torch.long, device=item_scores.device)
    target = torch.tensor([item], device=item_scores.device)
    ranks = target_ranks(item_scores.clone()[None], target, (torch.zeros_like(seen), seen))
    return int(ranks)


def unrepeated(*lengths: int) -> Dataset:
    """Users of these lengths; all items are distinct, so an item identifies its place."""
    total = sum(lengths)
    names = [str(item) for item in range(1, total + 1)]
    return Dataset(
        name="unrepeated",
        about={},
        items=pd.DataFrame({"item": range(1, total + 1), "item_id": names, "title": names}),
        user_ids=[str(user) for user in range(len(lengths))],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        flat_items=np.arange(1, total + 1, dtype=np.int32),
        flat_timestamps=None,
    )
