"""The verb scan: all users of a dataset in several models."""

import os
import shlex
import sys
import time
from pathlib import Path

import torch

from awrsr import studies
from awrsr.cli.models import print_results, protocol_line
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.errors import ConfigError, counted, did_you_mean
from awrsr.io.listing import passed_over, visible_directories
from awrsr.io.progress import progress_bar
from awrsr.processes import this_process
from awrsr.ranking.metrics import summarise
from awrsr.training.checkpoint import CONFIG_FILE, read_config


def scan(
    dataset: Path,
    *,
    models: list[str] | None = None,
    output: Path | None = None,
    pairs: list[str] | None = None,
    attribution: bool = False,
    examples: bool = False,
    device: str = "auto",
) -> None:
    """Run every user through several models: tables of ranks and of the prediction's attention.

    Writes users.parquet, pairs.parquet and scan.json. A killed run can be resumed with the same
    command. `torchrun --nproc-per-node 2 -m awrsr scan ...` shares the users among processes; each
    works in one thread, unless OMP_NUM_THREADS is set.

    Args:
        dataset: a dataset directory.
        models: names in its models/ and seeds/ folders, or paths of model directories; default: all
            in these folders.
        output: directory to write to; default: DATASET/scan.
        pairs: models to compare, written NAME:NAME; default: all pairs, but models in seeds/ only
            with the model that differs only in its seed.
        attribution: also compare attention with input x gradient; takes about three times as long.
        examples: also find a few users to start with and write examples.json; an existing scan is
            not computed again.
        device: auto, cpu, cuda, cuda:1, ...
    """
    data = load_dataset(dataset)
    directories = _model_directories(dataset, models)
    folder = output or dataset / "scan"
    command = _scan_command(dataset, models, output, pairs, attribution, examples)
    if examples and studies.holds_scan(folder, data, directories if models else {}):
        _write_examples(data, folder, device, command)
        return
    named = _pairs(dataset, directories) if pairs is None else [_pair_of(text) for text in pairs]
    n_users = int(data.has_target("test").sum())
    total = n_users * len(directories)
    if "OMP_NUM_THREADS" not in os.environ:  # for small tensors several threads are slower
        torch.set_num_threads(1)
    process = this_process()[0]
    started: list[float] = []

    def advance(sequences: int) -> None:
        if not started:  # the models are loaded
            started.append(time.perf_counter())
        bar.update(sequences)

    with progress_bar(total, "seq", disable=process > 0) as bar:
        found = studies.write_scan(
            directories,
            data,
            folder,
            pairs=named,
            attribution=attribution,
            device=device,
            command=command,
            progress=advance,
        )
    seconds = time.perf_counter() - started[0]
    if found is None:  # another process combines the tables
        return
    ranks_by_model = found.users.groupby("model", sort=False)["rank"]
    print_results({str(name): summarise(ranks) for name, ranks in ranks_by_model})
    print(protocol_line(found.about["protocol"]))
    print(
        f"{counted(total, 'sequence')} ({counted(n_users, 'user')} in "
        f"{counted(len(directories), 'model')}) in {seconds:.1f} s after loading: "
        f"{total / seconds:,.0f} a second"
    )
    print(f"written to {folder}")
    if examples:
        _write_examples(data, folder, device, command)


def _write_examples(dataset: Dataset, folder: Path, device: str, command: str) -> None:
    file = studies.write_examples(dataset, folder, device=device, command=command)
    for example in file.examples:
        title, line = studies.TITLES[example.sort], studies.line_of(example)
        print(f"{title} ({line}; A {example.a}, B {example.b})")
        print(f"    {studies.sentence_of(example, dataset)}")
    print(
        f"{counted(len(file.examples), 'example')}; ranks among {file.candidates}; written to "
        f"{folder / studies.EXAMPLES_FILE}"
    )


def _model_directories(dataset: Path, models: list[str] | None) -> dict[str, Path]:
    """The models by name: the last part of the directory."""
    folder = dataset / "models"
    places = (dataset / studies.SEEDS_FOLDER, folder)  # for equal names the one in models/ counts
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
    """All pairs of models, but models in seeds/ only with the one that differs only in its seed."""
    retrained = {
        name
        for name, path in directories.items()
        if path.resolve().parent == (dataset / studies.SEEDS_FOLDER).resolve()
    }
    settings = {name: read_config(path) for name, path in directories.items()}
    return [
        (a, b)
        for a, b in studies.all_pairs(list(directories))
        if not {a, b} & retrained or studies.differ_by_seed(settings[a], settings[b])
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
    examples: bool,
) -> str:
    words = ["python", "-m", "awrsr", "scan", str(dataset)]
    words += ["--models", *models] if models else []
    words += ["--output", str(output)] if output else []
    words += ["--pairs", *pairs] if pairs else []
    words += ["--attribution"] if attribution else []
    return shlex.join([*words, *(["--examples"] if examples else [])])
