"""Shuffled orders, which are the floors of the others: the same for every model that sees the same
items."""

import numpy as np

from awrsr.explain.explanations.base import Explained, Explanation, Values


class Random(Explanation):
    """Shuffled."""

    name = "random"
    title = "Random"
    color = "#9a8a70"
    kind = "neither"
    shown_first = True

    @staticmethod
    def values(asked: Explained) -> Values | None:
        return None

    @classmethod
    def orders(cls, asked: Explained) -> list[list[int]]:
        """As many shuffled orders as asked for."""
        return _shuffled(asked)[0]


class NewestFirst(Explanation):
    """Shuffled but for the newest item, which stands first."""

    name = "random_newest_first"
    title = "Random, newest first"
    color = "#7f8a6f"
    kind = "neither"

    @staticmethod
    def values(asked: Explained) -> Values | None:
        return None

    @classmethod
    def orders(cls, asked: Explained) -> list[list[int]]:
        """As many shuffled orders as asked for, each with the newest item put first."""
        return _shuffled(asked)[1]


def _shuffled(asked: Explained) -> tuple[list[list[int]], list[list[int]]]:
    """The orders of both kinds, drawn one kind after the other by the seed and the items."""
    generator = np.random.default_rng([asked.seed, *asked.trace.items])
    newest = len(asked.trace.items) - 1
    draws = range(asked.n_random)
    return (
        [generator.permutation(newest + 1).tolist() for _ in draws],
        [[newest, *generator.permutation(newest).tolist()] for _ in draws],
    )
