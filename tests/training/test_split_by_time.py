"""A split by time in training, evaluation, scan and study: a slow reference, protocol, refusals."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import make_dataset, rank_of
from tiny_runs import MODEL, TRAINING

import awrsr
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import save_dataset
from awrsr.data.splits import time_split
from awrsr.errors import DataError
from awrsr.experiments.card import read_metrics, write_readme
from awrsr.experiments.recording import example_user
from awrsr.experiments.run import train_and_measure
from awrsr.models import build_model
from awrsr.ranking.evaluation import evaluate, evaluate_popularity
from awrsr.ranking.metrics import summarise
from awrsr.studies import read_scan, scan, stale, write_scan, write_study


def spread(**changes) -> Dataset:
    """Thirty users who begin one after the other; items 10 and 11 appear in the end only."""
    dataset = make_dataset(n_users=30, **changes)
    owner = np.repeat(np.arange(30), dataset.lengths())
    place = np.arange(dataset.n_interactions) - dataset.offsets[owner]
    times = 10 * owner + 20 * place
    late = times >= np.quantile(times, 0.85)
    items = np.where(late, dataset.flat_items, (dataset.flat_items - 1) % 9 + 1).astype(np.int32)
    return dataclasses.replace(
        dataset,
        flat_timestamps=times,
        flat_items=items,
        time_split=time_split("time:0.7", times),
    )


@pytest.fixture(scope="module", params=[False, True], ids=["new", "repeating"])
def by_time(request: pytest.FixtureRequest) -> Dataset:
    return spread(people_repeat=request.param)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset split by time with one trained and measured model."""
    folder = tmp_path_factory.mktemp("by-time") / "tiny"
    save_dataset(spread(), folder)
    dataset = awrsr.load_dataset(folder)
    path = folder / "models" / "sasrec-none"
    train_and_measure(dataset, path, MODEL, TRAINING, command="python -m awrsr train tiny")
    return folder


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("candidates", ["unseen", "all"])
def test_ranks_are_those_of_a_loop(by_time: Dataset, split: str, candidates: str):
    torch.manual_seed(0)
    model = build_model(MODEL, by_time.catalogue).double().eval()
    start = by_time.time_split.start(split)
    end = by_time.time_split.test_from if split == "validation" else np.inf
    users, ranks, never = [], [], 0
    trained = {
        int(item)
        for item, when in zip(by_time.flat_items, by_time.flat_timestamps, strict=True)
        if when < by_time.time_split.validation_from
    }
    for user in range(by_time.n_users):
        place = slice(*by_time.offsets[user : user + 2])
        events = list(zip(by_time.flat_items[place], by_time.flat_timestamps[place], strict=True))
        before = [int(item) for item, when in events if when < start]
        after = [int(item) for item, when in events if start <= when < end]
        if not before or not after or (candidates == "unseen" and after[0] in before):
            continue
        with torch.no_grad():
            state = model(torch.tensor([before[-MODEL.max_length :]]))[0, -1]
            item_scores = model.item_scores(state[None])[0]
        ranks.append(rank_of(item_scores, after[0], before if candidates == "unseen" else []))
        users.append(by_time.user_ids[user])
        never += after[0] not in trained
    found = evaluate(model, by_time, split, candidates=candidates)
    assert found.ranks["user_id"].tolist() == users
    assert found.ranks["rank"].tolist() == ranks
    assert found.metrics == summarise(ranks)
    assert found.protocol["users"] == len(users) > 0
    assert found.protocol["untrained"] == (
        f"{never} of {len(users)} targets are items never trained on, ranked like all others"
    )
    popular = evaluate_popularity(by_time, split, candidates=candidates)
    assert popular.ranks["user_id"].tolist() == users


def test_the_protocol_names_the_split(by_time: Dataset):
    model = build_model(MODEL, by_time.catalogue).eval()
    found = evaluate(model, by_time, "test").protocol
    assert found["split"].startswith("split by time (time:0.7), test: the first item from 1970-01-")
    assert "users left out: " in found["left_out"]
    assert " and before 1970-01-" in evaluate(model, by_time, "validation").protocol["split"]


