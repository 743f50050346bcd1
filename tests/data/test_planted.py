"""The planted dataset: only the causes determine the target, and a seed identifies a dataset."""

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT

from awrsr.data.batching import history_and_target
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.data.planted import CAUSES_FILE, SORTS, load_causes, plant, save_planted
from awrsr.errors import ConfigError, DataError
from awrsr.training.checkpoint import read_config

USERS = 400


@pytest.fixture(scope="module")
def planted() -> tuple[Dataset, pd.DataFrame]:
    return plant(USERS, seed=3)


def due(dataset: Dataset, history: list[int]) -> str | None:
    """Reference: the id of the next item by the rules, from the ids of the history alone."""
    ids = [dataset.item_ids[item - 1] for item in history]
    newest, before = ids[-1], ids[:-1]
    word = newest.split("-")
    if word[0] == "return":
        market = f"market-{word[1]}"
        if market not in before:
            return None
        for found in before[before.index(market) + 1 :]:
            kind, _, thing = found.partition("-")
            if kind in ("market", "return"):
                return None
            if kind == "treasure":
                return f"claim-{thing}"
        return None
    if len(word) == 1 and newest in before:  # a person met again
        last = len(before) - 1 - before[::-1].index(newest)
        return ids[last + 1]
    return None


def kind(dataset: Dataset, item: int) -> str:
    return str(dataset.items["kind"].iloc[item - 1])


def test_the_same_seed_gives_the_same_dataset(planted):
    again, causes = plant(USERS, seed=3)
    assert again.fingerprint == planted[0].fingerprint
    pd.testing.assert_frame_equal(causes, planted[1])
    assert plant(USERS, seed=4)[0].fingerprint != again.fingerprint


def test_it_has_the_promised_size(planted):
    dataset, _ = planted
    assert 60 <= dataset.n_items <= 200
    assert dataset.lengths().min() >= 8 and dataset.lengths().max() <= 20
    titles = dataset.items["title"]
    assert titles.is_unique and dataset.items["item_id"].is_unique
    assert dataset.encode(titles.tolist()) == list(range(1, dataset.n_items + 1))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_recorded_causes_determine_the_target(planted, split):
    """They are sufficient for the target, and each of them is necessary."""
    dataset, causes = planted
    of_split = causes[causes["split"] == split]
    assert of_split["user_id"].tolist() == dataset.user_ids
    for user, row in enumerate(of_split.itertuples()):
        history, target = history_and_target(dataset, user, split)
        history = history.tolist()
        assert row.target == target and row.target_place == len(history)
        wanted, places = dataset.item_ids[target - 1], row.cause_places
        if row.sort == "open":
            assert places == [] and due(dataset, history) is None
            continue
        assert due(dataset, history) == wanted
        assert len(places) == 3 and places == sorted(set(places))
        assert len(history) - 1 in places  # the newest item is always a cause
        for place in places:
            assert due(dataset, history[:place] + history[place + 1 :]) != wanted
        assert due(dataset, [history[place] for place in places]) == wanted


def test_the_two_rules_have_half_of_the_users_each_and_few_are_open(planted):
    _, causes = planted
    counts = {
        split: Counter(of_split["sort"]) for split, of_split in causes.groupby("split", sort=True)
    }
    half = USERS // 2
    assert counts["test"]["binding"] == counts["validation"]["binding"] == half
    assert 0.02 * USERS < counts["test"]["open"] < 0.09 * USERS
    # users with items after the last claim have it at validation, the others do not
    assert counts["validation"]["occasion"] == counts["test"]["open"]
    assert set(counts["test"]) == set(SORTS)


def test_training_parts_end_with_a_determined_item(planted):
    """Otherwise a model trained only on the newest item of each part would not see the rules."""
    dataset, _ = planted
    ends = [dataset.sequence(user)[:-2].tolist() for user in range(dataset.n_users)]
    decided = [due(dataset, end[:-1]) == dataset.item_ids[end[-1] - 1] for end in ends]
    assert 0.9 < np.mean(decided) < 1


