"""Users to start with: rules on made-up numbers, the search, the file, what is said of them."""

import functools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import ROOT, make_dataset

import awrsr
from awrsr.cli.main import main
from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.errors import ConfigError, DataError
from awrsr.models import SequentialModel, build_model
from awrsr.studies import (
    EXAMPLES_FILE,
    READABLE,
    TITLES,
    Example,
    current_examples,
    find_examples,
    line_of,
    read_examples,
    read_scan,
    scan,
    sentence_of,
    stale,
    write_examples,
)
from awrsr.studies.examples import RULES, Again, InModel, Models, example_pairs, look
from awrsr.training.checkpoint import save_config, save_weights

ASSETS = ROOT / "assets"
DATASETS = sorted(path.parent.name for path in ASSETS.glob("*/dataset.json"))
PLANTED = ASSETS / "planted"

dataset_of = functools.cache(lambda name: load_dataset(ASSETS / name))


@functools.cache
def model_of(dataset: str, name: str) -> SequentialModel:
    (directory,) = [path for path in (ASSETS / dataset).glob(f"*/{name}") if path.is_dir()]
    return awrsr.load_model(directory, "cpu")


def recorded(name: str) -> list[Example]:
    return read_examples(ASSETS / name / "scan", dataset_of(name)).examples


# --- the rules ------------------------------------------------------------------------------------


def said(**changes: Any) -> InModel:
    """A model that ranks the target first, whatever is removed, and attends to what it rests on."""
    ranks = "rank rank_without rank_without_other worst_of_rest rank_without_attended".split()
    values = dict.fromkeys(ranks, 1) | {"entry": 3, "attended": 3, "place": 1, "seen": 10}
    return InModel(**{"again": None, "causes_found": None, **values, **changes})


def example_with(a: dict[str, Any], b: dict[str, Any], causes: list[int] | None = None) -> Example:
    return Example(
        sort="b_finds",
        user_id="7",
        a="sasrec-none",
        b="sasrec-additive",
        target=5,
        causes=causes or [],
        in_a=said(**a),
        in_b=said(**b),
    )


def seed(rank: int) -> Again:
    return Again(model="again", rank=rank)


FALLS = {"rank_without": 40}
ALL, SOME = {"causes_found": 2, "attended": 1}, {"causes_found": 1, "attended": 1}


@pytest.mark.parametrize(
    ("sort", "a", "b", "causes", "worth"),
    [
        ("b_finds", {"rank": 64}, {"rank": 2}, [], 5),
        ("b_finds", {"rank": 64, "again": seed(32)}, {"rank": 2, "again": seed(4)}, [], 3),
        ("b_finds", {"rank": 10}, {"rank": 2}, [], 0),  # A finds it too
        ("b_finds", {"rank": 64, "again": seed(9)}, {"rank": 2}, [], 0),  # with another seed
        ("b_finds", {"rank": 64}, {"rank": 2, "again": seed(11)}, [], 0),
        ("b_finds", {"rank": 15}, {"rank": 10}, [], 0),  # hardly better
        ("other_reasons", FALLS, FALLS | {"entry": 4, "rank_without": 8}, [], 3),
        ("other_reasons", FALLS, FALLS | {"rank_without_other": 40}, [], 0),  # the same reason
        ("other_reasons", FALLS, {"rank_without": 1}, [], 0),  # nothing that B rests on
        ("other_reasons", FALLS | {"rank": 11}, FALLS, [], 0),  # A does not find it
        ("one_decides", FALLS | {"worst_of_rest": 5}, FALLS | {"rank": 10}, [], 2),
        ("one_decides", FALLS, FALLS | {"entry": 4}, [], 0),  # another item in B
        ("one_decides", FALLS, FALLS | {"worst_of_rest": 11}, [], 0),  # another one decides too
        ("one_decides", FALLS, {"rank_without": 10}, [], 0),  # B finds it still
        ("attention_misleads", {}, {"rank_without": 16, "place": 6}, [], 4),
        ("attention_misleads", {}, {"rank_without": 16, "place": 5}, [], 0),  # the upper half
        ("attention_misleads", {}, {"rank_without": 10, "place": 6}, [], 0),  # found still
        (
            "attention_misleads",
            {},
            {"rank_without": 16, "place": 6, "rank_without_attended": 11},
            [],
            0,  # what it attends to matters
        ),
        ("planted_found", {"rank": 64}, ALL, [1, 8], 6),
        ("planted_found", {"rank": 64}, SOME, [1, 8], 0),
        ("planted_found", {"rank": 64}, ALL | {"attended": 2}, [1, 8], 0),
        ("planted_found", {"rank": 1}, ALL, [1, 8], 0),
        ("planted_missed", {}, SOME | {"rank": 80}, [1, 8], 3),
        ("planted_missed", {}, SOME | {"rank": 19}, [1, 8], 0),
        ("planted_missed", {}, ALL | {"rank": 80}, [1, 8], 0),
    ],
)
def test_a_rule_on_made_up_numbers(sort, a, b, causes, worth):
    assert RULES[sort].worth(example_with(a, b, causes)) == pytest.approx(worth)


