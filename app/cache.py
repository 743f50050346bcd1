"""What is read and computed once for all sessions: the only file with cache decorators.

What is cached is shared by all sessions and read-only.
"""

import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st
import torch

from app.finding import Slice, slice_metrics
from app.folders import (
    RANKED,
    SCAN_FILES,
    ModelKey,
    Stamp,
    model_directories,
    model_key,
    read_ranks,
    stamp_of,
)
from app.jobs import JobOwner, JobPool
from awrsr import attribution, load_dataset, load_model
from awrsr.board import ItemNames, item_names
from awrsr.config import Candidates
from awrsr.data.dataset import FILES, Dataset
from awrsr.data.planted import CAUSES_FILE, load_causes
from awrsr.errors import AwrsrError
from awrsr.explain import RemovedOnce, SmallestRemoval, remove_each, smallest_removal
from awrsr.io.files import MAX_ENTRIES, finish_replacing, visible_directories
from awrsr.models import SequentialModel
from awrsr.ranking.recommendation import Ranking, check_same_catalogue, trace
from awrsr.ranking.scoring import Standings, target_standings
from awrsr.studies import (
    SEEDS_FOLDER,
    Check,
    Scan,
    about_scan,
    all_pairs,
    differ_by_seed,
    head_profile,
    parity_checks,
    read_scan,
    scan,
)
from awrsr.training.checkpoint import (
    ConfigFile,
    read_config,
    resolve_device,
    weights_fingerprint,
)

MAX_DATASETS = 8
MAX_MODELS = 64
MAX_ANSWERS = 256
ATTRIBUTION_CACHE = "32 MB"

Items = tuple[int, ...]


@dataclass(frozen=True)
class TimedAttribution:
    """An attribution and the seconds it took when it was computed."""

    attribution: attribution.Attribution
    seconds: float


@st.cache_resource(show_spinner=False)
def start_server() -> bool:
    """Once per server: set aside what the imports made, so that no collection walks it again."""
    gc.collect()
    gc.freeze()
    return True


def seed_pair(a: Path, b: Path) -> tuple[Path, Path] | None:
    """Two trainings of one model that differ by their seed alone: of A, else of B, else of another
    model of the dataset with A's or B's backbone."""
    models = model_directories(a.parent.parent)
    others = [*models.values(), *visible_directories(a.parent.parent / SEEDS_FOLDER)]
    backbones = {directory.name.partition("-")[0] for directory in (a, b)}
    alike = [path for name, path in models.items() if name.partition("-")[0] in backbones]
    return _seed_pair((a, b, *alike), tuple(model_key(other) for other in others))


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False)
def _seed_pair(asked: tuple[Path, ...], keys: tuple[ModelKey, ...]) -> tuple[Path, Path] | None:
    known = {Path(key[0]): config for key in keys if (config := _config_file(*key)) is not None}
    for first in filter(known.__contains__, asked):
        for second in known:
            if differ_by_seed(known[first], known[second]):
                return first, second
    return None


@st.cache_resource(max_entries=2 * MAX_ENTRIES, show_spinner=False)
def _config_file(directory: str, stamp: Stamp) -> ConfigFile | None:
    with suppress(AwrsrError):  # what cannot be read is named where it is chosen
        return read_config(Path(directory))
    return None


def get_dataset(directory: Path) -> Dataset:
    """The dataset of a directory, read once per server.

    Raises:
        DataError: see `awrsr.load_dataset`.
    """
    return _dataset(str(directory), stamp_of(directory, FILES))


@st.cache_resource(max_entries=MAX_DATASETS, show_spinner="Reading the dataset")
def _dataset(directory: str, stamp: Stamp) -> Dataset:
    return load_dataset(directory)


def get_model(directory: Path) -> SequentialModel:
    """The model of a directory on the GPU (the CPU where there is none), loaded once per server.

    Raises:
        CheckpointError: see `awrsr.load_model`.
    """
    return _model(*model_key(directory))


@st.cache_resource(max_entries=MAX_MODELS, show_spinner="Loading the model")
def _model(directory: str, stamp: Stamp) -> SequentialModel:
    return load_model(directory, "auto")


@st.cache_resource(max_entries=MAX_DATASETS, show_spinner=False)
def _causes(directory: str, stamp: Stamp, _dataset: Dataset) -> pd.DataFrame | None:
    return load_causes(_dataset, "test")


def get_causes(dataset: Dataset) -> pd.DataFrame | None:
    """What decides every user's held-out item, in the dataset's order, where that was planted.

    Raises:
        DataError: see `awrsr.data.planted.load_causes`.
    """
    assert dataset.directory is not None
    stamp = stamp_of(dataset.directory, (*FILES, CAUSES_FILE))
    return _causes(str(dataset.directory), stamp, dataset)


@st.cache_resource(max_entries=MAX_DATASETS, show_spinner=False)
def _item_names(directory: str, stamp: Stamp, _dataset: Dataset) -> ItemNames:
    return item_names(_dataset)


