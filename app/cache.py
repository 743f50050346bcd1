"""Values read or computed once for all sessions: the only file with cache decorators.

Cached values are shared by all sessions and read-only. One file because everything that sessions
share must be visible in one place: a test refuses a cache decorator in any other file.
"""

import gc
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st
import torch

from app import elsewhere, uploads
from app.finding import Slice, slice_metrics
from app.folders import MODEL_FILES, RANKED, SCAN_FILES, read_ranks
from app.jobs import JobOwner, JobPool
from app.questions import AttributionQuestion, TimedAttribution, answer
from app.stamps import stamped
from awrsr import load_dataset, load_model, studies
from awrsr.board import ItemNames, item_names
from awrsr.config import Candidates
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import FILES
from awrsr.data.planted import load_causes
from awrsr.errors import AwrsrError
from awrsr.explain import (
    Connection,
    Outcome,
    RemovedOnce,
    SmallestRemoval,
    ablate,
    cut_connections,
    remove_each,
    score_flow,
    smallest_removal,
)
from awrsr.io.files import finish_replacing
from awrsr.io.listing import MAX_ENTRIES
from awrsr.models import ScoreFlow, SequentialModel
from awrsr.ranking.overlap import DEPTH
from awrsr.ranking.recommendation import check_same_catalogue, ranked_catalogue, trace
from awrsr.ranking.scoring import Standings, target_standings
from awrsr.training.checkpoint import ConfigFile, read_config, weights_fingerprint

MAX_DATASETS = 8
MAX_MODELS = 64
MAX_ANSWERS = 256
ATTRIBUTION_CACHE = "32 MB"
CHOSEN_AMONG = 300
"""Number of users searched for examples while a person waits."""
CHOSEN_LOOKED = 12
"""Number of their histories that are examined for each sort of example."""

Items = tuple[int, ...]
MODEL = stamped(*MODEL_FILES)
RANKS = stamped(*MODEL_FILES, *RANKED)
SCANNED = stamped(*SCAN_FILES)
EXAMPLES = stamped(studies.EXAMPLES_FILE)


@st.cache_resource(show_spinner=False)
def start_server() -> bool:
    """Once per server: freeze the imported objects, so that garbage collection skips them."""
    gc.collect()
    gc.freeze()
    return True


# --- datasets -------------------------------------------------------------------------------------


@st.cache_resource(
    max_entries=MAX_DATASETS, show_spinner="Reading the dataset", hash_funcs=stamped(*FILES)
)
def get_dataset(directory: Path) -> Dataset:
    """The dataset of a directory.

    Raises:
        DataError: see `awrsr.load_dataset`.
    """
    dataset = load_dataset(directory)
    # The first search would make the index of words, seconds for a million titles, while one waits.
    Thread(target=dataset.search, args=("first search",), daemon=True).start()
    return dataset


@st.cache_resource(max_entries=MAX_DATASETS, show_spinner=False, hash_funcs=stamped())
def get_causes(dataset: Dataset) -> pd.DataFrame | None:
    """Planted causes of every user's held-out item, in the dataset's order; None if there are none.

    Raises:
        DataError: see `awrsr.data.planted.load_causes`.
    """
    return load_causes(dataset, "test")


@st.cache_resource(max_entries=MAX_DATASETS, show_spinner=False, hash_funcs=stamped())
def get_item_names(dataset: Dataset) -> ItemNames:
    """Names and groups of a dataset's items."""
    return item_names(dataset)


SCAN = "scan"
"""The folder of a dataset's scan, beside its models."""


def get_scan(directory: Path) -> studies.Scan | None:
    """The scan in a dataset directory; None if there is none.

    Raises:
        DataError: see `awrsr.studies.read_scan`.
    """
    folder = directory / SCAN
    finish_replacing(folder)
    return _scan(folder) if (folder / SCAN_FILES[-1]).is_file() else None


@st.cache_resource(
    max_entries=MAX_DATASETS,
    show_spinner="Reading the scan",
    hash_funcs=SCANNED,
)
def _scan(folder: Path) -> studies.Scan:
    return studies.read_scan(folder)


@st.cache_resource(max_entries=MAX_DATASETS, show_spinner="Scanning all users", hash_funcs=MODEL)
def compute_scan(dataset: Dataset, directories: Sequence[Path]) -> studies.Scan:
    """A scan of all users in these models."""
    named = {directory.name: directory for directory in directories}
    found = studies.scan({name: get_model(directory) for name, directory in named.items()}, dataset)
    return replace(found, about=studies.about_scan(named, studies.all_pairs(list(named))))


def get_examples(dataset: Dataset) -> studies.ExamplesFile | None:
    """The examples recorded in a dataset's scan; None if none were recorded.

    Raises:
        DataError: see `awrsr.studies.read_examples`.
    """
    assert dataset.directory is not None
    folder = dataset.directory / SCAN
    return _examples(folder, dataset) if (folder / studies.EXAMPLES_FILE).is_file() else None


