"""A dataset's users through several models: one row of numbers per user and model, and per pair.

All numbers about maps are of the last row of the last layer, heads averaged: what the position that
makes the prediction attends to. A scan directory holds

    users.parquet   user_id, model, target, rank, length, seen, repeats, and for each kind of map
                    <kind>_<measure> (see `awrsr.studies.heads.MEASURES`), with attributions also
                    <kind>_attribution
    pairs.parquet   user_id, model_a, model_b, shared (candidates among the first ten of both), and
                    <kind>_divergence, <kind>_correlation
    scan.json       what they were computed from: dataset, models with the hash of their weights,
                    protocol

A number that is not defined (a map the model does not have, a correlation of two items) is missing.
In the files numbers have four decimals, as many as the pages show: they take half the room so.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import torch.distributed
from jaxtyping import Bool, Float, Int
from torch import Tensor

from awrsr.config import HELD_OUT, PADDING, Candidates
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, ConfigError, DataError, did_you_mean
from awrsr.explain import KINDS
from awrsr.io.files import (
    finish_replacing,
    make_directory,
    new_directory,
    read_json,
    remove_directory,
    replacing_files,
    write_json,
)
from awrsr.io.parquet import read_parquet
from awrsr.models import SequentialModel
from awrsr.ranking.evaluation import candidates_words, seen_words
from awrsr.ranking.metrics import target_ranks
from awrsr.ranking.recommendation import check_same_catalogue
from awrsr.ranking.statistics import FEWEST
from awrsr.studies.heads import MEASURES, Batch, PredictionRows, batches, row_measures
from awrsr.training.checkpoint import ConfigFile, load_model, read_config, weights_fingerprint

SCHEMA_VERSION = 2
USERS_FILE, PAIRS_FILE, ABOUT_FILE = "users.parquet", "pairs.parquet", "scan.json"
SEEDS_FOLDER = "seeds"
"""Of a dataset directory: models trained once more with another seed, beside its models/."""
DECIMALS = 4
"""Of the numbers in the files."""
PART_USERS = 256
"""Users of a part, the least that a run that goes on does not compute again."""
COUNTS = ("target", "rank", "length", "seen", "repeats")
SHARED = "shared"
PAIR_MEASURES = ("divergence", "correlation")
LISTED = 10
"""Length of the lists of which `shared` counts what both hold."""

Pair = tuple[str, str]
Frame = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What `scan` found.

    Args:
        users: a row per model and user, see the module.
        pairs: a row per pair of models and user.
        about: what scan.json says; empty for a scan that was never written.
    """

    users: pd.DataFrame
    pairs: pd.DataFrame
    about: dict[str, Any]


def all_pairs(names: Sequence[str]) -> list[Pair]:
    """Every two of the models once."""
    return list(combinations(names, 2))


