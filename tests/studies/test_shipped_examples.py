"""Shipped examples: numbers agree with the models, sentences with the numbers."""

import pytest
from shipped import ASSETS, DATASETS, dataset_named, model_named

import awrsr
from awrsr.data.dataset import Dataset
from awrsr.data.planted import load_causes
from awrsr.models import SequentialModel
from awrsr.studies import (
    READABLE,
    TITLES,
    Example,
    current_examples,
    line_of,
    read_examples,
    sentence_of,
)
from awrsr.studies.examples import RULES, InModel
from awrsr.training.checkpoint import weights_fingerprint

SHIPPED = [
    pytest.param(name, example, id=f"{name}-{example.sort}")
    for name in DATASETS
    for example in read_examples(ASSETS / name / "scan", dataset_named(name)).examples
]
each_shipped = pytest.mark.parametrize(("name", "example"), SHIPPED)


class Afresh:
    """All numbers of an example for a model, computed one history at a time in loops."""

    def __init__(self, dataset: Dataset, model: SequentialModel, user: str) -> None:
        *self.history, self.target = dataset.sequence(dataset.user_index(user)).tolist()
        seen = set(self.history) if dataset.default_candidates == "unseen" else set()
        self.others = {*range(1, dataset.n_items + 1)} - seen - {self.target}
        places = range(len(self.history))
        self.scores = [self.score(model, self.without(place)) for place in places]
        self.ranks = [self.rank(model, self.without(place)) for place in places]
        self.whole = self.rank(model, self.history)
        trace = awrsr.trace(model, self.history)
        row = trace.layers[-1].refined[:, -1].mean(dim=0).tolist()
        self.seen, self.row = len(row), [0.0] * trace.dropped + row
        self.entry = self.scores.index(min(self.scores))
        self.attended = self.row.index(max(self.row))

    def without(self, place: int) -> list[int]:
        return [item for at, item in enumerate(self.history) if at != place]

    def score(self, model: SequentialModel, items: list[int]) -> float:
        return float(awrsr.trace(model, items).item_scores[self.target - 1])

    def rank(self, model: SequentialModel, items: list[int]) -> int:
        scores = awrsr.trace(model, items).item_scores.tolist()
        return 1 + sum(scores[item - 1] >= scores[self.target - 1] for item in self.others)


@pytest.mark.few(3)
@each_shipped
def test_every_number_of_a_shipped_example_is_the_models_own(name: str, example: Example):
    dataset = dataset_named(name)
    found = {
        side: Afresh(dataset, model_named(name, model), example.user_id)
        for side, model in (("a", example.a), ("b", example.b))
    }
    assert READABLE[0] <= len(found["a"].history) <= READABLE[1]
    assert example.target == found["a"].target
    causes = load_causes(dataset, "test")
    planted: list[int] = []
    if causes is not None:
        planted = causes.set_index("user_id")["cause_places"][example.user_id]
    assert example.causes == sorted(planted)
    for side, other, said in (("a", "b", example.in_a), ("b", "a", example.in_b)):
        numbers = found[side]
        largest = sorted(range(len(numbers.history)), key=numbers.scores.__getitem__)[
            : len(planted)
        ]
        again = said.again
        if again is not None:
            other_seed = model_named(name, again.model)
            assert again.rank == numbers.rank(other_seed, numbers.history)
        assert said == InModel(
            rank=numbers.whole,
            again=again,
            entry=numbers.entry,
            rank_without=numbers.ranks[numbers.entry],
            rank_without_other=numbers.ranks[found[other].entry],
            worst_of_rest=max(rank for at, rank in enumerate(numbers.ranks) if at != numbers.entry),
            seen=numbers.seen,
            attended=numbers.attended,
            rank_without_attended=numbers.ranks[numbers.attended],
            place=1 + sum(weight > numbers.row[numbers.entry] for weight in numbers.row),
            causes_found=len({*largest} & {*planted}) if planted else None,
        )


@each_shipped
def test_a_shipped_example_keeps_its_rule(name: str, example: Example):
    assert RULES[example.sort].worth(example) >= 1
    assert {*TITLES} == {*RULES}


@pytest.mark.parametrize("name", DATASETS)
def test_shipped_examples_are_of_shipped_models(name: str):
    """Three to five, each of another user, the first of the pair with which the app opens."""
    file = read_examples(ASSETS / name / "scan", dataset_named(name))
    marks = {
        path.name: weights_fingerprint(path)
        for folder in ("models", "seeds")
        for path in (ASSETS / name / folder).iterdir()
    }
    assert current_examples(file, marks) == file.examples
    assert 3 <= len({example.user_id for example in file.examples}) == len(file.examples) <= 5
    first = file.examples[0]
    assert (first.a, first.b) == ("sasrec-none", "sasrec-additive")
    assert len(first.in_a.ranks) == len(first.in_b.ranks) == 2  # both seeds
    assert first.sort == ("occasion_found" if name == "planted" else "b_finds")
    assert file.command == f"python -m awrsr scan assets/{name} --examples"


@each_shipped
def test_the_sentence_has_the_numbers(name: str, example: Example):
    dataset, a, b = dataset_named(name), example.in_a, example.in_b
    items = dataset.sequence(dataset.user_index(example.user_id)).tolist()
    titles = [f"#{at} {title}" for at, title in enumerate(dataset.titles(items), 1)]
    target = dataset.titles(items[-1:])[0]

    def seeds(side: InModel) -> str:
        return " (".join([f"{rank}" for rank in side.ranks]) + (
            " with another seed)" if side.again else ""
        )

    both = f"A ranks {target} at {seeds(a)}, B at {seeds(b)}."
    planted = [titles[place] for place in example.causes]
    n = len(planted)
    decide = (
        f"{', '.join(planted[:-1])} and {planted[-1]} together decide {target}. A ranks it at "
        f"{seeds(a)}, B at {seeds(b)}. {b.causes_found} of the {n} items on which B rests most "
        f"{'is' if b.causes_found == 1 else 'are'} among these."
        if n
        else ""
    )
    expected = {
        "b_finds": f"{both} B rests most on {titles[b.entry]}: without it the rank is "
        f"{b.rank_without}.",
        "other_reasons": f"A ranks {target} at {a.rank}, B at {b.rank}. Without {titles[a.entry]} "
        f"the rank is {a.rank_without} in A and {b.rank_without_other} in B; without "
        f"{titles[b.entry]} it is {a.rank_without_other} in A and {b.rank_without} in B.",
        "one_decides": f"Without {titles[a.entry]} the rank of {target} goes from {a.rank} to "
        f"{a.rank_without} in A and from {b.rank} to {b.rank_without} in B; without any other one "
        f"item it is {a.worst_of_rest} or better in A and {b.worst_of_rest} or better in B.",
        "attention_misleads": f"B ranks {target} at {b.rank}. Without {titles[b.attended]}, to "
        f"which it attends most, the rank is {b.rank_without_attended}; without "
        f"{titles[b.entry]}, place {b.place} of {b.seen} in its attention, it is "
        f"{b.rank_without}.",
        "occasion_found": decide,
        "binding_found": decide,
        "planted_missed": decide,
    }
    assert sentence_of(example, dataset) == expected[example.sort]
    numbers = {
        "other_reasons": f"ranks {a.rank} and {b.rank}",
        "one_decides": f"rank {b.rank} to {b.rank_without}",
        "attention_misleads": f"place {b.place} of {b.seen}",
    }.get(example.sort, f"rank {a.rank} to {b.rank}")
    assert line_of(example) == f"user {example.user_id} \u00b7 {numbers}"
