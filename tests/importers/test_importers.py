"""What importers recognise, ask for and refuse; the verb; a published model."""

import json
import shutil
from collections import Counter

import numpy as np
import other_code
import other_multihead
import pandas as pd
import pytest
import torch
from foreign_files import CASES, IDS, dataset, inter_file, recbole_file, state_file, with_ids
from helpers import SHARED_DATA, make_dataset

import awrsr
from awrsr.cli.main import main
from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.errors import CheckpointError, ConfigError, DataError
from awrsr.experiments.card import read_metrics
from awrsr.importers import read_model
from awrsr.importers.recbole_items import items_in_order

DATA = dataset()
ICLREC = SHARED_DATA / "checkpoints" / "ICLRec-Beauty-1.pt"
BEAUTY = SHARED_DATA / "s3rec" / "Beauty.txt"


def test_items_are_the_numbers_from_1_unless_their_ids_are_given(tmp_path):
    model = other_code.s3rec(1)
    state_file(model, tmp_path / "model.pt")
    numbered = make_dataset()
    numbered.items["item_id"] = [str(number) for number in range(1, numbered.n_items + 1)]
    read = read_model(tmp_path / "model.pt", numbered, heads=2).model
    scores = awrsr.trace(read, [3, 1, 4]).item_scores
    torch.testing.assert_close(scores, model.scores([3, 1, 4]), rtol=1e-4, atol=1e-4)
    with pytest.raises(DataError, match="'101'; the model's ids are like '1'. .* --items"):
        read_model(tmp_path / "model.pt", DATA, heads=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [("1\n2\n", "has 2 lines, the model has 11 items"), (None, "could not read .*ids.txt")],
)
def test_a_file_of_ids_that_does_not_fit_is_refused(tmp_path, text, said):
    state_file(other_code.s3rec(1), tmp_path / "model.pt")
    ids = tmp_path / "ids.txt"
    if text is not None:
        ids.write_text(text)
    with pytest.raises(DataError, match=said):
        read_model(tmp_path / "model.pt", DATA, heads=2, items=ids)


def test_heads_that_do_not_divide_the_width_are_refused(tmp_path):
    state_file(other_code.s3rec(1), tmp_path / "model.pt")
    for heads in (0, 3):
        with pytest.raises(ConfigError, match=f"heads must divide the width 8; received {heads}"):
            read_model(tmp_path / "model.pt", DATA, heads=heads)


def test_an_option_that_a_kind_of_file_lacks_is_refused(tmp_path):
    state_file(other_code.s3rec(1), tmp_path / "model.pt")
    said = "is of S3-Rec, .*, which takes no layout; it takes heads, items"
    with pytest.raises(ConfigError, match=said):
        read_model(tmp_path / "model.pt", DATA, layout="2020")


def test_a_file_of_unknown_code_is_refused_with_its_contents(tmp_path):
    torch.save({"encoder.weight": torch.ones(2)}, tmp_path / "model.pt")
    said = "is not of a known code base: its tensors are encoder.weight, .*s3rec: S3-Rec"
    with pytest.raises(CheckpointError, match=said):
        read_model(tmp_path / "model.pt", DATA)
    torch.save([1, 2], tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match="it has no tensor; known"):
        read_model(tmp_path / "model.pt", DATA)


def test_the_first_layout_of_pmixer_is_recognised_by_its_positions(tmp_path):
    first, later = tmp_path / "first.pt", tmp_path / "later.pt"
    state_file(other_multihead.pmixer(2, "2020"), first)
    state_file(other_multihead.pmixer(2, "2024"), later)
    with pytest.raises(ConfigError, match="'2025' begins its table .* it is of layout 2020"):
        read_model(first, DATA, heads=2, layout="2025", **with_ids(tmp_path))
    with pytest.raises(ConfigError, match="accepted: 2024, 2025, 2025_norm_first"):
        read_model(later, DATA, heads=2, layout="2020", **with_ids(tmp_path))


def test_heads_in_the_name_of_a_file_are_a_guess_with_a_note(tmp_path):
    path = tmp_path / "SASRec.epoch=601.lr=0.001.layer=2.head=2.hidden=8.maxlen=6.pth"
    state_file(other_multihead.pmixer(2, "2020"), path)
    read = read_model(path, DATA, **with_ids(tmp_path))
    assert read.notes == ["heads 2 is read from the name of the file, not from its content"]
    assert read.model.config.n_heads == 2


