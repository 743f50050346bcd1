"""Verbs for grids of runs: experiment, report."""

import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, ConfigError, DataError, counted, first_of
from awrsr.experiments.card import training_command
from awrsr.experiments.grid import Grid, Run, read_grid
from awrsr.experiments.jobs import check_jobs, ended_by_signals, train_side_by_side
from awrsr.experiments.progress import RunBars, epoch_bar
from awrsr.experiments.recording import describe, read_recorded, record_runs
from awrsr.experiments.report import write_report
from awrsr.experiments.run import (
    State,
    choose_runs,
    load_datasets,
    run_state,
    train_and_measure,
)
from awrsr.io.files import make_directory
from awrsr.training.checkpoint import resolve_device


def experiment(
    grid: Path,
    *,
    only: str = "*",
    dry: bool = False,
    record: bool = False,
    runs: Path = Path("runs"),
    jobs: int = 1,
    device: str = "auto",
) -> None:
    """Train the runs of a grid and record the results next to its file.

    Finished runs are skipped, and so are runs whose results are recorded (results.csv has their
    commands). Unfinished runs are resumed. A run directory with other settings is refused before
    anything starts. Only the datasets of the chosen runs are needed. Results are recorded after
    every run, in a folder next to the grid's file that has the grid's name.

    Args:
        grid: a TOML file, see awrsr/experiments/grid.py and experiments/.
        only: a pattern for the names of runs, * matches anything: '*-stosa-*-seed0'.
        dry: only list the runs and their states; recorded: only the results of the run are here.
        record: train nothing, record the finished runs.
        runs: the runs go to RUNS/GRID/DATASET-BACKBONE-REFINEMENT-LOSS-seedSEED.
        jobs: number of runs trained at the same time; if several, each in a process with one
            thread.
        device: auto, cpu, cuda, cuda:1, ...; several jobs share it.
    """
    if dry and record:
        raise ConfigError("--dry writes nothing and --record writes; choose one")
    check_jobs(jobs)
    plan = read_grid(grid, runs)
    chosen = choose_runs(plan, only)
    datasets, errors = load_datasets(plan)
    if dry:
        _list_runs(plan, chosen, datasets, errors)
        return
    for run in chosen:
        if run.dataset in errors:
            raise errors[run.dataset]
    states = _states(plan, datasets)
    done = [run for run in plan.runs if states[run.name] == "done"]
    recorded = read_recorded(plan, datasets, done)
    known = set() if recorded is None else {*recorded.ranks}
    described = describe(datasets)
    pending = [
        run
        for run in ([] if record else chosen)
        if states[run.name] == "unfinished"
        or (states[run.name] == "missing" and run.name not in known)
    ]
    if pending:  # an error common to all runs is reported once, before the first run
        resolve_device(device)
        make_directory(pending[0].directory.parent)
    failed = []
    resumed = {run.name for run in pending if states[run.name] == "unfinished"}
    train_pending = _side_by_side if jobs > 1 and pending else _one_by_one
    try:
        with closing(train_pending(pending, datasets, resumed, device, jobs)) as ended:
            for run, error in ended:
                if error is not None:  # the other runs continue
                    failed.append(run.name)
                    continue
                done.append(run)
                record_runs(plan, datasets, described, done)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; the same command resumes the work") from None
    number = 0
    if done or known:
        number = record_runs(plan, datasets, described, done)
        print(f"written to {plan.results}: {counted(number, 'run')}")
    elif record:
        print(f"no run of {plan.title} is finished here, so there is nothing to record")
    print(_grid_line(plan, len(done), number))
    if failed:
        raise AwrsrError(f"{counted(len(failed), 'run')} failed: {first_of(failed)}")


def _one_by_one(
    pending: list[Run], datasets: dict[str, Dataset], resumed: set[str], device: str, jobs: int
) -> Generator[tuple[Run, AwrsrError | None], None, None]:
    """Train runs in this process; yields each when it ends, with its error or None."""
    for number, run in enumerate(pending, start=1):
        resume = run.name in resumed
        print(f"{number} of {len(pending)}: {run.name}{', resumed' * resume}")
        refusal = None
        try:
            with epoch_bar(run.train.epochs) as report:
                train_and_measure(
                    datasets[run.dataset],
                    run.directory,
                    run.model,
                    run.train,
                    command=training_command(run.data, run.directory, run.model, run.train),
                    device=device,
                    resume=resume,
                    report=report,
                )
        except AwrsrError as error:
            print(f"error: {error}", file=sys.stderr)
            refusal = error
        yield run, refusal


def _side_by_side(
    pending: list[Run], datasets: dict[str, Dataset], resumed: set[str], device: str, jobs: int
) -> Generator[tuple[Run, AwrsrError | None], None, None]:
    """Train runs in workers; yields each when it ends, with its error or None."""
    with ended_by_signals(), RunBars(len(pending)) as bars:
        runs = train_side_by_side(
            pending,
            datasets,
            jobs=jobs,
            resumed=resumed,
            device=device,
            started=lambda run: bars.begin(run, ", resumed" * (run.name in resumed)),
            ended=bars.end,
            tick=bars.refresh,
        )
        with closing(runs):
            yield from runs


def _list_runs(
    plan: Grid, chosen: list[Run], datasets: dict[str, Dataset], errors: dict[str, DataError]
) -> None:
    """Print the state of each run; without its dataset, a run can still be listed as recorded."""
    states = _states(plan, datasets)
    found = read_recorded(plan, datasets, [run for run in plan.runs if states[run.name] == "done"])
    recorded = set() if found is None else {*found.ranks}
    for run in chosen:
        elsewhere = states[run.name] == "missing" and run.name in recorded
        print(f"{'recorded' if elsewhere else states[run.name]:<12}{run.directory}")
    for error in errors.values():
        print(error)
    done = sum(state == "done" for state in states.values())
    print(_grid_line(plan, done, len(recorded)))


def _states(plan: Grid, datasets: dict[str, Dataset]) -> dict[str, State]:
    """The state of each run by name; a run without its dataset is missing."""
    return {
        run.name: run_state(run, datasets[run.dataset]) if run.dataset in datasets else "missing"
        for run in plan.runs
    }


def _grid_line(plan: Grid, done: int, recorded: int) -> str:
    return (
        f"{plan.title}: {done} of {counted(len(plan.runs), 'run')} done here, {recorded} recorded"
    )


def report(*, experiments: Path = Path("experiments"), output: Path = Path("RESULTS.md")) -> None:
    """Write RESULTS.md from the recorded results of all grids.

    Args:
        experiments: the folder of grids and their recorded results.
        output: the file to write.
    """
    write_report(experiments, output)
    print(f"written to {output}")