def get_item_names(dataset: Dataset) -> ItemNames:
    """Names and groups of a dataset's items, read once per server."""
    assert dataset.directory is not None
    return _item_names(str(dataset.directory), stamp_of(dataset.directory, FILES), dataset)


def fingerprint(directory: Path) -> str:
    """What tells a model directory's weights apart, see `awrsr.training.checkpoint`."""
    return _fingerprint(*model_key(directory))


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False)
def _fingerprint(directory: str, stamp: Stamp) -> str:
    return weights_fingerprint(directory)


SCAN = "scan"
"""The folder of a dataset's scan, beside its models."""


def get_scan(directory: Path) -> Scan | None:
    """The scan that lies in a dataset directory, read once per server; None where there is none.

    Raises:
        DataError: see `awrsr.studies.read_scan`.
    """
    folder = directory / SCAN
    finish_replacing(folder)
    if not (folder / SCAN_FILES[-1]).is_file():
        return None
    return _scan(str(folder), stamp_of(folder, SCAN_FILES))


@st.cache_resource(max_entries=MAX_DATASETS, show_spinner="Reading the scan")
def _scan(directory: str, stamp: Stamp) -> Scan:
    return read_scan(directory)


def compute_scan(dataset: Dataset, directories: Sequence[Path]) -> Scan:
    """A scan of all users in these models, computed once per server."""
    keys = tuple(model_key(directory) for directory in directories)
    return _computed_scan(dataset.fingerprint, keys, dataset)


@st.cache_resource(max_entries=MAX_DATASETS, show_spinner="Scanning all users")
def _computed_scan(fingerprint: str, keys: tuple[ModelKey, ...], _dataset: Dataset) -> Scan:
    found = scan({Path(key[0]).name: _model(*key) for key in keys}, _dataset)
    directories = {Path(key[0]).name: Path(key[0]) for key in keys}
    return replace(found, about=about_scan(directories, all_pairs(list(directories))))


def get_head_profile(directory: Path, dataset: Dataset, users: tuple[int, ...]) -> pd.DataFrame:
    """What a model's heads give their weight to over a slice, computed once per server."""
    return _head_profile(model_key(directory), dataset.fingerprint, users, dataset)


@st.cache_data(max_entries=MAX_MODELS, show_spinner="Reading the heads")
def _head_profile(
    key: ModelKey, fingerprint: str, users: tuple[int, ...], _dataset: Dataset
) -> pd.DataFrame:
    return head_profile(_model(*key), _dataset, users, groups=get_item_names(_dataset).groups)


def get_checks(
    directory: Path, dataset: Dataset, ranks: dict[str, int], ndcg: float | None
) -> list[Check]:
    """What a loaded model was found to hold to, measured once per server.

    Args:
        ranks: recorded of the test split, by user id; empty where there are none.
        ndcg: NDCG@10 recorded of it.
    """
    return _checks(model_key(directory), dataset.fingerprint, bool(ranks), ndcg, dataset, ranks)


@st.cache_data(max_entries=MAX_MODELS, show_spinner="Checking the model")
def _checks(
    key: ModelKey,
    fingerprint: str,
    recorded: bool,
    ndcg: float | None,
    _dataset: Dataset,
    _ranks: dict[str, int],
) -> list[Check]:
    return parity_checks(_model(*key), _dataset, _ranks, ndcg)


def get_ranks(directory: Path, dataset: Dataset) -> tuple[dict[str, int], str]:
    """The recorded rank of every user's held-out item, see `app.folders.read_ranks`."""
    return _ranks(str(directory), stamp_of(directory, RANKED), dataset.fingerprint, dataset)


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False)
def _ranks(
    directory: str, stamp: Stamp, fingerprint: str, _dataset: Dataset
) -> tuple[dict[str, int], str]:
    return read_ranks(Path(directory), _dataset)


# --- histories ------------------------------------------------------------------------------------


def get_standings(
    directory: Path,
    histories: tuple[Items, ...],
    excluded: tuple[Items, ...],
    target: int,
    listed: int,
) -> Standings:
    """Where a target stands after each history, see `awrsr.ranking.scoring.target_standings`."""
    return _standings(model_key(directory), histories, excluded, target, listed)


@st.cache_data(max_entries=MAX_ANSWERS, show_spinner=False)
def _standings(
    key: ModelKey,
    histories: tuple[Items, ...],
    excluded: tuple[Items, ...],
    target: int,
    listed: int,
) -> Standings:
    return target_standings(_model(*key), histories, target, excluded, listed=listed)


def get_order(
    directory: Path, dataset: Dataset, items: Items, excluded: Items
) -> npt.NDArray[np.int64]:
    """The candidates after a history, best first, see `awrsr.ranking.recommendation`.

    Raises:
        AwrsrError: the model cannot be loaded, belongs to another dataset, or makes nothing of it.
    """
    check_same_catalogue(get_model(directory), dataset)
    return _order(model_key(directory), items, excluded)


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False)
def _order(key: ModelKey, items: Items, excluded: Items) -> npt.NDArray[np.int64]:
    ranked = Ranking(trace(_model(*key), items).item_scores, excluded).table
    return ranked["item"].to_numpy()