def scan(
    models: Mapping[str, SequentialModel],
    dataset: Dataset,
    *,
    pairs: Sequence[Pair] | None = None,
    users: npt.ArrayLike | None = None,
    attribution: bool = False,
    batch_size: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Scan:
    """Ranks of the held-out items and what the models attend to, computed in batches.

    Candidates are those of the dataset by default, see `awrsr.Dataset.default_candidates`; a
    held-out item is one always, so that every user has a rank.

    Costs one forward pass a user and model, one more with its gradient for attributions; what is
    compared for a pair of models costs little beside that.

    Args:
        models: by name, in eval mode.
        dataset: the one they all belong to.
        pairs: of names, to be compared; every two where not given.
        users: indices; all where not given.
        attribution: compare each row with the size of input x gradient of the held-out item, by
            Spearman's rho.
        batch_size: users of a batch; changes nothing but the speed.
        progress: told how many sequences (a user in one model) were done since it was last told.

    Raises:
        ConfigError: no model, no user, or a pair that names none of the models.
        DataError: a model belongs to another catalogue.
    """
    pairs = check_pairs(list(models), pairs)
    for name, model in models.items():
        check_same_catalogue(model, dataset, f"{name}: ")
    chosen = np.arange(dataset.n_users) if users is None else np.asarray(users, dtype=np.int64)
    if len(chosen) == 0:
        raise ConfigError("a scan needs one user or more; none was given")
    longest = max(model.config.max_length for model in models.values())
    found: dict[str, list[Frame]] = {name: [] for name in models}
    compared: list[Frame] = []
    lists: dict[str, Tensor] = {}
    order: list[npt.NDArray[np.int64]] = []
    for batch in batches(dataset, chosen, longest, n_items=dataset.n_items, batch_size=batch_size):
        rows: dict[str, dict[str, Tensor]] = {}
        for name, model in models.items():
            frame, rows[name], lists[name] = _scan_batch(
                model, batch, attribution, dataset.default_candidates
            )
            found[name].append(frame)
            if progress is not None:
                progress(len(batch.users))
        compared.append(_shared(lists, pairs) | _compare(rows, models, batch, pairs))
        order.append(batch.users)
    in_order = np.argsort(np.concatenate(order), kind="stable")
    ids = np.array(dataset.user_ids, dtype=object)[np.concatenate(order)[in_order]]
    per_model = [_table(found[name], in_order, {"user_id": ids, "model": name}) for name in models]
    per_pair = [
        _table(
            [{c: v[place] for c, v in frame.items()} for frame in compared],
            in_order,
            {"user_id": ids, "model_a": a, "model_b": b},
        )
        for place, (a, b) in enumerate(pairs)
    ]
    return Scan(
        users=pd.concat(per_model, ignore_index=True),
        pairs=pd.concat(per_pair, ignore_index=True) if pairs else _no_pairs(),
        about={},
    )


def check_pairs(names: list[str], pairs: Sequence[Pair] | None) -> list[Pair]:
    """The pairs asked for, or every two models.

    Raises:
        ConfigError: there is no model, a pair names none of them, or one twice.
    """
    if not names:
        raise ConfigError("a scan needs one model or more; none was given")
    for pair in all_pairs(names) if pairs is None else pairs:
        for name in pair:
            if name not in names:
                raise ConfigError(
                    f"pair {':'.join(pair)}: {name!r} is not among the models scanned; accepted: "
                    f"{', '.join(names)}.{did_you_mean(name, names)}"
                )
        if pair[0] == pair[1]:
            raise ConfigError(f"pair {':'.join(pair)} is one model; name two")
    return all_pairs(names) if pairs is None else [(a, b) for a, b in pairs]


# --- one batch ------------------------------------------------------------------------------------


def _scan_batch(
    model: SequentialModel, batch: Batch, attribution: bool, candidates: Candidates
) -> tuple[Frame, dict[str, Tensor], Tensor]:
    """The columns of a batch in one model, its rows by kind, (batch, slot) in float64, and the
    candidates with the highest scores, (batch, rank), 0 where there are no more."""
    sequences = batch.sequences(model.config.max_length).to(model.device)
    recorded = PredictionRows()
    with torch.inference_mode():
        states = model(sequences, recording=recorded)[:, -1]
        item_scores = model.item_scores(states)
        targets = torch.from_numpy(batch.targets).to(model.device)
        ranks = target_ranks(item_scores, targets, batch.excluded(candidates, model.device))
        best = item_scores.topk(min(LISTED, item_scores.shape[1]))  # of what is left in place
        listed = torch.where(best.values > -torch.inf, best.indices + 1, 0).cpu()
        rows = {kind: w.double().mean(dim=1) for kind, w in recorded.layers[-1].items()}
    lengths = np.array([len(history) for history in batch.histories])
    frame: Frame = {
        "target": batch.targets,
        "rank": ranks.cpu().numpy(),
        "length": lengths,
        "seen": np.minimum(lengths, model.config.max_length),
        "repeats": np.array([len(h) - len(np.unique(h)) for h in batch.histories]),
    }
    order = list(rows)
    stacked = torch.stack([rows[kind] for kind in order])
    measures = {name: v.cpu().numpy() for name, v in row_measures(stacked, sequences).items()}
    if attribution:
        size = input_x_gradient(model, sequences, batch.targets).abs()
        rho = rank_correlations(stacked, size.expand_as(stacked), sequences != PADDING)
        measures["attribution"] = rho.cpu().numpy()
    for kind in KINDS:
        for name, values in measures.items():
            frame[f"{kind}_{name}"] = (
                values[order.index(kind)] if kind in order else np.full(len(lengths), np.nan)
            )
    return frame, rows, listed


def input_x_gradient(
    model: SequentialModel, sequences: Int[Tensor, "batch slot"], targets: npt.NDArray[np.int64]
) -> Float[Tensor, "batch slot"]:
    """Each item's embedding times the gradient of its own history's target score there, summed.

    The same values as `awrsr.attribute(..., method="input_x_gradient")`, a batch at once: no
    history's score depends on another's embeddings.
    """
    with torch.enable_grad():
        embeddings = model.embed(sequences).detach().requires_grad_()
        states = model.encode(embeddings, sequences != PADDING)[:, -1]
        asked = torch.from_numpy(targets).to(model.device)[:, None]
        score = model.item_scores_at(states, asked).sum()
        (gradient,) = torch.autograd.grad(score, embeddings)
    return (embeddings * gradient).sum(-1).detach().double()


def rank_correlations(
    first: Float[Tensor, "*axes batch slot"],
    second: Float[Tensor, "*axes batch slot"],
    present: Bool[Tensor, "batch slot"],
) -> Float[Tensor, "*axes batch"]:
    """Spearman's rho of every row with its partner, over the slots that hold an item.

    Equal values share the mean of their ranks; NaN where rho is not defined, see
    `awrsr.ranking.statistics.spearman`.
    """
    return _correlations(_ranks(first, present), _ranks(second, present), present)


def _ranks(
    rows: Float[Tensor, "*axes batch slot"], present: Bool[Tensor, "batch slot"]
) -> Float[Tensor, "*axes batch slot"]:
    """Ranks minus their mean, 0 on padding."""
    # Padding takes the lowest ranks, which moves all others by the same amount.
    values = rows.masked_fill(~present, -torch.inf).contiguous()
    ordered = values.sort(dim=-1).values
    below, up_to = (torch.searchsorted(ordered, values, right=right) for right in (False, True))
    ranks = (below + up_to).double()
    mean = (ranks * present).sum(-1, keepdim=True) / present.sum(-1, keepdim=True)
    return torch.where(present, ranks - mean, 0.0)


def _correlations(
    first: Float[Tensor, "*axes batch slot"],
    second: Float[Tensor, "*axes batch slot"],
    present: Bool[Tensor, "batch slot"],
) -> Float[Tensor, "*axes batch"]:
    spread = (first.square().sum(-1) * second.square().sum(-1)).sqrt()
    defined = (spread > 0) & (present.sum(-1) >= FEWEST)
    rho = ((first * second).sum(-1) / spread).clamp(-1, 1)
    return rho.masked_fill(~defined, torch.nan)


def _shared(lists: Mapping[str, Tensor], pairs: list[Pair]) -> Frame:
    """The column shared, (pair, batch)."""
    width = {len(listed) for listed in lists.values()}.pop()
    counts = [
        ((lists[a][:, :, None] == lists[b][:, None]) & (lists[a] > 0)[:, :, None]).sum((1, 2))
        for a, b in pairs
    ]
    return {SHARED: torch.stack(counts).numpy() if counts else np.zeros((0, width))}


def _compare(
    rows: dict[str, dict[str, Tensor]],
    models: Mapping[str, SequentialModel],
    batch: Batch,
    pairs: list[Pair],
) -> Frame:
    """Columns of (pair, batch): divergence in bits and rank correlation, for each kind of map."""
    lengths = torch.tensor([len(history) for history in batch.histories])
    frame = {
        f"{kind}_{measure}": np.full((len(pairs), len(lengths)), np.nan)
        for measure in PAIR_MEASURES
        for kind in KINDS
    }
    for kind in KINDS:
        # An item that only the model with the longer memory sees has no weight in the other.
        widest = max((w[kind].shape[-1] for w in rows.values() if kind in w), default=0)
        padded = {
            name: torch.nn.functional.pad(w[kind].cpu(), (widest - w[kind].shape[-1], 0))
            for name, w in rows.items()
            if kind in w
        }
        entropies = {name: torch.special.entr(w).sum(-1) for name, w in padded.items()}
        by_width: dict[int, list[int]] = {}
        for place, (a, b) in enumerate(pairs):
            if a in padded and b in padded:
                n = min(models[a].config.max_length, models[b].config.max_length)
                by_width.setdefault(n, []).append(place)
        for n, places in by_width.items():
            first = [pairs[place][0] for place in places]
            second = [pairs[place][1] for place in places]
            p, q = (torch.stack([padded[name] for name in names]) for names in (first, second))
            h = [torch.stack([entropies[name] for name in names]) for names in (first, second)]
            mixed = torch.special.entr((p + q) / 2).sum(-1)
            bits = ((mixed - (h[0] + h[1]) / 2) / np.log(2)).clamp(0, 1)
            frame[f"{kind}_divergence"][places] = bits.masked_fill(lengths == 0, torch.nan).numpy()
            width = min(n, widest)  # what both see
            present = torch.arange(width - 1, -1, -1) < lengths[:, None]
            ranks = {name: _ranks(padded[name][:, -width:], present) for name in {*first, *second}}
            p, q = (torch.stack([ranks[name] for name in names]) for names in (first, second))
            frame[f"{kind}_correlation"][places] = _correlations(p, q, present).numpy()
    return frame


# --- tables and files -----------------------------------------------------------------------------


def _table(
    frames: list[Frame], order: npt.NDArray[np.int64], front: dict[str, Any]
) -> pd.DataFrame:
    """Columns of all batches, whole numbers in int32 and others in float32."""
    columns = {name: np.concatenate([frame[name] for frame in frames])[order] for name in frames[0]}
    return pd.DataFrame(
        front
        | {
            name: values.astype(np.int32 if name in (*COUNTS, SHARED) else np.float32)
            for name, values in columns.items()
        }
    )


def _no_pairs() -> pd.DataFrame:
    text = {name: pd.Series(dtype=str) for name in ("user_id", "model_a", "model_b")}
    numbers = {
        f"{kind}_{measure}": pd.Series(dtype=np.float32)
        for measure in PAIR_MEASURES
        for kind in KINDS
    }
    return pd.DataFrame(text | {SHARED: pd.Series(dtype=np.int32)} | numbers)


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
    """Scan all users and write a scan directory, see the module.

    Works in parts of users of similar length, each written as it is done: a run that was killed
    goes on where it was. Where several processes run it together (see `joined_processes`) they
    share the parts, on a file system that all of them see, and the first of them puts the tables
    together.

    Args:
        directories: of the models, by name.
        dataset: the one they all belong to.
        output: the scan directory; made where it does not exist.
        pairs: see `scan`.
        attribution: see `scan`.
        device: auto, cpu, cuda, cuda:1, ...
        command: what is run, for scan.json.
        progress: see `scan`; also told 0 when the models are loaded, and of what an earlier run
            had done.

    Returns:
        The scan; None in all processes but the first.

    Raises:
        AwrsrError: a model cannot be loaded or belongs to another dataset, a pair names none of the
            models, or `output` cannot be written.
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
        "protocol": {
            "split": "leave-one-out, test: the last item",
            "candidates": candidates_words(dataset.n_items, dataset.default_candidates),
            "seen": seen_words(dataset, "test"),
            "ties": "count against the target",
            "rows": "last layer, last row, mean over heads",
        },
        **about_scan(directories, pairs),
        "attribution": "input_x_gradient" if attribution else None,
    }
    _check_nothing_is_lost(output, about)
    models = {name: load_model(path, device) for name, path in directories.items()}
    for name, model in models.items():
        check_same_catalogue(model, dataset, f"{name}: ")
    if progress is not None:
        progress(0)
    process, processes = _process()
    key = hashlib.sha256(json.dumps([about, PART_USERS, MEASURES]).encode()).hexdigest()[:12]
    parts_directory = output / f".parts-{key}"
    make_directory(parts_directory)
    longest = max(model.config.max_length for model in models.values())
    seen = np.minimum(dataset.lengths() - HELD_OUT["test"], longest)
    by_length = np.argsort(seen, kind="stable")
    starts = range(0, dataset.n_users, PART_USERS)
    for number, start in enumerate(starts):
        users = by_length[start : start + PART_USERS]
        part = parts_directory / f"{number:06d}"
        if number % processes != process:
            continue
        if not part.is_dir():
            found = scan(
                models,
                dataset,
                pairs=pairs,
                users=users,
                attribution=attribution,
                progress=progress,
            )
            _write_part(part, found)
        elif progress is not None:
            progress(len(users) * len(models))
    if processes > 1:
        torch.distributed.barrier()
    if process > 0:
        return None
    parts = [parts_directory / f"{number:06d}" for number in range(len(starts))]
    place = {user: index for index, user in enumerate(dataset.user_ids)}
    users_table = _merged(parts, USERS_FILE, ["model"], [[name] for name in directories], place)
    names = ["model_a", "model_b"]
    pairs_table = _merged(parts, PAIRS_FILE, names, [list(pair) for pair in pairs], place)
    about |= {"command": command, "device": str(next(iter(models.values())).device)}
    with replacing_files(output) as temporary:
        _write_table(temporary / USERS_FILE, users_table)
        _write_table(temporary / PAIRS_FILE, pairs_table)
        write_json(temporary / ABOUT_FILE, about)
    for leftover in output.glob(".parts-*"):
        remove_directory(leftover)
    return Scan(users=users_table, pairs=pairs_table, about=about)


def _check_nothing_is_lost(output: Path, about: Mapping[str, Any]) -> None:
    """Refuse to put a scan in the place of one of the same data that holds more."""
    finish_replacing(output)
    try:
        before = read_json(output / ABOUT_FILE)
        same = before["dataset"]["fingerprint"] == about["dataset"]["fingerprint"]
        more = [name for name in before["models"] if name not in about["models"]]
        more += ["attributions"] if before["attribution"] and not about["attribution"] else []
    except (AwrsrError, KeyError, TypeError):  # none, or none that can be read
        return
    if same and more:
        raise DataError(
            f"{output} holds a scan with {', '.join(more)} too, which this one would lose: ask for "
            "them too (--models, --attribution), choose another --output, or remove it"
        )


def about_scan(directories: Mapping[str, Path], pairs: Sequence[Pair]) -> dict[str, Any]:
    """What a scan says of its models and the pairs that it compares."""
    return {
        "models": {name: _about_model(path) for name, path in directories.items()},
        "pairs": [list(pair) for pair in pairs],
    }


def _about_model(directory: Path) -> dict[str, Any]:
    config, _, training = read_config(directory)
    return {
        "weights_sha256": weights_fingerprint(directory),
        "model": config.to_json(),
        "training": training.to_json(),
    }


def _write_part(part: Path, found: Scan) -> None:
    """A part appears under its name when it is whole."""
    with new_directory(part) as temporary:
        _write_table(temporary / USERS_FILE, found.users)
        _write_table(temporary / PAIRS_FILE, found.pairs)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    table.round(DECIMALS).to_parquet(path, index=False, compression="zstd", compression_level=19)


def _merged(
    parts: list[Path],
    file: str,
    names: list[str],
    wanted: list[list[str]],
    place: dict[str, int],
) -> pd.DataFrame:
    """All parts in one table: the wanted models or pairs in order, their users as the dataset's."""
    table = pd.concat([read_parquet(part / file) for part in parts], ignore_index=True)
    order = {tuple(values): number for number, values in enumerate(wanted)}
    group = [order[key] for key in zip(*(table[name] for name in names), strict=True)]
    user = [place[user_id] for user_id in table["user_id"]]
    return table.iloc[np.lexsort((user, group))].reset_index(drop=True)


def read_scan(directory: str | Path) -> Scan:
    """A scan directory's tables.

    Raises:
        DataError: a file is missing, not readable, or of another schema version.
    """
    directory = Path(directory)
    finish_replacing(directory)
    about = read_json(directory / ABOUT_FILE)
    if about.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"{directory / ABOUT_FILE}: schema_version is {about.get('schema_version')!r}; "
            f"this version reads {SCHEMA_VERSION}"
        )
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
    if not isinstance(about.get("models"), dict) or not isinstance(about.get("dataset"), dict):
        raise DataError(f"{directory / ABOUT_FILE} does not say which models and dataset it is of")
    return Scan(users=tables[USERS_FILE], pairs=tables[PAIRS_FILE], about=about)


