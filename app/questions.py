"""What an attribution answers, and of which weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from app.folders import ModelKey, model_key
from awrsr import attribution


@dataclass(frozen=True)
class TimedAttribution:
    """An attribution and the seconds it took when it was computed."""

    attribution: attribution.Attribution
    seconds: float


class AttributionQuestion(NamedTuple):
    """What an attribution answers, and of which weights."""

    directory: Path
    weights: ModelKey
    items: tuple[int, ...]
    target: int
    method: str
    contrast: int | None
    settings: tuple[tuple[str, Any], ...]


def attribution_question(
    directory: Path,
    items: Sequence[int],
    target: int,
    method: str,
    contrast: int | None,
    settings: Mapping[str, Any],
) -> AttributionQuestion:
    """The question of a model directory, a history, a target, a method, a rival and the settings
    that differ from the method's defaults."""
    return AttributionQuestion(
        directory,
        model_key(directory),
        tuple(items),
        target,
        method,
        contrast,
        tuple(sorted(settings.items())),
    )