# --- the search -----------------------------------------------------------------------------------

CROWD = make_dataset(n_users=60, n_items=60, seed=3)
PAIR = ("sasrec-none", "sasrec-additive")


def untrained(dataset: Dataset, refinement: str, seed: int) -> SequentialModel:
    """A small model that knows nothing, with uneven attention."""
    about = Catalogue(name=dataset.name, fingerprint=dataset.fingerprint, n_items=dataset.n_items)
    sizes = {"max_length": 8, "hidden_size": 8, "inner_size": 16}
    torch.manual_seed(seed)
    model = build_model(ModelConfig(backbone="sasrec", refinement=refinement, **sizes), about)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def models() -> dict[str, SequentialModel]:
    """Of CROWD, by name."""
    names = {"sasrec-none": "none", "sasrec-additive": "additive", "again": "none"}
    return {name: untrained(CROWD, of, seed) for seed, (name, of) in enumerate(names.items())}


def test_the_search_takes_the_best_of_each_sort(models: dict[str, SequentialModel]):
    found_in = scan({name: models[name] for name in PAIR}, CROWD)
    seeds = {"sasrec-none": "again"}
    asked = {"named": models.__getitem__, "pairs": [PAIR], "seeds": seeds}
    found = find_examples(found_in, CROWD, **asked, looked=1000)
    assert found == find_examples(found_in, CROWD, **asked, looked=1000)
    assert len(found) >= 2 and len({example.user_id for example in found}) == len(found)

    taken: set[str] = set()
    pair = Models(a=PAIR[0], b=PAIR[1], named=models.__getitem__, seeds=seeds)
    low, high = READABLE
    for sort, rule in RULES.items():
        kept = {
            user: rule.worth(look(pair, CROWD, sort, user, []))
            for user, length in zip(CROWD.user_ids, (CROWD.lengths() - 1).tolist(), strict=True)
            if low <= length <= high and user not in taken and not sort.startswith("planted")
        }
        best = max(kept.values(), default=0)
        of_sort = [example for example in found if example.sort == sort]
        assert len(of_sort) == (best > 0)
        for example in of_sort:
            assert rule.worth(example) == kept[example.user_id] == best
            taken.add(example.user_id)


def test_few_histories_are_looked_into_and_another_pair_is_sought(models, monkeypatch):
    found_in = scan({name: models[name] for name in PAIR}, CROWD)
    looked: list[tuple[str, str]] = []

    def counting(pair: Models, dataset: Dataset, sort: str, *rest: Any) -> Example:
        looked.append((sort, pair.a))
        return look(pair, dataset, sort, *rest)

    monkeypatch.setattr("awrsr.studies.examples.search.look", counting)
    find_examples(found_in, CROWD, models.__getitem__, pairs=[PAIR, PAIR[::-1]], looked=2)
    assert max(looked.count(one) for one in looked) == 2
    assert {a for _, a in looked} == {*PAIR}


def test_the_pairs_of_a_scan_stand_in_the_order_of_the_refinements():
    written = read_scan(ASSETS / "ml-latest-small" / "scan")
    offered = [path.name for path in (ASSETS / "ml-latest-small" / "models").iterdir()]
    assert example_pairs(written, offered) == [
        ("sasrec-none", "sasrec-additive"),
        ("sasrec-none", "sasrec-value_weighted"),
        ("sasrec-none", "sasrec-simple"),
        ("stosa-none", "stosa-stochastic"),
    ]
    assert example_pairs(written, ["sasrec-none", "stosa-none"]) == [("sasrec-none", "stosa-none")]


