"""The verbs recommend, trace and attribute on the tiny model, and what they refuse."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_lines import HISTORY, ITEMS, TRAIN, check_refused, model_and_dataset, snapshot

import awrsr
from awrsr.attribution import METHODS

LIST = """a JSON list of texts or whole numbers, such as '["first title", 103]'"""
HISTORY_EXPECTED = f"items must be {LIST}; received "
REFUSED = {
    "items-of-another-kind": (
        """recommend MODEL '["101", 2.5]'""",
        HISTORY_EXPECTED + "2.5 in it.",
    ),
    "unknown-setting": (
        f"attribute MODEL {HISTORY} '101' --settings.n_step 3",
        "settings of integrated_gradients: unknown field 'n_step'; accepted: n_steps, max_steps, "
        "tolerance, baseline. Did you mean 'n_steps'",
    ),
    "setting-that-is-another-argument": (
        f"attribute MODEL {HISTORY} '101' --settings.seed 3",
        "settings of integrated_gradients: unknown field 'seed'; accepted: n_steps, max_steps, ",
    ),
    "setting-of-a-method-without": (
        f"attribute MODEL {HISTORY} '101' --method leave_one_out --settings.n_steps 3",
        "settings of leave_one_out: unknown field 'n_steps'; accepted: none.",
    ),
    "setting-out-of-range": (
        f"attribute MODEL {HISTORY} '101' --settings.n_steps 0",
        "settings of integrated_gradients: n_steps must be a whole number, 1 to 2048; received 0",
    ),
    "setting-of-another-kind": (
        f"""attribute MODEL {HISTORY} '101' --settings '{{"baseline": ["mean"]}}'""",
        "settings of integrated_gradients: unknown baseline ['mean']; accepted: zero, mean.",
    ),
    "settings-not-an-object": (
        f"attribute MODEL {HISTORY} '101' --settings 64",
        "--settings must be a JSON object, such as '{\"name\": 1}'; received '64'.",
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
    "target-unknown": (
        f"attribute MODEL {HISTORY} 'Flim C'",
        "unknown title or id 'Flim C' in tiny. Did you mean 'Film C (1993)'",
    ),
    "target-beyond-the-catalogue": (f"attribute MODEL {HISTORY} 12", "unknown title or id '12'"),
    "contrast-unknown": (f"attribute MODEL {HISTORY} 103 --contrast 0", "unknown title or id '0'"),
    "unknown-method": (
        f"attribute MODEL {HISTORY} 103 --method integrated_gradient",
        "unknown attribution method 'integrated_gradient'; accepted: integrated_gradients, ",
    ),
    "seed-out-of-range": (
        f"attribute MODEL {HISTORY} 103 --seed -1",
        "seed must be a whole number",
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


@pytest.mark.parametrize("k", [8, 11])
def test_recommend_more_than_there_are(call, k: int):
    code, out, err = call(f"recommend MODEL {HISTORY} --k {k} --device cpu")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 1 + 11 - len(ITEMS)


def test_a_history_of_the_whole_catalogue_leaves_nothing_to_recommend(call, place: Path):
    everything = json.dumps(model_and_dataset(place)[1].item_ids)
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
    titles = ["Same", "Same", "101", *"DEFGHIJK"]  # the third item is called as the first one's id
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
def test_what_trace_can_not_do_is_said_before_anything_is_printed(call, place: Path, option: str):
    before = snapshot(place)
    code, out, err = call(f"trace MODEL {HISTORY} --device cpu {option}")
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and len(err.splitlines()) == 1
    assert snapshot(place) == before


@pytest.mark.parametrize(
    "method, contrast",
    [
        ("integrated_gradients", None),
        ("integrated_gradients", "Film B (1992)"),
        ("gradient_shap", None),
        ("leave_one_out", None),
        ("shapley_value_sampling", None),
    ],
)
def test_attribute_prints_one_value_per_item(call, place: Path, method: str, contrast: str | None):
    option = f"--contrast '{contrast}'" if contrast else ""
    line = f"attribute MODEL {HISTORY} 'Film K (2001)' {option} --method {method} --seed 3"
    code, out, err = call(line + " --device cpu")
    assert (code, err) == (0, "")
    model, dataset = model_and_dataset(place)
    second = dataset.lookup(contrast) if contrast else None
    expected = awrsr.attribute(model, ITEMS, 11, method, second, seed=3)
    lines = out.splitlines()
    less = ", minus score of Film B (1992) (id 102)" if contrast else ""
    settings = "".join(f", {name} {value}" for name, value in expected.settings.items())
    took = [] if expected.effort is None else [f"took      {expected.effort}"]
    head = [
        f"question  score of Film K (2001) (id 111){less}",
        f"method    {METHODS[method].title}{settings}",
        *took,
        "unit      item score",
        f"baseline  {expected.baseline}",
        "",
    ]
    assert lines[: len(head)] == head
    columns = "value" + " standard error" * (expected.standard_errors is not None)
    assert lines[len(head)].strip() == columns
    rows = zip(
        dataset.titles(ITEMS),
        *(column for column in (expected.values, expected.standard_errors) if column is not None),
        lines[len(head) + 1 : len(head) + 4],
        strict=True,
    )
    for title, *numbers, printed in rows:
        assert printed.startswith(title)
        shown = [float(cell) for cell in printed.removeprefix(title).split()]
        assert shown == pytest.approx([float(number) for number in numbers], abs=1e-4)
    assert f"score {expected.score:+.4f}" in lines[-1]
    gaps = {"leave_one_out": "not promise a sum", "gradient_shap": "sampling gap "}
    assert gaps.get(method, "completeness gap ") in lines[-1]


@pytest.mark.parametrize(
    "asked",
    [
        "--settings.n_samples 4 --settings.max_samples 8 --settings.tolerance 0.001",
        """--settings '{"n_samples": 4, "max_samples": 8, "tolerance": 0.001}'""",
    ],
    ids=["one by one", "an object"],
)
def test_attribute_takes_the_settings_of_its_method(call, place: Path, asked: str):
    code, out, err = call(f"attribute MODEL {HISTORY} '101' --method gradient_shap {asked}")
    assert (code, err) == (0, "")
    assert "Gradient SHAP, n_samples 4, max_samples 8, tolerance 0.001, seed 0\n" in out
    model, _ = model_and_dataset(place)
    settings = {"n_samples": 4, "max_samples": 8, "tolerance": 0.001}
    expected = awrsr.attribute(model, ITEMS, 1, "gradient_shap", **settings)
    assert not expected.effort.enough and f"took      {expected.effort}\n" in out
    assert "8 samples, the bound: largest standard error " in out


def test_help_lists_every_setting_of_every_method(call):
    _, out, _ = call("attribute --help")
    words = " ".join(out.split())
    for name, method in METHODS.items():
        assert name in words
        for option in method.options():
            said = f"{option.name} ({option.default}; {option.accepted}) {option.help}"
            assert said in words


@pytest.mark.parametrize("line, message", REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused(call, place: Path, line: str, message: str):
    check_refused(call, place, line, message)
