"""Every column of a scan against one user at a time, traced; files, resuming, several processes."""

import dataclasses
import json
import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import PAIRS, ROOT, make_dataset

import awrsr
from awrsr.cli.main import main
from awrsr.config import TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import save_dataset
from awrsr.errors import AwrsrError, ConfigError, DataError
from awrsr.models import SequentialModel
from awrsr.ranking.evaluation import evaluate
from awrsr.ranking.statistics import mean_interval, spearman
from awrsr.studies import read_scan, scan, scan_files, seed_pairs, write_scan
from awrsr.training.checkpoint import read_config, save_config, save_weights, weights_fingerprint

KINDS = ("first_order", "second_order", "refined")
BINS = {
    "lag_1": range(1, 2),
    "lag_2_3": range(2, 4),
    "lag_4_7": range(4, 8),
    "lag_8_15": range(8, 16),
    "lag_16": range(16, 10_000),
}


def uneven_dataset() -> Dataset:
    """Histories of 1 to 40 items, with repeats, in no order of length."""
    generator = np.random.default_rng(1)
    lengths = [2, 41, 3, 9, 4, 21, 2, 12, 30, 9]
    sequences = [generator.integers(1, 12, length) for length in lengths]
    return dataclasses.replace(
        make_dataset(),
        user_ids=[str(1000 + user) for user in range(len(lengths))],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        flat_items=np.concatenate(sequences).astype(np.int32),
        flat_timestamps=None,
    )


UNEVEN = uneven_dataset()


@pytest.fixture
def models(make_model) -> dict[str, SequentialModel]:
    """Every member of both backbones, and one with a shorter memory."""
    made = {f"{b}-{r}": make_model(b, r, max_length=20) for b, r in PAIRS}
    made["short"] = make_model("sasrec", "additive", max_length=5)
    for model in made.values():
        model.catalogue = model.catalogue.replace(fingerprint=UNEVEN.fingerprint)
    return made


# --- the slow reference ---------------------------------------------------------------------------


def rows_of(trace: awrsr.Trace) -> dict[str, list[float] | None]:
    """The last layer's last rows, heads averaged."""
    maps = {kind: getattr(trace.layers[-1], kind) for kind in KINDS}
    return {
        kind: None if weights is None else weights[:, -1].mean(dim=0).tolist()
        for kind, weights in maps.items()
    }


def reference(model: SequentialModel, dataset: Dataset, user: int) -> dict[str, float]:
    """A user's columns in one model, item by item."""
    *history, target = dataset.sequence(user).tolist()
    trace = awrsr.trace(model, history)
    seen = trace.items
    scores = trace.item_scores.tolist()
    excluded = set(history) if dataset.default_candidates == "unseen" else set()
    rivals = set(range(1, dataset.n_items + 1)) - excluded - {target}
    found: dict[str, float] = {
        "target": target,
        "rank": 1 + sum(scores[item - 1] >= scores[target - 1] for item in rivals),
        "length": len(history),
        "seen": len(seen),
        "repeats": sum(count - 1 for count in Counter(history).values()),
    }
    sizes = awrsr.attribute(model, history, target, "input_x_gradient").values.abs().numpy()
    for kind, row in rows_of(trace).items():
        if row is None:
            continue
        m = len(row)
        entropy = -sum(weight * math.log(weight) for weight in row if weight)
        found[f"{kind}_entropy"] = entropy
        if m > 1:
            found[f"{kind}_entropy_share"] = entropy / math.log(m)
        lagged = [(m - 1 - place, weight) for place, weight in enumerate(row)]
        found[f"{kind}_reach"] = sum(lag * weight for lag, weight in lagged)
        found[f"{kind}_itself"] = row[-1]
        for name, lags in BINS.items():
            found[f"{kind}_{name}"] = sum(weight for lag, weight in lagged if lag in lags)
        found[f"{kind}_first"] = row[0]
        found[f"{kind}_repeats"] = sum(
            weight for item, weight in zip(seen, row, strict=True) if seen.count(item) > 1
        )
        rho = spearman(row, sizes)
        if rho is not None:
            found[f"{kind}_attribution"] = rho
    return found


def divergence(p: list[float], q: list[float]) -> float:
    """Jensen-Shannon in bits, by its definition; the shorter row has no weight on older items."""
    width = max(len(p), len(q))
    p, q = ([0.0] * (width - len(row)) + row for row in (p, q))

    def to_the_middle(row: list[float]) -> float:
        return sum(x * math.log2(2 * x / (a + b)) for x, a, b in zip(row, p, q, strict=True) if x)

    return (to_the_middle(p) + to_the_middle(q)) / 2


