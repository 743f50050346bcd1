"""The verbs recommend and trace on the tiny model, and what they refuse."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_lines import HISTORY, ITEMS, TRAIN, check_refused, model_and_dataset, snapshot

import awrsr
from awrsr.data.dataset_files import save_dataset

LIST = """a JSON list of texts or whole numbers, such as '["first title", 103]'"""
HISTORY_EXPECTED = f"items must be {LIST}; received "
REFUSED = {
    "items-of-another-kind": (
        """recommend MODEL '["101", 2.5]'""",
        HISTORY_EXPECTED + "2.5 in it.",
    ),
    "one-file-for-two": (
        """trace MODEL '["101"]' --output OUT --html OUT""",
        "--output and --html both name ",
    ),
    "unknown-title": (
        """recommend MODEL '["Flim C"]'""",
        "unknown title or id 'Flim C' in tiny. Did you mean 'Film C (1993)'",
    ),
    "unknown-id": ("""recommend MODEL '["999"]'""", "unknown title or id '999' in tiny."),
    "unknown-title-is-skipped-only-if-asked": (
        """recommend MODEL '["Film A (1991)", "Flim C"]' --unknown refuse""",
        "unknown title or id 'Flim C' in tiny.",
    ),
    "nothing-known": (
        """recommend MODEL '["Flim C", 999]' --unknown skip""",
        "tiny has no item of the history: 'Flim C', '999'",
    ),
    "unknown-otherwise": (
        f"recommend MODEL {HISTORY} --unknown drop",
        "--unknown must be one of refuse, skip; received 'drop'.",
    ),
    "empty-history": ("recommend MODEL '[]'", "the history is empty; give one item or more"),
    "empty-history-to-trace": ("trace MODEL '[]'", "the history is empty; give one item or more"),
    "history-not-a-list": (
        "recommend MODEL 'Film A (1991)'",
        HISTORY_EXPECTED + "'Film A (1991)'.",
    ),
    "history-of-two-words": ("recommend MODEL 'Title, 3'", HISTORY_EXPECTED + "'Title, 3'."),
    "history-cut-short": ("""recommend MODEL '["Film A"'""", HISTORY_EXPECTED + """'["Film A"'."""),
    "k-with-a-fraction": (
        f"recommend MODEL {HISTORY} --k 3.5",
        "--k must be a whole number; received '3.5'.",
    ),
    "k-beyond-the-catalogue": (
        f"recommend MODEL {HISTORY} --k 1000",
        "k is 1000, the catalogue of 'tiny' has 11 items",
    ),
    "k-zero": (
        f"recommend MODEL {HISTORY} --k 0",
        "k must be a whole number, 1 or more; received 0",
    ),
    "other-catalogue": (
        "recommend MODEL '[\"1\"]' --dataset EMBEDDED",
        "the model belongs to 'tiny' (11 items, fingerprint",
    ),
    "other-catalogue-to-trace": (
        "trace MODEL '[\"1\"]' --dataset EMBEDDED",
        "the model belongs to 'tiny' (11 items, fingerprint",
    ),
    "missing-model": (
        f"recommend TINY/models/no {HISTORY}",
        "no is not a model directory: no such",
    ),
    "foreign-model": (
        f"recommend PLACE/foreign {HISTORY} --dataset TINY",
        "config.json: schema_version is None; this version reads 1 and 2",
    ),
    "dataset-as-model": (
        f"recommend TINY {HISTORY} --dataset TINY",
        "is not a model directory: it lacks config.json, model.safetensors",
    ),
    "model-without-dataset": (
        f"recommend PLACE/foreign {HISTORY}",
        "is not in the models/ folder of a dataset directory; name the dataset with",
    ),
    "no-such-device": (f"recommend MODEL {HISTORY} --device gpu", "device 'gpu' is not available"),
    "maps-into-no-directory": (
        f"trace MODEL {HISTORY} --device cpu --output PLACE/no/maps.npz",
        "maps.npz: No such file or directory; nothing was changed",
    ),
    "maps-over-a-directory": (
        f"trace MODEL {HISTORY} --device cpu --output RAW",
        "Is a directory; nothing was changed",
    ),
}


def test_recommend_prints_the_ranked_catalogue(call, place: Path):
    code, out, err = call(f"recommend MODEL {HISTORY} --k 5 --device cpu")
    model, dataset = model_and_dataset(place)
    assert (code, err) == (0, "")
    expected = awrsr.recommend(model, ITEMS, 5, dataset=dataset)
    assert out == expected.to_string(index=False) + "\n"


def test_unknown_items_are_skipped_and_named_if_asked(call):
    known = call(f"recommend MODEL {HISTORY} --k 5 --device cpu")
    code, out, err = call(
        """recommend MODEL '["103", "Flim C", "Film A (1991)", "film d (1994)", 999]' --k 5 """
        "--device cpu --unknown skip"
    )
    assert (code, out) == known[:2]
    assert err == "note: skipped 2 of 5 items that tiny does not have: 'Flim C', '999'\n"
    assert call(f"recommend MODEL {HISTORY} --k 5 --device cpu --unknown skip") == known


def test_an_entry_that_could_be_two_items_is_refused_even_if_unknown_ones_are_skipped(
    call, place: Path, tmp_path: Path
):
    shutil.copytree(place / "tiny", tmp_path / "tiny")
    path = tmp_path / "tiny" / "items.parquet"
    pd.read_parquet(path).assign(title=["Same", "Same", *"CDEFGHIJK"]).to_parquet(path)
    model = tmp_path / "tiny" / "models" / "sasrec-additive"
    code, _, err = call(f'recommend {model} \'["Same", "No"]\' --device cpu --unknown skip')
    assert code == 2 and "'Same' names 2 items of tiny" in err


def test_items_that_are_never_trained_on_are_named(call, place: Path, tmp_path: Path):
    """A catalogue whose first and last item are only at the end of one sequence."""
    tiny = model_and_dataset(place)[1]
    sequences = [tiny.sequence(user).tolist() for user in range(tiny.n_users)]
    inner = [[item for item in each if item not in (1, 11)] for each in sequences]
    inner[0] += [1, 11]
    dataset = replace(
        tiny,
        offsets=np.concatenate([[0], np.cumsum([len(each) for each in inner])]),
        flat_items=np.concatenate(inner).astype(np.int32),
        flat_timestamps=None,
    )
    assert dataset.untrained == {1, 11} and tiny.untrained == frozenset()
    save_dataset(dataset, tmp_path / "cold")
    assert call(f"train {tmp_path / 'cold'} {TRAIN}")[0] == 0
    model = tmp_path / "cold" / "models" / "sasrec-additive"
    code, out, err = call(f'recommend {model} \'["101", "102"]\' --k 9 --device cpu')
    assert (code, err) == (0, "")
    table, line = out.splitlines()[1:-1], out.splitlines()[-1]
    rank = next(row.split()[0] for row in table if "Film K (2001)" in row)
    assert line == (
        "Never trained on, as no training sequence has them: 'Film A (1991)' (in the history), "
        f"'Film K (2001)' (rank {rank})"
    )
    code, out, _ = call(f"recommend {model} '[\"102\"]' --k 1 --device cpu")
    assert code == 0 and (len(out.splitlines()) == 2 or "has it: " in out)


@pytest.mark.parametrize("k", [8, 11])
def test_recommend_more_than_there_are(call, k: int):
    code, out, err = call(f"recommend MODEL {HISTORY} --k {k} --device cpu")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 1 + 11 - len(ITEMS)


def test_a_history_of_the_whole_catalogue_leaves_nothing_to_recommend(call, place: Path):
    everything = json.dumps(list(model_and_dataset(place)[1].item_ids))
    code, out, _ = call(f"recommend MODEL '{everything}' --device cpu")
    assert code == 0
    assert out == ("Nothing is left to recommend: every item of the catalogue is in the history.\n")


def test_a_long_history_keeps_its_newest_items_and_says_so(call):
    ids = [str(101 + n % 5) for n in range(12)]
    code, out, err = call(f"recommend MODEL '{json.dumps(ids)}' --device cpu --k 3")
    assert (code, err) == (0, "note: the model sees the newest 8 of 12 items\n")
    newest = call(f"recommend MODEL '{json.dumps(ids[-8:])}' --device cpu --k 3")
    assert newest == (0, out, "")


def test_trace_prints_the_last_rows_and_writes_all_maps(call, place: Path):
    code, out, err = call(f"trace MODEL {HISTORY} --device cpu --output PLACE/maps.npz")
    assert (code, err) == (0, "")
    model, dataset = model_and_dataset(place)
    trace = awrsr.trace(model, ITEMS)
    with np.load(place / "maps.npz") as arrays:
        assert sorted(arrays) == [
            *("first_order", "item_scores", "items", "refined", "second_order"),
            "transformed_value_norm",
        ]
        assert arrays["items"].tolist() == ITEMS
        assert np.array_equal(arrays["item_scores"], trace.item_scores)
        for kind in ("first_order", "second_order", "refined"):
            assert np.array_equal(arrays[kind], np.stack(trace.maps(kind)))
    (place / "maps.npz").unlink()

    lines = out.splitlines()
    names = [f"{kind} H{head}" for kind in ("first", "second", "refined") for head in (1, 2)]
    for number, layer in enumerate(trace.layers):
        block = lines[2 + 7 * number :][:6]
        assert block[0] == f"Layer {number + 1}"
        assert " ".join(block[1].split()) == " ".join(names)
        weights = [*layer.first_order, *layer.second_order, *layer.refined]
        for row, title in enumerate(dataset.titles(ITEMS)):
            assert block[3 + row].startswith(title)
            printed = block[3 + row].removeprefix(title).split()
            assert printed == [f"{float(map_[-1, row]):.4f}" for map_ in weights]
    assert len(lines) == 2 + 7 * len(trace.layers)  # the first line, the file written


def test_items_of_one_title_are_told_apart_and_a_number_is_an_id(call, place: Path, tmp_path: Path):
    tiny = model_and_dataset(place)[1]
    shutil.copytree(place / "tiny", tmp_path / "tiny")
    path = tmp_path / "tiny" / "items.parquet"
    titles = ["Same", "Same", "101", *"DEFGHIJK"]  # the third item's title is the first one's id
    pd.read_parquet(path).assign(title=titles).to_parquet(path)
    model = tmp_path / "tiny" / "models" / "sasrec-additive"
    said = "Same [101] Same [102] 101 [103]"
    code, out, err = call(f"trace {model} '[101, 102, 103]' --device cpu")
    assert (code, err) == (0, "")
    assert said == " ".join(" ".join(line.split()[:2]) for line in out.splitlines()[5:8])
    code, out, err = call(f"attribute {model} '[101, 102, 103]' 'Same [101]' --device cpu")
    assert (code, err) == (0, "")
    assert said == " ".join(" ".join(line.split()[:2]) for line in out.splitlines()[7:10])
    assert out.startswith("question  score of Same (id 101)\n")
    code, out, err = call(f"recommend {model} '[\"101\"]' --device cpu")
    assert (code, out) == (2, "")
    assert "'101' names 2 items of tiny: '101 [103]' (id 103) and 'Same [101]' (id 101)" in err
    first = call(f"recommend {model} '[101]' --device cpu")
    assert first[0] == 0 and first == call(f"recommend {model} '[\"Same [101]\"]' --device cpu")
    assert set(tiny.item_ids) >= {"101", "102", "103"}


def test_trace_of_a_vanilla_model_prints_its_one_kind_once(call, place: Path, tmp_path: Path):
    shutil.copytree(place / "tiny", tmp_path / "tiny")
    vanilla = tmp_path / "tiny" / "models" / "vanilla"
    settings = TRAIN.replace("additive", "none")
    call(f"train {tmp_path / 'tiny'} {settings} --output {vanilla}")
    board = tmp_path / "board.html"
    model = tmp_path / "tiny" / "models" / "sasrec-additive"
    code, out, err = call(f"trace {vanilla} {HISTORY} --device cpu --html {board} --beside {model}")
    assert (code, err) == (0, "")
    assert "Vanilla has no second order: the first-order weights mix the values." in out
    assert "first H1 first H2" in " ".join(out.split()) and "refined H" not in out
    said = "tiny: SASRec \u00b7 vanilla and SASRec \u00b7 additive, 3 items"
    assert f"<title>{said}</title>" in board.read_text(encoding="utf-8")
    assert out.splitlines()[-1] == f"written to {board}"


@pytest.mark.parametrize(
    "option",
    [
        "--html RAW",
        "--html PLACE/no/board.html",
        "--html RAW/good.csv/board.html",
        "--html PLACE/board.html --beside PLACE/no",
        "--html PLACE/board.html --beside PLACE/foreign",
        "--output PLACE/maps.npz --html RAW",
        "--output RAW --html PLACE/board.html",
    ],
)
def test_trace_refuses_before_anything_is_printed(call, place: Path, option: str):
    before = snapshot(place)
    code, out, err = call(f"trace MODEL {HISTORY} --device cpu {option}")
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and len(err.splitlines()) == 1
    assert snapshot(place) == before


@pytest.mark.parametrize("line, message", REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused(call, place: Path, line: str, message: str):
    check_refused(call, place, line, message)
