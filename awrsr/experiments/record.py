"""Recorded results of a grid: a folder of small files.

    results.csv     one row per run and split: protocol, metrics, settings, command, software
    history.csv     one row per run and epoch: loss, validation metrics, gradient norm, seconds
    datasets.csv    one row per dataset: counts, and the metrics of the popularity baseline
    ranks.parquet   one row per run: each user's rank in the test split, in the dataset's order
    intervals.csv   one row per model (except vanilla), loss and metric: the paired difference to
                    vanilla, its intervals and p, see awrsr/experiments/comparison.py
    examples.npz    one history per dataset, and its attention maps in the models of the first seed

All numbers about an experiment in documents and pages are read from these files.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from awrsr.errors import DataError, counted
from awrsr.experiments.averages import in_order
from awrsr.experiments.comparison import INTERVAL_COLUMNS, MODEL, Ranks, compare, records
from awrsr.experiments.grid import Grid, read_grid, run_name
from awrsr.experiments.recorded_examples import EXAMPLES_FILE, Example, record_again, save_examples
from awrsr.io.files import finish_replacing, make_directory, replacing_files, write_text
from awrsr.io.parquet import read_table

RANKS_FILE = "ranks.parquet"
FILES = ("results.csv", "history.csv", "datasets.csv", "intervals.csv", RANKS_FILE, EXAMPLES_FILE)
RANKS_KEPT = 100
"""Larger ranks, most of all ranks, are recorded as this number plus 1: no metric uses them."""

COLUMNS = {
    "results.csv": [
        *("run", *MODEL, "seed", "split", "held_out", "candidates", "ties", "users"),
        *("HR@1", "HR@5", "HR@10", "HR@20", "NDCG@1", "NDCG@5", "NDCG@10", "NDCG@20"),
        *("MRR", "MRR@40", "epochs", "best_epoch", "seconds", "parameters", "model", "train"),
        *("weights_sha256", "command", "software"),
    ],
    "history.csv": [
        *("run", "epoch", "training_loss", "HR@10", "NDCG@5", "NDCG@10", "grad_norm", "seconds"),
    ],
    "datasets.csv": [
        *("dataset", "fingerprint", "users", "items", "interactions", "density"),
        *("shortest sequence", "median sequence", "mean sequence", "longest sequence"),
        *("popularity HR@10", "popularity NDCG@10"),
    ],
    "intervals.csv": INTERVAL_COLUMNS,
}

TEXTS = {
    *("run", *MODEL, "split", "held_out", "candidates", "ties", "model", "train"),
    *("weights_sha256", "command", "software", "fingerprint", "metric"),
}
"""Columns of text; all others hold numbers."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """The recorded results of one grid.

    Args:
        grid: the plan.
        runs: results.csv.
        history: history.csv, with the columns of `MODEL` and seed joined to it.
        datasets: datasets.csv.
        intervals: intervals.csv.
        missing: names of the runs that are planned but not recorded, in the plan's order.
    """

    grid: Grid
    runs: pd.DataFrame
    history: pd.DataFrame
    datasets: pd.DataFrame
    intervals: pd.DataFrame
    missing: list[str]

    @property
    def test(self) -> pd.DataFrame:
        """The rows of the test split, one per run."""
        return self.runs[self.runs["split"] == "test"]


# --- files ----------------------------------------------------------------------------------------


def write_results(
    grid: Grid,
    runs: pd.DataFrame,
    history: pd.DataFrame,
    datasets: pd.DataFrame,
    ranks: dict[str, Ranks],
    examples: dict[str, Example],
) -> None:
    """Write the results folder of a grid, all files or none; intervals are computed here.

    Raises:
        AwrsrError: it could not be written; nothing was changed.
    """
    make_directory(grid.results)
    intervals = compare(runs, ranks)
    table = pa.table(
        {
            "run": pa.array(list(ranks), type=pa.string()),
            "ranks": pa.array(list(ranks.values()), type=pa.list_(pa.uint8())),
        }
    )
    with replacing_files(grid.results) as temporary:
        pq.write_table(table, temporary / RANKS_FILE, compression="zstd", compression_level=19)
        save_examples(temporary / EXAMPLES_FILE, examples)
        for name, frame in (
            ("results.csv", runs),
            ("history.csv", history),
            ("datasets.csv", datasets),
            ("intervals.csv", intervals),
        ):
            write_text(temporary / name, _csv(name, frame))


def _csv(name: str, frame: pd.DataFrame) -> str:
    return frame[COLUMNS[name]].to_csv(index=False, float_format="%.6f", lineterminator="\n")


def refresh_intervals(file: str | Path) -> bool:
    """Compute intervals.csv of a grid again from its ranks if its columns are outdated.

    Args:
        file: the grid's TOML file.

    Returns:
        Whether it was written.

    Raises:
        ConfigError: the grid cannot be read.
        DataError: another file of the results is missing or damaged.
        AwrsrError: it could not be written; nothing was changed.
    """
    path = read_grid(file).results / "intervals.csv"
    try:
        with path.open(encoding="utf-8") as opened:
            if opened.readline().strip().split(",") == INTERVAL_COLUMNS:
                return False
    except (OSError, ValueError):
        return False  # `read_results` reports the error
    found = read_results(file, intervals=False)
    assert found is not None  # intervals.csv exists
    write_text(path, _csv("intervals.csv", compare(found.runs, read_ranks(file))))
    return True


def read_results(file: str | Path, *, intervals: bool = True) -> Results | None:
    """The recorded results of a grid; None if there are none.

    Args:
        file: the grid's TOML file; its results are in the folder next to it.
        intervals: whether to read intervals.csv too; otherwise the table is empty.

    Raises:
        ConfigError: the grid cannot be read.
        DataError: a file of the results is missing, damaged, or does not belong to the others.
    """
    grid = read_grid(file)
    finish_replacing(grid.results)
    if not any((grid.results / name).exists() for name in FILES):
        return None
    frames = {
        name: _read_csv(grid, name)
        if intervals or name != "intervals.csv"
        else pd.DataFrame(columns=COLUMNS[name])
        for name in COLUMNS
    }
    runs, history = frames["results.csv"], frames["history.csv"]
    recorded = set(runs["run"])
    planned = {run.name for run in grid.runs}
    names = [run_name(**{name: row[name] for name in (*MODEL, "seed")}) for row in records(runs)]
    intervals_table = frames["intervals.csv"]
    compared = {tuple(row[name] for name in MODEL) for row in records(intervals_table)}
    if names != runs["run"].tolist() or not compared <= {
        tuple(row[name] for name in MODEL) for row in records(runs)
    }:
        raise DataError(
            f"{grid.results / 'results.csv'} and intervals.csv contradict the names of their runs; "
            f"{record_again(grid)}"
        )
    if recorded - planned:
        raise DataError(
            f"{grid.results / 'results.csv'}: {sorted(recorded - planned)[0]} is not a run of "
            f"{grid.file}; undo the change of the grid, or give the changed grid another name"
        )
    if recorded != set(history["run"]) or set(runs["dataset"]) != set(
        frames["datasets.csv"]["dataset"]
    ):
        raise DataError(
            f"the files in {grid.results} were not written together; {record_again(grid)}"
        )
    low, mean, high = (intervals_table[name] for name in ("low", "difference", "high"))
    if len(intervals_table) and not (low.le(mean) & mean.le(high)).all():
        raise DataError(
            f"{grid.results / 'intervals.csv'}: an interval does not contain its mean; "
            f"{record_again(grid)}"
        )
    keys = runs.drop_duplicates("run")[["run", *MODEL, "seed"]]
    return Results(
        grid=grid,
        runs=runs,
        history=history.merge(keys, on="run"),
        datasets=frames["datasets.csv"],
        intervals=in_order(intervals_table),
        missing=[run.name for run in grid.runs if run.name not in recorded],
    )


def read_ranks(file: str | Path) -> dict[str, Ranks]:
    """The recorded ranks of a grid by run.

    Raises:
        DataError: they are missing or damaged.
    """
    grid = read_grid(file)
    path = grid.results / RANKS_FILE
    try:
        table = read_table(path)
        return {
            str(run): np.asarray(ranks, dtype=np.uint8)
            for run, ranks in zip(table["run"].to_pylist(), table["ranks"].to_pylist(), strict=True)
        }
    except (ValueError, KeyError, OverflowError) as error:
        raise DataError(
            f"{path} is not a readable table of ranks ({error}); {record_again(grid)}"
        ) from error


REFRESH = "`python -m awrsr report` computes it again from the recorded ranks"


def _read_csv(grid: Grid, name: str) -> pd.DataFrame:
    path = grid.results / name
    try:
        # A fingerprint of digits and one "e" must stay text; it would be read as a huge number.
        frame = pd.read_csv(path, keep_default_na=False, dtype=dict.fromkeys(TEXTS, str))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; {record_again(grid)}") from None
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path} is not a readable table ({reason}); {record_again(grid)}"
        ) from error
    wanted = COLUMNS[path.name]
    if list(frame) != wanted:
        wrong = next(name for name in [*wanted, *frame] if (name in wanted) != (name in frame))
        raise DataError(
            f"{path}: column {wrong!r} is {'missing' if wrong in wanted else 'unknown'}; "
            f"expected {counted(len(wanted), 'column')}: {', '.join(wanted)}; "
            + (REFRESH if name == "intervals.csv" else record_again(grid))
        )
    for column in (column for column in wanted if column not in TEXTS):
        if len(frame) and not pd.api.types.is_numeric_dtype(frame[column]):
            raise DataError(f"{path}: column {column!r} must hold numbers; {record_again(grid)}")
    return frame
