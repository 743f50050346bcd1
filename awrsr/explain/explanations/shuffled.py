"""Random orders, the baselines of the explanations: equal for all models that see equal items."""

import numpy as np

from awrsr.explain.explanations.base import Explained, Explanation, Values


class Random(Explanation):
    """All items in random order."""

    name = "random"
    title = "Random"
    color = "#9a8a70"
    kind = "neither"
    shown_first = True

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        return None

    @classmethod
    def orders(cls, recommendation: Explained) -> list[list[int]]:
        """`n_random` random orders."""
        return _shuffled(recommendation)[0]


class NewestFirst(Explanation):
    """The newest item first, the others in random order."""

    name = "random_newest_first"
    title = "Random, newest first"
    color = "#7f8a6f"
    kind = "neither"

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        return None

    @classmethod
    def orders(cls, recommendation: Explained) -> list[list[int]]:
        """`n_random` random orders, each with the newest item first."""
        return _shuffled(recommendation)[1]


def _shuffled(recommendation: Explained) -> tuple[list[list[int]], list[list[int]]]:
    """The orders of both kinds, drawn one kind after the other; the items are part of the seed."""
    generator = np.random.default_rng([recommendation.seed, *recommendation.trace.items])
    newest = len(recommendation.trace.items) - 1
    draws = range(recommendation.n_random)
    return (
        [generator.permutation(newest + 1).tolist() for _ in draws],
        [[newest, *generator.permutation(newest).tolist()] for _ in draws],
    )
