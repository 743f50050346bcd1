"""Recording the runs of a grid: settings, metrics, epochs, ranks, an example."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

from awrsr.config import FORMER_TRAINING
from awrsr.data.batching import history_and_target
from awrsr.data.dataset import Dataset
from awrsr.errors import CheckpointError, ConfigError, DataError, counted
from awrsr.experiments import record as results
from awrsr.experiments.card import METRICS_FILE, RANKS_FILE, read_metrics, training_of
from awrsr.experiments.comparison import Ranks, records
from awrsr.experiments.grid import Grid, Run
from awrsr.experiments.recorded_examples import Example, RecordedTrace, read_examples
from awrsr.io.parquet import read_parquet
from awrsr.ranking.evaluation import evaluate_popularity, ranked_among
from awrsr.ranking.recommendation import trace
from awrsr.refinement import with_former_settings
from awrsr.training.checkpoint import load_model, parameter_count, weights_fingerprint
from awrsr.training.unfinished import HISTORY_FILE

EXAMPLE_LENGTH = (10, 14)
"""Smallest and largest length of a history recorded as an example, for a readable picture."""


def describe(datasets: dict[str, Dataset]) -> pd.DataFrame:
    """The rows of datasets.csv; ranks every user once for the popularity baseline."""
    rows = []
    for name, dataset in datasets.items():
        popularity = evaluate_popularity(dataset, "test").metrics
        rows.append(
            {
                "dataset": name,
                "fingerprint": dataset.fingerprint,
                **dataset.summary(),
                **{f"popularity {metric}": popularity[metric] for metric in ("HR@10", "NDCG@10")},
            }
        )
    return pd.DataFrame(rows)


def record_runs(
    grid: Grid, datasets: dict[str, Dataset], described: pd.DataFrame, done: list[Run]
) -> int:
    """Write the grid's results: finished runs, and runs recorded earlier, see `read_recorded`.

    Args:
        described: the result of `describe`.
        done: runs with state "done"; together with the recorded runs there must be at least one.

    Returns:
        The number of recorded runs.

    Raises:
        DataError: files of a run or recorded files are damaged or do not belong together.
        ConfigError: recorded runs have other settings or data.
    """
    finished = {run.name for run in done}
    recorded = read_recorded(grid, datasets, done)
    runs: list[pd.DataFrame] = []
    history: list[pd.DataFrame] = []
    ranks: dict[str, Ranks] = {}
    if recorded is not None:
        runs.append(recorded.runs[~recorded.runs["run"].isin(finished)])
        history.append(recorded.history[~recorded.history["run"].isin(finished)])
        ranks |= recorded.ranks
        absent = ~recorded.datasets["dataset"].isin(described["dataset"])
        described = pd.concat([described, recorded.datasets[absent]])
    for run in done:
        runs.append(pd.DataFrame(_rows(run)))
        history.append(_history(run))
        ranks[run.name] = _test_ranks(run, datasets[run.dataset])
    names = [run.name for run in grid.runs if run.name in ranks]
    dataset_of_run = {run.name: run.dataset for run in grid.runs}
    order = list(dict.fromkeys(dataset_of_run[name] for name in names))
    results.write_results(
        grid,
        _in_plan(pd.concat(runs), names),
        _in_plan(pd.concat(history), names),
        described.set_index("dataset").loc[order].reset_index().infer_objects(),
        {name: ranks[name] for name in names},
        _examples(grid, datasets, done, names, recorded.examples if recorded else {}),
    )
    return len(names)


def example_user(dataset: Dataset) -> int:
    """The first user whose history fits `EXAMPLE_LENGTH`, otherwise the first user with a test
    item."""
    lengths = dataset.parts.targets["test"]
    low, high = EXAMPLE_LENGTH
    fitting = (lengths >= low) & (lengths <= high)
    return int(np.argmax(fitting if fitting.any() else dataset.has_target("test")))


def _examples(
    grid: Grid,
    datasets: dict[str, Dataset],
    done: list[Run],
    names: list[str],
    earlier: dict[str, Example],
) -> dict[str, Example]:
    """One history per dataset in the models of the grid's first seed, including earlier records."""
    examples = {name: example for name, example in earlier.items() if name not in datasets}
    for name, dataset in datasets.items():
        user = example_user(dataset)
        items = history_and_target(dataset, user, "test")[0].tolist()
        known = {}
        if name in earlier and earlier[name].items == items:
            known = earlier[name].traces
        traces = {run: recorded for run, recorded in known.items() if run in names}
        for run in done:
            if run.dataset == name and run.train.seed == grid.runs[0].train.seed:
                found = trace(load_model(run.directory, "cpu"), items)
                maps = {kind: a for kind, a in found.arrays().items() if a.ndim > 1}
                traces[run.name] = RecordedTrace(
                    items=found.items, dropped=found.dropped, config=run.model, maps=maps
                )
        if traces:
            examples[name] = Example(
                user=dataset.user_ids[user],
                items=items,
                titles=dataset.titles(items),
                traces={run: traces[run] for run in names if run in traces},
            )
    return examples


