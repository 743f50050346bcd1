"""The command line itself: verbs, options, help, streams; every refusal is one clear sentence."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_lines import HISTORY, check_refused
from helpers import ROOT

from awrsr.cli.main import VERBS as main_verbs
from awrsr.cli.main import main
from awrsr.cli.parameters import parameters
from awrsr.data.dataset_files import load_dataset

VERBS = [
    *("download", "prepare", "train", "evaluate", "import", "recommend", "trace"),
    *("attribute", "scan", "experiment", "report", "plant", "faithfulness", "app"),
]
REFUSED = {
    "abbreviated-flag": (
        "train TINY --output OUT --train.epoch 3",
        "train has no --train.epoch; accepted: --train.loss, --train.negatives, ",
    ),
    "flag-without-its-group": (
        "train TINY --output OUT --epochs=3",
        "train has no --epochs; accepted: --config, --output, --device, --resume, --snapshots. "
        "Did you mean --train.epochs",
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
        "--config must be a JSON file of the verb's settings; received '",
    ),
    "config-of-another-verb": (
        """train TINY --config '{"k": 3}'""",
        "train has no --k; accepted: --config, --output, --device, --resume, --snapshots.",
    ),
    "config-with-a-wrong-value": (
        """train TINY --config '{"train": {"epochs": 3.5}}'""",
        "--train.epochs must be a whole number; received '3.5'.",
    ),
    "config-of-no-verb": (
        """--config '{"trian": {"device": "cpu"}}'""",
        f"unknown verb 'trian'; accepted: {', '.join(VERBS)}. Did you mean 'train'",
    ),
    "group-nested-deeply": (
        f"train TINY --model {'[' * 100_000}",
        "an argument is nested too deeply; accepted: JSON a few levels deep",
    ),
    "group-that-is-a-list": (
        "train TINY --model [1]",
        "--model must be a JSON object of its settings, or a file that holds one; received '[1]'",
    ),
    "group-that-is-not-an-object": (
        """train TINY --config '{"model": 3}'""",
        "--model must be a JSON object of its settings, or a file that holds one; received '3'",
    ),
    "option-before-the-verb": (
        "--device cpu train TINY",
        "python -m awrsr has no --device; accepted: --config.",
    ),
    "option-in-place-of-a-value": (
        "train TINY --output --resume",
        "--output needs a value: a path",
    ),
    "word-that-nothing-takes": (
        "report RESULTS.md",
        "report takes options only; received 'RESULTS.md' beyond that; ",
    ),
    "help-with-a-value": ("train --help=me", "--help takes no value; received 'me'"),
    "several-names-none-given": (
        "scan TINY --models --pairs a:b",
        "--models needs a value: one name or more, with spaces between them",
    ),
    "true-or-false-with-a-value": (
        "train TINY --resume=maybe",
        "--resume takes no value; received 'maybe'",
    ),
    "gain-without-a-value": (
        "train TINY --output OUT --model.refinement additive --model.gain",
        "--model.gain needs a value: true or false",
    ),
    "history-without-quotes": (
        "recommend MODEL ['103'] Film",
        "recommend takes model, items; received 'Film' beyond that; a value with spaces or quotes "
        "needs quotes around it",
    ),
    "k-without-a-value": (
        f"recommend MODEL {HISTORY} --k",
        "--k needs a value: a whole number",
    ),
    "unknown-flag": (
        f"recommend MODEL {HISTORY} --topk 3",
        "recommend has no --topk; accepted: --config, --k, --candidates, --unknown, --dataset, "
        "--device. Did you mean --k?",
    ),
    "flag-that-is-a-verb": (
        "prepare SOURCE OUTPUT --planted",
        "prepare has no --planted; accepted: --config, --name, --about, --format, --k_core, "
        "--min_user, --min_item, --min_rating, --repeats, --missing, --ties, --seed, --split, "
        "--titles, --user_column, --item_column, --time_column, --rating_column, --separator, "
        "--encoding. Did you mean the verb plant?",
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
        "recommend lacks items (a JSON list of texts or whole numbers, such as "
        """'["first title", 103]')""",
    ),
    "missing-arguments": ("attribute", "attribute lacks model (a path), items (a JSON list "),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(call, verb: str):
    code, out, err = call(f"{verb} --help")
    assert (code, err) == (0, "")
    assert f"python -m awrsr [options] {verb}" in out
    takes = parameters(main_verbs[verb])
    assert takes and all(f"\n  {one.written} " in out.replace(",", " ") for one in takes)


def test_the_program_lists_its_verbs(call):
    code, out, err = call("--help")
    assert (code, err) == (0, "")
    assert re.findall(r"^  ([a-z]+)  +[A-Z]", out, re.MULTILINE) == VERBS


SETTINGS = {
    "one by one": "train TINY --model.gain true --train.epochs 7 --resume",
    "an object": """train TINY --model '{"gain": true}' --train.epochs 7 --resume""",
    "a file": "train TINY --config PLACE/settings.json --train.epochs 7",
    "text for an object": """train --config '{"dataset": "TINY", "model.gain": "true"}' TINY """
    "--resume --train.epochs=7",
    "the last one counts": "train TINY --train.epochs 3 --no_resume --config PLACE/settings.json "
    "--config PLACE/settings.json --train.epochs 7",
    "before the verb": "--config PLACE/verbs.json train TINY --train.epochs 7",
    "without a verb": "--config PLACE/verbs.json",
}


@pytest.mark.parametrize("line", SETTINGS.values(), ids=SETTINGS)
def test_settings_may_come_from_files_and_objects(call, place: Path, line: str):
    settings = {"dataset": str(place / "tiny"), "model": {"gain": True}, "resume": True}
    if line.endswith("verbs.json"):
        settings["train"] = {"epochs": 7}
    (place / "settings.json").write_text(json.dumps(settings | {"train": {"epochs": 5}}))
    (place / "verbs.json").write_text(json.dumps({"train": settings}))
    code, out, err = call(f"--print_config=skip_default {line}")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"train": settings | {"train": {"epochs": 7}}}


def test_printed_settings_can_be_read_again(call, place: Path):
    line = f"recommend MODEL {HISTORY} --k 3 --device cpu"
    code, out, _ = call(f"{line} --print_config")
    assert code == 0
    assert json.loads(out) == {
        "model": str(place / "tiny" / "models" / "sasrec-additive"),
        "items": ["103", "Film A (1991)", "film d (1994)"],
        "k": 3,
        "candidates": None,
        "unknown": "refuse",
        "dataset": None,
        "device": "cpu",
    }
    unset = json.loads(call(f"{line} --print_config=skip_unset")[1])
    assert unset == {name: value for name, value in json.loads(out).items() if value is not None}
    (place / "printed.json").write_text(out)
    assert call("recommend --config PLACE/printed.json") == call(line)


def test_null_is_none_if_that_is_accepted_else_a_word(call):
    line = "train null --output null --model.correlation_rank null --print_config"
    printed = json.loads(call(line)[1])
    assert (printed["dataset"], printed["output"]) == ("null", None)
    assert printed["model"]["correlation_rank"] is None
    assert "--k must be a whole number; received 'none'." in call("recommend m [1] --k none")[2]


def test_words_after_two_hyphens_are_not_options(call):
    code, out, _ = call("scan --print_config=skip_default --models a b -- --dataset")
    assert (code, json.loads(out)) == (0, {"dataset": "--dataset", "models": ["a", "b"]})
    code, out, _ = call("recommend m --print_config=skip_default -- [-1]")
    assert (code, json.loads(out)) == (0, {"model": "m", "items": [-1]})
    assert "report takes options only; received '-x' beyond that" in call("report -- -x")[2]


@pytest.mark.parametrize(
    ("stream", "unbuffered"),
    [
        pytest.param("stdout", "", id="stdout-buffered"),
        pytest.param("stdout", "1", id="stdout-unbuffered", marks=pytest.mark.slow),
        pytest.param("stderr", "", id="stderr-buffered", marks=pytest.mark.slow),
        pytest.param("stderr", "1", id="stderr-unbuffered", marks=pytest.mark.slow),
    ],
)
def test_a_closed_pipe_is_not_an_error(
    tiny_directory: Path, tmp_path: Path, stream: str, unbuffered: str
):
    """Like in `... | head`: the pipe is closed before anything is printed, but the work is done."""
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "closed",
    [*(pytest.param(one, marks=pytest.mark.slow) for one in ("<&-", ">&-", "2>&-")), ">&- 2>&-"],
)
def test_a_stream_that_was_never_opened_is_not_an_error(tmp_path: Path, closed: str):
    line = f"{sys.executable} -m awrsr plant {tmp_path / 'made'} --users 5 {closed}"
    done = subprocess.run(line, shell=True, capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, b"")
    assert load_dataset(tmp_path / "made").n_users == 5
    again = subprocess.run(line, shell=True, capture_output=True, cwd=ROOT)
    assert again.returncode == 2


@pytest.mark.slow
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
    name = b"m\xffade".decode("utf-8", "surrogateescape")  # the form of such an argument in Python
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


@pytest.mark.parametrize("line, message", REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused(call, place: Path, line: str, message: str):
    check_refused(call, place, line, message)