@st.cache_resource(max_entries=MAX_DATASETS, show_spinner=False, hash_funcs=EXAMPLES)
def _examples(folder: Path, dataset: Dataset) -> studies.ExamplesFile:
    return studies.read_examples(folder, dataset)


@st.cache_resource(
    max_entries=MAX_DATASETS, show_spinner="Searching for examples", hash_funcs=MODEL
)
def choose_examples(dataset: Dataset, a: Path, b: Path) -> list[studies.Example]:
    """Examples for two models, found in a sample of a dataset's users.

    Raises:
        AwrsrError: a model cannot be loaded or belongs to another dataset, or causes are damaged.
    """
    lengths = dataset.parts.targets["test"]
    low, high = studies.READABLE
    users = np.flatnonzero((lengths >= low) & (lengths <= high))[:CHOSEN_AMONG]
    if not len(users):
        return []
    models = {directory.name: get_model(directory) for directory in (a, b)}
    pairs = [(a.name, b.name)]
    return studies.find_examples(
        studies.scan(models, dataset, pairs=pairs, users=users),
        dataset,
        models.__getitem__,
        pairs=pairs,
        causes=get_causes(dataset),
        looked=CHOSEN_LOOKED,
    )


# --- models ---------------------------------------------------------------------------------------


@st.cache_resource(max_entries=MAX_MODELS, show_spinner="Loading the model", hash_funcs=MODEL)
def get_model(directory: Path) -> SequentialModel:
    """The model of a directory, on the GPU if there is one, else on the CPU.

    Raises:
        CheckpointError: see `awrsr.load_model`.
    """
    return load_model(directory, "auto")


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False, hash_funcs=MODEL)
def fingerprint(directory: Path) -> str:
    """The fingerprint of a model directory's weights, see `awrsr.training.checkpoint`."""
    return weights_fingerprint(directory)


@st.cache_resource(max_entries=2 * MAX_ENTRIES, show_spinner=False, hash_funcs=MODEL)
def _config_file(directory: Path) -> ConfigFile | None:
    with suppress(AwrsrError):  # an unreadable model is reported where it is chosen
        return read_config(directory)
    return None


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False, hash_funcs=MODEL)
def find_seed_pair(asked: tuple[Path, ...], others: tuple[Path, ...]) -> tuple[Path, Path] | None:
    """The first of the models asked for and another one that differ only in the seed."""
    known = {path: config for path in others if (config := _config_file(path)) is not None}
    for first in filter(known.__contains__, asked):
        for second, config in known.items():
            if studies.differ_by_seed(known[first], config):
                return first, second
    return None


@st.cache_data(max_entries=MAX_MODELS, show_spinner="Reading the heads", hash_funcs=MODEL)
def get_head_profile(directory: Path, dataset: Dataset, users: tuple[int, ...]) -> pd.DataFrame:
    """Attention weight of a model's heads by kind of key, over a slice of the users."""
    groups = get_item_names(dataset).groups
    return studies.head_profile(get_model(directory), dataset, users, groups=groups)


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False, hash_funcs=RANKS)
def get_ranks(directory: Path, dataset: Dataset) -> tuple[dict[str, int], str]:
    """The recorded rank of every user's held-out item, see `app.folders.read_ranks`."""
    return read_ranks(directory, dataset)


@st.cache_data(max_entries=MAX_MODELS, show_spinner="Checking the model", hash_funcs=RANKS)
def get_checks(directory: Path, dataset: Dataset, ndcg: float | None) -> list[studies.Check]:
    """The results of the checks of a loaded model.

    Args:
        directory: the model's directory.
        dataset: its dataset.
        ndcg: recorded NDCG@10 on the test split.
    """
    ranks, _ = get_ranks(directory, dataset)
    return studies.check_model(get_model(directory), dataset, ranks, ndcg)


# --- models from elsewhere ------------------------------------------------------------------------


@st.cache_resource(on_release=TemporaryDirectory.cleanup, show_spinner=False)
def shelf() -> TemporaryDirectory[str]:
    """The directory of models and links made from given paths; removed when the server ends."""
    return TemporaryDirectory(prefix="awrsr-given-")


@st.cache_resource(
    max_entries=MAX_MODELS, show_spinner="Importing the model", hash_funcs=stamped("")
)
def get_imported(file: Path, datasets: tuple[Path, ...]) -> Path | AwrsrError:
    """A model directory made from a given file, or the reason for none, see `app.elsewhere`."""
    return elsewhere.import_given(file, datasets, Path(shelf().name), get_dataset)


@st.cache_resource(show_spinner=False)
def _upload_room() -> uploads.Room:
    return uploads.Room(uploads.MAX_OF_SERVER)


