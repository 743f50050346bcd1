"""Faithfulness of every explanation over many users, in one or two models, recorded.

A study is a directory:

    study.json      the settings: dataset, split, models and their weights, users, seed, settings of
                    the attribution methods, command
    chunks/         values and curves of a few users each, while it is unfinished (see
                    `awrsr.studies.parts`)
    values.parquet  user_id, sort, model, explanation, measure, value; the measure newest_first is
                    the share of the explanation's orders that start with the newest item
    curves.parquet  sort, model, explanation, curve, share, standard_score and ndcg, each with _low
                    and _high: means over users at these shares of the items, 95% intervals
    summary.csv     sort, model, explanation, measure, users, mean, low, high: means over users, 95%
                    intervals; newest_first: the share of the study's users for whom the explanation
                    ranks the newest item first; floor: the mean of the explanation's floor;
                    less_floor, less_floor_low, less_floor_high: mean and interval of the users'
                    differences, value minus floor; less_random, ...: value minus random orders.
                    If model is "B less A", all numbers are of the users' differences, B minus A.

The last three files appear together with `"finished": true` in study.json.

sort is "all" and, if the dataset records planted causes (`awrsr.data.planted`), also binding and
occasion; then further measures say how well the explanations find the causes. Users whose held-out
item has no cause (sort open) are not drawn: no explanation of it could be right. study.json records
their number, `open_users`.
"""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from awrsr.config import Candidates, Split
from awrsr.data.batching import training_popularity
from awrsr.data.dataset import Dataset
from awrsr.data.planted import OPEN, load_causes
from awrsr.data.splits import held_out_words
from awrsr.errors import ConfigError, DataError
from awrsr.explain import study_settings
from awrsr.io.files import (
    finish_replacing,
    make_directory,
    new_directory,
    read_json,
    remove_directory,
    replacing_files,
    write_json,
)
from awrsr.io.parquet import read_parquet, write_parquet
from awrsr.processes import this_process, wait_for_all
from awrsr.ranking.recommendation import check_same_catalogue
from awrsr.schema import Schema
from awrsr.studies.faithfulness_rows import CURVES_FILE, VALUES_FILE, Rows
from awrsr.studies.faithfulness_summary import FORCED_SHARE, mean_curves, summarise_values
from awrsr.studies.parts import parts_done, read_parts, write_parts
from awrsr.training.checkpoint import load_model, weights_fingerprint

SCHEMA_VERSION = 1
STUDY_FILE, SUMMARY_FILE = "study.json", "summary.csv"
CHUNKS = "chunks"
CHUNK_USERS = 10
SOFTWARE = ("torch", "numpy", "captum")


class StudiedDataset(Schema):
    """The dataset of a study."""

    name: str
    fingerprint: str


class StudyFile(Schema):
    """The contents of study.json; defaults hold for older studies without these fields."""

    may_lack = ("held_out",)

    schema_version: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)]
    dataset: StudiedDataset
    split: Split
    models: dict[str, str]
    sample: int
    users: int
    of_users: int
    seed: int
    attribution: dict[str, dict[str, Any]]
    candidates: Candidates = "unseen"
    open_users: int = 0
    held_out: str = ""
    forced_share: float | None = None
    finished: bool = False
    command: str = ""
    software: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Study:
    """The current contents of a study's directory.

    Args:
        about: study.json.
        done: number of users whose chunks exist.
        summary: summary.csv, or None while the study is unfinished.
        curves: curves.parquet, or None while the study is unfinished.
    """

    about: dict[str, Any]
    done: int
    summary: pd.DataFrame | None = None
    curves: pd.DataFrame | None = None

    @property
    def finished(self) -> bool:
        """Whether all users are done."""
        return self.summary is not None


