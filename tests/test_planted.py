"""The planted dataset: its causes decide, nothing else does, and a seed is a dataset."""

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from awrsr.batching import history_and_target
from awrsr.dataset import Dataset, load_dataset
from awrsr.errors import ConfigError, DataError
from awrsr.planted import CAUSES_FILE, SORTS, load_causes, plant, save_planted

USERS = 400


@pytest.fixture(scope="module")
def planted() -> tuple[Dataset, pd.DataFrame]:
    return plant(USERS, seed=3)


def read(dataset: Dataset, item: int) -> tuple[str, ...]:
    return tuple(dataset.item_ids[item - 1].split("-"))


def due(dataset: Dataset, history: list[int]) -> set[str]:
    """Reference: what the titles' rules say opens next, from the history alone."""
    seen = {read(dataset, item) for item in history}
    doors = {f"door-{word[1]}" for word in seen if word[0] == "key"}
    vaults = {
        f"vault-{left[1]}-{left[2]}-{right[2]}"
        for left in seen
        for right in seen
        if left[0] == "left" and right[0] == "right" and left[1] == right[1]
    }
    return (doors | vaults) - {"-".join(word) for word in seen}


def test_the_same_seed_gives_the_same_dataset(planted):
    again, causes = plant(USERS, seed=3)
    assert again.fingerprint == planted[0].fingerprint
    pd.testing.assert_frame_equal(causes, planted[1])
    assert plant(USERS, seed=4)[0].fingerprint != again.fingerprint


def test_it_is_of_the_size_that_is_promised(planted):
    dataset, _ = planted
    assert 60 <= dataset.n_items <= 200
    assert 8 <= dataset.lengths().min() and dataset.lengths().max() <= 20
    titles = dataset.items["title"]
    assert titles.is_unique and dataset.items["item_id"].is_unique
    assert dataset.encode(titles.tolist()) == list(range(1, dataset.n_items + 1))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_recorded_causes_are_what_decides(planted, split):
    """With them the target is due, without any one of them it is not."""
    dataset, causes = planted
    of_split = causes[causes["split"] == split]
    assert of_split["user_id"].tolist() == dataset.user_ids
    for user, row in enumerate(of_split.itertuples()):
        history, target = history_and_target(dataset, user, split)
        history = history.tolist()
        assert row.target == target and row.target_place == len(history)
        wanted = dataset.item_ids[target - 1]
        assert wanted in due(dataset, history)
        assert target not in history
        assert len(row.cause_places) == 1 + SORTS.index(row.sort)
        for place in row.cause_places:
            assert wanted not in due(dataset, history[:place] + history[place + 1 :])
        alone = [history[place] for place in row.cause_places]
        assert due(dataset, alone) == {wanted}


