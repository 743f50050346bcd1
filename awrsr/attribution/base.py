"""What an attribution is, and what all methods share.

A method says how much each item of a history adds to an item score. It differentiates or perturbs
item embeddings as plain inputs of `SequentialModel.encode`: no hook is set and no module is
touched, so one model may serve many threads.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from awrsr.attribution.doubling import Effort
from awrsr.attribution.settings import Option
from awrsr.family import Member
from awrsr.models import SequentialModel
from awrsr.schema import Schema

PER_EVALUATION = 128
"""Histories scored at once."""

Baseline = Literal["zero", "mean"]
ABSENT: dict[Baseline, str] = {
    "zero": "an all-zero embedding (the padding item's)",
    "mean": "the mean embedding of the catalogue",
}
"""In words, what may stand for an absent item; for stosa of means and covariance parameters."""
StandardErrorSetting = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="Largest standard error that is small enough, as a share of the largest value",
    ),
]
"""Of methods that draw at random: when they stop."""
BaselineSetting = Annotated[
    Baseline,
    Field(
        description="What stands for an absent item: zero (the padding item) or the "
        "catalogue's mean"
    ),
]


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """What each item of one history adds to one score, in item score units.

    Args:
        method: the method's name.
        items: the items the model saw, oldest first.
        values: (m,) signed value of each.
        target: the item whose score is explained.
        contrast: the item whose score is taken off, or None.
        score: the explained score: of the target, minus that of the contrast.
        baseline_score: the score where the method says all items are absent; None where it has
            none.
        baseline: what stands for an absent item, in words.
        delta: score - baseline_score - sum of values, see `AttributionMethod.gap_meaning`; None
            where the method promises no such sum.
        settings: what else decides the result: the method's settings, and the seed where chance
            has a part.
        standard_errors: (m,) standard error of each value; None where chance has no part.
        effort: how far the method went to be accurate; None where it has no choice.
    """

    method: str
    items: list[int]
    values: Tensor
    target: int
    contrast: int | None
    score: float
    baseline_score: float | None
    baseline: str
    delta: float | None
    settings: dict[str, Any]
    standard_errors: Tensor | None = None
    effort: Effort | None = None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a method finds.

    Args:
        values: one signed value per item.
        baseline_score: the score with every item at the baseline; None where there is none.
        standard_errors: see `Attribution`.
        effort: see `Attribution`.
    """

    values: Float[Tensor, " slot"]
    baseline_score: float | None = None
    standard_errors: Float[Tensor, " slot"] | None = None
    effort: Effort | None = None


class Question:
    """One score of one history as a function of the history's embeddings.

    Args:
        model: in eval mode.
        items: at most n items, oldest first.
        target: the item explained.
        contrast: the item whose score is taken off, or None.
        seed: what a randomised method draws from.
        progress: told the share done, 0 to 1, by methods that take long; may raise to end them.
    """

    def __init__(
        self,
        model: SequentialModel,
        items: list[int],
        target: int,
        contrast: int | None,
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.model = model
        self.items = items
        self.target = target
        self.contrast = contrast
        self.seed = seed
        self.progress = progress or (lambda share: None)
        device = model.device
        with torch.no_grad():
            self.embeddings = model.embed(torch.tensor([items], device=device))
            asked = [target] if contrast is None else [target, contrast]
            self.asked_states = model.as_states(model.embed(torch.tensor(asked, device=device)))

    def score_states(self, states: Float[Tensor, "batch state"]) -> Float[Tensor, " batch"]:
        """The explained score of prediction states."""
        scores = self.model.compare(states, self.asked_states)
        return scores[:, 0] if self.contrast is None else scores[:, 0] - scores[:, 1]

    def score(self, embeddings: Float[Tensor, "batch slot embedding"]) -> Float[Tensor, " batch"]:
        """The explained score of histories given as embeddings, all of m slots."""
        present = torch.ones(embeddings.shape[:2], dtype=torch.bool, device=embeddings.device)
        return self.score_states(self.model.encode(embeddings, present)[:, -1])

    @cached_property
    def whole(self) -> float:
        """The explained score of the history as it is."""
        with torch.no_grad():
            return float(self.score(self.embeddings))

    def absent(self, baseline: Baseline) -> Float[Tensor, "1 slot embedding"]:
        """The embeddings of a history without any of its items."""
        if baseline == "zero":
            return torch.zeros_like(self.embeddings)
        with torch.no_grad():
            return self.model.catalogue_embeddings().mean(dim=0).expand_as(self.embeddings)

    def gap(self, values: Float[Tensor, " slot"], baseline_score: float) -> float:
        """The explained score, minus the baseline's, minus the sum of the values."""
        return self.whole - baseline_score - float(values.double().sum())

    def score_present(self, present: Tensor) -> Float[Tensor, " batch"]:
        """The explained score of the history with some items really removed.

        Args:
            present: (batch, m), nonzero where an item stays. A history that loses every item is
                scored as one in which a single empty slot is all there is.
        """
        sequences = torch.zeros(present.shape, dtype=torch.long, device=self.model.device)
        items = torch.tensor(self.items, device=self.model.device)
        for row, kept in enumerate(present.bool()):
            remaining = items[kept]
            if len(remaining):
                sequences[row, -len(remaining) :] = remaining
        return self.score_states(self.model(sequences)[:, -1])


class AttributionMethod(Schema, Member, ABC):
    """One method and its settings: facts about it, fields that say what they accept and decide,
    and `estimate`.

    Raises:
        ConfigError: a setting does not accept its value.
    """

    name: ClassVar[str]
    color: ClassVar[str]
    title: ClassVar[str]
    """As people say it."""
    source: ClassVar[str]
    """Where it is described."""
    complete: ClassVar[bool]
    """Whether the values are meant to sum to score - baseline score."""
    gap_meaning: ClassVar[str] = "completeness gap"
    """What `Attribution.delta` is called: how far the values are from that sum."""
    randomised: ClassVar[bool] = False
    slow: ClassVar[bool] = False
    """Whether it may take seconds, so that nobody should wait for it unasked."""
    shown_first: ClassVar[bool] = False
    """Whether figures of explanations draw it unasked."""
    in_studies: ClassVar[dict[str, Any]] = {}
    """Settings other than by default where many histories are explained: less work for each."""

    @classmethod
    def options(cls) -> list[Option]:
        """Every setting, in the order of the declaration."""
        declared = cls.model_json_schema()["properties"]
        return [Option.of(name, field) for name, field in declared.items()]

    @classmethod
    def with_settings(cls, settings: Mapping[str, Any]) -> "AttributionMethod":
        """The method with some settings other than by default.

        Raises:
            ConfigError: there is no such setting, or a value is not accepted.
        """
        return cls.from_json(settings, where=f"settings of {cls.name}")

    def changed(self) -> dict[str, Any]:
        """The settings that differ from their default, by name."""
        return self.model_dump(exclude_defaults=True)

    @property
    @abstractmethod
    def absent(self) -> str:
        """What stands for an absent item, in words."""

    @abstractmethod
    def estimate(self, question: Question) -> Estimate:
        """One signed value per item, and what else is known of them."""


def over_embedding(values: Float[Tensor, "batch slot embedding"]) -> Float[Tensor, " slot"]:
    """Values of one history's embedding entries, summed to one per item."""
    return values[0].sum(dim=-1).detach()
