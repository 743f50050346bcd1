"""The verbs on the tiny dataset, and everything they refuse: one clear error, exit code 2."""

import csv
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import EMBEDDED, ROOT

import awrsr
from awrsr.attribution import METHODS
from awrsr.cli.main import main
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset, save_dataset

VERBS = [
    *("prepare", "train", "evaluate", "recommend", "trace", "attribute", "scan", "experiment"),
    *("report", "plant", "faithfulness"),
]
TRAIN = (
    "--device cpu --model.refinement additive --model.max_length 8 --model.hidden_size 8 "
    "--model.n_layers 2 --model.inner_size 16 --train.epochs 3 --train.learning_rate 0.02"
)
HISTORY = '\'["103", "Film A (1991)", "film d (1994)"]\''
ITEMS = [3, 1, 4]


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny_dataset: Dataset) -> Path:
    """A dataset directory with a trained model in it, and raw files of all kinds of trouble."""
    place = tmp_path_factory.mktemp("cli")
    save_dataset(tiny_dataset, place / "tiny")
    assert main(["train", str(place / "tiny"), *shlex.split(TRAIN)]) == 0

    (place / "raw").mkdir()
    good = [(user, item, time) for time, item in enumerate("xyz") for user in "ab"]

    def write(name: str, rows: list[tuple], header: str = "user item timestamp") -> None:
        with (place / "raw" / name).open("w", newline="") as file:
            csv.writer(file).writerows([header.split(), *rows])

    write("good.csv", good)
    write("no-timestamp.csv", good, "user item time")
    write("bad-timestamp.csv", [(*good[0][:2], "monday"), *good[1:]])
    write("one-user.csv", good[::2])
    write("header.csv", [])
    (place / "raw" / "empty.csv").touch()
    write("titles.csv", [("x", "Ex, the first")], "item title")

    shutil.copytree(place / "tiny" / "models" / "sasrec-additive", place / "foreign")
    (place / "foreign" / "config.json").write_text('{"architecture": "SASRec"}')
    short = Dataset(
        name="short",
        about={},
        items=tiny_dataset.items,
        user_ids=["a", "b"],
        offsets=np.array([0, 3, 6]),
        flat_items=tiny_dataset.flat_items[:6],
        flat_timestamps=None,
    )
    save_dataset(short, place / "short")
    return place


@pytest.fixture
def call(place: Path, capsys):
    """Runs one command line; words in capitals stand for paths."""

    def run(line: str) -> tuple[int, str, str]:
        paths = {
            "TINY": place / "tiny",
            "MODEL": place / "tiny" / "models" / "sasrec-additive",
            "RAW": place / "raw",
            "OUT": place / "out",
            "PLACE": place,
            "EMBEDDED": EMBEDDED,
        }
        words = shlex.split(line)
        for name, path in paths.items():
            words = [str(path) + w[len(name) :] if w.startswith(name) else w for w in words]
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run
    shutil.rmtree(place / "out", ignore_errors=True)


