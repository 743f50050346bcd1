"""Users to start with: the search, the file, and the output of the command line."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import make_dataset
from shipped import ASSETS, dataset_named

from awrsr.cli.main import main
from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.errors import DataError
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
from awrsr.studies.examples import RULES, Models, example_pairs, look
from awrsr.training.checkpoint import save_config, save_weights

PLANTED = ASSETS / "planted"


# --- the search -----------------------------------------------------------------------------------

CROWD = make_dataset(n_users=60, n_items=60, seed=3)
PAIR = ("sasrec-none", "sasrec-additive")


def untrained(dataset: Dataset, refinement: str, seed: int) -> SequentialModel:
    """A small untrained model with uneven attention."""
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
    """The models of CROWD by name."""
    names = {"sasrec-none": "none", "sasrec-additive": "additive", "again": "none"}
    return {name: untrained(CROWD, kind, seed) for seed, (name, kind) in enumerate(names.items())}


@pytest.mark.slow
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


def test_few_histories_are_examined_and_another_pair_is_searched(models, monkeypatch):
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


@pytest.mark.slow
def test_a_new_search_finds_the_shipped_examples(planted: Path, capsys: pytest.CaptureFixture[str]):
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
        assert sentence_of(example, dataset_named("planted")) in said
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
    file = read_examples(PLANTED / "scan", dataset_named("planted"))
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
def test_an_invalid_file_is_refused(change, refusal, tmp_path: Path):
    values = json.loads((PLANTED / "scan" / EXAMPLES_FILE).read_text()) | change
    (tmp_path / EXAMPLES_FILE).write_text(json.dumps(values))
    with pytest.raises(DataError, match=refusal):
        read_examples(tmp_path, dataset_named("planted"))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"user_id": "nobody"}, "nobody"),
        ({"target": 1}, "does not fit the history of user 1670"),
        ({"causes": [3, 4, 900]}, "does not fit the history of user 1670"),
        ({"sort": "surprise"}, "unknown .*sort 'surprise'; accepted: occasion_found"),
        ({"in_a": {}}, "missing field 'rank'"),
        ({"causes": [-1]}, "causes.* must be a whole number, 0 or more; received -1"),
    ],
)
def test_an_invalid_example_is_refused(change, refusal, tmp_path: Path):
    values = json.loads((PLANTED / "scan" / EXAMPLES_FILE).read_text())
    values["examples"][0] |= change
    (tmp_path / EXAMPLES_FILE).write_text(json.dumps(values))
    with pytest.raises(DataError, match=refusal):
        read_examples(tmp_path, dataset_named("planted"))
