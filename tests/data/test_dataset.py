"""A dataset directory: written data are read back, and everything else is refused."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import make_dataset

from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import FILES, load_dataset, save_dataset
from awrsr.errors import DataError, counted


@pytest.mark.parametrize("timed", [True, False], ids=["timestamps", "no-timestamps"])
def test_a_saved_dataset_is_loaded(tmp_path: Path, tiny_dataset: Dataset, timed: bool):
    dataset = dataclasses.replace(
        tiny_dataset, items=tiny_dataset.items.assign(genres=["Drama|<b>"] * tiny_dataset.n_items)
    )
    if not timed:
        dataset = dataclasses.replace(dataset, flat_timestamps=None)
    save_dataset(dataset, tmp_path / "made")
    loaded = load_dataset(tmp_path / "made")
    assert loaded.fingerprint == dataset.fingerprint
    assert (loaded.name, loaded.about, loaded.user_ids) == ("tiny", dataset.about, dataset.user_ids)
    assert loaded.directory == tmp_path / "made"
    pd.testing.assert_frame_equal(loaded.items, dataset.items)
    for name in ("offsets", "flat_items", "flat_timestamps"):
        was, now = getattr(dataset, name), getattr(loaded, name)
        assert (was is None and now is None) or (
            now.dtype == was.dtype and now.tolist() == was.tolist()
        )
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == sorted(FILES)


def test_saving_twice_gives_the_same_directory(tmp_path: Path, tiny_dataset: Dataset):
    save_dataset(tiny_dataset, tmp_path / "first")
    save_dataset(load_dataset(tmp_path / "first"), tmp_path / "second")
    about = [json.loads((tmp_path / d / "dataset.json").read_text()) for d in ("first", "second")]
    assert about[0] == about[1]
    assert about[0]["counts"] == {
        "users": 12,
        "items": 11,
        "interactions": len(tiny_dataset.flat_items),
    }


def test_an_existing_directory_is_not_overwritten(tiny_directory: Path, tiny_dataset: Dataset):
    before = {path.name: path.read_bytes() for path in tiny_directory.iterdir()}
    with pytest.raises(DataError, match="already exists and is not empty"):
        save_dataset(tiny_dataset, tiny_directory)
    assert before == {path.name: path.read_bytes() for path in tiny_directory.iterdir()}


def test_about_cannot_replace_recorded_facts(tmp_path: Path, tiny_dataset: Dataset):
    dataset = dataclasses.replace(tiny_dataset, about={"schema_version": "9"})
    with pytest.raises(DataError, match="about cannot have a field 'schema_version'"):
        save_dataset(dataset, tmp_path / "made")
    assert list(tmp_path.iterdir()) == []


def test_the_fingerprint_changes_with_any_item_or_order(tiny_dataset: Dataset):
    seen = {tiny_dataset.fingerprint}

    def differs(**changes: object) -> None:
        fingerprint = dataclasses.replace(tiny_dataset, **changes).fingerprint
        assert re.fullmatch("[0-9a-f]{16}", fingerprint)
        assert fingerprint not in seen
        seen.add(fingerprint)

    flat = tiny_dataset.flat_items
    for place in range(len(flat)):
        items = flat.copy()
        items[place] = flat[place] % tiny_dataset.n_items + 1
        differs(flat_items=items)
        if place and flat[place] != flat[place - 1]:
            items = flat.copy()
            items[[place - 1, place]] = flat[[place, place - 1]]
            differs(flat_items=items)
    for border in range(1, tiny_dataset.n_users):
        offsets = tiny_dataset.offsets.copy()
        offsets[border] += 1
        differs(offsets=offsets)
    differs(items=tiny_dataset.items.assign(item_id=tiny_dataset.item_ids[::-1]))
    differs(user_ids=[*tiny_dataset.user_ids[1:], tiny_dataset.user_ids[0]])


def test_the_fingerprint_covers_only_items_and_sequences(tiny_dataset: Dataset):
    other = dataclasses.replace(
        tiny_dataset,
        name="other",
        about={},
        flat_timestamps=None,
        items=tiny_dataset.items.assign(title="Film"),
    )
    assert other.fingerprint == tiny_dataset.fingerprint


def edited(name: str, **columns: Callable[[pd.DataFrame], object]) -> Callable[[Path], None]:
    """Rewrite columns of a parquet file in a directory."""

    def edit(directory: Path) -> None:
        frame = pd.read_parquet(directory / name)
        frame.assign(**columns).to_parquet(directory / name)

    return edit


def truncated(name: str) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        content = (directory / name).read_bytes()
        (directory / name).write_bytes(content[: len(content) // 2])

    return edit


def about(**values: object) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        path = directory / "dataset.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return edit


def without(name: str, column: str) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        pd.read_parquet(directory / name).drop(columns=column).to_parquet(directory / name)

    return edit


def first_row(column: str, value: object) -> dict[str, Callable[[pd.DataFrame], object]]:
    return {column: lambda frame: [value, *frame[column].tolist()[1:]]}


ITEMS, SEQUENCES = "items.parquet", "sequences.parquet"
DAMAGE = {
    **{f"no-{name}": (lambda d, n=name: (d / n).unlink(), f"lacks {name}") for name in FILES},
    "truncated-json": (truncated("dataset.json"), "dataset.json is not readable JSON"),
    "truncated-items": (truncated(ITEMS), "items.parquet is not readable parquet"),
    "truncated-sequences": (truncated(SEQUENCES), "sequences.parquet is not readable parquet"),
    "other-schema": (about(schema_version=2), "dataset.json: schema_version must be 1; received 2"),
    "no-schema": (about(schema_version=None), "schema_version must be 1; received None"),
    "true-schema": (about(schema_version=True), "schema_version must be 1; received True"),
    "counts-as-text": (about(counts={"users": "6"}), "counts: missing field 'items', 'interac"),
    "name-not-text": (about(name=5), "dataset.json: name must be text; received 5"),
    "other-fingerprint": (about(fingerprint="0" * 16), "dataset.json says '0000000000000000'"),
    "other-item-ids": (
        edited(ITEMS, item_id=lambda frame: frame["item_id"].tolist()[::-1]),
        "the files have fingerprint .* they were not written together",
    ),
    "other-sequence": (
        edited(SEQUENCES, items=lambda frame: [list(items)[::-1] for items in frame["items"]]),
        "the files have fingerprint .* they were not written together",
    ),
    "no-title-column": (without(ITEMS, "title"), "missing column title; it has item, item_id"),
    "no-items-column": (without(SEQUENCES, "items"), "missing column items; it has user_id"),
    "empty-title": (edited(ITEMS, **first_row("title", None)), "row 1: 'title' is empty"),
    "items-not-counted": (
        edited(ITEMS, item=lambda frame: frame["item"] - 1),
        "column 'item' must count 1 to 11",
    ),
    "item-beyond-catalogue": (
        edited(SEQUENCES, **first_row("items", [1, 2, 12])),
        "items run from 1 to 12; the catalogue has items 1 to 11",
    ),
    "item-beyond-32-bits": (
        edited(SEQUENCES, **first_row("items", [1, 2, 2**32 + 1])),
        "items run from 1 to 4294967297; the catalogue has items 1 to 11",
    ),
    "padding-as-item": (
        edited(SEQUENCES, **first_row("items", [0, 1, 2])),
        "items run from 0 to 11; the catalogue has items 1 to 11",
    ),
    "sequence-missing": (edited(SEQUENCES, **first_row("items", None)), "row 1: 'items' is empty"),
    "item-missing": (
        edited(SEQUENCES, **first_row("items", [1, None, 3])),
        "column 'items' must hold lists of whole numbers; its type is list<element: int64>",
    ),
    "sequences-of-text": (
        edited(SEQUENCES, items=lambda frame: [["a"]] * len(frame)),
        "column 'items' must hold lists of whole numbers; its type is list<element: string>",
    ),
    "no-sequences-at-all": (
        edited(SEQUENCES, items=1),
        "column 'items' must hold lists of whole numbers; its type is int64",
    ),
    "timestamps-too-few": (
        edited(SEQUENCES, **first_row("timestamps", [1])),
        "'timestamps' and 'items' differ in length",
    ),
    "timestamps-missing": (
        edited(SEQUENCES, **first_row("timestamps", None)),
        "column 'timestamps' must hold lists of whole numbers",
    ),
}


@pytest.mark.parametrize("damage, message", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_directory_is_refused(tiny_directory: Path, damage, message: str):
    load_dataset(tiny_directory)
    damage(tiny_directory)
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(tiny_directory)
    assert str(tiny_directory) in str(caught.value)


def test_users_are_found_by_id(tiny_dataset: Dataset):
    for index, user in enumerate(tiny_dataset.user_ids):
        assert tiny_dataset.user_index(user) == index
    message = "unknown user 'nobody' in tiny; it has 12 users, from '1000' to '1011'"
    with pytest.raises(DataError, match=message):
        tiny_dataset.user_index("nobody")


def test_the_summary_counts(tiny_dataset: Dataset):
    lengths = [len(tiny_dataset.sequence(user)) for user in range(tiny_dataset.n_users)]
    assert tiny_dataset.lengths().tolist() == lengths
    assert tiny_dataset.summary().to_dict() == {
        "users": 12,
        "items": 11,
        "interactions": sum(lengths),
        "density": pytest.approx(sum(lengths) / 12 / 11),
        "shortest sequence": min(lengths),
        "median sequence": float(np.median(lengths)),
        "mean sequence": pytest.approx(sum(lengths) / 12),
        "longest sequence": max(lengths),
    }


def test_counts_are_written_with_a_separator_and_their_number():
    counts = [counted(number, "item") for number in (0, 1, 2, 3496)]
    assert counts == ["0 items", "1 item", "2 items", "3,496 items"]
    data = make_dataset()
    assert repr(data).startswith(f"Dataset('tiny': 12 users, 11 items, {data.n_interactions} inter")


def test_items_that_are_only_held_out_are_untrained():
    for seed in range(20):
        dataset = make_dataset(n_users=3, n_items=40, seed=seed)
        trained = {int(item) for user in range(3) for item in dataset.sequence(user)[:-2]}
        assert dataset.untrained == set(range(1, 41)) - trained


def test_unknown_entries_are_those_that_name_nothing(tiny_dataset: Dataset):
    entries = ["103", "Film A (1991)", "film b (1992)", "no", 101, 999, ""]
    assert tiny_dataset.unknown(entries) == ["no", 999, ""]
    assert tiny_dataset.unknown([]) == []
