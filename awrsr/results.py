"""Recorded results of a grid: a folder of small files, and what can be read off them.

    results.csv     one row per run and split: protocol, metrics, settings, command, software
    history.csv     one row per run and epoch: loss, validation metrics, gradient norm, seconds
    datasets.csv    one row per dataset: counts, and the metrics of the popularity baseline
    ranks.parquet   one row per run: each user's rank in the test split, in the dataset's order
    intervals.csv   one row per model that is not vanilla, loss and metric: the paired difference to
                    vanilla
    examples.npz    of each dataset one history, and the attention of the first seed's models on it

Everything that a document or a page says of an experiment is read from these files.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from awrsr.config import ModelConfig
from awrsr.errors import DataError, counted
from awrsr.files import finish_replacing, make_directory, replacing_files, write_text
from awrsr.grid import Grid, read_grid, run_name
from awrsr.parquet import read_table
from awrsr.refinement import REFINEMENTS

RANKS_FILE, EXAMPLES_FILE = "ranks.parquet", "examples.npz"
FILES = ("results.csv", "history.csv", "datasets.csv", "intervals.csv", RANKS_FILE, EXAMPLES_FILE)
RANKS_KEPT = 100
"""A recorded rank beyond this one is this one plus 1: most are, and no metric here looks there."""

MODEL = ["dataset", "loss", "backbone", "refinement"]
"""What makes runs of different seeds one row of a table."""

PAIRED_METRICS = ("HR@10", "NDCG@10")
CLAIM_METRIC = "NDCG@10"
SAMPLES = 10_000
LEVEL = 0.95
MIN_SEEDS = 2
"""With fewer an interval is about two trainings, not about two mechanisms."""

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
    "intervals.csv": [
        *(*MODEL, "metric", "seeds", "users", "vanilla", "difference", "low", "high"),
        *("lowest_seed", "highest_seed"),
    ],
}

TEXTS = {
    *("run", *MODEL, "split", "held_out", "candidates", "ties", "model", "train"),
    *("weights_sha256", "command", "software", "fingerprint", "metric"),
}
"""Columns of text; all others hold numbers."""

Ranks = npt.NDArray[np.uint8]
Verdict = Literal["holds", "does not hold", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Results:
    """What is recorded of one grid.

    Args:
        grid: the plan.
        runs: results.csv.
        history: history.csv, with the columns of `MODEL` and seed joined to it.
        datasets: datasets.csv.
        intervals: intervals.csv.
        missing: names of the runs that are planned and not recorded, in the plan's order.
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