def snapshot(directory: Path) -> dict[str, str]:
    """Every file and directory below, with a hash of what it holds."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "directory"
        for path in directory.rglob("*")
    }


def model_and_dataset(place: Path):
    directory = place / "tiny" / "models" / "sasrec-additive"
    return awrsr.load_model(directory, "cpu"), awrsr.load_dataset(place / "tiny")


def test_prepare_writes_a_dataset_and_says_what_is_in_it(call, place: Path):
    code, out, err = call(
        "prepare RAW/good.csv OUT --format table --k_core 1 --titles RAW/titles.csv --name few "
        """--about '{"licence": "mine"}'"""
    )
    assert (code, err) == (0, "")
    dataset = awrsr.load_dataset(place / "out")
    assert (dataset.name, dataset.about["licence"]) == ("few", "mine")
    assert dataset.titles([1, 2, 3]) == ["Ex, the first", "Item y", "Item z"]
    for words in ("users 2", "items 3", "interactions 6", f"fingerprint {dataset.fingerprint}"):
        assert words in " ".join(out.split())


def test_prepare_orders_ties_as_asked(call, place: Path):
    lines = ["user,item,timestamp", *(f"{u},{n:02},5" for u in "abcd" for n in range(9))]
    (place / "raw" / "tied.csv").write_text("\n".join(lines))
    made = {}
    for asked, order in {
        "": "shuffled, seed 0",
        "--seed 1": "shuffled, seed 1",
        "--ties file": "by file order",
    }.items():
        code, out, _ = call(f"prepare RAW/tied.csv OUT --format table --k_core 1 {asked}")
        assert code == 0
        said = f"32 (same user and time as the row before); order: time, ties {order}"
        assert f"ties in time       {said}\n" in out
        made[asked] = awrsr.load_dataset(place / "out")
        assert made[asked].about["filters"]["order"] == f"time, ties {order}"
        shutil.rmtree(place / "out")
    assert made["--ties file"].flat_items.tolist() == [*range(1, 10)] * 4
    assert len({dataset.fingerprint for dataset in made.values()}) == 3


def test_train_leaves_a_whole_model_directory(place: Path):
    directory = place / "tiny" / "models" / "sasrec-additive"
    assert sorted(path.name for path in directory.iterdir()) == [
        "README.md",
        "config.json",
        "history.csv",
        "metrics.json",
        "model.safetensors",
        "ranks.parquet",
    ]
    record = json.loads((directory / "metrics.json").read_text())
    model, dataset = model_and_dataset(place)
    for split in ("validation", "test"):
        assert record[split]["metrics"] == awrsr.evaluate(model, dataset, split).metrics
    assert record["training"]["epochs"] == len(pd.read_csv(directory / "history.csv")) == 3
    assert record["training"]["seed"] == 0
    assert record["software"].keys() >= {"python", "torch"}
    readme = (directory / "README.md").read_text()
    assert readme.startswith("# sasrec-additive on tiny")
    assert f"{record['test']['metrics']['NDCG@10']:.4f}" in readme
    assert record["training"]["command"] in readme


def test_settings_of_a_refinement_are_asked_for_and_kept(call, place: Path):
    settings = "--model.rows plain --model.gain true --model.mix gate --model.matrices head"
    asked = f"{TRAIN} {settings} --train.epochs 1"
    code, _, _ = call(f"train TINY --output OUT {asked}")
    assert code == 0
    config = awrsr.load_model(place / "out", "cpu").config
    assert (config.rows, config.gain, config.mix, config.matrices) == (
        *("plain", True, "gate", "head"),
    )
    command = json.loads((place / "out" / "metrics.json").read_text())["training"]["command"]
    assert "--model.rows plain --model.gain true " in command
    words = shlex.split(command.replace(str(place / "out"), str(place / "again")))[3:]
    assert main(words) == 0
    assert awrsr.load_model(place / "again", "cpu").config == config
    shutil.rmtree(place / "again")


def test_help_explains_the_settings_of_refinements(call):
    _, out, _ = call("train --help")
    words = " ".join(out.split())
    for said in (
        "--model.rows {plain,standardised} what the second attention compares: plain, the rows of",
        "--model.gain {true,false} whether second-order scores are multiplied",
        "--model.mix {halves,gate,scores} additive only: halves, M = (A + S) / 2;",
    ):
        assert said in words


def test_resuming_a_finished_run_changes_no_result(call, place: Path):
    before = snapshot(place / "tiny")
    code, out, _ = call(f"train TINY {TRAIN} --resume")
    assert code == 0
    assert "leave-one-out" in out
    after = snapshot(place / "tiny")
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {Path(name).name for name in changed} <= {"metrics.json", "README.md"}, (
        "the command line"
    )


def test_evaluate_prints_its_protocol_and_writes_metrics_and_ranks(call, place: Path):
    code, out, err = call("evaluate MODEL --device cpu --output OUT/deep")
    assert (code, err) == (0, "")
    stored = place / "tiny" / "models" / "sasrec-additive"
    for name in ("metrics.json", "ranks.parquet"):
        assert (place / "out" / "deep" / name).read_bytes() == (stored / name).read_bytes()
    model, dataset = model_and_dataset(place)
    metrics = awrsr.evaluate(model, dataset).metrics
    line = next(line for line in out.splitlines() if line.startswith("test"))
    assert line.split()[1:] == [f"{value:.4f}" for value in metrics.values()]
    assert "popularity, test" in out
    assert "protocol: split: leave-one-out, test: the last item; candidates: all 11 items" in out
    ranks = pd.read_parquet(place / "out" / "deep" / "ranks.parquet")
    assert len(ranks) == 2 * dataset.n_users
    test = ranks[ranks["split"] == "test"]
    assert (test["rank"] <= 10).mean() == pytest.approx(metrics["HR@10"])
    assert test["user_id"].tolist() == dataset.user_ids


def test_where_people_repeat_all_items_are_ranked_and_recommended(call, place: Path):
    """A third of the people end with an item they had: said, and their items stay candidates."""
    lines = [
        f"{user} {' '.join(items)}"
        for user, items in {"a": "12345", "b": "23451", "c": "34513"}.items()
    ]
    (place / "raw" / "repeats.txt").write_text("\n".join(lines))
    code, out, _ = call("prepare RAW/repeats.txt OUT/data --format s3rec --k_core 1")
    assert code == 0
    assert "seen before        33.3% of test targets stand in the history before them\n" in out
    assert "candidates         all 5 items, those in the history included\n" in out
    settings = "--model.hidden_size 8 --model.n_heads 1 --model.max_length 4 --train.epochs 1"
    code, out, _ = call(f"train OUT/data {settings} --device cpu")
    assert code == 0
    assert "those in the history included; seen: 33.3% of test targets stand in" in out
    model = "OUT/data/models/sasrec-none"
    assert call(f"evaluate {model} --device cpu")[1].split("popularity")[0].strip()
    code, out, _ = call(f"evaluate {model} --device cpu --candidates unseen")
    assert code == 0
    assert "before them; those users are left out; ties: count against the target; users: 2" in out
    for asked, count in (("", 5), (" --candidates all", 5), (" --candidates unseen", 3)):
        out = call(f"""recommend {model} '["1", "2"]' --device cpu{asked}""")[1]
        assert len(out.splitlines()) == 1 + count


def test_evaluate_with_all_candidates(call, place: Path):
    code, out, _ = call("evaluate MODEL --device cpu --candidates all")
    model, dataset = model_and_dataset(place)
    metrics = awrsr.evaluate(model, dataset, candidates="all").metrics
    assert code == 0
    assert f"{metrics['NDCG@5']:.4f}" in out
    assert "candidates: all 11 items, those in the history included" in out


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


def test_scan_names_the_folders_that_it_passes_over(call, place: Path, tmp_path: Path):
    tiny = tmp_path / "tiny"
    shutil.copytree(place / "tiny", tiny)
    model = os.fsencode(tiny / "models" / "sasrec-additive")
    shutil.copytree(model, os.fsencode(tiny / "models") + b"/\xff")
    code, out, err = call(f"scan {tiny} --device cpu")
    folder = tiny / "models"
    assert (code, err) == (
        0,
        f"note: 1 folder in {folder} is not shown: a name must be UTF-8 ('\\udcff')\n",
    )
    assert [*awrsr.studies.read_scan(tiny / "scan").about["models"]] == ["sasrec-additive"]
    assert "sasrec-additive" in out


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


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(call, verb: str):
    code, out, err = call(f"{verb} --help")
    assert (code, err) == (0, "")
    assert f"python -m awrsr [options] {verb}" in out


HISTORY_EXPECTED = (
    """items must be a JSON list, such as '["first title", "second title"]'; received """
)
PREPARE = "--format table --k_core 1"
REFUSED = {
    "missing-column": (
        f"prepare RAW/no-timestamp.csv OUT {PREPARE}",
        "missing column 'timestamp'; it has 'user', 'item', 'time'. Did you mean 'time'?",
    ),
    "unreadable-timestamp": (
        f"prepare RAW/bad-timestamp.csv OUT {PREPARE}",
        "bad-timestamp.csv, data row 1: timestamp 'monday' is neither a number nor an ISO",
    ),
    "one-user": (
        f"prepare RAW/one-user.csv OUT {PREPARE}",
        "has 1 user left after filtering; 2 or",
    ),
    "empty-file": (f"prepare RAW/empty.csv OUT {PREPARE}", "empty.csv is empty; expected columns"),
    "header-alone": (f"prepare RAW/header.csv OUT {PREPARE}", "header.csv holds no interactions"),
    "missing-file": (f"prepare RAW/no.csv OUT {PREPARE}", "no.csv does not exist"),
    "too-few-for-the-core": (
        "prepare RAW/good.csv OUT --format table",
        "after the 5-core; read: 6 interactions of 2 users with 3 items",
    ),
    "wrong-ties": (
        f"prepare RAW/good.csv OUT {PREPARE} --ties sorted",
        "--ties must be one of shuffle, file; received 'sorted'",
    ),
    "seed-of-no-shuffle": (
        f"prepare RAW/good.csv OUT {PREPARE} --ties file --seed 3",
        "seed is for shuffling rows with the same time, and ties 'file' shuffles nothing",
    ),
    "prepare-over-a-directory": (
        f"prepare RAW/good.csv TINY {PREPARE}",
        "already exists and is not empty; choose another directory or remove it",
    ),
    "prepare-below-a-file": (
        f"prepare RAW/good.csv RAW/good.csv/below {PREPARE}",
        "could not create",
    ),
    "unknown-format": (
        "prepare RAW/good.csv OUT --format tables",
        "--format must be one of movielens, s3rec, table; received 'tables'. Did you mean 'table'?",
    ),
    "no-format": (
        "prepare RAW/good.csv OUT",
        "prepare lacks --format (one of movielens, s3rec, table)",
    ),
    "min-rating-not-a-number": (
        f"prepare RAW/good.csv OUT {PREPARE} --min_rating high",
        "--min_rating must be a number; received 'high'.",
    ),
    "unknown-repeats": (
        f"prepare RAW/good.csv OUT {PREPARE} --repeats kept",
        "--repeats must be one of drop, keep; received 'kept'. Did you mean 'keep'?",
    ),
    "separator-of-two-characters": (
        f"prepare RAW/good.csv OUT {PREPARE} --separator ::",
        "separator must be one of comma, tab, semicolon, pipe, space, or one character that",
    ),
    "about-not-json": (
        f"prepare RAW/good.csv OUT {PREPARE} --about notjson",
        '--about must be a JSON object of texts, such as \'{"licence": "CC BY 4.0"}\'; '
        "received 'notjson'.",
    ),
    "epochs-not-a-number": (
        "train TINY --output OUT --train.epochs many",
        "--train.epochs must be a whole number; received 'many'.",
    ),
    "rank-not-a-number": (
        "train TINY --output OUT --model.correlation_rank full",
        "--model.correlation_rank must be a whole number; received 'full'.",
    ),
    "abbreviated-flag": (
        "train TINY --output OUT --train.epoch 3",
        "train has no --train.epoch; accepted: --train.loss, --train.negatives, ",
    ),
    "flag-without-its-group": (
        "train TINY --output OUT --epochs=3",
        "train has no --epochs; accepted: --config, --output, --device, --resume. "
        "Did you mean --train.epochs?",
    ),
    "model-without-its-field": (
        """train TINY --output OUT --model '{"backbon": "stosa"}'""",
        "--model.mix. Did you mean --model.backbone?",
    ),
    "model-not-an-object": (
        "train TINY --output OUT --model stosa",
        "--model must be a JSON object of its settings, or a file that holds one; received 'stosa'",
    ),
    "missing-config": (
        "train TINY --config OUT/no.json",
        "--config must name a JSON file of the verb's settings; '",
    ),
    "true-or-false-with-a-value": (
        "train TINY --resume=maybe",
        "--resume takes no value; received 'maybe'",
    ),
    "about-that-is-recorded": (
        f'prepare RAW/good.csv OUT {PREPARE} --about \'{{"counts": "9"}}\'',
        "about cannot have a field 'counts'",
    ),
    "train-without-dataset": (f"train PLACE/no {TRAIN}", "no is not a dataset directory: no such"),
    "train-over-a-model": (
        f"train TINY {TRAIN}",
        "sasrec-additive already exists and is not empty",
    ),
    "train-on-short-sequences": (
        f"train PLACE/short {TRAIN}",
        "no user of short has items to train on: the longest sequence has 3 items, 4 or more",
    ),
    "resume-with-other-settings": (
        f"train TINY {TRAIN} --train.seed 7 --resume",
        "was started with other settings: seed is 0 there, 7 was asked",
    ),
    "items-of-another-kind": (
        """recommend MODEL '["101", 2.5]'""",
        "items must be a JSON list of titles and ids, texts or whole numbers; received 2.5 in it",
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
    "a-name-too-long": (f"train {'x' * 300}", "File name too long"),
    "more-than-memory": (
        "train TINY --output OUT --model.hidden_size 1000000 --model.n_heads 1",
        "these settings need more memory than there is",
    ),
    "heads-that-do-not-divide": (
        "train TINY --output OUT --model.n_heads 3",
        "n_heads must divide hidden_size; received 3 heads for a hidden size of 64",
    ),
    "size-out-of-range": (
        "train TINY --output OUT --model.max_length 0",
        "max_length must be a whole number, 1 to 1000000; received 0",
    ),
    "rate-out-of-range": (
        "train TINY --output OUT --train.learning_rate 0",
        "learning_rate must be a number, 1e-12 or more; received 0",
    ),
    "rate-not-a-number": ("train TINY --output OUT --train.learning_rate nan", "learning_rate"),
    "mean-stream-on-sasrec": (
        "train TINY --output OUT --model.mean_stream published",
        "mean_stream 'published' needs backbone 'stosa'; received 'sasrec'",
    ),
    "setting-of-other-refinements": (
        "train TINY --output OUT --model.rows plain",
        "rows is for refinement simple, value_weighted, additive, stochastic; received rows "
        "'plain' with refinement 'none'",
    ),
    "gain-neither": (
        "train TINY --output OUT --model.refinement additive --model.gain maybe",
        "--model.gain must be true or false; received 'maybe'",
    ),
    "gain-without-a-value": (
        "train TINY --output OUT --model.refinement additive --model.gain",
        "--model.gain needs a value: true or false",
    ),
    "unknown-refinement": (
        "train TINY --output OUT --model.refinement aditive",
        "--model.refinement must be one of none, simple, value_weighted, additive,",
    ),
    "bpr-on-sasrec": (
        "train TINY --output OUT --train.loss bpr_pvn",
        "loss 'bpr_pvn' needs backbone 'stosa'; received 'sasrec'",
    ),
    "train-on-no-device": ("train TINY --output OUT --device cuda:99", "device 'cuda:99' is not"),
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
    "history-without-quotes": (
        "recommend MODEL ['103'] Film",
        "recommend takes model, items; received 'Film' beyond that; what holds spaces or quotes "
        "needs quotes around it",
    ),
    "k-with-a-fraction": (
        f"recommend MODEL {HISTORY} --k 3.5",
        "--k must be a whole number; received '3.5'.",
    ),
    "k-without-a-value": (
        f"recommend MODEL {HISTORY} --k",
        "--k needs a value: a whole number",
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
    "other-catalogue-to-evaluate": (
        "evaluate MODEL --dataset EMBEDDED",
        "the dataset is 'ml-latest-small' (3,496 items, fingerprint",
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
    "evaluation-into-a-file": (
        "evaluate MODEL --device cpu --output RAW/good.csv",
        "could not create",
    ),
    "unknown-candidates": (
        "evaluate MODEL --candidates some",
        "--candidates must be one of unseen, all; received 'some'.",
    ),
    "unknown-flag": (
        f"recommend MODEL {HISTORY} --topk 3",
        "recommend has no --topk; accepted: --config, --k, --candidates, --dataset, --device. "
        "Did you mean --k?",
    ),
    "flag-that-is-a-verb": (
        "prepare SOURCE OUTPUT --planted",
        "prepare has no --planted; accepted: --config, --name, --about, --format, --k_core, "
        "--min_user, --min_item, --min_rating, --repeats, --missing, --ties, --seed, --titles, "
        "--user_column, --item_column, --time_column, --rating_column, --separator, --encoding. "
        "Did you mean the verb plant?",
    ),
    "unknown-verb": (
        "recomend MODEL",
        f"unknown verb 'recomend'; accepted: {', '.join(VERBS)}. Did you mean 'recommend'?",
    ),
    "nested-deeply": (
        f"recommend MODEL {'[' * 100_000}",
        "an argument is nested too deeply; accepted: JSON a few levels deep",
    ),
    "no-verb": ("", f"no verb was given; accepted: {', '.join(VERBS)}"),
    "missing-argument": (
        "recommend MODEL",
        'recommend lacks items (a JSON list, such as \'["first title", "second title"]\')',
    ),
    "missing-arguments": ("attribute", "attribute lacks model (a path), items (a JSON list, "),
}


@pytest.mark.parametrize("line, message", REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused(call, place: Path, line: str, message: str):
    before = snapshot(place)
    code, out, err = call(line)
    assert code == 2
    assert message in err
    assert err.startswith("error: ") and len(err.splitlines()) == 1
    assert "Traceback" not in err + out and "usage" not in err + out
    assert not any(word in err for word in ("<class", "typing.", "Parser key"))
    assert "written to" not in out
    assert snapshot(place) == before


@pytest.mark.parametrize(
    ("stream", "unbuffered"),
    [
        pytest.param("stdout", "", id="stdout-buffered"),
        pytest.param("stdout", "1", id="stdout-unbuffered", marks=pytest.mark.slow),
        pytest.param("stderr", "", id="stderr-buffered", marks=pytest.mark.slow),
        pytest.param("stderr", "1", id="stderr-unbuffered", marks=pytest.mark.slow),
    ],
)
def test_a_reader_that_goes_away_is_no_fault(
    tiny_directory: Path, tmp_path: Path, stream: str, unbuffered: str
):
    """As in `... | head`: the pipe is closed before anything is printed, the work is done."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "awrsr", "plant", str(tmp_path / "made"), "--users", "5"],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: writer},
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        cwd=ROOT,
    )
    os.close(writer)
    assert (done.returncode, done.stderr or b"") == (0, b"")
    assert load_dataset(tmp_path / "made").n_users == 5


