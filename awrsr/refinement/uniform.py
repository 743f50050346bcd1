"""The floor of averaging: every item so far has the same weight."""

from awrsr.refinement.base import Floor


class Uniform(Floor):
    """M is even over the allowed keys: the values are averaged, and only the position embeddings
    carry the order of the items.

    Source: none; the average that attention has to beat.
    """

    name = "uniform"
    words = "an even average over the history"
    formula = "M = 1 / (number of items so far)"
    color = "#8a7f35"
    even = True
    no_second_order = "No attention is learned: all items so far have the same weight."
