"""The command line: each verb is one function over the library, `python -m awrsr VERB --help`."""

import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jsonargparse import auto_cli
from tqdm import tqdm

from awrsr import attribution, board, explain, studies
from awrsr.cli.parser import Parser
from awrsr.config import Candidates, ModelConfig, Split, TrainConfig, model_title
from awrsr.data.dataset import Dataset, load_dataset, save_dataset
from awrsr.data.filters import notes
from awrsr.data.planted import plant as plant_dataset
from awrsr.data.planted import save_planted
from awrsr.data.prepare import prepare as prepare_dataset
from awrsr.errors import AwrsrError, ConfigError, DataError, check_choice, counted, did_you_mean
from awrsr.experiments.card import dataset_of, evaluate_stored, training_command, write_metrics
from awrsr.experiments.grid import Grid, Run, read_grid
from awrsr.experiments.jobs import check_jobs, ended_by_signals, quiet_lightning, train_side_by_side
from awrsr.experiments.progress import RunBars, epoch_bar
from awrsr.experiments.report import write_report
from awrsr.experiments.run import (
    choose_runs,
    describe,
    load_datasets,
    read_recorded,
    record_runs,
    run_state,
    train_and_measure,
)
from awrsr.io.files import (
    check_writable,
    make_directory,
    passed_over,
    visible_directories,
    write_atomically,
    write_text,
)
from awrsr.io.output import printing, refused_by_system
from awrsr.models import SequentialModel, Trace
from awrsr.ranking import recommendation
from awrsr.ranking.evaluation import candidates_words, evaluate_popularity, seen_words
from awrsr.ranking.metrics import summarise
from awrsr.training.checkpoint import CONFIG_FILE, load_model, read_config


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; 0 on success, 2 when it was refused."""
    quiet_lightning()
    with printing():
        return _run(arguments)


def _run(arguments: list[str] | None) -> int:
    try:
        auto_cli(
            VERBS,
            args=arguments,
            prog="python -m awrsr",
            parser_mode="json",
            parser_class=Parser,
            allow_abbrev=False,
        )
        sys.stdout.flush()  # here, where a full disk is one sentence
    except AwrsrError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (OSError, MemoryError, RuntimeError) as error:
        words = refused_by_system(error)
        if words is None:
            raise
        print(f"error: {words}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print(str(error) or "interrupted", file=sys.stderr)
        return 130
    return 0


def prepare(
    source: Path,
    output: Path,
    *,
    name: str | None = None,
    about: dict[str, str] | None = None,
    **options: Any,
) -> None:
    """Turn raw interaction files into a dataset directory.

    Args:
        source: movielens: a directory with ratings.csv and movies.csv; s3rec: a text file of lines
            'user item item ...'; table: a csv or parquet file with columns user, item, timestamp.
        output: the dataset directory to make.
        name: the dataset's name; the output directory's where not given.
        about: source, licence, citation, kept in dataset.json; a JSON object.
        options: those of `awrsr.prepare`, from which the parser takes them with their help.
    """
    dataset = prepare_dataset(source, name=name or output.name, about=about, **options)
    save_dataset(dataset, output)
    _print_summary(dataset, output, notes(dataset.about["filters"]))


def plant(output: Path, *, users: int = 10_000, seed: int = 0) -> None:
    """Make up a dataset in which known earlier items decide the next one.

    It is for testing explanations: causes.parquet in its directory says which items decide each
    held-out item. Two rules, neither of which a bag of items can follow: people who stood in a row
    come again, each after the one before; and back at a market, the treasure found there is
    claimed. awrsr/data/planted.py describes them.

    Args:
        output: the dataset directory to make.
        users: how many sequences.
        seed: the same seed and users give the same dataset.
    """
    dataset, causes = plant_dataset(users, seed=seed, name=output.name)
    save_planted(dataset, causes, output)
    _print_summary(dataset, output)


def _print_summary(dataset: Dataset, output: Path, notes: Mapping[str, str] | None = None) -> None:
    for name, value in dataset.summary().items():
        print(f"{name:<19}{value:,.4f}" if isinstance(value, float) else f"{name:<19}{value:,}")
    for name, words in (notes or {}).items():
        print(f"{name:<19}{words}")
    print(f"seen before        {seen_words(dataset, 'test')}")
    print(f"candidates         {candidates_words(dataset.n_items, dataset.default_candidates)}")
    print(f"fingerprint        {dataset.fingerprint}")
    print(f"written to         {output}")


def train(
    dataset: Path,
    *,
    output: Path | None = None,
    model: ModelConfig = ModelConfig(),  # noqa: B008  (frozen, so it may be shared)
    train: TrainConfig = TrainConfig(),  # noqa: B008
    device: str = "auto",
    resume: bool = False,
) -> None:
    """Train a model, keep its best epoch, evaluate the stored file.

    Args:
        dataset: a dataset directory.
        output: the model directory to make; DATASET/models/BACKBONE-REFINEMENT where not given.
        model: the architecture.
        train: how to train.
        device: auto, cpu, cuda, cuda:1, ...
        resume: go on with an unfinished run of the same settings; begins it where there is none.
    """
    data = load_dataset(dataset)
    directory = output or dataset / "models" / f"{model.backbone}-{model.refinement}"
    with epoch_bar(train.epochs) as report:
        results = train_and_measure(
            data,
            directory,
            model,
            train,
            command=training_command(dataset, output, model, train),
            device=device,
            resume=resume,
            report=report,
        )
    _print_results({split: result.metrics for split, result in results.items()})
    print(_protocol_line(results["test"].protocol))
    print(f"written to {directory}")


def evaluate(
    model: Path,
    *,
    dataset: Path | None = None,
    output: Path | None = None,
    candidates: Candidates | None = None,
    device: str = "auto",
) -> None:
    """Rank the whole catalogue for every user; with --output, write the metrics and ranks.

    Args:
        model: a model directory.
        dataset: its dataset directory; where not given, the one whose models/ folder the model
            lies in.
        output: directory to write to; only prints where not given.
        candidates: unseen leaves out items of the history, and users whose held-out item is one;
            all leaves them in; where not given, all if more than 3% of test targets are such.
        device: auto, cpu, cuda, cuda:1, ...
    """
    data = load_dataset(dataset) if dataset else dataset_of(model)
    results = evaluate_stored(model, data, candidates=candidates, device=device)
    popularity = evaluate_popularity(data, "test", candidates=candidates)
    if output:
        make_directory(output)
        write_metrics(output, model, results)
    metrics = {split: result.metrics for split, result in results.items()}
    _print_results({**metrics, "popularity, test": popularity.metrics})
    print(_protocol_line(results["test"].protocol))


def recommend(
    model: Path,
    items: list[str | int],
    *,
    k: int | None = None,
    candidates: Candidates | None = None,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Print the best next items for a history.

    Args:
        model: a model directory.
        items: titles or ids of the source, oldest first, as a JSON list.
        k: how many; 10, or as many as there are, where not given.
        candidates: unseen leaves out items of the history, all leaves them in; where not given, all
            if more than 3% of the dataset's test targets stand in the history before them.
        dataset: its dataset directory; where not given, the one whose models/ folder the model
            lies in.
        device: auto, cpu, cuda, cuda:1, ...
    """
    loaded, data, history = _load(model, dataset, items, device)
    ranked = recommendation.recommend(loaded, history, k, dataset=data, candidates=candidates)
    if ranked.empty:
        print("Nothing is left to recommend: every item of the catalogue is in the history.")
    else:
        print(ranked.to_string(index=False))


