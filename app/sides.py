"""The two models of a page, A and B, with their results for the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import awrsr
from app import cache
from app.candidates import excluded
from app.epochs import FINAL, epoch_title, shown_epoch, weights_directory
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
    """One of the two models with its maps and its ranking for the history.

    Args:
        key: a or b.
        run: the directory of the chosen model.
        epoch: a kept epoch of its training, or FINAL.
        model_name: the model's title, with the epoch if it is not the final one.
        directory: the model directory of these weights: the run's, or that of a snapshot in it.
        model: the model with these weights.
        trace: its maps for the history.
        ranking: its ranking for the history.
    """

    key: str
    run: Path
    epoch: int
    model_name: str
    directory: Path
    model: SequentialModel
    trace: Trace
    ranking: Ranking

    @property
    def title(self) -> str:
        """The model's title, with the side's letter."""
        return f"{self.key.upper()}: {self.model_name}"

    @property
    def letter(self) -> str:
        """The side's letter, with the epoch if it is not the final one."""
        return self.key.upper() + (f" at epoch {self.epoch}" if self.epoch != FINAL else "")

    @property
    def path(self) -> str:
        """The directory of the weights, from the folder of the dataset's models."""
        return self.directory.relative_to(self.run.parent).as_posix()


def run_model(
    key: str, run: Path, dataset: Dataset, history: Sequence[int], asked: int = FINAL
) -> Side | AwrsrError:
    """A model's results for the history, or the reason why there are none.

    Args:
        key: a or b.
        run: a model directory.
        dataset: the dataset of the history.
        history: the items, oldest first.
        asked: the epoch asked for; the nearest kept epoch is shown.
    """
    epoch, name = shown_epoch(run, asked), model_title(run.name)
    try:
        directory = weights_directory(run, epoch)
        model = cache.get_model(directory)
        check_same_catalogue(model, dataset)
        trace = awrsr.trace(model, list(history))
    except AwrsrError as error:
        return error
    return Side(
        key=key,
        run=run,
        epoch=epoch,
        model_name=name if epoch == FINAL else f"{name}, {epoch_title(run, epoch)}",
        directory=directory,
        model=model,
        trace=trace,
        ranking=Ranking(trace.item_scores, excluded(dataset, history)),
    )


def model_title(name: str) -> str:
    """The title of a model, from the name of its directory."""
    backbone, _, refinement = name.partition("-")
    if backbone not in BACKBONES:
        return name
    return models.model_title(backbone, refinement)


def model_note(directory: Path, asked: int = FINAL) -> tuple[str, str]:
    """The model's recorded test metrics, or why there are none, with their protocol.

    Args:
        directory: the model directory of a run.
        asked: the epoch asked for on the page.
    """
    if (epoch := shown_epoch(directory, asked)) != FINAL:
        return (
            f"{epoch_title(directory, epoch).capitalize()}: no recorded test metrics",
            "Test metrics are recorded for the final weights only. The slider Epoch is below the "
            "board.",
        )
    try:
        test = read_metrics(directory).test
        target = plain(test.protocol.split.partition(": ")[2])
        return (
            f"Test NDCG@10 {test.metrics['NDCG@10']:.4f}, HR@10 {test.metrics['HR@10']:.4f}",
            f"For the stored weights, recorded by `awrsr evaluate`: {target} of each of "
            f"{test.protocol.users} users, ranked among "
            f"{plain(ranked_among(test.protocol.to_json()))}.",
        )
    except AwrsrError:
        return "No readable metrics.json", "Run `python -m awrsr evaluate` on it."