def test_the_test_item_is_the_only_one_due_but_for_wrong_openings(planted):
    dataset, causes = planted
    counts = {split: Counter() for split in ("validation", "test")}
    for user in range(dataset.n_users):
        for split, counter in counts.items():
            history, _ = history_and_target(dataset, user, split)
            counter[len(due(dataset, history.tolist()))] += 1
    assert set(counts["test"]) <= {1, 2, 3} and counts["test"][1] >= 0.85 * USERS
    assert counts["validation"][2] >= 0.85 * USERS and not counts["validation"][1]
    of_test = causes.loc[causes["split"] == "test", "sort"].value_counts()
    assert of_test.tolist() == [USERS // 2, USERS // 2]


def test_neither_half_alone_tells_which_vault(planted):
    """Of the held-out vaults that bear a half, no single one holds most."""
    dataset, causes = planted
    opened = Counter(
        read(dataset, target) for target in causes.loc[causes["sort"] == SORTS[1], "target"]
    )
    for side in (2, 3):
        halves = {(vault[1], vault[side]) for vault in opened}
        for half in halves:
            of_half = [n for vault, n in opened.items() if (vault[1], vault[side]) == half]
            assert max(of_half) < 0.9 * sum(of_half)


def test_training_parts_end_with_openings_too(planted):
    """Else a model would learn that its newest slot never predicts one."""
    dataset, _ = planted
    last = [read(dataset, dataset.sequence(user)[-3])[0] for user in range(dataset.n_users)]
    assert 0.4 < np.mean([word in ("door", "vault") for word in last]) < 0.9


def test_the_bell_is_the_only_item_that_repeats(planted):
    dataset, _ = planted
    for user in range(dataset.n_users):
        counts = Counter(read(dataset, item)[0] for item in dataset.sequence(user).tolist())
        assert counts["bell"] == 2
        items = [item for item in dataset.sequence(user) if read(dataset, item)[0] != "bell"]
        assert len(set(items)) == len(items)


def test_causes_survive_the_directory(planted, tmp_path: Path):
    dataset, causes = planted
    save_planted(dataset, causes, tmp_path / "planted")
    loaded = load_dataset(tmp_path / "planted")
    assert loaded.fingerprint == dataset.fingerprint
    for split in ("validation", "test"):
        pd.testing.assert_frame_equal(
            load_causes(loaded, split),
            causes[causes["split"] == split].reset_index(drop=True),
            check_dtype=False,
        )
    with pytest.raises(DataError, match="not empty"):
        save_planted(dataset, causes, tmp_path / "planted")


def test_a_dataset_without_causes_has_none(tiny_dataset):
    assert load_causes(tiny_dataset, "test") is None


@pytest.mark.parametrize("damage", ["other", "garbage", "column", "place"])
def test_causes_of_something_else_are_refused(planted, tmp_path: Path, damage: str):
    dataset, causes = planted
    save_planted(dataset, causes, tmp_path / "planted")
    file = tmp_path / "planted" / CAUSES_FILE
    if damage == "other":
        plant(USERS, seed=4)[1].to_parquet(file)
    elif damage == "garbage":
        file.write_bytes(b"PAR1")
    elif damage == "column":
        causes.drop(columns="sort").to_parquet(file)
    else:
        causes.assign(cause_places=[[99]] * len(causes)).to_parquet(file)
    with pytest.raises(DataError, match=r"causes\.parquet (does not belong|is not a readable)"):
        load_causes(load_dataset(tmp_path / "planted"), "test")


def test_causes_are_looked_for_beside_the_dataset(planted):
    dataset = dataclasses.replace(planted[0], directory=None)
    assert load_causes(dataset, "test") is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"n_users": 1}, "users must be 2 or more; received 1"), ({"seed": -1}, "seed must be")],
)
def test_what_cannot_be_planted_is_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        plant(**{"n_users": 10, **settings})


# --- what is shipped ------------------------------------------------------------------------------

SHIPPED = ROOT / "assets" / "planted"
MODELS = sorted(path.parent.name for path in SHIPPED.glob("models/*/metrics.json"))


@pytest.fixture(scope="module")
def shipped() -> Dataset:
    return load_dataset(SHIPPED)


def test_the_shipped_dataset_is_what_the_verb_makes(shipped):
    asked = shipped.about["planted"]
    dataset, causes = plant(asked["users"], seed=asked["seed"])
    assert shipped.fingerprint == dataset.fingerprint
    assert shipped.items["title"].tolist() == dataset.items["title"].tolist()
    for split in ("validation", "test"):
        expected = causes[causes["split"] == split].reset_index(drop=True)
        pd.testing.assert_frame_equal(load_causes(shipped, split), expected, check_dtype=False)


@pytest.mark.parametrize("name", MODELS)
def test_the_readme_says_how_often_a_shipped_model_is_right(shipped, name):
    ranks = pd.read_parquet(SHIPPED / "models" / name / "ranks.parquet")
    causes = load_causes(shipped, "test")
    stored = ranks[ranks["split"] == "test"].merge(causes, on=["user_id", "target"])
    assert len(stored) == shipped.n_users
    right = stored["rank"] == 1
    hits = right.groupby(stored["sort"]).mean()
    row = " | ".join(f"{cell:.3f}" for cell in (right.mean(), hits["binding"], hits["occasion"]))
    assert f"| `{name}` | {row} |" in (SHIPPED / "README.md").read_text()
