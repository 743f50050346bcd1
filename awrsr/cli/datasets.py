"""Verbs for datasets: prepare, download, plant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from awrsr.config import Split
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import save_dataset
from awrsr.data.downloads import DOWNLOADS, fetch, find_download
from awrsr.data.filters import notes
from awrsr.data.planted import plant as plant_dataset
from awrsr.data.planted import save_planted
from awrsr.data.prepare import prepare as prepare_dataset
from awrsr.data.readers import READERS
from awrsr.data.splits import held_out_words, left_out_words
from awrsr.errors import ConfigError, counted
from awrsr.ranking.evaluation import candidates_words, seen_words, untrained_words


def prepare(
    source: Path,
    output: Path,
    *,
    name: str | None = None,
    about: dict[str, str] | None = None,
    **options: Annotated[Any, prepare_dataset],
) -> None:
    """Turn raw interaction files into a dataset directory.

    Args:
        source: SOURCES.
        output: the dataset directory to create.
        name: the dataset's name; default: the name of the output directory.
        about: source, licence, citation, stored in dataset.json.
        options: the options of `awrsr.prepare`, from which the parser reads them and their help.
    """
    dataset = prepare_dataset(source, name=name or output.name, about=about, **options)
    save_dataset(dataset, output)
    if options.get("format") is None:
        format = dataset.about["filters"]["format"]
        print(f"recognised         {format}: {READERS[format].source}")
    _print_summary(dataset, output, notes(dataset.about["filters"]))


# The readers' own descriptions of the formats are the help.
prepare.__doc__ = (prepare.__doc__ or "").replace(
    "SOURCES", "; ".join(f"{name}: {reader.source}" for name, reader in READERS.items())
)


def download(
    name: str,
    *,
    output: Path | None = None,
    accept_terms: bool = False,
) -> None:
    """Download the files of a public dataset, to be prepared.

    Its terms of use are printed first, and nothing is downloaded until they are accepted. Complete
    files are kept, so an interrupted download continues with the next file.

    Args:
        name: NAMES.
        output: the directory for the files; default: raw/NAME.
        accept_terms: you have read the terms of use and accept them.
    """
    found = find_download(name)
    print(f"terms of use       {found.terms}", flush=True)
    if not accept_terms:
        raise ConfigError(
            f"nothing was downloaded: give --accept_terms if you accept the terms of use of {name}"
        )
    for file in found.files:
        checked = file.checksum or "not known, so the file is not checked"
        print(f"file               {file.url}, checksum {checked}", flush=True)
    source = fetch(found, output or Path("raw") / name)
    print(f"written to         {source if source.is_dir() else source.parent}")
    print(f"next               python -m awrsr prepare {source} data/{name}")


download.__doc__ = (download.__doc__ or "").replace("NAMES", ", ".join(DOWNLOADS))


def plant(output: Path, *, users: int = 10_000, seed: int = 0) -> None:
    """Create a synthetic dataset in which known earlier items determine the next one.

    It serves to test explanations: causes.parquet in its directory names the items that determine
    each held-out item. There are two rules, neither of which can be followed from the set of items
    alone: people in a row are met again in the same order; and back at a market, the treasure that
    was found there is claimed. awrsr/data/planted.py describes the rules.

    Args:
        output: the dataset directory to create.
        users: number of sequences.
        seed: the same seed and number of users give the same dataset.
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
    if dataset.time_split is not None:
        _print_split(dataset)
    print(f"candidates         {candidates_words(dataset.n_items, dataset.default_candidates)}")
    print(f"fingerprint        {dataset.fingerprint}")
    print(f"written to         {output}")


def _print_split(dataset: Dataset) -> None:
    """The targets of a split by time, and what is left out of it."""
    split: Split
    for split in ("validation", "test"):
        users = int(dataset.has_target(split).sum())
        print(f"{split:<19}{held_out_words(dataset.time_split, split)}")
        words = [counted(users, "user"), left_out_words(dataset.parts, split)]
        words.append(untrained_words(dataset, split, dataset.default_candidates))
        print(f"{'':<19}{'; '.join(filter(None, words))}")
    training = int(dataset.parts.training.sum())
    print(f"training           {training:,} interactions; {len(dataset.untrained):,} items in none")
