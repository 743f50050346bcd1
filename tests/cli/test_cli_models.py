"""The verbs train, evaluate and scan on the tiny dataset, and what they refuse."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
from command_lines import TRAIN, check_refused, model_and_dataset, snapshot

import awrsr
from awrsr.cli.main import main

REFUSED = {
    "epochs-not-a-number": (
        "train TINY --output OUT --train.epochs many",
        "--train.epochs must be a whole number; received 'many'.",
    ),
    "rank-not-a-number": (
        "train TINY --output OUT --model.correlation_rank full",
        "--model.correlation_rank must be a whole number; received 'full'.",
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
    "a-name-too-long": (f"train {'x' * 300}", "File name too long"),
    "more-than-memory": (
        "train TINY --output OUT --model.hidden_size 1000000 --model.n_heads 1",
        "these settings need more memory than is available",
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
    "unknown-refinement": (
        "train TINY --output OUT --model.refinement aditive",
        "--model.refinement must be one of none, simple, value_weighted, additive,",
    ),
    "bpr-on-sasrec": (
        "train TINY --output OUT --train.loss bpr_pvn",
        "loss 'bpr_pvn' needs backbone 'stosa'; received 'sasrec'",
    ),
    "train-on-no-device": ("train TINY --output OUT --device cuda:99", "device 'cuda:99' is not"),
    "other-catalogue-to-evaluate": (
        "evaluate MODEL --dataset EMBEDDED",
        "the dataset is 'ml-latest-small' (3,496 items, fingerprint",
    ),
    "evaluation-into-a-file": (
        "evaluate MODEL --device cpu --output RAW/good.csv",
        "could not create",
    ),
    "unknown-candidates": (
        "evaluate MODEL --candidates some",
        "--candidates must be one of unseen, all; received 'some'.",
    ),
}


def test_train_writes_a_complete_model_directory(place: Path):
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
        "--model.rows {plain,standardised} the rows that the second attention compares: plain,",
        "--model.gain {true,false} whether second-order scores are multiplied",
        "--model.mix {gate,halves,scores} additive only: gate, M = (1 - g) A + g S,",
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
    """A third of the users end with a repeated item: reported, and all items are candidates."""
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


@pytest.mark.parametrize("line, message", REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused(call, place: Path, line: str, message: str):
    check_refused(call, place, line, message)
