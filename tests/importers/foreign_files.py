"""Files in the forms of other code bases, with the models of other_code.py."""

import enum
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import other_code
import other_multihead
import other_stosa
import pandas as pd
import pytest
import torch
from helpers import make_dataset
from other_code import Foreign

from awrsr.data.dataset import Dataset

IDS = [str(100 + number) for number in (7, 3, 11, 1, 5, 9, 2, 10, 4, 8, 6)]
"""The ids of the tiny dataset's items in the order of the foreign models."""


def dataset() -> Dataset:
    return make_dataset(n_users=30)


def as_theirs(data: Dataset, items: list[int]) -> list[int]:
    """Items of the dataset in the numbers of the foreign models."""
    return [IDS.index(data.item_ids[item - 1]) + 1 for item in items]


def in_our_order(data: Dataset, scores: torch.Tensor) -> torch.Tensor:
    """Scores of a foreign model in the order of the dataset's items."""
    return scores[[IDS.index(item) for item in data.item_ids]]


def with_ids(folder: Path) -> dict:
    path = folder / "ids.txt"
    path.write_text("\n".join(IDS) + "\n", encoding="utf-8")
    return {"items": path}


def state_file(model: Foreign, path: Path, *, old: bool = False) -> None:
    torch.save(OrderedDict(model.state), path, _use_new_zipfile_serialization=not old)


def fake_module(monkeypatch: pytest.MonkeyPatch, name: str, *classes: type) -> None:
    """A module of another package, so that objects of its classes can be written."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        monkeypatch.setitem(sys.modules, ".".join(parts[:depth]), ModuleType(parts[depth - 1]))
    for each in classes:
        each.__module__, each.__qualname__ = name, each.__name__
        setattr(sys.modules[name], each.__name__, each)


def recbole_file(
    model: Foreign, path: Path, monkeypatch: pytest.MonkeyPatch, **settings: object
) -> None:
    """A file with an object of RecBole's class of settings, which cannot be loaded here."""

    class Config:
        pass

    class ModelType(enum.Enum):
        SEQUENTIAL = 2

    fake_module(monkeypatch, "recbole.utils.enum_type", ModelType)
    fake_module(monkeypatch, "recbole.config.configurator", Config)
    config = Config()
    config.final_config_dict = {
        **model.further,
        "MODEL_TYPE": ModelType.SEQUENTIAL,
        "device": torch.device("cpu"),
        **settings,
    }
    content = {
        "config": config,
        "epoch": 3,
        "best_valid_score": np.float64(0.1),
        "state_dict": OrderedDict(model.state),
        "other_parameter": {},
        "optimizer": {"state": {}},
    }
    torch.save(content, path, pickle_protocol=4)


def inter_file(path: Path, ids: list[str], *, first: str = "7") -> Path:
    """An atomic file in which the items appear first in this order."""
    rows = [(first, item, moment) for moment, item in enumerate(ids)]
    rows += [(str(user), item, 50 + user) for user in (1, 2) for item in ids[::-1]]
    frame = pd.DataFrame(rows, columns=["user_id:token", "item_id:token", "timestamp:float"])
    frame.to_csv(path, sep="\t", index=False)
    return path


def rectools_file(model: Foreign, path: Path, *, as_array: bool = True) -> None:
    ids = ["PAD", *map(int, IDS)]
    content = {
        "state_dict": OrderedDict(model.state),
        "epoch": 2,
        "hyper_parameters": {
            "model_config": model.further,
            "dataset_schema": {"n_interactions": 5},
            "item_external_ids": np.array(ids, dtype=object) if as_array else ids,
        },
        "pytorch-lightning_version": "2.4.0",
    }
    torch.save(content, path)


@dataclass(frozen=True)
class Case:
    """A kind of file: how it is written, and the options that it needs."""

    importer: str
    model: Foreign
    write: Callable[[Path, pytest.MonkeyPatch], dict]


def _state_case(importer: str, model: Foreign, **options: object) -> Case:
    def write(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
        state_file(model, path, old=importer == "s3rec")
        return {"heads": other_code.HEADS, **options, **with_ids(path.parent)}

    return Case(importer, model, write)


def _recbole_case() -> Case:
    model = other_code.recbole(4)

    def write(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
        recbole_file(model, path, monkeypatch)
        return {"interactions": inter_file(path.with_suffix(".inter"), IDS)}

    return Case("recbole", model, write)


def _rectools_case(*, masked: bool) -> Case:
    model = other_multihead.rectools(5, masked=masked)

    def write(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
        rectools_file(model, path, as_array=masked)
        return {}

    return Case("rectools", model, write)


def _replay_case() -> Case:
    model = other_multihead.replay(6)

    def write(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
        class SasRec:
            pass

        fake_module(monkeypatch, "replay.data.nn", SasRec)
        settings = {"head_count": other_code.HEADS, "tensor_schema": SasRec()}
        torch.save({"state_dict": OrderedDict(model.state), "hyper_parameters": settings}, path)
        return with_ids(path.parent)

    return Case("replay", model, write)


CASES = {
    "s3rec": _state_case("s3rec", other_code.s3rec(1)),
    **{
        f"pmixer-{layout}": _state_case(
            "pmixer",
            other_multihead.pmixer(2, layout),
            **({} if layout == "2020" else {"layout": layout}),
        )
        for layout in ("2020", "2024", "2025", "2025_norm_first")
    },
    "gsasrec": _state_case("gsasrec", other_code.gsasrec(3)),
    **{
        f"stosa-{stream}": _state_case("stosa", other_stosa.stosa(7, stream), mean_stream=stream)
        for stream in ("published", "correct")
    },
    "recbole": _recbole_case(),
    "rectools": _rectools_case(masked=False),
    "rectools-masked": _rectools_case(masked=True),
    "replay": _replay_case(),
}