@dataclass(frozen=True, kw_only=True)
class RecordedTrace:
    """What is recorded of a trace, as the board draws it (`awrsr.board.Drawn`).

    Args:
        items: that the model saw, oldest first.
        dropped: older items that it did not see.
        config: of the model.
        maps: first_order, refined, where the model has it second_order, all (layer, head, query,
            key), and transformed_value_norm, (layer, head, key).
    """

    items: list[int]
    dropped: int
    config: ModelConfig
    maps: dict[str, npt.NDArray[np.float32]]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The maps."""
        return dict(self.maps)


@dataclass(frozen=True, kw_only=True)
class Example:
    """One history of a dataset in the models of a grid.

    Args:
        user: whose history it is, the held-out item left out.
        items: oldest first.
        titles: of the items.
        traces: by run.
    """

    user: str
    items: list[int]
    titles: list[str]
    traces: dict[str, RecordedTrace]


class Interval(NamedTuple):
    """A mean difference and its bootstrap interval."""

    mean: float
    low: float
    high: float


# --- comparison -----------------------------------------------------------------------------------


def gains(ranks: npt.ArrayLike, metric: str) -> npt.NDArray[np.float64]:
    """What each rank adds to HR@k or NDCG@k, k at most `RANKS_KEPT`."""
    kind, _, cutoff = metric.partition("@")
    rank = np.asarray(ranks, dtype=np.float64)
    gain = np.ones_like(rank) if kind == "HR" else 1 / np.log2(rank + 1)
    return np.where(rank <= int(cutoff), gain, 0.0)


def paired_interval(differences: npt.NDArray[np.float64]) -> Interval:
    """The mean of per-user differences and its 95% bootstrap interval over users and seeds.

    Each sample draws users and, apart from them, seeds, both with replacement; with one seed it
    draws users only. The generator's seed is fixed: the same differences give the same interval.

    Args:
        differences: (user, seed), a metric's gain of a model less vanilla's of the same user and
            the same seed.

    Source: Efron 1979 for the bootstrap; drawing both factors is the pigeonhole bootstrap of Owen
    2007.
    """
    n_users, n_seeds = differences.shape
    generator = np.random.default_rng(0)
    changed = differences[(differences != 0).any(axis=1)]  # all others add zero
    drawn = generator.binomial(n_users, len(changed) / n_users, size=SAMPLES)
    weights = generator.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=SAMPLES) / n_seeds
    means = np.zeros(SAMPLES)
    if len(changed):
        for sample in range(SAMPLES):
            users = generator.integers(len(changed), size=drawn[sample])
            means[sample] = changed[users].sum(axis=0) @ weights[sample] / n_users
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(differences.mean()), float(low), float(high))


def compare(runs: pd.DataFrame, ranks: dict[str, Ranks]) -> pd.DataFrame:
    """intervals.csv from the rows of the runs and their ranks.

    Every other model is compared with vanilla of the same dataset, loss and backbone over the seeds
    that both have; where they share none there is no row.
    """
    rows = []
    test = runs[runs["split"] == "test"]
    for _, group in test.groupby(MODEL, sort=False):
        model = {name: records(group)[0][name] for name in MODEL}
        if model["refinement"] == "none":
            continue
        pairs = [
            (ranks[run_name(**model, seed=seed)], ranks[vanilla])
            for seed in sorted(group["seed"])
            if (vanilla := run_name(**{**model, "refinement": "none"}, seed=seed)) in ranks
        ]
        if not pairs:
            continue
        for metric in PAIRED_METRICS:
            own, plain = (
                np.stack([gains(ranked, metric) for ranked in of_seeds], axis=1)
                for of_seeds in zip(*pairs, strict=True)
            )
            difference = own - plain
            interval = paired_interval(difference)
            per_seed = difference.mean(axis=0)
            rows.append(
                {
                    **model,
                    "metric": metric,
                    "seeds": len(pairs),
                    "users": len(difference),
                    "vanilla": plain.mean(),
                    "difference": interval.mean,
                    "low": interval.low,
                    "high": interval.high,
                    "lowest_seed": per_seed.min(),
                    "highest_seed": per_seed.max(),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS["intervals.csv"])


def verdict(row: Mapping[str, Any]) -> Verdict:
    """Whether a refinement improves on vanilla, by a row of the intervals."""
    if row["seeds"] < MIN_SEEDS or row["low"] <= 0 <= row["high"]:
        return "undecided"
    return "holds" if row["low"] > 0 else "does not hold"


def from_vanilla(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the intervals the other way round: vanilla less the model."""
    return {
        **row,
        "difference": -row["difference"],
        "low": -row["high"],
        "high": -row["low"],
        "lowest_seed": -row["highest_seed"],
        "highest_seed": -row["lowest_seed"],
    }


