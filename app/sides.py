"""The two models of a page, A and B, with their results for the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import awrsr
from app import cache
from app.candidates import excluded
from app.escape import plain
from awrsr import models
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError
from awrsr.experiments.card import read_metrics
from awrsr.models import BACKBONES, SequentialModel, Trace
from awrsr.ranking.evaluation import ranked_among
from awrsr.ranking.recommendation import Ranking, check_same_catalogue

SIDES = ("a", "b")


@dataclass(frozen=True)
class Side:
    """One of the two models with its maps and its ranking for the history."""

    key: str
    title: str
    directory: Path
    model: SequentialModel
    trace: Trace
    ranking: Ranking

    @property
    def model_name(self) -> str:
        """The title without the side's letter."""
        return model_title(self.directory.name)


def run_model(
    key: str, directory: Path, dataset: Dataset, history: Sequence[int]
) -> Side | AwrsrError:
    """A model's results for the history, or the reason why there are none."""
    try:
        model = cache.get_model(directory)
        check_same_catalogue(model, dataset)
        trace = awrsr.trace(model, list(history))
    except AwrsrError as error:
        return error
    title = f"{key.upper()}: {model_title(directory.name)}"
    ranking = Ranking(trace.item_scores, excluded(dataset, history))
    return Side(
        key=key, title=title, directory=directory, model=model, trace=trace, ranking=ranking
    )


def model_title(name: str) -> str:
    """The title of a model, from the name of its directory."""
    backbone, _, refinement = name.partition("-")
    if backbone not in BACKBONES:
        return name
    return models.model_title(backbone, refinement)


def model_note(directory: Path) -> tuple[str, str]:
    """The model's recorded test metrics, or why there are none, with their protocol."""
    try:
        test = read_metrics(directory).test
        return (
            f"Test NDCG@10 {test.metrics['NDCG@10']:.4f}, HR@10 {test.metrics['HR@10']:.4f}",
            f"Of the stored weights, recorded by `awrsr evaluate`: the last item of each of "
            f"{test.protocol.users} users, ranked among "
            f"{plain(ranked_among(test.protocol.to_json()))}.",
        )
    except AwrsrError:
        return "No readable metrics.json", "Run `python -m awrsr evaluate` on it."
