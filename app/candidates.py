"""What items a rank on a page is among: the dataset's default, in words and in numbers."""

from collections.abc import Sequence

from awrsr.data.dataset import Dataset
from awrsr.ranking.evaluation import seen_words
from awrsr.ranking.recommendation import excluded_items


def excluded(dataset: Dataset, history: Sequence[int]) -> list[int]:
    """The items of a history that are not recommended, and are ranked only as the target."""
    return excluded_items(history, dataset.default_candidates)


def among(dataset: Dataset) -> str:
    """What ranks are among, and how many test targets people had before."""
    rule = (
        "left out unless the target" if dataset.default_candidates == "unseen" else "not left out"
    )
    return (
        f"the whole catalogue, items of the history {rule} ({seen_words(dataset, 'test')}); ties "
        "count against the target"
    )