def test_the_place_of_a_treasure_does_not_reveal_it(planted):
    """It is found at once or after other items; any of the seen markets may be visited again."""
    dataset, causes = planted
    occasion = causes[(causes["split"] == "test") & (causes["sort"] == "occasion")]
    after_market, stretches = Counter(), Counter()
    for row in occasion.itertuples():
        items = dataset.sequence(dataset.user_index(row.user_id)).tolist()
        market, treasure, newest = row.cause_places
        after_market[treasure - market] += 1
        stretches[sum(kind(dataset, item) == "market" for item in items[market + 1 : newest])] += 1
    assert set(after_market) == {1, 2} and min(after_market.values()) > 0.15 * len(occasion)
    assert set(stretches) >= {0, 1, 2, 3} and max(stretches.values()) < 0.5 * len(occasion)


def bag_rank(dataset: Dataset, bag: Counter, target: int, random: np.random.Generator) -> int:
    """Rank of the target from the items and their counts, without their order: first the items that
    may follow, which are people met once and claims of treasures not yet claimed."""
    ids = {dataset.item_ids[item - 1]: count for item, count in bag.items()}
    likely = {name for name, count in ids.items() if "-" not in name and count == 1}
    likely |= {
        claim
        for name in ids
        if name.startswith("treasure-")
        and (claim := name.replace("treasure-", "claim-", 1)) not in ids
    }
    scores = np.array([name in likely for name in dataset.item_ids]) + random.random(
        dataset.n_items
    )
    return int((scores >= scores[target - 1]).sum())


def test_a_bag_of_items_does_not_reveal_the_target(planted):
    dataset, _ = planted
    random, ranks = np.random.default_rng(0), []
    for user in range(dataset.n_users):
        history, target = history_and_target(dataset, user, "test")
        ranks.append(bag_rank(dataset, Counter(history.tolist()), target, random))
    hits = np.mean(np.array(ranks) == 1)
    assert 1 / 10 < hits < 1 / 3  # better than chance, 1 in 102


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


@pytest.mark.parametrize("damage", ["other", "garbage", "column", "place", "open"])
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
    elif damage == "place":
        causes.assign(cause_places=[[99]] * len(causes)).to_parquet(file)
    else:
        causes.assign(sort="open").to_parquet(file)
    with pytest.raises(DataError, match=r"causes\.parquet (does not belong|is not a readable)"):
        load_causes(load_dataset(tmp_path / "planted"), "test")


def test_causes_are_read_from_the_directory_of_the_dataset(planted):
    dataset = dataclasses.replace(planted[0], directory=None)
    assert load_causes(dataset, "test") is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"n_users": 1}, "users must be 2 or more; received 1"), ({"seed": -1}, "seed must be")],
)
def test_what_cannot_be_planted_is_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        plant(**{"n_users": 10, **settings})


# --- the shipped dataset --------------------------------------------------------------------------

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


@pytest.mark.parametrize("name", MODELS)
def test_one_layer_of_first_order_does_not_solve_it(shipped, name):
    """Nor does a model without attention; additive refinement mostly does."""
    ranks = pd.read_parquet(SHIPPED / "models" / name / "ranks.parquet").query("split == 'test'")
    sorts = ranks.merge(load_causes(shipped, "test"), on="user_id")
    hits = (sorts["rank"] == 1).groupby(sorts["sort"]).mean()
    assert hits["open"] < 0.2
    config, _, _ = read_config(SHIPPED / "models" / name)
    if config.n_layers == 1 and config.refinement in ("none", "uniform", "identity"):
        assert (hits[["binding", "occasion"]] < 0.5).all()
    elif config.refinement == "additive" or config.n_layers > 1:
        assert (hits[["binding", "occasion"]] > 0.6).all()