def _in_plan(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Rows in the order of the plan."""
    order = table["run"].map({name: place for place, name in enumerate(names)})
    return table.iloc[np.argsort(order.to_numpy(), kind="stable")]


def _rows(run: Run) -> list[dict[str, Any]]:
    """The rows of results.csv of one run, test first."""
    recorded = read_metrics(run.directory)
    weights = weights_fingerprint(run.directory)
    if recorded.weights_sha256 != weights:
        raise CheckpointError(
            f"{run.directory / METRICS_FILE} is for weights {recorded.weights_sha256!r}, but the "
            f"weights there are {weights!r}; "
            f"run `python -m awrsr evaluate {run.directory} --output {run.directory}`"
        )
    trained = training_of(recorded, run.directory)
    about = {
        "run": run.name,
        "dataset": run.dataset,
        "backbone": run.model.backbone,
        "refinement": run.model.refinement,
        "loss": run.train.loss,
        "seed": run.train.seed,
        "epochs": trained.epochs,
        "best_epoch": trained.best_epoch,
        "seconds": trained.seconds,
        "parameters": parameter_count(run.directory),
        "model": json.dumps(run.model.to_json()),
        "train": json.dumps(run.train.to_json()),
        "weights_sha256": weights,
        "command": trained.command,
        "software": "; ".join(f"{name} {number}" for name, number in recorded.software.items()),
    }
    return [
        {
            **about,
            "split": split,
            "held_out": measured.protocol.split,
            "candidates": ranked_among(measured.protocol.to_json()),
            "ties": measured.protocol.ties,
            "users": measured.protocol.users,
            **measured.metrics,
        }
        for split, measured in (("test", recorded.test), ("validation", recorded.validation))
    ]


def _history(run: Run) -> pd.DataFrame:
    """The rows of history.csv of one run."""
    path = run.directory / HISTORY_FILE
    try:
        history = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a readable history: {error}") from error
    return history.rename(columns={"loss": "training_loss"}).assign(run=run.name)


def _test_ranks(run: Run, dataset: Dataset) -> Ranks:
    """The rank of each evaluated user of the test split, in the dataset's order, cut at
    `results.RANKS_KEPT`; `Dataset.default_candidates` determines the evaluated users."""
    path = run.directory / RANKS_FILE
    try:
        frame = read_parquet(path)
        test = frame[frame["split"] == "test"]
        users, ranks = test["user_id"].astype(str).tolist(), test["rank"].to_numpy()
    except (ValueError, KeyError) as error:
        raise DataError(f"{path} is not a readable table of ranks: {error}") from error
    if users != list(compress(dataset.user_ids, dataset.counted("test"))):
        raise DataError(
            f"{path} has other users than {run.data}; "
            f"run `python -m awrsr evaluate {run.directory} --output {run.directory}`"
        )
    return np.asarray(np.minimum(ranks, results.RANKS_KEPT + 1), dtype=np.uint8)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The recorded results of a grid's runs, from this machine or another.

    Args:
        runs: rows of results.csv.
        history: rows of history.csv.
        ranks: ranks by run.
        examples: examples by dataset.
    """

    runs: pd.DataFrame
    history: pd.DataFrame
    datasets: pd.DataFrame
    ranks: dict[str, Ranks]
    examples: dict[str, Example]


def read_recorded(grid: Grid, datasets: dict[str, Dataset], done: Iterable[Run]) -> Recorded | None:
    """The recorded results of a grid; None if there are none.

    Recorded results are never dropped: damaged or contradictory ones are an error, unless all runs
    of the grid are done here and can be recorded again.

    Raises:
        DataError: the recorded results are damaged.
        ConfigError: they have other settings or data than the grid.
    """
    replaceable = len({run.name for run in done}) == len(grid.runs)
    remedy = f"restore the files in {grid.results}, or move the folder away to record again"
    try:
        found = results.read_results(grid.file, intervals=False)  # computed from the ranks
        if found is None:
            return None
        ranks, examples = results.read_ranks(grid.file), read_examples(grid.file)
        if lacking := [name for name in found.test["run"] if name not in ranks]:
            raise DataError(f"{grid.results / results.RANKS_FILE} lacks {lacking[0]}")
    except DataError as error:
        if replaceable:
            return None
        raise DataError(f"{error}; {remedy}") from None
    if misfits := _misfits(grid, found, datasets):
        if replaceable:
            return None
        name, why = next(iter(misfits.items()))
        raise ConfigError(
            f"{grid.results} has {counted(len(misfits), 'run')} with other settings or data than "
            f"{grid.file}, among them {name}: {why}; undo the change of the grid, give the changed "
            "grid another name, or move the folder away"
        )
    return Recorded(
        runs=found.runs,
        history=found.history,
        datasets=found.datasets,
        ranks=ranks,
        examples=examples,
    )


def _misfits(grid: Grid, found: results.Results, datasets: dict[str, Dataset]) -> dict[str, str]:
    """The recorded runs that differ from those of the grid, and the reasons."""
    planned = {run.name: run for run in grid.runs}
    fingerprints = found.datasets.set_index("dataset")["fingerprint"].to_dict()
    misfits = {}
    for row in records(found.test):
        run = planned[row["run"]]
        for section, settings in (("model", run.model), ("train", run.train)):
            recorded = json.loads(row[section])
            if section == "model":
                recorded = with_former_settings(recorded)
            else:
                recorded = {**FORMER_TRAINING, **recorded}
            for name, value in settings.to_json().items():
                if recorded.get(name) != value:
                    misfits[run.name] = (
                        f"{section}.{name} is {recorded.get(name)!r} there, {value!r} in the grid"
                    )
        dataset = datasets.get(run.dataset)
        if dataset is not None and fingerprints.get(run.dataset) != dataset.fingerprint:
            misfits[run.name] = (
                f"the dataset's fingerprint is {fingerprints.get(run.dataset)} there, but "
                f"{dataset.fingerprint} in {run.data}"
            )
    return misfits
