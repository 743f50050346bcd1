"""The verbs prepare (on odd and ordinary files) and plant, and what they refuse."""

import shutil
from pathlib import Path

import pytest
from command_lines import check_refused

import awrsr
from awrsr.cli.main import main
from awrsr.data.planted import plant
from awrsr.data.readers import READERS

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
        f"--format must be one of {', '.join(READERS)}; received 'tables'. Did you mean 'table'?",
    ),
    "no-format-fits": (
        "prepare RAW/no-timestamp.csv OUT",
        "no-timestamp.csv is in no format that is recognised: its first line is 'user,item,time'. "
        f"Accepted: {', '.join(READERS)}; prepare --help describes them, --format insists on one",
    ),
    "no-format-fits-with-an-option": (
        "prepare RAW/good.csv OUT --time_column when",
        "is in no format that is recognised with time_column: its first line is 'user,item,timest",
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
    "about-that-is-recorded": (
        f'prepare RAW/good.csv OUT {PREPARE} --about \'{{"counts": "9"}}\'',
        "about cannot have a field 'counts'",
    ),
}


def test_prepare_writes_a_dataset_and_its_summary(call, place: Path):
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


def test_prepare_says_which_format_it_recognised(call, place: Path):
    code, out, err = call("prepare RAW/good.csv OUT --k_core 1")
    assert (code, err) == (0, "")
    assert out.startswith(f"recognised         table: {READERS['table'].source}\n")
    assert awrsr.load_dataset(place / "out").about["filters"]["format"] == "table"


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


@pytest.mark.parametrize("line, message", REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused(call, place: Path, line: str, message: str):
    check_refused(call, place, line, message)


def test_plant_is_a_verb(tmp_path: Path, capsys):
    assert main(["plant", str(tmp_path / "p"), "--users", "20", "--seed", "5"]) == 0
    assert awrsr.load_dataset(tmp_path / "p").fingerprint == plant(20, seed=5)[0].fingerprint
    assert "written to" in capsys.readouterr().out
    assert main(["plant", str(tmp_path / "q"), "--users", "1"]) == 2
    assert "users must be 2 or more" in capsys.readouterr().err
