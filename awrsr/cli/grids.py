"""Verbs about many runs: experiment, report."""

import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, ConfigError, DataError, counted
from awrsr.experiments.card import training_command
from awrsr.experiments.grid import Grid, Run, read_grid
from awrsr.experiments.jobs import check_jobs, ended_by_signals, train_side_by_side
from awrsr.experiments.progress import RunBars, epoch_bar
from awrsr.experiments.recording import describe, read_recorded, record_runs
from awrsr.experiments.report import write_report
from awrsr.experiments.run import choose_runs, load_datasets, run_state, train_and_measure


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
    """Train what a grid plans and record the results beside its file.

    A finished run is not run again, nor one whose results are recorded (results.csv has its
    command); an unfinished one is resumed, one with other settings is refused before anything
    starts. Results are recorded after every run, in the folder of the grid's name beside its file.

    Args:
        grid: a TOML file, see awrsr/experiments/grid.py and experiments/.
        only: the runs whose names fit, * stands for anything: '*-stosa-*-seed0'.
        dry: only list the runs and how far each is; recorded: not here, its results are.
        record: train nothing, record the runs that are done.
        runs: the runs go to RUNS/GRID/DATASET-BACKBONE-REFINEMENT-LOSS-seedSEED.
        jobs: runs trained at a time; of several, each has a process with one thread.
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
    if errors:
        raise errors[0]
    states = {run.name: run_state(run, datasets[run.dataset]) for run in plan.runs}
    done = [run for run in plan.runs if states[run.name] == "done"]
    recorded = read_recorded(plan, datasets, done)
    known = set() if recorded is None else {*recorded.ranks}
    described = describe(datasets)
    left = [
        run
        for run in ([] if record else chosen)
        if states[run.name] == "unfinished"
        or (states[run.name] == "missing" and run.name not in known)
    ]
    failed = []
    resumed = {run.name for run in left if states[run.name] == "unfinished"}
    train_left = _side_by_side if jobs > 1 and left else _one_by_one
    try:
        with closing(train_left(left, datasets, resumed, device, jobs)) as ended:
            for run, error in ended:
                if error is not None:  # the other runs need not suffer
                    failed.append(run.name)
                    continue
                done.append(run)
                record_runs(plan, datasets, described, done)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; the same command goes on where it was") from None
    number = 0
    if done or known:
        number = record_runs(plan, datasets, described, done)
        print(f"written to {plan.results}: {counted(number, 'run')}")
    elif record:
        print(f"no run of {plan.title} is done here, so there is nothing to record")
    print(_grid_line(plan, len(done), number))
    if failed:
        raise AwrsrError(f"{counted(len(failed), 'run')} failed: {', '.join(failed)}")


def _one_by_one(
    left: list[Run], datasets: dict[str, Dataset], resumed: set[str], device: str, jobs: int
) -> Generator[tuple[Run, AwrsrError | None], None, None]:
    """Train runs in this process; each as it ends, with what refused it."""
    for number, run in enumerate(left, start=1):
        resume = run.name in resumed
        print(f"{number} of {len(left)}: {run.name}{', resumed' * resume}")
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
    left: list[Run], datasets: dict[str, Dataset], resumed: set[str], device: str, jobs: int
) -> Generator[tuple[Run, AwrsrError | None], None, None]:
    """Train runs in workers; each as it ends, with what refused it."""
    with ended_by_signals(), RunBars(len(left)) as bars:
        runs = train_side_by_side(
            left,
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
    plan: Grid, chosen: list[Run], datasets: dict[str, Dataset], errors: list[DataError]
) -> None:
    """How far each run is; a dataset that is not here does not hide what is recorded of it."""
    states = {
        run.name: run_state(run, datasets[run.dataset]) if run.dataset in datasets else "missing"
        for run in plan.runs
    }
    found = read_recorded(plan, datasets, [run for run in plan.runs if states[run.name] == "done"])
    recorded = set() if found is None else {*found.ranks}
    for run in chosen:
        elsewhere = states[run.name] == "missing" and run.name in recorded
        print(f"{'recorded' if elsewhere else states[run.name]:<12}{run.directory}")
    for error in errors:
        print(error)
    here = sum(state == "done" for state in states.values())
    print(_grid_line(plan, here, len(recorded)))


def _grid_line(plan: Grid, here: int, recorded: int) -> str:
    return (
        f"{plan.title}: {here} of {counted(len(plan.runs), 'run')} done here, {recorded} recorded"
    )


def report(*, experiments: Path = Path("experiments"), output: Path = Path("RESULTS.md")) -> None:
    """Write RESULTS.md from the recorded results of all grids.

    Args:
        experiments: the folder of grids and their recorded results.
        output: the file to write.
    """
    write_report(experiments, output)
    print(f"written to {output}")
