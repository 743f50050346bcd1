"""How well the recorded explanations find the planted causes, beside their floors.

    python -m experiments.planted_causes

From the recorded studies of assets/planted, a table a sort of causes: average precision of every
explanation and model, and what it is above its floor with a 95% interval; * where the floor is that
of random orders with the newest item first, see `awrsr.studies.faithfulness_summary`.
"""

from pathlib import Path

import pandas as pd

from awrsr.data.planted import OPEN, SORTS
from awrsr.errors import DataError
from awrsr.explain import EXPLANATIONS
from awrsr.io.listing import visible_directories
from awrsr.studies import FORCED_SHARE, LESS, read_study
from awrsr.studies.faithfulness import STUDY_FILE
from awrsr.studies.faithfulness_summary import ALL

STUDIES = Path(__file__).resolve().parent.parent / "assets" / "planted" / "faithfulness"
MEASURE = "average_precision"


def recorded() -> pd.DataFrame:
    """Rows of the summaries of all finished studies, each model once.

    Raises:
        DataError: there are none.
    """
    studies = map(read_study, visible_directories(STUDIES, STUDY_FILE))
    summaries = [study.summary for study in studies if study.summary is not None]
    if not summaries:
        raise DataError(f"{STUDIES} holds no finished study")
    rows = pd.concat(summaries)
    rows = rows[(rows["measure"] == MEASURE) & ~rows["model"].str.contains(LESS)]
    return rows.drop_duplicates(["sort", "model", "explanation"])


def cell(row: pd.Series) -> str:
    """One explanation in one model."""
    low, high = row["less_floor_low"], row["less_floor_high"]
    mark = "*" if row["newest_first"] >= FORCED_SHARE else ""
    return f"{row['mean']:.2f} {row['less_floor']:+.2f} ({low:+.2f} to {high:+.2f}){mark}"


def main() -> None:
    """Print the tables."""
    rows = recorded()
    for sort in (ALL, *(sort for sort in SORTS if sort != OPEN)):
        part = rows[rows["sort"] == sort]
        table = part.assign(cell=part.apply(cell, axis=1)).pivot(
            index="explanation", columns="model", values="cell"
        )
        print(f"\n{sort}: {MEASURE}, minus floor")
        order = [name for name in EXPLANATIONS if name in table.index]
        print(table.loc[order, part["model"].unique()].fillna("").to_string())


if __name__ == "__main__":
    main()