def compared(
    a: SequentialModel, b: SequentialModel, history: list[int], target: int
) -> dict[str, float]:
    """A user's columns of one pair of models."""
    excluded = set(history) if UNEVEN.default_candidates == "unseen" else set()
    candidates = {*range(1, UNEVEN.n_items + 1)} - excluded | {target}
    lists = []
    for model in (a, b):
        scores = awrsr.trace(model, history).item_scores.tolist()
        lists.append(sorted(candidates, key=lambda item: -scores[item - 1])[:10])
    found: dict[str, float] = {"shared": len({*lists[0]} & {*lists[1]})}
    rows = [rows_of(awrsr.trace(model, history)) for model in (a, b)]
    for kind in KINDS:
        p, q = (row[kind] for row in rows)
        if p is None or q is None:
            continue
        found[f"{kind}_divergence"] = divergence(p, q)
        width = min(len(p), len(q))
        rho = spearman(p[-width:], q[-width:])
        if rho is not None:
            found[f"{kind}_correlation"] = rho
    return found


def check_row(row: pd.Series, expected: dict[str, float]) -> None:
    numbers = row.drop([name for name in row.index if name in ("user_id", *MODELS)])
    assert set(expected) <= set(numbers.index)
    for name, value in numbers.items():
        if name in expected:
            assert value == pytest.approx(expected[name], abs=2e-6, rel=1e-5), name
        else:
            assert np.isnan(value), name


MODELS = ("model", "model_a", "model_b")

# --- the numbers ----------------------------------------------------------------------------------


@pytest.fixture(params=["unseen", "all"])
def candidates(request, monkeypatch) -> str:
    """What is ranked by default: most users of UNEVEN had their target before."""
    if request.param == "unseen":
        monkeypatch.setattr("awrsr.data.dataset.MOST_SEEN", 1.0)
    assert UNEVEN.default_candidates == request.param
    return request.param


def test_every_column_equals_the_slow_reference(models, candidates):
    if candidates == "unseen":  # which change the ranks alone
        models = {name: models[name] for name in ("sasrec-none", "stosa-stochastic", "short")}
    found = scan(models, UNEVEN, attribution=True)
    assert found.users["model"].tolist() == [n for n in models for _ in range(UNEVEN.n_users)]
    assert found.users["user_id"].tolist() == UNEVEN.user_ids * len(models)
    for place, (_, row) in enumerate(found.users.iterrows()):
        check_row(row, reference(models[row["model"]], UNEVEN, place % UNEVEN.n_users))


def test_every_pair_equals_the_slow_reference(models, candidates):
    pairs = [
        ("sasrec-none", "sasrec-additive"),
        ("short", "stosa-stochastic"),
        ("sasrec-simple", "short"),
    ]
    found = scan(models, UNEVEN, pairs=pairs).pairs
    assert list(zip(found["model_a"], found["model_b"], strict=True)) == [
        pair for pair in pairs for _ in range(UNEVEN.n_users)
    ]
    for place, (_, row) in enumerate(found.iterrows()):
        *history, target = UNEVEN.sequence(place % UNEVEN.n_users).tolist()
        expected = compared(models[row["model_a"]], models[row["model_b"]], history, target)
        check_row(row, expected)


def test_without_pairs_every_two_models_are_compared_once(models):
    found = scan(models, UNEVEN).pairs
    pairs = list(dict.fromkeys(zip(found["model_a"], found["model_b"], strict=True)))
    assert len(pairs) == len({frozenset(pair) for pair in pairs}) == math.comb(len(models), 2)


def test_ranks_are_those_of_evaluate(models):
    found = scan(models, UNEVEN, pairs=[]).users
    for name, model in models.items():
        ranks = evaluate(model, UNEVEN, "test").ranks
        mine = found[found["model"] == name]
        assert mine["rank"].tolist() == ranks["rank"].tolist()
        assert mine["target"].tolist() == ranks["target"].tolist()


def test_mass_is_divided_without_rest(models):
    found = scan(models, UNEVEN).users
    for kind in KINDS:
        total = found[[f"{kind}_itself", *(f"{kind}_{name}" for name in BINS)]].sum(axis=1)
        there = found[f"{kind}_itself"].notna()
        np.testing.assert_allclose(total[there], 1, atol=1e-6)
    vanilla = found[found["model"] == "sasrec-none"]
    assert vanilla["second_order_reach"].isna().all()
    pd.testing.assert_series_equal(
        vanilla["first_order_reach"], vanilla["refined_reach"], check_names=False
    )


