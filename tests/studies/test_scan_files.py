"""Files of scans: writing, resuming, reading, refusals; the verb; several processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from helpers import ROOT
from uneven import UNEVEN

import awrsr
from awrsr.cli.main import main
from awrsr.config import TrainConfig
from awrsr.data.dataset_files import save_dataset
from awrsr.errors import AwrsrError, DataError
from awrsr.ranking.evaluation import evaluate
from awrsr.studies import read_scan, scan, scan_files, seed_pairs, write_scan
from awrsr.training.checkpoint import read_config, save_config, save_weights, weights_fingerprint


@pytest.fixture
def place(tmp_path: Path, models) -> Path:
    """The dataset with three models, one of them with two seeds."""
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


def test_a_written_scan_is_read_back(place: Path, tmp_path: Path):
    steps: list[int] = []
    output = tmp_path / "scan"
    written = write_scan(
        directories(place), UNEVEN, output, command="this", device="cpu", progress=steps.append
    )
    assert sum(steps) == 4 * UNEVEN.n_users
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


def test_a_killed_scan_continues(place: Path, tmp_path: Path, monkeypatch):
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


def test_other_weights_do_not_continue_with_the_same_parts(place: Path, tmp_path: Path, models):
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
    """Run by torchrun over gloo, with parts of three users, so that both processes have parts."""
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
    assert main(arguments) == 0  # to the default place
    assert (place / "scan" / "scan.json").is_file()


@pytest.mark.few(3)
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


def test_seeds_are_scanned_and_compared_only_with_their_twins(place: Path, capsys):
    (place / "seeds").mkdir()
    (place / "models" / "seed-1").rename(place / "seeds" / "seed-1")
    assert main(["scan", str(place), "--device", "cpu"]) == 0
    about = read_scan(place / "scan").about
    assert list(about["models"]) == ["sasrec-additive", "sasrec-none", "seed-1", "short"]
    assert [pair for pair in about["pairs"] if "seed-1" in pair] == [["sasrec-none", "seed-1"]]
    assert len(about["pairs"]) == 3 + 1


def test_a_scan_does_not_replace_a_larger_one(place: Path, capsys):
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
    content = (output / "users.parquet").read_bytes()
    (output / "users.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="users.parquet is not readable parquet"):
        read_scan(output)
    pd.DataFrame({"user_id": ["1"]}).to_parquet(output / "users.parquet")
    with pytest.raises(DataError, match="users.parquet: missing column model, target"):
        read_scan(output)
    (output / "scan.json").write_text(json.dumps(about | {"schema_version": 99}))
    with pytest.raises(AwrsrError, match="scan.json: schema_version must be 2; received 99"):
        read_scan(output)


TWICE_TRAINED = sorted(
    str(path.relative_to(ROOT / "assets")) for path in ROOT.glob("assets/*/seeds/*-seed1")
)


@pytest.mark.parametrize("name", TWICE_TRAINED)
def test_the_second_seed_differs_only_in_its_seed(name: str):
    second = ROOT / "assets" / name
    first = second.parent.parent / "models" / second.name.removesuffix("-seed1")
    (model, _, training), (other, _, retrained) = read_config(first), read_config(second)
    assert (model, {**training.to_json(), "seed": 1}) == (other, retrained.to_json())
    assert weights_fingerprint(first) != weights_fingerprint(second)
