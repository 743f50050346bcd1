"""The columns of the table of users: what each is called, what it means, how it is written."""

from typing import NamedTuple


class Column(NamedTuple):
    """A column of the table: what it is called, what it means, how its numbers are written."""

    title: str
    meaning: str
    form: str


KINDS = {"first_order": "First order", "second_order": "Second order", "refined": "Refined"}
ORDERS = LARGEST, SMALLEST = "largest first", "smallest first"
NOISE = "The same of two seeds of one model: the noise."
COLUMNS = {
    "length": Column("items", "Items in the history, the held-out one not counted.", "%d"),
    "rank_a": Column("rank in A", "Of the held-out item, 1 = best.", "%d"),
    "rank_b": Column("rank in B", "Of the held-out item, 1 = best.", "%d"),
    "change": Column("places gained in B", "Rank in A minus rank in B.", "%+d"),
    "doublings": Column("log2 rank A / rank B", "How often the rank halves from A to B.", "%+.1f"),
    "shared": Column("top 10 shared", "Items among the first ten of both models.", "%d"),
    "shared_seeds": Column("shared, seeds", NOISE, "%d"),
    "divergence": Column(
        "JS A, B", "Jensen-Shannon divergence of the two rows: 0 to 1 bit.", "%.3f"
    ),
    "divergence_seeds": Column("JS seeds", NOISE, "%.3f"),
    "correlation": Column("rho A, B", "Spearman's rank correlation of the two rows.", "%+.2f"),
    "correlation_seeds": Column("rho seeds", NOISE, "%+.2f"),
    "entropy_a": Column(
        "evenness A", "Entropy of A's row over that of an even row; 1 = even.", "%.2f"
    ),
    "entropy_b": Column(
        "evenness B", "Entropy of B's row over that of an even row; 1 = even.", "%.2f"
    ),
    "reach_a": Column("reach A", "How many places back A's weight lies, on average.", "%.1f"),
    "reach_b": Column("reach B", "How many places back B's weight lies, on average.", "%.1f"),
    "itself_a": Column("on newest A", "A's weight on the newest item.", "%.2f"),
    "itself_b": Column("on newest B", "B's weight on the newest item.", "%.2f"),
    "attribution_a": Column(
        "rho attr A", "Spearman of A's row with the size of input x gradient.", "%+.2f"
    ),
    "attribution_b": Column(
        "rho attr B", "Spearman of B's row with the size of input x gradient.", "%+.2f"
    ),
    "repeats": Column("repeats", "Entries of the history that repeat an earlier one.", "%d"),
    "repeats_a": Column(
        "on repeats A", "A's weight on items that stand in the history twice.", "%.2f"
    ),
    "repeats_b": Column(
        "on repeats B", "B's weight on items that stand in the history twice.", "%.2f"
    ),
}
"""All columns, in the order of the page's table: what is offered, what the address accepts."""
OF_REPEATS = ("repeats", "repeats_a", "repeats_b")
"""Columns that say nothing where no history repeats an item."""
BINS = {
    "lag_1": "1 back",
    "lag_2_3": "2\u20133 back",
    "lag_4_7": "4\u20137 back",
    "lag_8_15": "8\u201315 back",
    "lag_16": "16 or more back",
    "first": "on the oldest seen",
}
"""Parts of a row's mass by how far back it lies, by measure of the scan."""
LAGS = {
    f"{measure}_{side}": Column(
        f"{title} {side.upper()}", f"{side.upper()}'s weight, {title}.", "%.2f"
    )
    for measure, title in BINS.items()
    for side in "ab"
}
"""Columns to sort, limit and plot by, too many to stand in the table."""
COLUMNS |= LAGS
PER_MODEL = {
    "entropy": "entropy_share",
    "reach": "reach",
    "itself": "itself",
    "repeats": "repeats",
    "attribution": "attribution",
} | {measure: measure for measure in BINS}
"""Columns of each model, and the measure of the scan that they show."""
AGREEMENTS = ("shared", "divergence", "correlation")
"""Columns that say how alike A and B are; each has a twin of two seeds, NAME_seeds."""