def test_batches_change_nothing(models):
    whole = scan(models, UNEVEN, attribution=True, batch_size=100)
    for batch_size in (1, 3, 7):
        parts = scan(models, UNEVEN, attribution=True, batch_size=batch_size)
        pd.testing.assert_frame_equal(whole.users, parts.users, rtol=1e-6, atol=1e-7)
        pd.testing.assert_frame_equal(whole.pairs, parts.pairs, rtol=1e-6, atol=1e-7)


def test_some_users_are_the_same_rows(models):
    whole = scan(models, UNEVEN)
    some = scan(models, UNEVEN, users=[8, 1])
    assert some.users["user_id"].tolist()[:2] == ["1001", "1008"]
    chosen = whole.users["user_id"].isin(["1001", "1008"])
    pd.testing.assert_frame_equal(
        whole.users[chosen].reset_index(drop=True), some.users, rtol=1e-6, atol=1e-7
    )


def test_a_scan_leaves_the_models_as_they_were(models):
    before = {
        name: {key: value.clone() for key, value in model.state_dict().items()}
        for name, model in models.items()
    }
    scan(models, UNEVEN, attribution=True)
    for name, model in models.items():
        assert all(
            torch.equal(value, before[name][key]) for key, value in model.state_dict().items()
        )
        assert not any(p.requires_grad or p.grad is not None for p in model.parameters())
        assert not any(module._forward_hooks for module in model.modules())


def test_interval_of_a_mean():
    values = np.random.default_rng(0).normal(2, 1, 400)
    low, high = mean_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert mean_interval([3.0]) == (3.0, 3.0)
    assert mean_interval(values) == mean_interval(values, seed=0) != mean_interval(values, seed=1)
    with pytest.raises(ConfigError, match="a mean needs 1 row or more"):
        mean_interval([])


# --- refusals -------------------------------------------------------------------------------------


def test_wrong_questions_are_refused(models, make_model):
    with pytest.raises(ConfigError, match="a scan needs one model or more; none was given"):
        scan({}, UNEVEN)
    with pytest.raises(ConfigError, match="a scan needs one user or more"):
        scan(models, UNEVEN, users=[])
    with pytest.raises(ConfigError, match="'shorts' is not among the models.*Did you mean 'short'"):
        scan(models, UNEVEN, pairs=[("sasrec-none", "shorts")])
    with pytest.raises(ConfigError, match="pair short:short is one model; name two"):
        scan(models, UNEVEN, pairs=[("short", "short")])
    with pytest.raises(DataError, match="foreign: the model belongs to 'tiny'.*fingerprint"):
        scan(models | {"foreign": make_model()}, UNEVEN)


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, models) -> Path:
    """The dataset with three models, one of them in two seeds."""
    directory = tmp_path / "uneven"
    save_dataset(UNEVEN, directory)
    names = {"sasrec-none": 0, "sasrec-additive": 0, "short": 0, "seed-1": 1}
    for name, seed in names.items():
        model = models["sasrec-none" if name == "seed-1" else name].float()
        path = directory / "models" / name
        path.mkdir(parents=True)
        save_config(path, model.config, model.catalogue, TrainConfig(seed=seed))
        save_weights(path, model)
    return directory


def directories(place: Path) -> dict[str, Path]:
    return {path.name: path for path in sorted((place / "models").iterdir())}


def check_same(directory: Path, other: Path) -> None:
    a, b = read_scan(directory), read_scan(other)
    pd.testing.assert_frame_equal(a.users, b.users, rtol=1e-5, atol=1e-6)
    pd.testing.assert_frame_equal(a.pairs, b.pairs, rtol=1e-4, atol=1e-4)