def trace(
    model: Path,
    items: list[str | int],
    *,
    output: Path | None = None,
    html: Path | None = None,
    beside: Path | None = None,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Print what the prediction attends to, per layer and head; write all maps as arrays or a page.

    Args:
        model: a model directory.
        items: titles or ids of the source, oldest first, as a JSON list.
        output: a npz file for all maps, arrays (layer, head, query, key) and the items.
        html: a file for the attention board, one page that needs neither server nor network.
        beside: with html: another model directory of the same dataset, to be drawn beside.
        dataset: its dataset directory; where not given, the one whose models/ folder the model
            lies in.
        device: auto, cpu, cuda, cuda:1, ...
    """
    if beside and not html:
        raise ConfigError("--beside is drawn on the page that --html writes; give --html FILE too")
    loaded, data, history = _load(model, dataset, items, device)
    result = recommendation.trace(loaded, history)
    traces = [result]
    if beside:
        traces.append(recommendation.trace(load_model(beside, device), history, dataset=data))
    written = [path for path in (output, html) if path]
    if output and html and output.resolve() == html.resolve():
        raise ConfigError(f"--output and --html both name {html}; give each a file of its own")
    for path in written:
        check_writable(path)

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez_compressed(file, **result.arrays())  # type: ignore[arg-type]

    if output:
        write_atomically(output, write)
    if html:
        write_text(html, _board_page(traces, data))
    print("Attention weights of the last row; older to newer; each column sums to 1.")
    kinds: tuple[str, ...] = ("first_order", "second_order", "refined")
    if all(layer.second_order is None for layer in result.layers):
        kinds = ("first_order",)
        print("The model has no second order: its refined weights are the first-order ones.")
    titles = pd.Index(data.titles(result.items), name="item")
    for number, layer in enumerate(result.layers, start=1):
        columns = {
            f"{kind.removesuffix('_order')} H{head}": weights[-1].cpu().numpy()
            for kind in kinds
            if (heads := getattr(layer, kind)) is not None
            for head, weights in enumerate(heads, start=1)
        }
        table = pd.DataFrame(columns, index=titles)
        print(f"\nLayer {number}")
        print(table.to_string(float_format="{:.4f}".format))
    for path in written:
        print(f"written to {path}")


def _board_page(traces: list[Trace], dataset: Dataset) -> str:
    sources = [
        board.Source(
            name=name,
            title=model_title(trace.config.backbone, trace.config.refinement),
            trace=trace,
        )
        for name, trace in zip("AB", traces, strict=False)
    ]
    models = " and ".join(source.title for source in sources)
    title = f"{dataset.name}: {models}, {counted(len(traces[0].items), 'item')}"
    return board.page(board.payload(sources, board.item_names(dataset), title=title))


def attribute(
    model: Path,
    items: list[str | int],
    target: str,
    *,
    contrast: str | None = None,
    method: str = "integrated_gradients",
    settings: dict[str, Any] | None = None,
    seed: int = 0,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Print what each item of a history adds to the score of a target.

    Args:
        model: a model directory.
        items: titles or ids of the source, oldest first, as a JSON list.
        target: title or id of the item explained.
        contrast: title or id of an item whose score is taken off.
        method: METHODS.
        settings: of the method, as a JSON object or one by one, `--settings.NAME VALUE`. SETTINGS
        seed: of the randomised methods.
        dataset: its dataset directory; where not given, the one whose models/ folder the model
            lies in.
        device: auto, cpu, cuda, cuda:1, ...
    """
    check_choice("attribution method", method, attribution.METHODS)
    chosen = attribution.METHODS[method].with_settings(settings or {})
    loaded, data, history = _load(model, dataset, items, device)
    result = attribution.attribute(
        loaded,
        history,
        data.lookup(target),
        method,
        None if contrast is None else data.lookup(contrast),
        seed=seed,
        **chosen.to_json(),
    )
    table = pd.DataFrame(
        {"value": result.values.cpu().numpy()}, index=pd.Index(data.titles(result.items))
    )
    if result.standard_errors is not None:
        table["standard error"] = result.standard_errors.cpu().numpy()
    question = f"score of {_title_and_id(data, result.target)}"
    if result.contrast is not None:
        question += f", less score of {_title_and_id(data, result.contrast)}"
    used = "".join(f", {name} {value}" for name, value in result.settings.items())
    print(f"question  {question}")
    print(f"method    {chosen.title}{used}")
    if result.effort is not None:
        print(f"took      {result.effort}")
    print("unit      item score")
    print(f"baseline  {result.baseline}\n")
    # An error has no sign.
    print(table.to_string(formatters=["{:+.4f}".format, "{:.4f}".format][: table.shape[1]]))
    print(f"sum {table['value'].sum():+.4f}, score {result.score:+.4f}", end="")
    if result.baseline_score is not None:
        print(f", baseline score {result.baseline_score:+.4f}", end="")
    if result.delta is None:
        print(", no sum is promised by this method")
    else:
        print(f", {chosen.gap_meaning} {result.delta:+.4f}")


# What --help says of the methods is what the methods say.
attribute.__doc__ = (
    (attribute.__doc__ or "")
    .replace("METHODS", ", ".join(attribution.METHODS))
    .replace("SETTINGS", attribution.settings_help())
)


def scan(
    dataset: Path,
    *,
    models: list[str] | None = None,
    output: Path | None = None,
    pairs: list[str] | None = None,
    attribution: bool = False,
    device: str = "auto",
) -> None:
    """Every user through several models: ranks, and what the prediction attends to, as tables.

    Writes users.parquet, pairs.parquet and scan.json. A run that was killed goes on where it was.
    `torchrun --nproc-per-node 2 -m awrsr scan ...` shares the users among processes; each works in
    one thread unless OMP_NUM_THREADS says otherwise.

    Args:
        dataset: a dataset directory.
        models: names in its models/ and seeds/ folders, or paths of model directories; all in those
            where not given.
        output: directory to write to; DATASET/scan where not given.
        pairs: models to compare, written NAME:NAME; where not given every two, of those in seeds/
            only with the model that differs by its seed alone.
        attribution: also compare attention with input x gradient; takes about three times as long.
        device: auto, cpu, cuda, cuda:1, ...
    """
    data = load_dataset(dataset)
    directories = _model_directories(dataset, models)
    named = _pairs(dataset, directories) if pairs is None else [_pair_of(text) for text in pairs]
    total = data.n_users * len(directories)
    if "OMP_NUM_THREADS" not in os.environ:  # small tensors: threads that wait cost more than give
        torch.set_num_threads(1)
    with studies.joined_processes() as process:
        if device == "auto" and (gpus := torch.cuda.device_count()):
            device = f"cuda:{process % gpus}"
        started: list[float] = []

        def advance(sequences: int) -> None:
            if not started:  # the models are loaded
                started.append(time.perf_counter())
            bar.update(sequences)

        with tqdm(total=total, unit="seq", dynamic_ncols=True, delay=1, disable=process > 0) as bar:
            found = studies.write_scan(
                directories,
                data,
                output or dataset / "scan",
                pairs=named,
                attribution=attribution,
                device=device,
                command=_scan_command(dataset, models, output, pairs, attribution),
                progress=advance,
            )
        seconds = time.perf_counter() - started[0]
    if found is None:  # another process puts the tables together
        return
    of_models = found.users.groupby("model", sort=False)["rank"]
    _print_results({str(name): summarise(ranks) for name, ranks in of_models})
    print(_protocol_line(found.about["protocol"]))
    print(
        f"{counted(total, 'sequence')} ({counted(data.n_users, 'user')} in "
        f"{counted(len(directories), 'model')}) in {seconds:.1f} s after loading: "
        f"{total / seconds:,.0f} a second"
    )
    print(f"written to {output or dataset / 'scan'}")


def _model_directories(dataset: Path, models: list[str] | None) -> dict[str, Path]:
    """The models by name: a directory's last part."""
    folder = dataset / "models"
    places = (dataset / studies.SEEDS_FOLDER, folder)  # of two of one name that in models/
    offered = {
        path.name: path for place in places for path in visible_directories(place, CONFIG_FILE)
    }
    for place in places:
        if words := passed_over(place):
            print(f"note: {words}", file=sys.stderr)
    if models is None and not offered:
        raise ConfigError(f"{folder} holds no models; train one, or name some with --models")
    found: dict[str, Path] = {}
    for text in sorted(offered) if models is None else models:
        path = offered.get(text, Path(text))
        if not path.is_dir():
            raise ConfigError(
                f"model {text!r} is neither in {folder} nor a directory; there are "
                f"{', '.join(sorted(offered)) or 'none'}.{did_you_mean(text, offered)}"
            )
        name = path.resolve().name
        if name in found:
            raise ConfigError(f"two of the models are called {name!r}: {found[name]} and {path}")
        found[name] = path
    return found


def _pairs(dataset: Path, directories: dict[str, Path]) -> list[tuple[str, str]]:
    """Every two models, of those in seeds/ only with the one that differs by its seed alone."""
    again = {
        name
        for name, path in directories.items()
        if path.resolve().parent == (dataset / studies.SEEDS_FOLDER).resolve()
    }
    settings = {name: read_config(path) for name, path in directories.items()}
    return [
        (a, b)
        for a, b in studies.all_pairs(list(directories))
        if not {a, b} & again or studies.differ_by_seed(settings[a], settings[b])
    ]


def _pair_of(text: str) -> tuple[str, str]:
    first, colon, second = text.partition(":")
    if not (first and colon and second) or ":" in second:
        raise ConfigError(f"a pair is written NAME:NAME; received {text!r}")
    return first, second


def _scan_command(
    dataset: Path,
    models: list[str] | None,
    output: Path | None,
    pairs: list[str] | None,
    attribution: bool,
) -> str:
    words = ["python", "-m", "awrsr", "scan", str(dataset)]
    words += ["--models", *models] if models else []
    words += ["--output", str(output)] if output else []
    words += ["--pairs", *pairs] if pairs else []
    return shlex.join([*words, *(["--attribution"] if attribution else [])])


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
    if done or known:
        number = record_runs(plan, datasets, described, done)
        print(f"written to {plan.results}: {counted(number, 'run')}")
    elif record:
        print(f"no run of {plan.title} is done here, so there is nothing to record")
    print(_grid_line(plan, len(done)))
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
    print(f"{_grid_line(plan, here)}, {len(recorded)} recorded")


def _grid_line(plan: Grid, done: int) -> str:
    return f"{plan.title}: {done} of {counted(len(plan.runs), 'run')} done"


def report(*, experiments: Path = Path("experiments"), output: Path = Path("RESULTS.md")) -> None:
    """Write RESULTS.md from the recorded results of all grids.

    Args:
        experiments: the folder of grids and their recorded results.
        output: the file to write.
    """
    write_report(experiments, output)
    print(f"written to {output}")


def faithfulness(
    model: Path,
    *,
    beside: Path | None = None,
    sample: int = 200,
    seed: int = 0,
    split: Split = "test",
    output: Path | None = None,
    resume: bool = False,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Whether attention and attribution find what recommendations rest on, over many users.

    Items are really removed and restored in the order of each explanation. Prints the measures of
    awrsr/explain/faithfulness.py as means over users with 95% bootstrap intervals; where the
    dataset records planted causes, also how well they are found. Beside each model stands how far
    each explanation is from its floor: random orders, with the newest item first where the
    explanation always ranks it first.

    Args:
        model: a model directory.
        beside: another model directory of the same dataset, for the same users.
        sample: how many users, drawn by the seed; 0 for all.
        seed: of the sample, the random orders, the randomised methods and the intervals.
        split: whose held-out items are explained.
        output: directory to write to; DATASET/faithfulness/MODEL or MODEL_BESIDE where not given.
        resume: go on with an unfinished study of the same settings.
        dataset: its dataset directory; where not given, the one whose models/ folder the model
            lies in.
        device: auto, cpu, cuda, cuda:1, ...
    """
    data = load_dataset(dataset) if dataset else dataset_of(model)
    paths = [model, beside] if beside else [model]
    for path in paths:
        recommendation.check_catalogue(read_config(path)[1], data, f"{path}: ")
    directories = {path.resolve().name: path for path in paths}
    if len(directories) < len(paths):
        raise ConfigError(f"both models are called {model.resolve().name!r}; rename a directory")
    folder = dataset or model.parent.parent
    directory = output or folder / "faithfulness" / "_".join(directories)
    words = ["python", "-m", "awrsr", "faithfulness", str(model)]
    words += ["--beside", str(beside)] if beside else []
    words += ["--sample", str(sample), "--seed", str(seed)]
    words += ["--split", split] if split != "test" else []
    words += ["--output", str(output)] if output else []
    with tqdm(unit="user", dynamic_ncols=True, delay=1) as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        study = studies.write_study(
            directories,
            data,
            directory,
            split=split,
            sample=sample,
            seed=seed,
            device=device,
            resume=resume,
            command=shlex.join(words),
            progress=advance,
        )
    _print_study(study, data)
    print(f"written to {directory}")


def _print_study(study: studies.Study, dataset: Dataset) -> None:
    """One table a measure and planted sort: explanations down, models across."""
    assert study.summary is not None
    titles = {**explain.MEASURES, **explain.CAUSE_MEASURES}
    for (sort, measure), rows in study.summary.groupby(["sort", "measure"], sort=False):
        better = "lower" if measure in explain.LOWER_IS_BETTER else "higher"
        heading = f"{titles[str(measure)]}; {better} is better; {int(rows['users'].max())} users"
        print(f"\n{heading}" + (f"; targets planted by {sort}" if sort != "all" else ""))
        sign = ["+" if studies.LESS in model else "" for model in rows["model"]]
        cells = [
            f"{mean:{s}.4f} ({low:{s}.4f} to {high:{s}.4f})"
            for s, mean, low, high in zip(
                sign, rows["mean"], rows["low"], rows["high"], strict=True
            )
        ]
        table = rows.assign(cell=cells).pivot(index="explanation", columns="model", values="cell")
        table = table[rows["model"].unique()]
        for place, (model, of_model) in enumerate(rows.groupby("model", sort=False)):
            if studies.LESS not in str(model):
                table.insert(2 * place + 1, f"{model} less floor", _less_floor(of_model))
        order = [name for name in explain.EXPLANATIONS if name in table.index]
        print(table.loc[order].fillna("-").to_string())
    about = study.about
    print(
        f"\nprotocol: {about['split']} item of {about['users']} of {about['of_users']} users, seed "
        f"{about['seed']}; items really removed, the newest n of a history; candidates: "
        f"{candidates_words(dataset.n_items, about['candidates'])}; "
        f"{seen_words(dataset, about['split'])}; ties count against the target; means over users, "
        "95% bootstrap intervals; floor: random orders, * with the newest item first, since the "
        f"explanation ranks it first for {studies.FORCED_SHARE:.0%} of the users or more"
        + (
            f"; {about['open_users']} users whose item nothing decides are left out"
            if about["open_users"]
            else ""
        )
    )


def _less_floor(rows: pd.DataFrame) -> pd.Series:
    """Difference to the floor with its interval, and the floor, by explanation."""
    rows = rows.set_index("explanation")
    forced = rows["newest_first"] >= studies.FORCED_SHARE
    cells = [
        f"{less:+.4f} ({low:+.4f} to {high:+.4f}) {floor:.4f}{'*' * mark}"
        for less, low, high, floor, mark in zip(
            rows["less_floor"],
            rows["less_floor_low"],
            rows["less_floor_high"],
            rows["floor"],
            forced,
            strict=True,
        )
    ]
    return pd.Series(cells, index=rows.index)


def _load(
    model: Path, dataset: Path | None, entries: list[str | int], device: str
) -> tuple[SequentialModel, Dataset, list[int]]:
    """The model, its dataset, the history; says when the model sees only part of that."""
    data = load_dataset(dataset) if dataset else dataset_of(model)
    loaded = load_model(model, device)
    recommendation.check_same_catalogue(loaded, data)
    try:
        history = data.encode(entries)
    except DataError:
        _check_list(entries)
        raise
    if len(history) > loaded.config.max_length:
        print(
            f"note: the model sees the newest {loaded.config.max_length} of {len(history)} items",
            file=sys.stderr,
        )
    return loaded, data, history


def _check_list(entries: list[str | int]) -> None:
    """Refuse a JSON list of other things than texts and whole numbers: the parser leaves such a
    list as one text, the last entry."""
    listed: object = None
    with suppress(ValueError, RecursionError):
        listed = json.loads(str(entries[-1])) if entries else None
    wrong = [one for one in listed if type(one) not in (str, int)] if type(listed) is list else []
    if wrong:
        raise ConfigError(
            "items must be a JSON list of titles and ids, texts or whole numbers; received "
            f"{json.dumps(wrong[0])} in it"
        )


def _title_and_id(dataset: Dataset, item: int) -> str:
    return f"{dataset.items['title'].iloc[item - 1]} (id {dataset.item_ids[item - 1]})"


def _print_results(metrics: dict[str, dict[str, float]]) -> None:
    print(pd.DataFrame(metrics).T.to_string(float_format="{:.4f}".format))


def _protocol_line(protocol: dict[str, str]) -> str:
    return "protocol: " + "; ".join(f"{name}: {value}" for name, value in protocol.items())


VERBS: list[Callable[..., Any] | type] = [
    prepare,
    train,
    evaluate,
    recommend,
    trace,
    attribute,
    scan,
    experiment,
    report,
    plant,
    faithfulness,
]