def random_rows(seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    count, uneven = 900, 30 * generator.random(900) ** 1.5
    return pd.DataFrame(
        {
            "user_id:token": generator.integers(0, 25, count).astype(str),
            "item_id:token": ("i" + pd.Series(uneven.astype(int).astype(str))),
            "rating:float": generator.integers(1, 6, count).astype(float),
            "timestamp:float": generator.permutation(count).astype(float),
        }
    )


def slow_order(rows: list[list], minimum: int, rated: float, *, once: bool) -> list[str]:
    """The order of items row by row: sorted, once per pair, rated, and often enough."""
    if once:
        kept, met = [], set()
        for row in sorted(rows, key=lambda row: row[3]):
            if (row[0], row[1]) not in met:
                kept.append(row)
            met.add((row[0], row[1]))
        rows = kept
    rows = [row for row in rows if row[2] >= rated]
    while True:
        users, items = Counter(row[0] for row in rows), Counter(row[1] for row in rows)
        left = [row for row in rows if users[row[0]] >= minimum and items[row[1]] >= minimum]
        if len(left) == len(rows):
            return list(dict.fromkeys(row[1] for row in rows))
        rows = left


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("once", "minimum"), [(False, 15), (True, 9)])
def test_recbole_numbers_items_by_first_appearance_after_its_filters(tmp_path, seed, once, minimum):
    rows, path = random_rows(seed), tmp_path / "data.inter"
    rows.to_csv(path, sep="\t", index=False)
    settings = {
        "load_col": {"inter": ["user_id", "item_id", "rating", "timestamp"]},
        "user_inter_num_interval": f"[{minimum},inf)",
        "item_inter_num_interval": f"[{minimum},inf)",
        "val_interval": {"rating": "[2,inf)"},
        "rm_dup_inter": "first" if once else None,
    }
    found = items_in_order(path, settings)
    expected = slow_order(rows.to_numpy().tolist(), minimum, 2.0, once=once)
    assert found.item_ids == expected and found.with_interactions == len(expected)
    assert 5 < len(expected) < 30


def test_described_items_without_interactions_come_last_and_are_left_out(tmp_path, monkeypatch):
    """They are in the model's table; a note names them."""
    model = other_code.recbole(4)
    settings = {"load_col": {"inter": ["user_id", "item_id"], "item": ["item_id"]}}
    recbole_file(model, tmp_path / "model.pth", monkeypatch, **settings)
    inter = inter_file(tmp_path / "data.inter", IDS[:10])
    inter.with_suffix(".item").write_text("item_id:token\n" + "\n".join(sorted(IDS)) + "\n")
    data = make_dataset(n_items=10)
    data.items["item_id"] = sorted(IDS[:10])
    read = read_model(tmp_path / "model.pth", data, interactions=inter)
    assert read.notes == ["1 item without interactions, which the source ranks too, left out"]
    theirs = model.scores([1, 2])[[IDS.index(item) for item in data.item_ids]]
    ours = awrsr.trace(read.model, [data.item_ids.index(IDS[n]) + 1 for n in (0, 1)]).item_scores
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"item_inter_num_interval": "[4,inf)"}, "after the filters that the file names"),
        ({"item_inter_num_interval": "five"}, "'five' is not an interval such as"),
        ({"benchmark_filename": ["train"]}, "prepared splits"),
        ({"ITEM_ID_FIELD": "movie"}, "lacks the column 'movie'; it has user_id, item_id"),
    ],
)
def test_interactions_that_are_not_those_of_the_model_are_refused(
    tmp_path, monkeypatch, settings, said
):
    recbole_file(other_code.recbole(4), tmp_path / "model.pth", monkeypatch, **settings)
    inter = inter_file(tmp_path / "data.inter", IDS)
    if "item_inter_num_interval" in settings:
        inter.write_text(inter.read_text() + "3\t101\t99.0\n")
    with pytest.raises(DataError, match=said):
        read_model(tmp_path / "model.pth", DATA, interactions=inter)


def test_settings_that_are_not_followed_are_refused(tmp_path, monkeypatch):
    recbole_file(other_code.recbole(4), tmp_path / "model.pth", monkeypatch, hidden_act="tanh")
    inter = inter_file(tmp_path / "data.inter", IDS)
    with pytest.raises(CheckpointError, match="hidden_act is 'tanh'; accepted: gelu, relu, swish"):
        read_model(tmp_path / "model.pth", DATA, interactions=inter)