def test_a_model_of_another_split_is_refused():
    by_time = spread()
    whole = dataclasses.replace(by_time, time_split=None)
    assert by_time.fingerprint != whole.fingerprint
    for dataset, other in ((by_time, whole), (whole, by_time)):
        with pytest.raises(
            DataError,
            match=f"trained under the split {dataset.split_rule}, the dataset has the split "
            f"{other.split_rule}",
        ):
            evaluate(build_model(MODEL, dataset.catalogue).eval(), other)


def test_items_after_the_cut_do_not_change_training(tmp_path: Path):
    """Validation and test items are exchanged for others; the weights stay the same."""
    first = spread()
    late = first.flat_timestamps >= first.time_split.test_from
    changed = np.where(late, 12 - first.flat_items, first.flat_items).astype(np.int32)
    weights = []
    for name, items in (("first", first.flat_items), ("second", changed)):
        dataset = dataclasses.replace(first, flat_items=items)
        awrsr.train(dataset, tmp_path / name, MODEL, TRAINING)
        weights.append(awrsr.load_model(tmp_path / name).state_dict())
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name


def test_files_of_a_model_name_the_split(saved: Path):
    path = saved / "models" / "sasrec-none"
    recorded = read_metrics(path)
    assert recorded.dataset.split == "time:0.7"
    assert json.loads((path / "config.json").read_text())["catalogue"]["split"] == "time:0.7"
    assert recorded.test.protocol.untrained and recorded.test.protocol.left_out
    write_readme(path)
    text = (path / "README.md").read_text()
    assert "Protocol: split by time (time:0.7), test: the first item from " in text
    assert "users left out" in text and "never trained on" in text


def test_a_scan_leaves_out_users_without_a_test_item(saved: Path, tmp_path: Path):
    dataset = awrsr.load_dataset(saved)
    path = saved / "models" / "sasrec-none"
    found = write_scan({"sasrec-none": path}, dataset, tmp_path / "scan")
    has = dataset.has_target("test")
    assert found.users["user_id"].tolist() == np.array(dataset.user_ids)[has].tolist()
    assert found.about["protocol"]["split"].startswith("split by time (time:0.7), test")
    assert "left out" in found.about["protocol"]["left_out"]
    read = read_scan(tmp_path / "scan")
    assert stale(read, dataclasses.replace(dataset, time_split=None), {})
    model = awrsr.load_model(path)
    ranks = evaluate(model, dataset, "test", candidates=dataset.default_candidates).ranks
    by_user = dict(zip(read.users["user_id"], read.users["rank"], strict=True))
    assert {user: by_user[user] for user in ranks["user_id"]} == dict(
        zip(ranks["user_id"], ranks["rank"], strict=True)
    )
    whole = scan({"sasrec-none": model}, dataset)
    assert len(whole.users) == has.sum()


def test_a_study_draws_from_users_with_a_target(saved: Path, tmp_path: Path):
    dataset = awrsr.load_dataset(saved)
    path = saved / "models" / "sasrec-none"
    study = write_study({"sasrec-none": path}, dataset, tmp_path / "study", sample=3)
    assert study.about["held_out"].startswith("split by time (time:0.7), test: the first item")
    able = (dataset.parts.targets["test"] >= 2) & dataset.counted("test")
    assert study.about["users"] == min(3, int(able.sum()))


def test_an_example_has_a_test_item():
    dataset = spread()
    assert dataset.has_target("test")[example_user(dataset)]


def test_verbs_say_the_split(saved: Path, tmp_path: Path, call):
    path = saved / "models" / "sasrec-none"
    code, out, _ = call(f"evaluate {path}")
    assert code == 0
    assert "protocol: split: split by time (time:0.7), test: the first item from 1970-01-" in out
    assert "targets are items never trained on, ranked like all others" in out
    rows = spread()
    csv = tmp_path / "raw.csv"
    owner = np.repeat(rows.user_ids, rows.lengths())
    lines = zip(owner, rows.flat_items, rows.flat_timestamps, strict=True)
    csv.write_text("user,item,timestamp\n" + "".join(f"{u},{i},{t}\n" for u, i, t in lines))
    code, out, _ = call(f"prepare {csv} {tmp_path / 'made'} --k_core 1 --split time:0.7")
    assert code == 0
    assert "test               split by time (time:0.7), test: the first item from" in out
    assert "users left out" in out and "interactions; " in out
    assert awrsr.load_dataset(tmp_path / "made").split_rule == "time:0.7"
