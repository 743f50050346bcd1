"""The files of a scan. Its directory holds

    users.parquet   user_id, model, target, rank, length, seen, repeats, and for each kind of map
                    <kind>_<measure> (see `awrsr.studies.heads.MEASURES`), with attributions also
                    <kind>_attribution
    pairs.parquet   user_id, model_a, model_b, shared (candidates among the first ten of both), and
                    <kind>_divergence, <kind>_correlation
    scan.json       the source of the numbers: dataset, models with the hashes of their weights,
                    protocol

Undefined numbers (a map that the model does not have, a correlation of two items) are missing.
Numbers in the files have four decimals, as shown on the pages: this halves the size of the files.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from awrsr.config import ModelConfig, TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.data.splits import held_out_words, left_out_words
from awrsr.errors import AwrsrError, DataError
from awrsr.explain import KINDS
from awrsr.io.files import (
    finish_replacing,
    read_json,
    remove_directory,
    replacing_files,
    write_json,
)
from awrsr.io.parquet import HIGH_LEVEL, read_parquet, write_parquet
from awrsr.ranking.evaluation import candidates_words, seen_words
from awrsr.ranking.recommendation import check_same_catalogue
from awrsr.schema import Schema
from awrsr.studies.heads import MEASURES
from awrsr.studies.parts import read_parts, write_parts
from awrsr.studies.scan import Scan, check_pairs, scan
from awrsr.studies.scan_rows import COUNTS, PAIR_MEASURES, SHARED, Pair
from awrsr.training.checkpoint import load_model, read_config, weights_fingerprint

SCHEMA_VERSION = 2
USERS_FILE, PAIRS_FILE, ABOUT_FILE = "users.parquet", "pairs.parquet", "scan.json"
DECIMALS = 4
"""Decimals of the numbers in the files."""
PART_USERS = 256
"""Users per part; a resumed run computes at most one part again."""


class ScannedDataset(Schema):
    """The dataset of a scan."""

    name: str
    fingerprint: str
    n_items: int
    n_users: int


class ScannedModel(Schema):
    """A model of a scan."""

    weights_sha256: str
    model: ModelConfig
    training: TrainConfig | None


class ScanFile(Schema):
    """The contents of scan.json; attribution is the method, or None."""

    schema_version: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)]
    dataset: ScannedDataset
    protocol: dict[str, str]
    models: dict[str, ScannedModel]
    pairs: list[list[str]]
    attribution: str | None
    command: str | None
    device: str


def write_scan(
    directories: Mapping[str, Path],
    dataset: Dataset,
    output: Path,
    *,
    pairs: Sequence[Pair] | None = None,
    attribution: bool = False,
    device: str = "auto",
    command: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> Scan | None:
    """Scan all users with a test item and write a scan directory, see the module.

    Works in parts of users with histories of similar length; each part is written when it is done,
    so that a killed run can resume. Several processes may run it together (see `awrsr.processes`):
    they share the parts on a common file system, and the first process combines the tables.

    Args:
        directories: directories of the models, by name.
        dataset: the dataset of all models.
        output: the scan directory; created if it does not exist.
        pairs: see `scan`.
        attribution: see `scan`.
        device: auto, cpu, cuda, cuda:1, ...
        command: the command line, for scan.json.
        progress: see `scan`; also called with 0 when the models are loaded, and for parts that an
            earlier run has done.

    Returns:
        The scan; None in all processes except the first.

    Raises:
        AwrsrError: a model cannot be loaded or belongs to another dataset, a pair names an unknown
            model, or `output` cannot be written.
    """
    pairs = check_pairs(list(directories), pairs)
    if output.exists() and not output.is_dir():
        raise DataError(f"{output} is a file; a scan is written to a folder")
    about = {
        "schema_version": SCHEMA_VERSION,
        "dataset": {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "n_items": dataset.n_items,
            "n_users": dataset.n_users,
        },
        "protocol": _protocol(dataset),
        **about_scan(directories, pairs),
        "attribution": "input_x_gradient" if attribution else None,
    }
    _check_nothing_is_lost(output, about)
    models = {name: load_model(path, device) for name, path in directories.items()}
    for name, model in models.items():
        check_same_catalogue(model, dataset, f"{name}: ")
    if progress is not None:
        progress(0)
    key = hashlib.sha256(json.dumps([about, PART_USERS, MEASURES]).encode()).hexdigest()[:12]
    parts = output / f".parts-{key}"
    longest = max(model.config.max_length for model in models.values())
    users = np.flatnonzero(dataset.has_target("test"))
    seen = np.minimum(dataset.parts.targets["test"][users], longest)
    by_length = users[np.argsort(seen, kind="stable")]
    starts = range(0, len(users), PART_USERS)
    users_of_parts = [by_length[start : start + PART_USERS] for start in starts]

    def compute(part: int) -> dict[str, pd.DataFrame]:
        found = scan(
            models,
            dataset,
            pairs=pairs,
            users=users_of_parts[part],
            attribution=attribution,
            progress=progress,
        )
        return {USERS_FILE: found.users.round(DECIMALS), PAIRS_FILE: found.pairs.round(DECIMALS)}

    def done(part: int, computed: bool) -> None:
        if progress is not None and not computed:
            progress(len(users_of_parts[part]) * len(models))

    if not write_parts(parts, len(users_of_parts), compute, done):
        return None
    place = {user: index for index, user in enumerate(dataset.user_ids)}
    users_table, pairs_table = (
        _in_order(read_parts(parts, len(users_of_parts), file), names, wanted, place)
        for file, names, wanted in (
            (USERS_FILE, ["model"], [[name] for name in directories]),
            (PAIRS_FILE, ["model_a", "model_b"], [list(pair) for pair in pairs]),
        )
    )
    about |= {"command": command, "device": str(next(iter(models.values())).device)}
    with replacing_files(output) as temporary:
        _write_table(temporary / USERS_FILE, users_table)
        _write_table(temporary / PAIRS_FILE, pairs_table)
        write_json(temporary / ABOUT_FILE, about)
    for leftover in output.glob(".parts-*"):
        remove_directory(leftover)
    return Scan(users=users_table, pairs=pairs_table, about=about)


def _protocol(dataset: Dataset) -> dict[str, str]:
    """How the numbers of a scan are computed, in words."""
    left_out = left_out_words(dataset.parts, "test")
    return {
        "split": held_out_words(dataset.time_split, "test"),
        "candidates": candidates_words(dataset.n_items, dataset.default_candidates),
        "seen": seen_words(dataset, "test"),
        **({"left_out": left_out} if left_out else {}),
        "ties": "count against the target",
        "rows": "last layer, last row, mean over heads",
    }


def _check_nothing_is_lost(output: Path, about: Mapping[str, Any]) -> None:
    """Refuse to replace a scan of the same dataset that contains more models or attributions."""
    finish_replacing(output)
    try:
        existing = read_json(output / ABOUT_FILE)
        same_data = existing["dataset"]["fingerprint"] == about["dataset"]["fingerprint"]
        lost = [name for name in existing["models"] if name not in about["models"]]
        lost += ["attributions"] if existing["attribution"] and not about["attribution"] else []
    except (AwrsrError, KeyError, TypeError):  # there is no scan, or it cannot be read
        return
    if same_data and lost:
        raise DataError(
            f"{output} holds a scan with {', '.join(lost)} too, which this one would lose: include "
            "them (--models, --attribution), choose another --output, or remove it"
        )


def about_scan(directories: Mapping[str, Path], pairs: Sequence[Pair]) -> dict[str, Any]:
    """The part of scan.json about the models and the compared pairs."""
    return {
        "models": {name: _about_model(path) for name, path in directories.items()},
        "pairs": [list(pair) for pair in pairs],
    }


def _about_model(directory: Path) -> dict[str, Any]:
    config, _, training = read_config(directory)
    return {
        "weights_sha256": weights_fingerprint(directory),
        "model": config.to_json(),
        "training": training and training.to_json(),
    }


def _write_table(path: Path, table: pd.DataFrame) -> None:
    write_parquet(path, table.round(DECIMALS), level=HIGH_LEVEL)


def _in_order(
    table: pd.DataFrame, names: list[str], wanted: list[list[str]], place: dict[str, int]
) -> pd.DataFrame:
    """The rows of the wanted models or pairs, in their order; users in the dataset's order."""
    order = {tuple(values): number for number, values in enumerate(wanted)}
    group = [order[key] for key in zip(*(table[name] for name in names), strict=True)]
    user = [place[user_id] for user_id in table["user_id"]]
    return table.iloc[np.lexsort((user, group))].reset_index(drop=True)


