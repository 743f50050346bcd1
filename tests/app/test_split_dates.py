"""The pages on a dataset that is split by time: users with and without a test item."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from driving import (
    add_dataset,
    found,
    messages,
    open_find,
    open_models,
    open_page,
    texts,
)
from helpers import make_dataset

import awrsr
from app.folders import ASSETS_VARIABLE, read_ranks
from app.opening import default_user
from app.users import user_table
from awrsr.data.dataset import Dataset
from awrsr.data.splits import time_split
from awrsr.experiments.card import evaluate_stored, write_metrics

A, B = "sasrec-none", "sasrec-additive"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    tiny = make_dataset(n_users=24)
    owner = np.repeat(np.arange(24), tiny.lengths())
    times = 40 * owner + 20 * (np.arange(tiny.n_interactions) - tiny.offsets[owner])
    split = time_split("time:0.7", times)
    return dataclasses.replace(tiny, flat_timestamps=times, time_split=split)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: Dataset) -> Path:
    monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
    directory = add_dataset(tmp_path, dataset, A, B)
    saved = awrsr.load_dataset(directory)
    for name in (A, B):
        path = directory / "models" / name
        write_metrics(path, path, evaluate_stored(path, saved, device="cpu"))
    return directory


def of_kind(dataset: Dataset) -> dict[str, str]:
    """A user with a test item, one whose items are all before the test, one with all after it."""
    before = dataset.parts.targets["test"] < 0
    first, last = dataset.flat_timestamps[dataset.offsets[:-1]], dataset.time_split.test_from
    return {
        "tested": dataset.user_ids[int(np.argmax(~before))],
        "early": dataset.user_ids[int(np.argmax(before & (first < last)))],
        "new": dataset.user_ids[int(np.argmax(before & (first >= last)))],
    }


@pytest.mark.parametrize("kind", ["tested", "early", "new"])
def test_every_user_can_be_opened(directory: Path, dataset: Dataset, kind: str):
    user = of_kind(dataset)[kind]
    page = open_page(data=directory.name, user=user)
    assert messages(page) == []
    said = [text for text in texts(page) if "older to newer" in text]
    words = {
        "tested": "; then came ",
        "early": "; no test item: all are before the cut at 1970-01-",
        "new": "; no test item: all are after the cut at 1970-01-",
    }
    assert len(said) == 1 and words[kind] in said[0]


def test_the_app_opens_on_a_user_with_a_test_item(directory: Path, dataset: Dataset):
    assert dataset.has_target("test")[dataset.user_index(default_user(dataset))]
    page = open_page(data=directory.name)
    assert any("; then came " in text for text in texts(page))


@pytest.mark.slow
def test_find_leaves_out_users_without_a_test_item(directory: Path, dataset: Dataset):
    page = open_find(data=directory.name)
    assert messages(page) == []
    has = dataset.has_target("test")
    assert len(found(page)) == has.sum()
    assert any(
        text.startswith(f"{has.sum()} users, split by time (time:0.7), test: the first item")
        and "users left out" in text
        for text in texts(page)
    )


@pytest.mark.slow
def test_models_names_the_split(directory: Path):
    page = open_models(data=directory.name)
    assert messages(page) == []
    assert any("split by time (time:0.7), test: the first item" in text for text in texts(page))


def test_ranks_and_the_table_of_users(directory: Path, dataset: Dataset):
    saved = awrsr.load_dataset(directory)
    ranks, why = read_ranks(directory / "models" / A, saved)
    assert why == "" and set(ranks) <= set(np.array(dataset.user_ids)[dataset.has_target("test")])
    table = user_table(saved, np.arange(saved.n_users), {"a": ranks}).set_index("user")
    for name, user in of_kind(dataset).items():
        assert (table.loc[user, "then"] == "none") == (name != "tested")
    leave_one_out = dataclasses.replace(saved, time_split=None)
    assert read_ranks(directory / "models" / A, leave_one_out)[0] == {}


def test_a_model_of_another_split_is_refused_with_the_reason(directory: Path):
    path = directory / "models" / B / "config.json"
    config = json.loads(path.read_text())
    config["catalogue"] |= {"fingerprint": "0" * 16, "split": "time:0.5"}
    path.write_text(json.dumps(config))
    page = open_find(data=directory.name, b=B)
    assert any("trained under the split time:0.5" in text for text in messages(page))