def _columns(measures: Sequence[str]) -> list[str]:
    return [f"{kind}_{measure}" for measure in measures for kind in KINDS]


def seed_pairs(about: Mapping[str, Any]) -> list[Pair]:
    """The pairs of a scan that differ by nothing but the seed of their training."""
    models = about.get("models", {})

    def settings(name: str) -> tuple[Any, dict[str, Any]]:
        training = dict(models[name]["training"])
        training.pop("seed")
        return models[name]["model"], training

    def seed(name: str) -> int:
        return int(models[name]["training"]["seed"])

    return [
        (a, b)
        for a, b in about.get("pairs", [])
        if settings(a) == settings(b) and seed(a) != seed(b)
    ]


def differ_by_seed(first: ConfigFile, second: ConfigFile) -> bool:
    """Whether two models, as `read_config` gives them, differ by their training's seed alone."""
    seed = second[2].seed
    return (
        first[:2] == second[:2]
        and first[2].seed != seed
        and replace(first[2], seed=seed) == second[2]
    )


# --- several processes ----------------------------------------------------------------------------


@contextmanager
def joined_processes() -> Iterator[int]:
    """Join the processes that torchrun started, over gloo; nothing where there is only one.

    Gives:
        This process' number, 0 for the first.
    """
    joined = torch.distributed.is_available() and torch.distributed.is_torchelastic_launched()
    if joined:
        torch.distributed.init_process_group("gloo")
    try:
        yield _process()[0]
    finally:
        if joined:
            torch.distributed.destroy_process_group()


def _process() -> tuple[int, int]:
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return 0, 1
    return torch.distributed.get_rank(), torch.distributed.get_world_size()
