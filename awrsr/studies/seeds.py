"""Models that differ only in the seed of their training."""

from collections.abc import Mapping
from typing import Any

from awrsr.studies.scan_rows import Pair
from awrsr.training.checkpoint import ConfigFile

SEEDS_FOLDER = "seeds"
"""A folder in a dataset directory: models trained again with another seed, beside models/."""


def seed_pairs(about: Mapping[str, Any]) -> list[Pair]:
    """The pairs of a scan that differ only in the seed of training."""
    models = about.get("models", {})

    def settings(name: str) -> tuple[Any, dict[str, Any]]:
        training = dict(models[name]["training"])
        training.pop("seed")
        return models[name]["model"], training

    def seed(name: str) -> int:
        return int(models[name]["training"]["seed"])

    return [
        (a, b)
        for a, b in about.get("pairs", [])
        if settings(a) == settings(b) and seed(a) != seed(b)
    ]


def differ_by_seed(first: ConfigFile, second: ConfigFile) -> bool:
    """Whether two results of `read_config` differ only in the seed of training."""
    seed = second[2].seed
    return (
        first[:2] == second[:2]
        and first[2].seed != seed
        and first[2].replace(seed=seed) == second[2]
    )