@st.cache_resource(scope="session", on_release=uploads.Uploads.close, show_spinner=False)
def session_uploads() -> uploads.Uploads:
    """The session's uploaded models; they are removed when the session ends."""
    return uploads.Uploads(_upload_room(), get_model.clear)


# --- histories ------------------------------------------------------------------------------------


@st.cache_data(max_entries=MAX_ANSWERS, show_spinner=False, hash_funcs=MODEL)
def get_standings(
    directory: Path,
    histories: tuple[Items, ...],
    excluded: tuple[Items, ...],
    target: int,
    listed: int,
) -> Standings:
    """A target's rank after each history, see `awrsr.ranking.scoring.target_standings`."""
    return target_standings(get_model(directory), histories, target, excluded, listed=listed)


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False, hash_funcs=MODEL)
def get_order(
    directory: Path, dataset: Dataset, items: Items, excluded: Items
) -> npt.NDArray[np.int64]:
    """The first `DEPTH` candidates after a history, best first, see `awrsr.ranking`.

    Raises:
        AwrsrError: the model cannot be loaded, belongs to another dataset, or refuses the history.
    """
    model = get_model(directory)
    check_same_catalogue(model, dataset)
    ranked = ranked_catalogue(trace(model, items).item_scores, excluded, DEPTH)
    return ranked["item"].to_numpy()


@st.cache_data(max_entries=MAX_ANSWERS, show_spinner="Leaving each item out", hash_funcs=MODEL)
def get_each_removed(
    directory: Path, items: Items, target: int, candidates: Candidates
) -> RemovedOnce:
    """The target with each item left out, see `awrsr.explain.remove_each`."""
    return remove_each(get_model(directory), items, target, candidates=candidates)


@st.cache_data(
    max_entries=MAX_ANSWERS, show_spinner="Searching for the smallest removal", hash_funcs=MODEL
)
def get_smallest_removal(
    directory: Path, items: Items, target: int, k: int, candidates: Candidates
) -> SmallestRemoval:
    """The smallest set of items to leave out, see `awrsr.explain.smallest_removal`."""
    return smallest_removal(get_model(directory), items, target, k, candidates=candidates)


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False)
def get_slice_metrics(
    key: tuple[Any, ...], _table: pd.DataFrame, _named: dict[str, Slice]
) -> pd.DataFrame:
    """The metrics of named slices of a table, cached by the key; see `app.finding`."""
    return slice_metrics(_table, _named)


def attribution_work(
    question: AttributionQuestion,
) -> Callable[[Callable[[float], None] | None], TimedAttribution]:
    """A function that answers a question in any thread: it makes no Streamlit call."""
    return partial(answer, get_model(question.directory), question)


def get_attribution(question: AttributionQuestion) -> TimedAttribution:
    """An attribution; computed once per server while it stays among the newest in the cache."""
    return _attribution(question, lambda: attribution_work(question)(None))


def known_attribution(question: AttributionQuestion) -> TimedAttribution | None:
    """An attribution if it is cached; nothing is computed."""
    try:
        return _attribution(question, _absent)
    except LookupError:
        return None


def keep_attribution(question: AttributionQuestion, result: TimedAttribution) -> None:
    """Cache an attribution that a job computed."""
    _attribution(question, lambda: result)


def _absent() -> TimedAttribution:
    raise LookupError


@st.cache_data(max_size=ATTRIBUTION_CACHE, show_spinner=False, hash_funcs=MODEL)
def _attribution(
    question: AttributionQuestion, _answer: Callable[[], TimedAttribution]
) -> TimedAttribution:
    return _answer()


@st.cache_resource(show_spinner=False)
def _job_pool() -> JobPool:
    return JobPool(os.cpu_count() or 1, prepare=partial(torch.set_num_threads, 1))


@st.cache_resource(scope="session", on_release=JobOwner.leave, show_spinner=False)
def job_owner() -> JobOwner:
    """The session's jobs; they are cancelled when the session ends."""
    return JobOwner(_job_pool())


@st.cache_data(max_entries=MAX_ANSWERS, show_spinner=False, hash_funcs=MODEL)
def get_flow(directory: Path, items: Items, target: int) -> ScoreFlow:
    """The target's score as a flow through the layers, see `awrsr.explain.score_flow`."""
    return score_flow(get_model(directory), items, target)


@st.cache_data(max_entries=MAX_ANSWERS, show_spinner=False, hash_funcs=MODEL)
def get_cut(
    directory: Path, items: Items, target: int, connection: Connection, candidates: Candidates
) -> tuple[Outcome, Outcome]:
    """The target in the unchanged model, and with the connection cut."""
    model = get_model(directory)
    (before,) = ablate(model, items, target, [[]], k=0, candidates=candidates)
    (after,) = cut_connections(model, items, target, [connection], candidates=candidates)
    return before, after
