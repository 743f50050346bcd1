"""An example in words: a title, a short line, one sentence made of its numbers."""

from collections.abc import Callable, Mapping

from awrsr.data.batching import history_and_target
from awrsr.data.dataset import Dataset
from awrsr.errors import counted
from awrsr.studies.examples.values import Example, InModel, Sort

TITLES: Mapping[Sort, str] = {
    "occasion_found": "Planted occasion, found",
    "binding_found": "Planted binding, found",
    "planted_missed": "Planted, not found",
    "b_finds": "B finds it, A does not",
    "other_reasons": "Both find it, for other reasons",
    "one_decides": "One item decides",
    "attention_misleads": "Attention misleads",
}


def line_of(example: Example) -> str:
    """The user and the two numbers that matter, in a few words."""
    in_a, in_b = example.in_a, example.in_b
    said = {
        "other_reasons": f"ranks {in_a.rank:,} and {in_b.rank:,}",
        "one_decides": f"rank {in_b.rank:,} to {in_b.rank_without:,}",
        "attention_misleads": f"place {in_b.place} of {in_b.seen}",
    }
    return f"user {example.user_id} \u00b7 " + said.get(
        example.sort, f"rank {in_a.rank:,} to {in_b.rank:,}"
    )


def sentence_of(example: Example, dataset: Dataset) -> str:
    """What the example shows, with its numbers, in one or two sentences.

    Args:
        example: an example of a user of the dataset.
        dataset: gives the titles.
    """
    return _SENTENCES[example.sort](example, _Titles(example, dataset))


class _Titles:
    """Names of entries and of the target for sentences."""

    def __init__(self, example: Example, dataset: Dataset) -> None:
        items, _ = history_and_target(dataset, dataset.user_index(example.user_id), "test")
        self.items, self.titles = items.tolist(), dataset.titles
        (self.target,) = dataset.titles([example.target])

    def entry(self, place: int) -> str:
        """An entry as number and title, `#5 Alien`."""
        (title,) = self.titles([self.items[place]])
        return f"#{place + 1} {title}"

    def entries(self, places: list[int]) -> str:
        """Several entries, with "and" before the last."""
        *entries, last = [self.entry(place) for place in places]
        return f"{', '.join(entries)} and {last}" if entries else last


def _with_seed(side: InModel) -> str:
    """A model's rank, and that with another seed if there is such a model."""
    return f"{side.rank:,}" + (f" ({side.again.rank:,} with another seed)" if side.again else "")


def _b_finds(example: Example, titles: _Titles) -> str:
    in_a, in_b = example.in_a, example.in_b
    return (
        f"A ranks {titles.target} at {_with_seed(in_a)}, B at {_with_seed(in_b)}. B rests most on "
        f"{titles.entry(in_b.entry)}: without it the rank is {in_b.rank_without:,}."
    )


def _other_reasons(example: Example, titles: _Titles) -> str:
    in_a, in_b = example.in_a, example.in_b
    return (
        f"A ranks {titles.target} at {in_a.rank:,}, B at {in_b.rank:,}. Without "
        f"{titles.entry(in_a.entry)} the rank is {in_a.rank_without:,} in A and "
        f"{in_b.rank_without_other:,} in B; without {titles.entry(in_b.entry)} it is "
        f"{in_a.rank_without_other:,} in A and {in_b.rank_without:,} in B."
    )


def _one_decides(example: Example, titles: _Titles) -> str:
    in_a, in_b = example.in_a, example.in_b
    return (
        f"Without {titles.entry(in_b.entry)} the rank of {titles.target} goes from {in_a.rank:,} "
        f"to {in_a.rank_without:,} in A and from {in_b.rank:,} to {in_b.rank_without:,} in B; "
        f"without any other one item it is {in_a.worst_of_rest:,} or better in A and "
        f"{in_b.worst_of_rest:,} or better in B."
    )


def _attention_misleads(example: Example, titles: _Titles) -> str:
    in_b = example.in_b
    return (
        f"B ranks {titles.target} at {in_b.rank:,}. Without {titles.entry(in_b.attended)}, to "
        f"which it attends most, the rank is {in_b.rank_without_attended:,}; without "
        f"{titles.entry(in_b.entry)}, place {in_b.place} of {in_b.seen} in its attention, it is "
        f"{in_b.rank_without:,}."
    )


def _planted(example: Example, titles: _Titles) -> str:
    in_a, in_b = example.in_a, example.in_b
    number, verb = len(example.causes), "is" if in_b.causes_found == 1 else "are"
    return (
        f"{titles.entries(example.causes)} together decide {titles.target}. A ranks it at "
        f"{_with_seed(in_a)}, B at {_with_seed(in_b)}. {in_b.causes_found} of the "
        f"{counted(number, 'item')} on which B rests most {verb} among these."
    )


_SENTENCES: Mapping[Sort, Callable[[Example, _Titles], str]] = {
    "occasion_found": _planted,
    "binding_found": _planted,
    "planted_missed": _planted,
    "b_finds": _b_finds,
    "other_reasons": _other_reasons,
    "one_decides": _one_decides,
    "attention_misleads": _attention_misleads,
}
