"""The candidates of ranks on a page: the dataset's default, in words and as items."""

from collections.abc import Sequence

from awrsr.data.dataset import Dataset
from awrsr.data.splits import held_out_words, left_out_words
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


def target_words(dataset: Dataset) -> str:
    """Which item of a user is the target, in words, and which users have none."""
    if dataset.time_split is None:
        return "leave one out: the last item is the target"
    left_out = left_out_words(dataset.parts, "test")
    return f"{held_out_words(dataset.time_split, 'test')}" + f" ({left_out})" * bool(left_out)
