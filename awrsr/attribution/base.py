"""Attributions, and the base class of the methods.

A method computes the contribution of each item of a history to an item score. It differentiates or
perturbs item embeddings as plain inputs of `SequentialModel.encode`. It sets no hooks and changes
no module, so many threads may share one model.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import pandas as pd
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from awrsr.attribution.doubling import Effort
from awrsr.attribution.settings import Option
from awrsr.display import Card, Displayed, item_table
from awrsr.family import Member
from awrsr.models import SequentialModel
from awrsr.schema import Schema

PER_EVALUATION = 128
"""Histories scored in one batch."""

Baseline = Literal["zero", "mean"]
ABSENT: dict[Baseline, str] = {
    "zero": "an all-zero embedding (the padding item's)",
    "mean": "the mean embedding of the catalogue",
}
"""The replacements for an absent item, in words; for stosa they replace mean and covariance."""
StandardErrorSetting = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="Largest accepted standard error, as a share of the largest value",
    ),
]
"""The stopping rule of methods that draw at random."""
BaselineSetting = Annotated[
    Baseline,
    Field(
        description="Replacement for an absent item: zero (the padding item) or mean (of the "
        "catalogue)"
    ),
]


@dataclass(frozen=True, kw_only=True, repr=False)
class Attribution(Displayed):
    """The contribution of each item of one history to one score, in item score units.

    Args:
        method: the method's name.
        items: the items that the model saw, oldest first.
        values: (m,) signed value of each item.
        target: the item whose score is explained.
        contrast: the item whose score is subtracted, or None.
        score: the explained score: that of the target, minus that of the contrast if there is one.
        baseline_score: the score when all items are absent, as the method defines it; None if it
            does not.
        baseline: the replacement for an absent item, in words.
        delta: score - baseline_score - sum of values, see `AttributionMethod.gap_meaning`; None
            if the method is not complete.
        settings: the method's settings, and the seed of a randomised method.
        standard_errors: (m,) standard error of each value; None if nothing is random.
        effort: the work done until the error was small enough; None if the work is fixed.
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

    def table(self, titles: Sequence[str] | None = None) -> pd.DataFrame:
        """The values as a table.

        Args:
            titles: the titles of `items`, see `awrsr.Dataset.titles`.

        Returns:
            One row per item, newest first: place (0 is the oldest item), item, title if given,
            value, and standard_error if there is one.
        """
        values = {"value": self.values.detach().cpu().numpy()}
        if self.standard_errors is not None:
            values["standard_error"] = self.standard_errors.cpu().numpy()
        return item_table(self.items, titles, values)

    def card(self) -> Card:
        optional = {"baseline score": self.baseline_score, "gap": self.delta}
        explained = f"item {self.target}"
        if self.contrast is not None:
            explained += f" minus item {self.contrast}"
        return Card(
            title="Attribution",
            facts={
                "method": self.method,
                "explained": explained,
                "score": self.score,
                **{name: value for name, value in optional.items() if value is not None},
                "absent items are replaced by": self.baseline,
            },
            table=self.table(),
            bars=("value",),
            note="Contribution of each item, in item scores; newest item first",
        )


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The result of a method.

    Args:
        values: one signed value per item.
        baseline_score: the score with every item at the baseline; None if there is no baseline.
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
        target: the item whose score is explained.
        contrast: the item whose score is subtracted, or None.
        seed: seed of a randomised method.
        progress: called by slow methods with the share of work done, 0 to 1; it may raise to stop
            the method.
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
            scored = [target] if contrast is None else [target, contrast]
            self.scored_states = model.as_states(model.embed(torch.tensor(scored, device=device)))

    def score_states(self, states: Float[Tensor, "batch state"]) -> Float[Tensor, " batch"]:
        """The explained score of prediction states."""
        scores = self.model.compare(states, self.scored_states)
        return scores[:, 0] if self.contrast is None else scores[:, 0] - scores[:, 1]

    def score(self, embeddings: Float[Tensor, "batch slot embedding"]) -> Float[Tensor, " batch"]:
        """The explained score of histories given as embeddings, all with m slots."""
        return self.score_states(self.model.last_states(embeddings))

    @cached_property
    def full_score(self) -> float:
        """The explained score of the unchanged history."""
        with torch.no_grad():
            return float(self.score(self.embeddings))

    def absent(self, baseline: Baseline) -> Float[Tensor, "1 slot embedding"]:
        """The embeddings of the history when all items are absent."""
        if baseline == "zero":
            return torch.zeros_like(self.embeddings)
        with torch.no_grad():
            return self.model.catalogue_embeddings().mean(dim=0).expand_as(self.embeddings)

    def gap(self, values: Float[Tensor, " slot"], baseline_score: float) -> float:
        """The explained score, minus the baseline score, minus the sum of the values."""
        return self.full_score - baseline_score - float(values.double().sum())

    def score_present(self, present: Tensor) -> Float[Tensor, " batch"]:
        """The explained score of the history with some items removed, not replaced.

        Args:
            present: (batch, m), nonzero where an item stays. A history without items is scored as
                one empty slot.
        """
        sequences = torch.zeros(present.shape, dtype=torch.long, device=self.model.device)
        items = torch.tensor(self.items, device=self.model.device)
        for row, kept in enumerate(present.bool()):
            remaining = items[kept]
            if len(remaining):
                sequences[row, -len(remaining) :] = remaining
        return self.score_states(self.model(sequences)[:, -1])


class AttributionMethod(Schema, Member, ABC):
    """One method: facts about it, its settings as fields with bounds and descriptions, and
    `estimate`.

    Raises:
        ConfigError: the value of a setting is not accepted.
    """

    name: ClassVar[str]
    color: ClassVar[str]
    title: ClassVar[str]
    """Its displayed name."""
    source: ClassVar[str]
    """The publication that describes it."""
    complete: ClassVar[bool]
    """Whether the values are meant to sum to score - baseline score."""
    gap_meaning: ClassVar[str] = "completeness gap"
    """The name of `Attribution.delta`, the difference between that sum and the values."""
    randomised: ClassVar[bool] = False
    slow: ClassVar[bool] = False
    """Whether it may take seconds, so that it should run only on request."""
    shown_first: ClassVar[bool] = False
    """Whether figures of explanations show it by default."""
    in_studies: ClassVar[dict[str, Any]] = {}
    """Settings for studies of many histories, with less work for each history."""

    @classmethod
    def options(cls) -> list[Option]:
        """All settings, in the order of declaration."""
        declared = cls.model_json_schema()["properties"]
        return [Option.of(name, field) for name, field in declared.items()]

    @classmethod
    def with_settings(cls, settings: Mapping[str, Any]) -> "AttributionMethod":
        """The method with these settings; the others keep their defaults.

        Raises:
            ConfigError: there is no such setting, or a value is not accepted.
        """
        return cls.from_json(settings, where=f"settings of {cls.name}")

    def changed(self) -> dict[str, Any]:
        """The settings that differ from their defaults, by name."""
        return self.model_dump(exclude_defaults=True)

    @property
    @abstractmethod
    def absent(self) -> str:
        """The replacement for an absent item, in words."""

    @abstractmethod
    def estimate(self, question: Question) -> Estimate:
        """One signed value per item, with errors and effort where they exist."""


def over_embedding(values: Float[Tensor, "batch slot embedding"]) -> Float[Tensor, " slot"]:
    """Values of a history's embedding entries, summed over each item."""
    return values[0].sum(dim=-1).detach()
