"""The laws of a model on a sample of histories, each measured: see `awrsr.studies.check_model`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from awrsr.config import PADDING
from awrsr.data.batching import Batch, batches, left_pad, users_with_target
from awrsr.data.dataset import Dataset
from awrsr.explain import KINDS
from awrsr.models import Intervention, LayerTrace, SequentialModel

ROUNDING = 1e-5
"""Accepted error in single precision: of a sum of weights, or of a score over the largest score."""
AGREED = 1e-4
"""Accepted difference of scores that are computed in another way, over the largest score."""
REPLACED, MIXED = 8, 16
"""Histories in which weights are replaced, and histories cut to different lengths."""

Reference = Callable[[list[int]], Tensor]
"""A model's own forward pass: a history of items, oldest first -> (n_items,) item scores."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Histories of all lengths in batches, with the recording and the item scores of each batch.

    Args:
        model: in eval mode.
        batches: of histories as they are in the dataset.
        recordings: of each batch.
        scores: of each batch.
        mixed: one more batch, of some of these histories cut to different lengths, so that there is
            padding in any dataset.
        mixed_recording: its recording.
        mixed_scores: its scores.
    """

    model: SequentialModel
    batches: list[Batch]
    recordings: list[list[LayerTrace]]
    scores: list[Tensor]
    mixed: Tensor
    mixed_recording: list[LayerTrace]
    mixed_scores: Tensor

    def sequences(self, batch: Batch) -> Tensor:
        """The items of a batch, left-padded."""
        return batch.sequences(self.model.config.max_length).to(self.model.device)

    def maps(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Every map of all batches, after the presence of the items of its histories."""
        recorded = zip(map(self.sequences, self.batches), self.recordings, strict=True)
        for sequences, recording in [*recorded, (self.mixed, self.mixed_recording)]:
            for layer in recording:
                for kind in KINDS:
                    if (weights := getattr(layer, kind)) is not None:
                        yield sequences != PADDING, weights


@torch.no_grad()
def take(model: SequentialModel, dataset: Dataset, sample: int) -> Sample:
    """A sample of the users, spread over all lengths."""
    users = users_with_target(dataset, None)
    by_length = users[np.argsort(dataset.lengths()[users], kind="stable")]
    places = np.linspace(0, len(users) - 1, min(sample, len(users))).round().astype(int)
    n = model.config.max_length
    sampled = list(batches(dataset, by_length[places], n, batch_size=16))
    recordings, scores = [], []
    for batch in sampled:
        found = _recorded(model, batch.sequences(n).to(model.device))
        recordings.append(found[0])
        scores.append(found[1])
    histories = [h for batch in sampled for h in batch.histories if len(h)][-MIXED:]
    lengths = np.linspace(1, n, len(histories)).round().astype(int)
    cut = [history[-length:] for history, length in zip(histories, lengths, strict=True)]
    mixed = left_pad(cut).to(model.device)
    mixed_recording, mixed_scores = _recorded(model, mixed)
    return Sample(
        model=model,
        batches=sampled,
        recordings=recordings,
        scores=scores,
        mixed=mixed,
        mixed_recording=mixed_recording,
        mixed_scores=mixed_scores,
    )


def _recorded(model: SequentialModel, sequences: Tensor) -> tuple[list[LayerTrace], Tensor]:
    recording: list[LayerTrace] = []
    states = model(sequences, recording=recording)
    return recording, model.item_scores(states[:, -1])


def _worst(gaps: list[float]) -> float:
    """The largest value; NaN if any value is NaN, so that no comparison passes."""
    return float(np.max(gaps))


def _relative_gap(values: Tensor, expected: Tensor) -> float:
    """The largest difference, over the largest expected value."""
    return float((values - expected).abs().max() / expected.abs().max().clamp(min=1e-12))


def rows_sum_to_one(taken: Sample) -> tuple[bool, str]:
    """Rows of all kinds of maps, of items."""
    gaps, rows = [], 0
    for present, weights in taken.maps():
        sums = weights.sum(-1).transpose(1, 2)[present]  # (row, head)
        gaps.append(float((sums - 1).abs().max()))
        rows += sums.numel()
    worst = _worst(gaps)
    return worst <= ROUNDING, f"largest departure {worst:.1e} of {rows:,} rows; accepted {ROUNDING}"


def nothing_later(taken: Sample) -> tuple[bool, str]:
    """Weights on later items and on padding."""
    found = []
    for present, weights in taken.maps():
        slots = present.shape[1]
        later = torch.ones(slots, slots, dtype=torch.bool, device=present.device).triu(1)
        refused = later | ~present[:, None, None, :]
        found.append(float(weights.masked_fill(~refused, 0).abs().max()))
    worst = _worst(found)
    return worst == 0, f"largest such weight {worst:g}; accepted 0 exactly"


@torch.no_grad()
def dropout_is_off(taken: Sample) -> tuple[bool, str]:
    """No module is in training mode, and two runs are equal."""
    training = sum(module.training for module in taken.model.modules())
    sequences = taken.sequences(taken.batches[-1])
    gap = float((taken.model(sequences) - taken.model(sequences)).abs().max())
    return (
        training == 0 and gap == 0,
        f"{training} modules in training mode, difference of two runs {gap:g}; accepted 0 and 0",
    )