def test_a_written_scan_is_read_again(place: Path, tmp_path: Path):
    told: list[int] = []
    output = tmp_path / "scan"
    written = write_scan(
        directories(place), UNEVEN, output, command="this", device="cpu", progress=told.append
    )
    assert sum(told) == 4 * UNEVEN.n_users
    assert sorted(path.name for path in output.iterdir()) == [
        "pairs.parquet",
        "scan.json",
        "users.parquet",
    ]
    read = read_scan(output)
    pd.testing.assert_frame_equal(read.users, written.users)
    assert read.about == json.loads(json.dumps(written.about))
    assert read.about["dataset"]["fingerprint"] == UNEVEN.fingerprint
    assert list(read.about["models"]) == ["sasrec-additive", "sasrec-none", "seed-1", "short"]
    assert seed_pairs(read.about) == [("sasrec-none", "seed-1")]
    loaded = {name: awrsr.load_model(path, "cpu") for name, path in directories(place).items()}
    exact = scan(loaded, UNEVEN).users
    pd.testing.assert_frame_equal(
        read.users, exact, rtol=1e-5, atol=0.51 * 10**-scan_files.DECIMALS
    )
    numbers = read.users.select_dtypes("float32")
    pd.testing.assert_frame_equal(numbers, numbers.round(scan_files.DECIMALS))