def read_scan(directory: str | Path) -> Scan:
    """The scan in a directory.

    Raises:
        DataError: a file is missing or not readable, or scan.json is malformed.
    """
    directory = Path(directory)
    finish_replacing(directory)
    path = directory / ABOUT_FILE
    about = ScanFile.from_json(read_json(path), where=str(path), refusal=DataError)
    needed = {
        USERS_FILE: ["user_id", "model", *COUNTS, *_columns(MEASURES)],
        PAIRS_FILE: ["user_id", "model_a", "model_b", SHARED, *_columns(PAIR_MEASURES)],
    }
    tables = {}
    for file, columns in needed.items():
        table = read_parquet(directory / file)
        missing = [name for name in columns if name not in table]
        if missing:
            raise DataError(f"{directory / file}: missing column {', '.join(missing)}")
        tables[file] = table
    return Scan(users=tables[USERS_FILE], pairs=tables[PAIRS_FILE], about=about.to_json())


def stale(scan: Scan, dataset: Dataset, models: Mapping[str, str]) -> str:
    """Why a scan does not describe the current models; empty if it does.

    Args:
        scan: the scan, read from a file.
        dataset: the current dataset.
        models: the hash of the weights of each model, by name.
    """
    if scan.about.get("dataset", {}).get("fingerprint") != dataset.fingerprint:
        return "the scan is of another dataset"
    asked = candidates_words(dataset.n_items, dataset.default_candidates)
    if scan.about.get("protocol", {}).get("candidates", asked) != asked:
        return "the scan ranks among other candidates"
    for name, weights in models.items():
        known = scan.about.get("models", {}).get(name)
        if known is None:
            return f"the scan does not contain {name}"
        if known.get("weights_sha256") != weights:
            return f"the scan is of other weights of {name}"
    pairs = {frozenset(pair) for pair in scan.about.get("pairs", [])}
    if frozenset(models) not in pairs and len(models) == 2:
        return f"the scan does not compare {' and '.join(models)}"
    return ""


def _columns(measures: Sequence[str]) -> list[str]:
    return [f"{kind}_{measure}" for measure in measures for kind in KINDS]
