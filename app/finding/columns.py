"""The columns of the table of users: titles, meanings, number formats."""

from typing import NamedTuple


class Column(NamedTuple):
    """A column of the table: title, meaning, number format."""

    title: str
    meaning: str
    form: str


KINDS = {"first_order": "First order", "second_order": "Second order", "refined": "Refined"}
ORDERS = LARGEST, SMALLEST = "largest first", "smallest first"
NOISE = "The same for two seeds of one model: the noise level."
COLUMNS = {
    "length": Column("items", "Items in the history, without the held-out item.", "%d"),
    "rank_a": Column("rank in A", "Rank of the held-out item, 1 = best.", "%d"),
    "rank_b": Column("rank in B", "Rank of the held-out item, 1 = best.", "%d"),
    "change": Column("ranks gained in B", "Rank in A minus rank in B.", "%+d"),
    "doublings": Column("log2 rank A / rank B", "Halvings of the rank from A to B.", "%+.1f"),
    "shared": Column("top 10 shared", "Items among the first ten of both models.", "%d"),
    "shared_seeds": Column("shared, seeds", NOISE, "%d"),
    "divergence": Column(
        "JS A, B", "Jensen-Shannon divergence of the two rows: 0 to 1 bit.", "%.3f"
    ),
    "divergence_seeds": Column("JS seeds", NOISE, "%.3f"),
    "correlation": Column("rho A, B", "Spearman's rank correlation of the two rows.", "%+.2f"),
    "correlation_seeds": Column("rho seeds", NOISE, "%+.2f"),
    "entropy_a": Column(
        "evenness A", "Entropy of A's row divided by that of an even row; 1 = even.", "%.2f"
    ),
    "entropy_b": Column(
        "evenness B", "Entropy of B's row divided by that of an even row; 1 = even.", "%.2f"
    ),
    "reach_a": Column("reach A", "Mean distance of A's weight from the newest item.", "%.1f"),
    "reach_b": Column("reach B", "Mean distance of B's weight from the newest item.", "%.1f"),
    "itself_a": Column("on newest A", "A's weight on the newest item.", "%.2f"),
    "itself_b": Column("on newest B", "B's weight on the newest item.", "%.2f"),
    "attribution_a": Column(
        "rho attr A", "Spearman's rho of A's row with absolute input x gradient.", "%+.2f"
    ),
    "attribution_b": Column(
        "rho attr B", "Spearman's rho of B's row with absolute input x gradient.", "%+.2f"
    ),
    "repeats": Column("repeats", "Entries of the history that repeat an earlier one.", "%d"),
    "repeats_a": Column("on repeats A", "A's weight on items that occur repeatedly.", "%.2f"),
    "repeats_b": Column("on repeats B", "B's weight on items that occur repeatedly.", "%.2f"),
}
"""All columns in the order of the page's table; offered on the page and accepted in the address."""
OF_REPEATS = ("repeats", "repeats_a", "repeats_b")
"""Columns that are only useful if some history repeats an item."""
BINS = {
    "lag_1": "1 back",
    "lag_2_3": "2\u20133 back",
    "lag_4_7": "4\u20137 back",
    "lag_8_15": "8\u201315 back",
    "lag_16": "16 or more back",
    "first": "on the oldest seen",
}
"""Parts of a row's weight by distance from the newest item, by measure of the scan."""
LAGS = {
    f"{measure}_{side}": Column(
        f"{title} {side.upper()}", f"{side.upper()}'s weight, {title}.", "%.2f"
    )
    for measure, title in BINS.items()
    for side in "ab"
}
"""Columns for sorting, limits and plots; too many for the table."""
COLUMNS |= LAGS
PER_MODEL = {
    "entropy": "entropy_share",
    "reach": "reach",
    "itself": "itself",
    "repeats": "repeats",
    "attribution": "attribution",
} | {measure: measure for measure in BINS}
"""Columns of each model, with the measure of the scan that they show."""
AGREEMENTS = ("shared", "divergence", "correlation")
"""Columns of the similarity of A and B; each has a counterpart for two seeds, NAME_seeds."""
