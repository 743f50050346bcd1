"""The question of an attribution: model weights, history, target, method, settings."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from app.folders import ModelKey, model_key
from awrsr import attribution
from awrsr.models import SequentialModel


@dataclass(frozen=True)
class TimedAttribution:
    """An attribution and the seconds of its computation."""

    attribution: attribution.Attribution
    seconds: float


class AttributionQuestion(NamedTuple):
    """Identifies an attribution: model weights, history, target, method, rival, settings."""

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
    """The question for a model directory, with the settings that differ from the method's
    defaults."""
    return AttributionQuestion(
        directory,
        model_key(directory),
        tuple(items),
        target,
        method,
        contrast,
        tuple(sorted(settings.items())),
    )


def answer(
    model: SequentialModel,
    question: AttributionQuestion,
    progress: Callable[[float], None] | None = None,
) -> TimedAttribution:
    """The attribution that a question asks for, computed with its model."""
    start = time.perf_counter()
    result = attribution.attribute(
        model, *question[2:-1], progress=progress, **dict(question.settings)
    )
    return TimedAttribution(result, time.perf_counter() - start)
