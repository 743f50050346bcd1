"""The score of a target as a flow through the layers of a model."""

from collections.abc import Sequence

import torch

from awrsr.models import ScoreFlow, SequentialModel, flow_of
from awrsr.ranking.recommendation import check_item, check_items


def score_flow(model: SequentialModel, items: Sequence[int], target: int) -> ScoreFlow:
    """The target's score as a sum over paths, computed in float64 on the CPU.

    Args:
        model: in eval mode; it is not changed.
        items: the history, oldest first; cut to its newest n items.
        target: any item of the catalogue.

    Raises:
        DataError: the history is empty, or an entry is not an item.
        ConfigError: the scores of this backbone are not linear in its states, or its layout is not
            supported.
    """
    kept = check_items(model, items)[-model.config.max_length :]
    target = check_item(model, target, "target ")
    with torch.no_grad():
        embeddings = model.embed(torch.tensor([kept], device=model.device))
        scored = model.as_states(model.embed(torch.tensor([target], device=model.device)))
    return flow_of(model, embeddings.cpu().double(), scored.cpu().double())