def means(test: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Per model the number of seeds and the mean, lowest and highest of columns over them.

    Returns:
        In the refinements' order; columns `MODEL`, seeds, and (name, "mean" | "min" | "max") as
        "name", "name min" and "name max".
    """
    table = test.groupby(MODEL, sort=False).agg(
        seeds=("seed", "size"),
        **{
            f"{name}{suffix}": (name, how)
            for name in columns
            for how, suffix in (("mean", ""), ("min", " min"), ("max", " max"))
        },
    )
    return in_order(table.reset_index())


def less_vanilla(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Rows of all other models, columns less those of vanilla of the same seed, and epoch if any.

    A row without such a vanilla is left out.
    """
    columns = list(columns)
    by = [name for name in ("dataset", "loss", "backbone", "seed", "epoch") if name in table]
    others = table[table["refinement"] != "none"]
    vanilla = table[table["refinement"] == "none"][[*by, *columns]]
    both = others.merge(vanilla, on=by, suffixes=("", " of vanilla"))
    return both.assign(**{name: both[name] - both[f"{name} of vanilla"] for name in columns})


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of models in the order in which refinements are shown."""
    places = {name: place for place, name in enumerate(REFINEMENTS)}
    order = table["refinement"].map(places)
    return table.assign(_place=order).sort_values(
        ["dataset", "loss", "backbone", "_place"], kind="stable", ignore_index=True
    )[list(table.columns)]


def epoch_means(history: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Per model and epoch the mean over the seeds that got so far, and how many did."""
    table = history.groupby([*MODEL, "epoch"], sort=False).agg(
        seeds=("seed", "size"), **{name: (name, "mean") for name in columns}
    )
    return table.reset_index()


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each by column."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


# --- files ----------------------------------------------------------------------------------------


def write_results(
    grid: Grid,
    runs: pd.DataFrame,
    history: pd.DataFrame,
    datasets: pd.DataFrame,
    ranks: dict[str, Ranks],
    examples: dict[str, Example],
) -> None:
    """Write the grid's folder of results, all files of it or none; the intervals are computed here.

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
        _save_examples(temporary / EXAMPLES_FILE, examples)
        for name, frame in (
            ("results.csv", runs),
            ("history.csv", history),
            ("datasets.csv", datasets),
            ("intervals.csv", intervals),
        ):
            text = frame[COLUMNS[name]].to_csv(
                index=False, float_format="%.6f", lineterminator="\n"
            )
            write_text(temporary / name, text)


def read_results(file: str | Path, *, intervals: bool = True) -> Results | None:
    """What is recorded of a grid; None where nothing is.

    Args:
        file: the grid's TOML file; its results lie in the folder beside it.
        intervals: read intervals.csv too; without, there are none.

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
    of_intervals = {tuple(row[name] for name in MODEL) for row in records(frames["intervals.csv"])}
    if names != runs["run"].tolist() or not of_intervals <= {
        tuple(row[name] for name in MODEL) for row in records(runs)
    }:
        raise DataError(
            f"{grid.results / 'results.csv'} and intervals.csv name runs by what they are not; "
            f"{_again(grid)}"
        )
    if recorded - planned:
        raise DataError(
            f"{grid.results / 'results.csv'}: {sorted(recorded - planned)[0]} is not a run of "
            f"{grid.file}; change the grid back or give the changed one another name"
        )
    if recorded != set(history["run"]) or set(runs["dataset"]) != set(
        frames["datasets.csv"]["dataset"]
    ):
        raise DataError(f"the files in {grid.results} were not written together; {_again(grid)}")
    of = frames["intervals.csv"]
    if len(of) and not (of["low"].le(of["difference"]) & of["difference"].le(of["high"])).all():
        raise DataError(
            f"{grid.results / 'intervals.csv'}: an interval does not hold its mean; {_again(grid)}"
        )
    keys = runs.drop_duplicates("run")[["run", *MODEL, "seed"]]
    return Results(
        grid=grid,
        runs=runs,
        history=history.merge(keys, on="run"),
        datasets=frames["datasets.csv"],
        intervals=in_order(frames["intervals.csv"]),
        missing=[run.name for run in grid.runs if run.name not in recorded],
    )


def _save_examples(path: Path, examples: dict[str, Example]) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for dataset, example in examples.items():
        arrays[f"{dataset}/user"] = np.array(example.user)
        arrays[f"{dataset}/items"] = np.array(example.items)
        arrays[f"{dataset}/titles"] = np.array(example.titles)
        for run, trace in example.traces.items():
            arrays |= {f"{dataset}/{run}/{kind}": maps for kind, maps in trace.maps.items()}
    with path.open("wb") as file:  # given a path, numpy would add its own ending
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_examples(file: str | Path) -> dict[str, Example]:
    """The recorded examples of a grid by dataset; empty where none is recorded.

    Raises:
        DataError: they are damaged.
    """
    grid = read_grid(file)
    path = grid.results / EXAMPLES_FILE
    if not path.is_file():
        return {}
    configs = {run.name: run.model for run in grid.runs}
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        examples = {
            name.removesuffix("/items"): Example(
                user=str(arrays[name.replace("/items", "/user")]),
                items=arrays[name].tolist(),
                titles=arrays[name.replace("/items", "/titles")].tolist(),
                traces={},
            )
            for name in arrays
            if name.count("/") == 1 and name.endswith("/items")
        }
        of_runs: dict[tuple[str, str], dict[str, npt.NDArray[np.float32]]] = {}
        for name in (name for name in arrays if name.count("/") == 2):
            dataset, run, kind = name.split("/")
            of_runs.setdefault((dataset, run), {})[kind] = arrays[name]
        for (dataset, run), maps in of_runs.items():
            items, seen = examples[dataset].items, maps["refined"].shape[-1]
            examples[dataset].traces[run] = RecordedTrace(
                items=items[-seen:],
                dropped=len(items) - seen,
                config=configs[run],
                maps=maps,
            )
    except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
        raise DataError(
            f"{path} is not a readable file of examples ({error}); {_again(grid)}"
        ) from error
    return examples


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
            f"{path} is not a readable table of ranks ({error}); {_again(grid)}"
        ) from error


def _again(grid: Grid) -> str:
    return f"put it back, or `python -m awrsr experiment {grid.file} --record` where the runs are"


def _read_csv(grid: Grid, name: str) -> pd.DataFrame:
    path = grid.results / name
    try:
        frame = pd.read_csv(path, keep_default_na=False)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; {_again(grid)}") from None
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} is not a readable table ({reason}); {_again(grid)}") from error
    wanted = COLUMNS[path.name]
    if list(frame) != wanted:
        strange = next(name for name in [*wanted, *frame] if (name in wanted) != (name in frame))
        raise DataError(
            f"{path}: column {strange!r} is {'missing' if strange in wanted else 'unknown'}; "
            f"expected {counted(len(wanted), 'column')}: {', '.join(wanted)}; {_again(grid)}"
        )
    for name in (name for name in wanted if name not in TEXTS):
        if len(frame) and not pd.api.types.is_numeric_dtype(frame[name]):
            raise DataError(f"{path}: column {name!r} must hold numbers; {_again(grid)}")
    return frame