# --- the file -------------------------------------------------------------------------------------


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A copy of a shipped dataset, without most of its models."""
    copy = tmp_path / "planted"
    left_out = shutil.ignore_patterns("faithfulness", "sasrec-[isuv]*", "*-2-layers", "ranks*")
    shutil.copytree(PLANTED, copy, ignore=left_out)
    return copy


def test_what_is_found_anew_is_what_ships(planted: Path, capsys: pytest.CaptureFixture[str]):
    """By the command line, and without another scan."""
    written = planted / "scan" / EXAMPLES_FILE
    before = json.loads(written.read_text())
    scanned = (planted / "scan" / "users.parquet").stat().st_mtime_ns
    written.unlink()
    assert main(["scan", str(planted), "--examples", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    after = json.loads(written.read_text())
    assert after == before | {"command": f"python -m awrsr scan {planted} --examples"}
    assert (planted / "scan" / "users.parquet").stat().st_mtime_ns == scanned
    for example in read_examples(planted / "scan", load_dataset(planted)).examples:
        assert TITLES[example.sort] in said and line_of(example) in said
        assert sentence_of(example, dataset_of("planted")) in said
    assert str(written) in said


def test_a_first_scan_is_made_before_its_examples(tmp_path: Path, capsys):
    save_dataset(CROWD, tmp_path / "crowd")
    dataset = load_dataset(tmp_path / "crowd")
    for seed, name in enumerate(PAIR):
        model, path = untrained(dataset, name.split("-")[1], seed), tmp_path / "crowd/models" / name
        path.mkdir(parents=True)
        save_config(path, model.config, model.catalogue, TrainConfig())
        save_weights(path, model)
    assert main(["scan", str(tmp_path / "crowd"), "--examples", "--device", "cpu"]) == 0
    file = read_examples(tmp_path / "crowd" / "scan", dataset)
    assert not stale(read_scan(tmp_path / "crowd" / "scan"), dataset, {})
    assert file.examples and set(file.models) == {*PAIR}
    assert f"{len(file.examples)} examples; ranks among" in capsys.readouterr().out


def test_a_scan_of_other_weights_is_refused(planted: Path):
    other = planted / "models" / "sasrec-additive" / "model.safetensors"
    shutil.copy(planted / "seeds" / "sasrec-additive-seed1" / other.name, other)
    with pytest.raises(DataError, match="the scan is of other weights of sasrec-additive; scan ag"):
        write_examples(load_dataset(planted), planted / "scan")
    shutil.rmtree(planted / "scan")
    with pytest.raises(DataError, match=r"scan\.json does not exist"):
        write_examples(load_dataset(planted), planted / "scan")


def test_examples_of_other_weights_are_not_current():
    file = read_examples(PLANTED / "scan", dataset_of("planted"))
    marks = dict(file.models)
    assert current_examples(file, marks) == file.examples
    assert current_examples(file, marks | {"sasrec-additive-seed1": "0" * 12}) == []
    assert current_examples(file, {}) == []


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"surprise": 1}, r"examples\.json: unknown field 'surprise'"),
        ({"schema_version": 2}, r"schema_version must be 1; received 2"),
        ({"dataset": "another"}, "is of another dataset"),
        ({"candidates": "all of them"}, "ranks among other candidates"),
        ({"examples": [{"sort": "b_finds"}]}, "missing field 'user_id'"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused(change, refusal, tmp_path: Path):
    values = json.loads((PLANTED / "scan" / EXAMPLES_FILE).read_text()) | change
    (tmp_path / EXAMPLES_FILE).write_text(json.dumps(values))
    with pytest.raises(DataError, match=refusal):
        read_examples(tmp_path, dataset_of("planted"))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"user_id": "nobody"}, "nobody"),
        ({"target": 1}, "does not fit the history of user 4313"),
        ({"causes": [3, 4, 900]}, "does not fit the history of user 4313"),
        ({"sort": "surprise"}, "unknown .*sort 'surprise'; accepted: planted_found"),
        ({"in_a": {}}, "missing field 'rank'"),
        ({"causes": [-1]}, "causes.* must be a whole number, 0 or more; received -1"),
    ],
)
def test_an_example_that_is_not_as_it_should_be_is_refused(change, refusal, tmp_path: Path):
    values = json.loads((PLANTED / "scan" / EXAMPLES_FILE).read_text())
    values["examples"][0] |= change
    (tmp_path / EXAMPLES_FILE).write_text(json.dumps(values))
    with pytest.raises(DataError, match=refusal):
        read_examples(tmp_path, dataset_of("planted"))


def test_an_example_is_frozen_and_checked():
    example = example_with({}, {})
    with pytest.raises(ConfigError, match="rank must be a whole number, 1 or more; received 0"):
        said(rank=0)
    assert example.replace(target=6).target == 6 and example.entries == {3}
    assert example_with({"again": seed(2)}, {}).models == {*PAIR, "again"}
