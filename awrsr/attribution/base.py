"""What an attribution is, and what all methods share.

A method says how much each item of a history adds to an item score. It differentiates or perturbs
item embeddings as plain inputs of `SequentialModel.encode`: no hook is set and no module is
touched, so one model may serve many threads.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from awrsr.models import SequentialModel

_RANDOM_LOCK = threading.Lock()
"""Where captum draws from the generators of the whole process, one at a time may."""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """What each item of one history adds to one score, in item score units.

    Args:
        method: the method's name.
        items: the items the model saw, oldest first.
        values: (m,) signed value of each.
        target: the item whose score is explained.
        contrast: the item whose score is taken off, or None.
        score: the explained score: of the target, less that of the contrast.
        baseline_score: the score where the method says all items are absent; None where it has
            none.
        baseline: what stands for an absent item, in words.
        delta: score - baseline_score - sum of values, see `AttributionMethod.gap_meaning`; None
            where the method promises no such sum.
        settings: what else decides the result (steps, samples, seed).
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


class AttributionMethod(ABC):
    """One method: facts about it, and `values`."""

    name: ClassVar[str]
    title: ClassVar[str]
    baseline: ClassVar[str]
    source: ClassVar[str]
    complete: ClassVar[bool]
    """Whether the values are meant to sum to score - baseline score."""
    gap_meaning: ClassVar[str] = "completeness gap"
    """What `Attribution.delta` is called: how far the values are from that sum."""
    randomised: ClassVar[bool] = False
    slow: ClassVar[bool] = False
    """Whether it may take seconds, so that nobody should wait for it unasked."""
    settings: ClassVar[dict[str, Any]] = {}

    @abstractmethod
    def values(self, question: Question) -> Float[Tensor, " slot"]:
        """One signed value per item."""

    def baseline_score(self, question: Question) -> float | None:
        """The score with every item at the baseline; by default that of all-zero embeddings."""
        with torch.no_grad():
            return float(question.score(torch.zeros_like(question.embeddings)))


def over_embedding(values: Float[Tensor, "batch slot embedding"]) -> Float[Tensor, " slot"]:
    """Values of one history's embedding entries, summed to one per item."""
    return values[0].sum(dim=-1).detach()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a randomised method from a seed and put the process's generators back as they were."""
    # torch.manual_seed reaches the generators of all GPUs, wherever the model is.
    started = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    gpus = range(torch.cuda.device_count()) if started else ()
    with _RANDOM_LOCK, torch.random.fork_rng(devices=gpus):
        numpy_state = np.random.get_state()
        try:
            torch.manual_seed(seed)
            np.random.seed(seed)
            yield
        finally:
            np.random.set_state(numpy_state)
