"""The numbers of an example.

An entry is one place of a history, 0 = oldest. Ranks are of the held-out item, 1 = best, among the
dataset's default candidates. Attention is the prediction's row of refined weights in the last
layer, mean over heads. What a model rests on most is the entry whose removal lowers the item's
score most, see `awrsr.explain.remove_each`; of equal entries the oldest.
"""

from typing import Annotated, Literal

from pydantic import Field

from awrsr.schema import Schema

Sort = Literal[
    "occasion_found",
    "binding_found",
    "planted_missed",
    "b_finds",
    "other_reasons",
    "one_decides",
    "attention_misleads",
]
Rank = Annotated[int, Field(ge=1)]
Entry = Annotated[int, Field(ge=0)]


class Again(Schema):
    """The rank in the model trained with another seed.

    Args:
        model: name of that model.
        rank: rank of the target.
    """

    model: str
    rank: Rank


class InModel(Schema):
    """The numbers of one model.

    Args:
        rank: rank of the target.
        again: the same with another seed, if there is such a model.
        entry: the decisive entry.
        rank_without: the target's rank without that entry.
        rank_without_other: its rank without the decisive entry of the other model.
        worst_of_rest: its worst rank without any single entry other than `entry`.
        seen: number of entries that the model sees, the newest ones.
        attended: the entry with the most attention.
        rank_without_attended: the target's rank without it.
        place: place of `entry` by attention, 1 = most.
        causes_found: how many of the n planted causes are among the n entries whose removal lowers
            the score most; None if nothing is planted.
    """

    rank: Rank
    again: Again | None
    entry: Entry
    rank_without: Rank
    rank_without_other: Rank
    worst_of_rest: Rank
    seen: int
    attended: Entry
    rank_without_attended: Rank
    place: int
    causes_found: int | None

    @property
    def ranks(self) -> list[int]:
        """The rank, followed by the rank with another seed if there is such a model."""
        return [self.rank] if self.again is None else [self.rank, self.again.rank]


class Example(Schema):
    """A user to start with.

    Args:
        sort: the sort whose rule it satisfies.
        user_id: id of the user.
        a: name of model A.
        b: name of model B.
        target: the held-out item.
        causes: entries that determine the target in a planted dataset.
        in_a: numbers of model A.
        in_b: numbers of model B.
    """

    sort: Sort
    user_id: str
    a: str
    b: str
    target: int
    causes: list[Entry]
    in_a: InModel
    in_b: InModel

    @property
    def entries(self) -> set[int]:
        """All places of the history that it mentions."""
        return {*self.causes} | {
            entry for side in (self.in_a, self.in_b) for entry in (side.entry, side.attended)
        }

    @property
    def models(self) -> set[str]:
        """Names of all its models, those of another seed too."""
        again = {side.again.model for side in (self.in_a, self.in_b) if side.again is not None}
        return {self.a, self.b} | again
