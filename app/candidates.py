"""The candidates of ranks on a page: the dataset's default, in words and as items."""

from collections.abc import Sequence

from awrsr.data.dataset import Dataset
from awrsr.ranking.evaluation import seen_words
from awrsr.ranking.recommendation import excluded_items


def excluded(dataset: Dataset, history: Sequence[int]) -> list[int]:
    """The items of a history that are not candidates, except as the target."""
    return excluded_items(history, dataset.default_candidates)


def among(dataset: Dataset) -> str:
    """The candidates in words, with the number of test targets that repeat an earlier item."""
    rule = "excluded unless the target" if dataset.default_candidates == "unseen" else "included"
    return (
        f"the whole catalogue, items of the history {rule} ({seen_words(dataset, 'test')}); ties "
        "count against the target"
    )
