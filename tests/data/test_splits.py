"""Splits: laws of the split by time against loops, refusals, files; leave one out is unchanged."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from raw_files import GOOD, random_rows, table
from reader_sources import SOURCES, START, UNTIMED

from awrsr.data.batching import (
    history_and_target,
    known_history,
    training_items,
    training_popularity,
    users_with_target,
)
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.data.prepare import prepare
from awrsr.data.splits import left_out_words, time_split
from awrsr.data.windows import training_windows
from awrsr.errors import ConfigError, DataError

RULES = ("time:0.5", "time:0.7", "time:0.9")


def made(folder: Path, seed: int, rule: str = "time:0.7") -> Dataset:
    """Forty users whose histories lie at different places of the whole time."""
    folder.mkdir(exist_ok=True)
    rows = random_rows(seed, n_users=40)
    shifted = [(user, item, when + 60 * int(user)) for user, item, when in rows]
    return prepare(**table(folder, shifted), split=rule)


def by_loops(dataset: Dataset) -> dict[str, dict[str, tuple[list[int], int]]]:
    """Of each part, the history and target of every user that has one, found item by item."""
    split = dataset.time_split
    found: dict[str, dict[str, tuple[list[int], int]]] = {"validation": {}, "test": {}}
    for user, user_id in enumerate(dataset.user_ids):
        start, end = dataset.offsets[user : user + 2]
        events = list(
            zip(dataset.flat_timestamps[start:end], dataset.flat_items[start:end], strict=True)
        )
        for part, begin, stop in (
            ("validation", split.validation_from, split.test_from),
            ("test", split.test_from, np.inf),
        ):
            before = [int(item) for when, item in events if when < begin]
            inside = [int(item) for when, item in events if begin <= when < stop]
            if before and inside:
                found[part][user_id] = (before, inside[0])
    return found


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(3))
def test_histories_and_targets_are_those_of_a_loop(tmp_path: Path, seed: int, rule: str):
    dataset = made(tmp_path, seed, rule)
    expected = by_loops(dataset)
    for part in ("validation", "test"):
        assert expected[part]
        has = dataset.has_target(part)
        assert {u for u, one in zip(dataset.user_ids, has, strict=True) if one} == set(
            expected[part]
        )
        for user in np.flatnonzero(has):
            history, target = history_and_target(dataset, int(user), part)
            assert (history.tolist(), target) == expected[part][dataset.user_ids[user]]
            assert dataset.targets(part)[user] == target
        assert not dataset.targets(part)[~has].any()
        seen = [target in history for history, target in expected[part].values()]
        assert dataset.target_seen(part)[has].tolist() == seen
        assert dataset.seen_share(part) == np.mean(seen)


@pytest.mark.parametrize("rule", RULES)
def test_nothing_after_the_cut_is_trained_on(tmp_path: Path, rule: str):
    dataset = made(tmp_path, 1, rule)
    split = dataset.time_split
    assert split.validation_from < split.test_from
    whole = dict.fromkeys(range(1, dataset.n_items + 1), 0)
    for user in range(dataset.n_users):
        start = dataset.offsets[user]
        part = training_items(dataset, user)
        times = dataset.flat_timestamps[start : dataset.offsets[user + 1]]
        assert (times[: len(part)] < split.validation_from).all()
        assert (times[len(part) :] >= split.validation_from).all()
        for item in part.tolist():
            whole[item] += 1
        for name, begin in (("validation", split.validation_from), ("test", split.test_from)):
            place = dataset.parts.targets[name][user]
            if place >= 0:
                assert times[place] >= begin > times[place - 1]
    assert training_popularity(dataset).tolist() == list(whole.values())
    assert dataset.untrained == {item for item, count in whole.items() if not count}
    windows = training_windows(dataset, 3, np.random.default_rng(0))
    ends = dataset.offsets[:-1] + [len(training_items(dataset, u)) for u in range(dataset.n_users)]
    assert (windows.starts >= dataset.offsets[windows.users]).all()
    assert (windows.starts + windows.lengths <= ends[windows.users]).all()


@pytest.mark.parametrize("rule", RULES)
def test_the_share_before_the_test(tmp_path: Path, rule: str):
    dataset = made(tmp_path, 2, rule)
    share, times, split = float(rule[5:]), dataset.flat_timestamps, dataset.time_split
    repeats = np.unique(times, return_counts=True)[1].max()
    n_before = (times < split.test_from).sum()
    assert share * len(times) - repeats <= n_before <= share * len(times) + 1
    n_training = (times < split.validation_from).sum()
    assert share * n_before - repeats <= n_training <= share * n_before + 1


def test_users_are_counted(tmp_path: Path):
    # a: before and after; b: before only; c: after only; d: in validation and test only.
    times = {"a": (0, 5, 7, 9), "b": (1, 2, 3, 6), "c": (8, 8, 9, 9), "d": (5, 6, 8, 9)}
    rows = [
        (user, f"i{n}", when) for user, all_of in times.items() for n, when in enumerate(all_of)
    ]
    dataset = dataclasses.replace(
        prepare(**table(tmp_path, rows)),
        time_split=time_split("time:0.6", np.arange(10)).replace(validation_from=5, test_from=7),
    )
    assert dataset.user_ids == ["a", "b", "c", "d"]
    assert dataset.has_target("test").tolist() == [True, False, False, True]
    assert dataset.has_target("validation").tolist() == [True, True, False, False]
    assert dataset.parts.training.tolist() == [1, 3, 0, 0]
    assert left_out_words(dataset.parts, "test") == (
        "2 users left out: 1 without an item in this part, 1 without an item before it"
    )
    assert left_out_words(dataset.parts, "validation") == (
        "2 users left out: 1 without an item in this part, 1 without an item before it"
    )
    assert users_with_target(dataset, None).tolist() == [0, 3]
    with pytest.raises(ConfigError, match="user 'b' of made has no test item"):
        users_with_target(dataset, [0, 1])
    with pytest.raises(DataError, match="user 'c' of made has no test item"):
        history_and_target(dataset, 2, "test")
    everything, nothing = known_history(dataset, 1)
    assert nothing is None and everything.tolist() == dataset.sequence(1).tolist()


def test_interactions_of_one_second_stay_together(tmp_path: Path):
    rows = [(user, f"i{n}", n // 4) for n in range(12) for user in "ab"]
    dataset = prepare(**table(tmp_path, rows), split="time:0.7")
    assert dataset.time_split.test_from == 2
    assert dataset.parts.targets["test"].tolist() == [8, 8]


def test_a_date_is_in_utc(tmp_path: Path):
    day = 86_400
    rows = [(user, f"i{n}", n * day) for n in range(10) for user in "ab"]
    for rule in ("time:1970-01-06", "time:1970-01-06T00:00:00", "time:1970-01-06T01:00:00+01:00"):
        split = prepare(**table(tmp_path, rows), split=rule).time_split
        assert split.test_from == 5 * day
        assert split.validation_from == 2 * day  # half of the half; a second is not divided


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("time:1", r"split 'time:1': the share .* above 0 and below 1"),
        ("time:0", "above 0 and below 1"),
        ("time:-0.5", "above 0 and below 1"),
        ("time:nan", "above 0 and below 1"),
        ("time:2015", "above 0 and below 1; a date is written time:2015-06-01"),
        ("time:", "there is no split 'time:'; accepted: leave_one_out, a share"),
        ("time:june", "there is no split 'time:june'"),
        ("0.9", "there is no split '0.9'"),
        ("last", "there is no split 'last'"),
        (
            "time:2015-06-01",
            "outside the interactions, which are from 1970-01-01 00:00:00 UTC to "
            "1970-01-01 00:00:02 UTC",
        ),
        ("time:1970-01-01", "outside the interactions"),
        ("time:0.1", "leaves no interaction before validation"),
    ],
)
def test_refused_rules(tmp_path: Path, rule: str, message: str):
    with pytest.raises(ConfigError, match=message):
        prepare(**table(tmp_path, GOOD), split=rule)


def test_a_part_without_targets_is_refused(tmp_path: Path):
    rows = [("a", f"i{n}", n) for n in range(5)] + [("b", f"i{n}", 5 + n) for n in range(5)]
    with pytest.raises(ConfigError, match="'time:0.5' has no test target: no user"):
        prepare(**table(tmp_path, rows), split="time:0.5")


@pytest.mark.parametrize("kind", SOURCES)
def test_every_format(tmp_path: Path, kind: str):
    """Formats with times can be split by time; the others are refused with the reason."""
    source, asked = SOURCES[kind](tmp_path), {"name": "made", "k_core": 1, "split": "time:0.8"}
    if kind in UNTIMED:
        with pytest.raises(ConfigError, match="has no timestamps: a split by time is impossible"):
            prepare(source, **asked)
        return
    dataset = prepare(source, **asked)
    assert dataset.time_split.test_from == START + 301  # the eleventh of twelve interactions
    assert dataset.time_split.validation_from == START + 202  # the ninth of the ten before
    assert sorted(dataset.parts.targets["test"].tolist()) == [-1, -1, 3]
    assert sorted(dataset.parts.targets["validation"].tolist()) == [-1, 2, 3]


def test_files_hold_the_split(tmp_path: Path):
    dataset = made(tmp_path, 0)
    save_dataset(dataset, tmp_path / "made")
    again = load_dataset(tmp_path / "made")
    assert again.time_split == dataset.time_split
    assert again.fingerprint == dataset.fingerprint
    assert again.catalogue.split == again.split_rule == "time:0.7"
    path = tmp_path / "made" / "dataset.json"
    about = json.loads(path.read_text())
    assert about["split"]["rule"] == "time:0.7"
    about["split"]["test_from"] -= 200
    path.write_text(json.dumps(about))
    with pytest.raises(DataError, match="they were not written together"):
        load_dataset(tmp_path / "made")


def test_times_that_do_not_ascend_are_refused(tmp_path: Path):
    dataset = made(tmp_path, 0)
    backwards = dataclasses.replace(dataset, flat_timestamps=dataset.flat_timestamps[::-1].copy())
    with pytest.raises(DataError, match="do not ascend"):
        _ = backwards.parts
    without = dataclasses.replace(dataset, flat_timestamps=None)
    with pytest.raises(DataError, match="no timestamps: a split by time is impossible"):
        _ = without.parts


def test_leave_one_out_is_the_last_two_items(tiny_dataset: Dataset):
    assert tiny_dataset.split_rule == "leave_one_out"
    assert "split" not in tiny_dataset.catalogue.to_json()
    for user in range(tiny_dataset.n_users):
        *training, validation, test = tiny_dataset.sequence(user).tolist()
        assert training_items(tiny_dataset, user).tolist() == training
        history, target = history_and_target(tiny_dataset, user, "validation")
        assert (history.tolist(), target) == (training, validation)
        history, target = history_and_target(tiny_dataset, user, "test")
        assert (history.tolist(), target) == ([*training, validation], test)
    assert left_out_words(tiny_dataset.parts, "test") == ""
