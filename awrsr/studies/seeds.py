"""Models that differ only in the seed of their training."""

from collections.abc import Mapping
from typing import Any

from awrsr.studies.scan_rows import Pair
from awrsr.training.checkpoint import ConfigFile

SEEDS_FOLDER = "seeds"
"""A folder in a dataset directory, next to models/: models trained again with another seed."""


def seed_pairs(about: Mapping[str, Any]) -> list[Pair]:
    """The pairs of a scan that differ only in the seed of training."""
    models = about.get("models", {})

    def settings(name: str) -> tuple[Any, dict[str, Any]]:
        training = dict(models[name]["training"] or {})
        training.pop("seed", None)
        return models[name]["model"], training

    def seed(name: str) -> int | None:
        return (models[name]["training"] or {}).get("seed")

    return [
        (a, b)
        for a, b in about.get("pairs", [])
        if settings(a) == settings(b) and seed(a) != seed(b)
    ]


def differ_by_seed(first: ConfigFile, second: ConfigFile) -> bool:
    """Whether two results of `read_config` differ only in the seed of training."""
    (*rest, training), (*other_rest, other) = first, second
    return (
        rest == other_rest
        and training is not None
        and other is not None
        and training.seed != other.seed
        and training.replace(seed=other.seed) == other
    )