def get_second_order_peak(directory: Path, items: Items) -> int | None:
    """Where in a history the prediction's row of second-order weights is largest.

    Of the last layer, mean over heads; 0 is the oldest item. None for a model without second order.

    Raises:
        CheckpointError: see `awrsr.load_model`.
    """
    return _second_order_peak(model_key(directory), items)


@st.cache_data(max_entries=MAX_ANSWERS, show_spinner=False)
def _second_order_peak(key: ModelKey, items: Items) -> int | None:
    traced = trace(_model(*key), items)
    weights = traced.layers[-1].second_order
    return None if weights is None else traced.dropped + int(weights[:, -1].mean(0).argmax())


def get_each_removed(
    directory: Path, items: Items, target: int, candidates: Candidates
) -> RemovedOnce:
    """The target with each item left out, see `awrsr.explain.remove_each`."""
    return _each_removed(model_key(directory), items, target, candidates)


@st.cache_data(max_entries=MAX_ANSWERS, show_spinner="Leaving each item out")
def _each_removed(key: ModelKey, items: Items, target: int, candidates: Candidates) -> RemovedOnce:
    return remove_each(_model(*key), items, target, candidates=candidates)


def get_smallest_removal(
    directory: Path, items: Items, target: int, k: int, candidates: Candidates
) -> SmallestRemoval:
    """The fewest items to leave out, see `awrsr.explain.smallest_removal`."""
    return _smallest_removal(model_key(directory), items, target, k, candidates)


@st.cache_data(max_entries=MAX_ANSWERS, show_spinner="Searching the smallest removal")
def _smallest_removal(
    key: ModelKey, items: Items, target: int, k: int, candidates: Candidates
) -> SmallestRemoval:
    return smallest_removal(_model(*key), items, target, k, candidates=candidates)


@st.cache_data(max_entries=MAX_MODELS, show_spinner=False)
def get_slice_metrics(
    key: tuple[Any, ...], _table: pd.DataFrame, _named: dict[str, Slice]
) -> pd.DataFrame:
    """The metrics of named slices of a table that the key identifies, see `app.finding`."""
    return slice_metrics(_table, _named)


class AttributionQuestion(NamedTuple):
    """What an attribution answers."""

    model: ModelKey
    items: tuple[int, ...]
    target: int
    method: str
    contrast: int | None
    settings: tuple[tuple[str, Any], ...]


def attribution_question(
    directory: Path,
    items: Sequence[int],
    target: int,
    method: str,
    contrast: int | None,
    settings: Mapping[str, Any],
) -> AttributionQuestion:
    """The question of a model directory, a history, a target, a method, a rival and the settings
    that differ from the method's defaults."""
    return AttributionQuestion(
        model_key(directory),
        tuple(items),
        target,
        method,
        contrast,
        tuple(sorted(settings.items())),
    )


def attribution_work(
    question: AttributionQuestion,
) -> Callable[[Callable[[float], None] | None], TimedAttribution]:
    """What answers a question, for any thread: it makes no Streamlit call."""
    model = _model(*question.model)

    def work(progress: Callable[[float], None] | None = None) -> TimedAttribution:
        start = time.perf_counter()
        result = attribution.attribute(
            model, *question[1:-1], progress=progress, **dict(question.settings)
        )
        return TimedAttribution(result, time.perf_counter() - start)

    return work


def get_attribution(question: AttributionQuestion) -> TimedAttribution:
    """An attribution, computed once per server for each question while it is among the newest."""
    return _attribution(*question, lambda: attribution_work(question)(None))


def known_attribution(question: AttributionQuestion) -> TimedAttribution | None:
    """An attribution if it is among the newest; nothing is computed."""
    try:
        return _attribution(*question, _absent)
    except LookupError:
        return None


def keep_attribution(question: AttributionQuestion, result: TimedAttribution) -> None:
    """Put an attribution that a job computed among the newest."""
    _attribution(*question, lambda: result)


def _absent() -> TimedAttribution:
    raise LookupError


@st.cache_data(max_size=ATTRIBUTION_CACHE, show_spinner=False)
def _attribution(
    key: ModelKey,
    items: tuple[int, ...],
    target: int,
    method: str,
    contrast: int | None,
    settings: tuple[tuple[str, Any], ...],
    _answer: Callable[[], TimedAttribution],
) -> TimedAttribution:
    return _answer()


@st.cache_resource(show_spinner=False)
def _job_pool() -> JobPool:
    return JobPool(os.cpu_count() or 1, prepare=partial(torch.set_num_threads, 1))


@st.cache_resource(scope="session", on_release=JobOwner.leave, show_spinner=False)
def job_owner() -> JobOwner:
    """The session's jobs; they are cancelled when it goes away."""
    return JobOwner(_job_pool())


def device_name() -> str:
    """Where models run, in words."""
    device = resolve_device("auto")
    if device.type == "cuda":
        return f"GPU: {torch.cuda.get_device_name(device)}"
    return "CPU (no GPU found)"