@pytest.mark.parametrize(
    "closed",
    [*(pytest.param(one, marks=pytest.mark.slow) for one in ("<&-", ">&-", "2>&-")), ">&- 2>&-"],
)
def test_a_stream_that_was_never_opened_is_no_fault(tmp_path: Path, closed: str):
    line = f"{sys.executable} -m awrsr plant {tmp_path / 'made'} --users 5 {closed}"
    done = subprocess.run(line, shell=True, capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, b"")
    assert load_dataset(tmp_path / "made").n_users == 5
    again = subprocess.run(line, shell=True, capture_output=True, cwd=ROOT)
    assert again.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_under_standard_output_is_named(tmp_path: Path):
    line = f"{sys.executable} -m awrsr plant {tmp_path / 'made'} --users 5 > /dev/full"
    done = subprocess.run(line, shell=True, capture_output=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == b"error: standard output: No space left on device\n"


@pytest.mark.parametrize("verb", ["plant", "prepare"])
def test_a_name_that_is_not_text_is_refused(tmp_path: Path, verb: str, monkeypatch, capsys):
    (tmp_path / "good.csv").write_text(
        "user,item,timestamp\n" + "a,x,1\na,y,2\na,z,3\nb,x,1\nb,y,2\nb,z,3\n"
    )
    name = b"m\xffade".decode("utf-8", "surrogateescape")  # as Python gives such an argument
    words = {
        "plant": ["plant", name, "--users", "5"],
        "prepare": ["prepare", "good.csv", name, "--format", "table", "--k_core", "1"],
    }[verb]
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "m\\udcffade' cannot be the name" in said and len(said.splitlines()) == 1
    assert listing(tmp_path) == ["good.csv"]


def test_a_model_whose_path_is_not_text_is_refused(place: Path, tmp_path: Path, capsys):
    named = os.fsencode(tmp_path) + b"/m\xffodel"
    shutil.copytree(os.fsencode(place / "tiny" / "models" / "sasrec-additive"), named)
    model, dataset = os.fsdecode(named), str(place / "tiny")
    assert main(["evaluate", model, "--dataset", dataset, "--output", model]) == 2
    said = capsys.readouterr().err
    assert "is not valid UTF-8" in said and len(said.splitlines()) == 1


def listing(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())