def test_the_verb_writes_a_model_directory_that_says_its_source(tmp_path, monkeypatch, capsys):
    options = CASES["recbole"].write(tmp_path / "model.pth", monkeypatch)
    save_dataset(DATA, tmp_path / "data")
    words = ["import", str(tmp_path / "model.pth"), "--dataset", str(tmp_path / "data")]
    assert main([*words, "--device", "cpu"]) == 2
    assert "give --interactions" in capsys.readouterr().err
    assert not (tmp_path / "data" / "models").exists()

    words += ["--interactions", str(options["interactions"]), "--device", "cpu"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "recognised: RecBole SASRec; 2 layers, 2 heads, width 8, up to 6 items" in printed
    assert "checks: 9 of 9 passed" in printed and "popularity, test" in printed
    directory = tmp_path / "data" / "models" / "sasrec-none-recbole"
    recorded = read_metrics(directory)
    source = recorded.source
    assert source is not None and recorded.training is None
    assert (source.format, source.file, len(source.sha256)) == ("recbole", "model.pth", 64)
    assert source.options == {"interactions": str(options["interactions"])}
    assert source.test.protocol.candidates == "all 11 items, those in the history included"
    model = awrsr.load_model(directory, "cpu")
    loaded = load_dataset(tmp_path / "data")
    assert recorded.test.metrics == awrsr.evaluate(model, loaded).metrics
    expected = awrsr.evaluate(model, loaded, candidates="all").metrics
    assert source.test.metrics == expected
    text = (directory / "README.md").read_text(encoding="utf-8")
    assert source.sha256 in text and "the rule of the source" in text

    assert main(["evaluate", str(directory), "--output", str(directory), "--device", "cpu"]) == 0
    assert read_metrics(directory).source == source
    assert json.loads((directory / "config.json").read_text())["training"] is None
    capsys.readouterr()
    assert main(words) == 2  # a model exists already
    assert "already exists" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(
    not (ICLREC.is_file() and BEAUTY.is_file()),
    reason=f"needs {ICLREC} and {BEAUTY}, which may not be redistributed",
)
def test_the_published_model_of_iclrec_has_its_published_metrics(tmp_path, capsys):
    """The README of ICLRec gives HR@5 .0500, NDCG@5 .0326, HR@10 .0744, NDCG@10 .0403."""
    assert main(["prepare", str(BEAUTY), str(tmp_path / "beauty"), "--format", "s3rec"]) == 0
    shutil.copy(ICLREC, tmp_path / "model.pt")
    words = ["--dataset", str(tmp_path / "beauty"), "--heads", "2", "--device", "cpu"]
    assert main(["import", str(tmp_path / "model.pt"), *words]) == 0
    printed = capsys.readouterr().out
    assert "recognised: S3-Rec, ICLRec" in printed and "checks: 9 of 9 passed" in printed
    assert "warning" not in printed
    recorded = read_metrics(tmp_path / "beauty" / "models" / "sasrec-none-s3rec")
    assert recorded.source is not None
    published = {"HR@5": 0.0500, "NDCG@5": 0.0326, "HR@10": 0.0744, "NDCG@10": 0.0403}
    for name, value in published.items():
        assert round(recorded.test.metrics[name], 4) == value
        assert round(recorded.source.test.metrics[name], 4) == value


def test_a_model_below_popularity_gives_a_warning(tmp_path, capsys):
    """Random weights are not above popularity."""
    generator = np.random.default_rng(0)
    data = make_dataset(n_users=200, seed=2)
    popular = generator.permutation(data.n_items)[:3] + 1
    data.flat_items[generator.random(len(data.flat_items)) < 0.3] = popular[0]
    save_dataset(data, tmp_path / "data")
    state_file(other_code.s3rec(9), tmp_path / "model.pt")
    ids = with_ids(tmp_path)["items"]
    words = ["--dataset", str(tmp_path / "data"), "--heads", "2", "--items", str(ids)]
    assert main(["import", str(tmp_path / "model.pt"), *words, "--device", "cpu"]) == 0
    assert "warning: NDCG@10" in capsys.readouterr().out


def test_a_source_that_ranks_among_drawn_items_has_no_metrics_to_compare(tmp_path, capsys):
    save_dataset(DATA, tmp_path / "data")
    state_file(other_multihead.pmixer(2, "2020"), tmp_path / "model.pt")
    ids = with_ids(tmp_path)["items"]
    words = ["--dataset", str(tmp_path / "data"), "--heads", "2", "--items", str(ids)]
    assert main(["import", str(tmp_path / "model.pt"), *words, "--device", "cpu"]) == 0
    assert "the source ranks among a few drawn items" in capsys.readouterr().out
    directory = tmp_path / "data" / "models" / "sasrec-none-pmixer"
    source = read_metrics(directory).source
    assert source is not None and source.test is None
    assert "rule of the source" not in (directory / "README.md").read_text()
    assert main(["import", str(tmp_path / "model.pt"), *words, "--device", "cpu"]) == 2
    assert "already exists; remove it, or name another by --output" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_heads": object}, "heads must divide the width 8"),
        ({"layer_norm_eps": [1]}, "layer_norm_eps must be a number"),
        ({"rm_dup_inter": "none"}, "rm_dup_inter 'none'"),
        ({"val_interval": ["rating"]}, "val_interval"),
    ],
)
def test_settings_of_a_wrong_kind_are_one_sentence(tmp_path, monkeypatch, settings, said):
    recbole_file(other_code.recbole(4), tmp_path / "model.pth", monkeypatch, **settings)
    inter = inter_file(tmp_path / "data.inter", IDS)
    with pytest.raises(awrsr.AwrsrError, match=said):
        read_model(tmp_path / "model.pth", DATA, interactions=inter)
