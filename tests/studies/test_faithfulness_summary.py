"""Means of a study of faithfulness: the explanations that are better than the floor."""

import pandas as pd
import pytest

from awrsr.studies import against_floor


@pytest.mark.parametrize(("measure", "sign"), [("insertion", 1), ("deletion", -1)])
@pytest.mark.parametrize("column", ["less_random", "less_floor"])
def test_explanations_are_sorted_by_their_intervals(measure: str, sign: int, column: str):
    """Relative to the floor if the study records one, else to random orders."""
    intervals = {
        "first_order": (0.1, 0.3),
        "leave_one_out": (0.2, 0.5),
        "recency": (-0.4, -0.1),
        "refined": (-0.1, 0.2),
        "random": (0.0, 0.0),
        "random_newest_first": (0.1, 0.2),
    }
    rows = pd.DataFrame(
        [
            {
                "explanation": name,
                "measure": measure,
                "mean": sign * (low + high) / 2,
                "less_random_low": 0.0,
                "less_random_high": 0.0,
                f"{column}_low": min(sign * low, sign * high),
                f"{column}_high": max(sign * low, sign * high),
                column: sign * (low + high) / 2,
            }
            for name, (low, high) in intervals.items()
        ]
    )
    assert against_floor(rows) == {
        "better": ["leave_one_out", "first_order"],
        "undecided": ["refined"],
        "worse": ["recency"],
    }