def write_study(
    models: Mapping[str, Path],
    dataset: Dataset,
    directory: Path,
    *,
    split: Split = "test",
    sample: int = 200,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    command: str = "",
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Study:
    """Measure every explanation of the held-out item's score for many users; write a study.

    Several processes (`awrsr.processes`) share the users.

    Args:
        models: model directories by name, one or two; both see the same users.
        dataset: the models' dataset.
        directory: the directory of the study.
        split: the split whose held-out items are explained.
        sample: number of users, drawn without replacement; 0 for all. These users are not drawn:
            without a held-out item, or with only one item before it (no curve), not evaluated under
            the dataset's `default_candidates`, or with a planted held-out item of sort open.
        seed: seed of the draw, the random orders, the randomised methods and the intervals.
        device: auto, cpu, cuda, cuda:1, ...
        resume: continue an unfinished study with the same settings.
        command: recorded with the results.
        progress: called with the number of users done and of all users.

    Raises:
        ConfigError: a setting is not acceptable.
        DataError: the directory holds another study, or an unfinished one and `resume` is false, or
            a model belongs to another dataset.
    """
    _check(len(models), sample, seed)
    causes = load_causes(dataset, split)
    everyone = np.ones(dataset.n_users, dtype=np.bool_)
    decided = everyone if causes is None else causes["sort"].to_numpy() != OPEN
    users = _users(dataset, split, sample, seed, decided)
    asked = {
        "schema_version": SCHEMA_VERSION,
        "dataset": {"name": dataset.name, "fingerprint": dataset.fingerprint},
        "split": split,
        "models": {name: weights_fingerprint(path) for name, path in models.items()},
        "sample": sample,
        "users": len(users),
        "of_users": dataset.n_users,
        "seed": seed,
        "attribution": study_settings(),
        "candidates": dataset.default_candidates,
        "open_users": int((~decided).sum()),
        "forced_share": FORCED_SHARE,
    }
    if dataset.time_split is not None:
        asked["held_out"] = held_out_words(dataset.time_split, split)
    if this_process()[0] == 0:
        _open(directory, asked, command, resume)
    wait_for_all()
    if _about(directory)["finished"]:
        return read_study(directory)
    loaded = {name: load_model(path, device) for name, path in models.items()}
    for name, model in loaded.items():
        check_same_catalogue(model, dataset, f"{name}: ")
    popularity = training_popularity(dataset)
    chunks = [users[start : start + CHUNK_USERS] for start in range(0, len(users), CHUNK_USERS)]

    def compute(part: int) -> dict[str, pd.DataFrame]:
        rows = Rows()
        for user in chunks[part]:
            cause = causes.iloc[user] if causes is not None else None
            for name, model in loaded.items():
                rows.add(name, model, dataset, split, user, popularity, cause, seed)
        return rows.tables()

    def done(part: int, computed: bool) -> None:
        progress(sum(map(len, chunks[: part + 1])), len(users))

    if write_parts(directory / CHUNKS, len(chunks), compute, done):
        _finish(directory, list(models), len(chunks), seed)
    wait_for_all()
    return read_study(directory)


def read_study(directory: Path) -> Study:
    """A study, finished or not.

    Raises:
        DataError: there is no study, or one of its files is damaged.
    """
    finish_replacing(directory)
    about = _about(directory)
    if not about["finished"]:
        chunks = parts_done(directory / CHUNKS)
        return Study(about=about, done=min(about["users"], chunks * CHUNK_USERS))
    try:
        return Study(
            about=about,
            done=about["users"],
            summary=pd.read_csv(directory / SUMMARY_FILE),
            curves=read_parquet(directory / CURVES_FILE),
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{directory} is a damaged study: {error}") from error


def _check(n_models: int, sample: int, seed: int) -> None:
    if not 1 <= n_models <= 2:
        raise ConfigError(f"a study takes one model or two; received {n_models}")
    if sample < 0 or not 0 <= seed < 2**32:
        limits = "sample must be 0 (all users) or more and seed 0 to 2^32 - 1"
        raise ConfigError(f"{limits}; received {sample} and {seed}")


def _users(
    dataset: Dataset, split: Split, sample: int, seed: int, decided: npt.NDArray[np.bool_]
) -> list[int]:
    long_enough = dataset.parts.targets[split] >= 2
    eligible = np.flatnonzero(long_enough & dataset.counted(split) & decided)
    if len(eligible) == 0:
        planted = "" if decided.all() else " that has a planted cause"
        raise DataError(f"no user of {dataset.name} has two items before a held-out one{planted}")
    if 0 < sample < len(eligible):
        eligible = np.random.default_rng(seed).choice(eligible, size=sample, replace=False)
    return sorted(int(user) for user in eligible)


def _about(directory: Path) -> dict[str, Any]:
    """The contents of study.json, with defaults for missing fields."""
    path = directory / STUDY_FILE
    return StudyFile.from_json(read_json(path), where=str(path), refusal=DataError).to_json()


def _open(directory: Path, asked: dict[str, Any], command: str, resume: bool) -> None:
    """Start the study, or find the study to resume."""
    path = directory / STUDY_FILE
    finish_replacing(directory)
    if path.is_file():
        existing = _about(directory)
        differing = [name for name, value in asked.items() if existing[name] != value]
        if differing:
            raise DataError(
                f"{directory} holds another study, which differs in {', '.join(differing)}; choose "
                "another directory or remove it"
            )
        if not resume:
            state = "a finished" if existing["finished"] else "an unfinished"
            raise DataError(
                f"{directory} holds {state} study with these settings; resume it, choose another "
                "directory or remove it"
            )
        if existing["finished"]:
            remove_directory(directory / CHUNKS)
        else:
            make_directory(directory / CHUNKS)
            write_json(path, {**asked, "finished": False, "command": command})
        return
    with new_directory(directory) as temporary:
        make_directory(temporary / CHUNKS)
        write_json(temporary / STUDY_FILE, {**asked, "finished": False, "command": command})


def _finish(directory: Path, models: list[str], n_chunks: int, seed: int) -> None:
    """Combine the chunks."""
    about = read_json(directory / STUDY_FILE)
    values, by_user = (
        read_parts(directory / CHUNKS, n_chunks, file) for file in (VALUES_FILE, CURVES_FILE)
    )
    summary = summarise_values(values, models, seed)
    software = {"python": platform.python_version(), **{name: version(name) for name in SOFTWARE}}
    with replacing_files(directory) as temporary:
        write_parquet(temporary / VALUES_FILE, values)
        write_parquet(temporary / CURVES_FILE, mean_curves(by_user, seed))
        summary.to_csv(temporary / SUMMARY_FILE, index=False, float_format="%.6g")
        write_json(temporary / STUDY_FILE, {**about, "finished": True, "software": software})
    remove_directory(directory / CHUNKS)