@torch.no_grad()
def recording_changes_nothing(taken: Sample) -> tuple[bool, str]:
    """Scores with and without a recording."""
    gaps = []
    for batch, scores in zip(taken.batches, taken.scores, strict=True):
        states = taken.model(taken.sequences(batch))
        gaps.append(float((taken.model.item_scores(states[:, -1]) - scores).abs().max()))
    worst = _worst(gaps)
    return worst == 0, f"largest difference of scores {worst:g}; accepted 0 exactly"


@torch.no_grad()
def alone_as_in_a_batch(taken: Sample) -> tuple[bool, str]:
    """Scores of a history alone, and beside longer and shorter ones."""
    gaps = []
    recorded = [*zip(map(taken.sequences, taken.batches), taken.scores, strict=True)]
    for sequences, scores in [*recorded, (taken.mixed, taken.mixed_scores)]:
        for padded, batched in zip(sequences, scores, strict=True):
            history = padded[padded != PADDING]
            if len(history) == 0:
                continue
            single = taken.model.item_scores(taken.model(history[None])[:, -1])[0]
            gaps.append(_relative_gap(single, batched))
    worst = _worst(gaps)
    return (
        worst <= ROUNDING,
        f"largest difference {worst:.1e} of the largest score, {len(gaps)} histories; "
        f"accepted {ROUNDING}",
    )


@torch.no_grad()
def earlier_states_stay(taken: Sample) -> tuple[bool, str]:
    """The newest items are replaced; the states before them must not change."""
    gaps = [0.0]
    for batch in taken.batches:
        sequences = taken.sequences(batch)
        changed = sequences.clone()
        changed[:, -1] = sequences[:, -1] % taken.model.catalogue.n_items + 1
        before, after = taken.model(sequences), taken.model(changed)
        earlier = (sequences != PADDING)[:, :-1]
        gap = (before - after)[:, :-1][earlier].abs()
        if gap.numel():
            gaps.append(float(gap.max() / before.abs().max().clamp(min=1e-12)))
    worst = _worst(gaps)
    return worst <= ROUNDING, f"largest change {worst:.1e} of the largest; accepted {ROUNDING}"


def gradients_reach_embeddings(taken: Sample) -> tuple[bool, str]:
    """Attribution differentiates the target's score with respect to the embeddings."""
    model, histories, reached, finite = taken.model, 0, 0, True
    for batch in taken.batches:
        sequences = taken.sequences(batch)
        present = sequences != PADDING
        with torch.enable_grad():
            embeddings = model.embed(sequences).detach().requires_grad_()
            scores = model.item_scores(model.encode(embeddings, present)[:, -1])
            targets = torch.from_numpy(batch.targets).to(scores.device) - 1
            (gradient,) = torch.autograd.grad(scores.gather(1, targets[:, None]).sum(), embeddings)
        finite = finite and bool(gradient.isfinite().all())
        with_items = present.any(1)
        histories += int(with_items.sum())
        reached += int((gradient != 0).flatten(1).any(1)[with_items].sum())
    values = "all values finite" if finite else "values that are not finite"
    return (
        finite and reached == histories,
        f"reached {reached} of {histories} histories, {values}; accepted all",
    )


@torch.no_grad()
def replaced_weights_are_used(taken: Sample) -> tuple[bool, str]:
    """Without the weights of a layer the last state is another; with equal weights it is equal."""
    model = taken.model
    found = [history for batch in taken.batches for history in batch.histories if len(history)]
    device = model.device
    chosen = [
        torch.tensor([history[-model.config.max_length :].tolist()], device=device)
        for history in found[-REPLACED:]
    ]

    def moved(layers: list[int], change: Intervention) -> float:
        replaced = dict.fromkeys(layers, change)
        return _worst(
            [
                float((model(items, interventions=replaced) - model(items))[:, -1].abs().max())
                for items in chosen
            ]
        )

    layers = list(range(model.config.n_layers))
    gap = moved(layers, lambda first, refined, allowed: refined)
    shift = min(moved([at], lambda first, refined, allowed: 0 * refined) for at in layers)
    return (
        gap == 0 and shift > 0,
        f"with equal weights states change by {gap:g}, without those of a layer by {shift:.1e} or "
        "more; accepted 0 and more than 0",
    )


@torch.no_grad()
def scores_as_reference(taken: Sample, reference: Reference) -> tuple[bool, str]:
    """Scores equal those of the model's own forward pass."""
    n, gaps = taken.model.config.max_length, []
    for batch, scores in zip(taken.batches, taken.scores, strict=True):
        for history, ours in zip(batch.histories, scores, strict=True):
            if len(history) == 0:
                continue
            theirs = reference([int(item) for item in history[-n:]])
            if theirs.shape != ours.shape:
                return False, (
                    f"the reference returned shape {tuple(theirs.shape)}; accepted "
                    f"{tuple(ours.shape)}, a score per item, item i at index i - 1"
                )
            gaps.append(_relative_gap(theirs.to(ours), ours))
    worst = _worst(gaps)
    return (
        worst <= AGREED,
        f"largest difference {worst:.1e} of the largest score, {len(gaps)} histories; accepted "
        f"{AGREED}",
    )