def test_a_killed_scan_goes_on(place: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(scan_files, "PART_USERS", 3)
    write_scan(directories(place), UNEVEN, tmp_path / "whole", device="cpu")
    done: list[int] = []

    def until_killed(sequences: int) -> None:
        done.append(sequences)
        if sum(done) > 6 * 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_scan(
            directories(place), UNEVEN, tmp_path / "cut", device="cpu", progress=until_killed
        )
    with pytest.raises(DataError, match="scan.json does not exist"):
        read_scan(tmp_path / "cut")
    computed: list[int] = []
    once = scan_files.scan

    def counted_scan(*arguments, users, **settings):
        computed.append(len(users))
        return once(*arguments, users=users, **settings)

    monkeypatch.setattr(scan_files, "scan", counted_scan)
    write_scan(directories(place), UNEVEN, tmp_path / "cut", device="cpu")
    assert computed == [3, 1]  # of 3, 3, 3, 1
    check_same(tmp_path / "cut", tmp_path / "whole")


def test_other_weights_do_not_go_on_with_the_same_parts(place: Path, tmp_path: Path, models):
    output = tmp_path / "scan"
    write_scan(directories(place), UNEVEN, output, device="cpu")
    before = read_scan(output)
    model = models["short"]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    save_weights(place / "models" / "short", model)
    write_scan(directories(place), UNEVEN, output, device="cpu")
    after = read_scan(output)
    assert before.about["models"]["short"] != after.about["models"]["short"]
    changed = before.users["refined_reach"] != after.users["refined_reach"]
    assert set(after.users["model"][changed]) == {"short"}


@pytest.mark.slow  # tests/studies/test_parts.py has the same law without starting processes
def test_two_processes_find_the_same(place: Path, tmp_path: Path):
    """Run by torchrun over gloo; parts of three users, so that both have some."""
    script = tmp_path / "small_parts.py"
    script.write_text(
        "import sys\nimport awrsr.cli.main\nimport awrsr.studies.scan_files\n"
        "awrsr.studies.scan_files.PART_USERS = 3\n"
        "sys.exit(awrsr.cli.main.main())\n"
    )
    arguments = ["scan", str(place), "--device", "cpu", "--attribution", "--output"]
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    both = subprocess.run(
        [*command, str(script), *arguments, str(tmp_path / "two")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert both.returncode == 0, both.stderr
    assert both.stdout.count("written to") == 1
    assert main([*arguments, str(tmp_path / "one")]) == 0
    check_same(tmp_path / "two", tmp_path / "one")


def test_the_verb(place: Path, tmp_path: Path, capsys):
    models = ["sasrec-none", str(place / "models" / "short")]
    output = tmp_path / "scan"
    arguments = ["scan", str(place), "--models", *models, "--device", "cpu"]
    code = main([*arguments, "--output", str(output), "--pairs", "sasrec-none:short"])
    out = capsys.readouterr().out
    assert code == 0
    found = read_scan(output)
    assert found.users["model"].unique().tolist() == ["sasrec-none", "short"]
    assert found.about["command"].endswith(f"--output {output} --pairs sasrec-none:short")
    ndcg = evaluate(awrsr.load_model(models[1], "cpu"), UNEVEN).metrics["NDCG@10"]
    (line,) = (line for line in out.splitlines() if line.startswith("short "))
    assert f"{ndcg:.4f}" in line.split()
    assert "20 sequences (10 users in 2 models)" in out
    assert "protocol: split: leave-one-out, test: the last item" in out
    assert main(arguments) == 0  # and where it goes by itself
    assert (place / "scan" / "scan.json").is_file()


@pytest.mark.parametrize(
    "arguments, refusal",
    [
        ("--models", "--models needs a value: one name or more, with spaces between them"),
        ("--models shrot", "model 'shrot' is neither in "),
        ("--models short foreign", "foreign: the model belongs to 'tiny'"),
        ("--models short PLACE/models/short", "two of the models are called 'short'"),
        ("--models short --pairs short", "a pair is written NAME:NAME; received 'short'"),
        ("--models short --pairs short:none", "pair short:none: 'none' is not among the models"),
        ("--models short --output FILE", "is a file; a scan is written to a folder"),
        ("--models short --output FILE/below", "could not create"),
        ("--models short --device cuda:99", "device 'cuda:99' is not"),
    ],
)
def test_the_verb_refuses(place: Path, tmp_path, make_model, capsys, arguments: str, refusal: str):
    foreign = make_model("sasrec", "none").float()
    (place / "models" / "foreign").mkdir()
    save_config(place / "models" / "foreign", foreign.config, foreign.catalogue, TrainConfig())
    save_weights(place / "models" / "foreign", foreign)
    (tmp_path / "file").write_text("x")
    words = arguments.replace("PLACE", str(place)).replace("FILE", str(tmp_path / "file")).split()
    if "--output" not in words:
        words += ["--output", str(tmp_path / "out")]
    code = main(["scan", str(place), *words])
    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert refusal in captured.err and "Traceback" not in captured.err
    assert not (tmp_path / "out" / "scan.json").exists()


def test_seeds_are_scanned_and_compared_with_their_twins_alone(place: Path, capsys):
    (place / "seeds").mkdir()
    (place / "models" / "seed-1").rename(place / "seeds" / "seed-1")
    assert main(["scan", str(place), "--device", "cpu"]) == 0
    about = read_scan(place / "scan").about
    assert list(about["models"]) == ["sasrec-additive", "sasrec-none", "seed-1", "short"]
    assert [pair for pair in about["pairs"] if "seed-1" in pair] == [["sasrec-none", "seed-1"]]
    assert len(about["pairs"]) == 3 + 1


def test_a_scan_does_not_take_the_place_of_one_that_holds_more(place: Path, capsys):
    assert main(["scan", str(place), "--attribution", "--device", "cpu"]) == 0
    before = {path.name: path.read_bytes() for path in (place / "scan").iterdir()}
    for arguments, lost in (
        (["--models", "short", "sasrec-none"], "sasrec-additive, seed-1, attributions"),
        ([], "attributions"),
    ):
        assert main(["scan", str(place), "--device", "cpu", *arguments]) == 2
        assert f"holds a scan with {lost} too, which this one would lose" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (place / "scan").iterdir()} == before
    assert main(["scan", str(place), "--attribution", "--device", "cpu"]) == 0


def test_a_dataset_without_models_is_refused(tmp_path: Path, capsys):
    save_dataset(UNEVEN, tmp_path / "bare")
    assert main(["scan", str(tmp_path / "bare")]) == 2
    assert "holds no models; train one, or name some with --models" in capsys.readouterr().err


def test_a_damaged_scan_is_refused(place: Path, tmp_path: Path):
    output = tmp_path / "scan"
    write_scan(directories(place), UNEVEN, output, device="cpu")
    about = json.loads((output / "scan.json").read_text())
    whole = (output / "users.parquet").read_bytes()
    (output / "users.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="users.parquet is not readable parquet"):
        read_scan(output)
    pd.DataFrame({"user_id": ["1"]}).to_parquet(output / "users.parquet")
    with pytest.raises(DataError, match="users.parquet: missing column model, target"):
        read_scan(output)
    (output / "scan.json").write_text(json.dumps(about | {"schema_version": 99}))
    with pytest.raises(AwrsrError, match="scan.json: schema_version must be 2; received 99"):
        read_scan(output)


# --- what is shipped ------------------------------------------------------------------------------


TWICE_TRAINED = sorted(
    str(path.relative_to(ROOT / "assets")) for path in ROOT.glob("assets/*/seeds/*-seed1")
)


@pytest.mark.parametrize("name", TWICE_TRAINED)
def test_the_second_seed_differs_by_its_seed_alone(name: str):
    second = ROOT / "assets" / name
    first = second.parent.parent / "models" / second.name.removesuffix("-seed1")
    (model, _, training), (other, _, retrained) = read_config(first), read_config(second)
    assert (model, {**training.to_json(), "seed": 1}) == (other, retrained.to_json())
    assert weights_fingerprint(first) != weights_fingerprint(second)
