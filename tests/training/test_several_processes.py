"""Several processes, started like torchrun starts them, do what one process does."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from helpers import ROOT, make_dataset
from tiny_runs import MODEL, TRAINING, Killed, stop

import awrsr
from awrsr.cli import main as cli
from awrsr.data.dataset_files import save_dataset
from awrsr.processes import joined_processes, summed, this_process
from awrsr.ranking.evaluation import evaluate
from awrsr.training.loop import train
from awrsr.training.unfinished import RESUME_FILE

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks processes: no fork")
DATASET = make_dataset(n_users=30, seed=2)
PLAIN = MODEL.replace(hidden_dropout=0.0, attention_dropout=0.0)


def in_processes(number: int, work: Callable[[int], object], place: Path) -> list[object]:
    """The results of `work`, which gets the number of its process, as JSON."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]

    def run(process: int) -> None:
        os.environ |= {
            "RANK": str(process),
            "LOCAL_RANK": str(process),
            "WORLD_SIZE": str(number),
            "LOCAL_WORLD_SIZE": str(number),
            "MASTER_ADDR": "localhost",
            "MASTER_PORT": str(port),
            "TORCHELASTIC_RUN_ID": "test",
        }
        with joined_processes():
            result = work(process)
        (place / f"{process}.json").write_text(json.dumps(result))

    context = multiprocessing.get_context("fork")
    started = [context.Process(target=run, args=(process,)) for process in range(number)]
    for each in started:
        each.start()
    for each in started:
        each.join(120)
    assert [each.exitcode for each in started] == [0] * number
    return [json.loads((place / f"{process}.json").read_text()) for process in range(number)]


def test_sums_are_over_all_processes(tmp_path: Path):
    def work(process: int) -> object:
        values = torch.tensor([process, 1])
        return [*this_process(), *summed(values).tolist(), *values.tolist()]

    assert in_processes(3, work, tmp_path) == [[n, 3, 3, 3, n, 1] for n in range(3)]
    assert this_process() == (0, 1) and summed(torch.tensor([4])).tolist() == [4]


def test_an_evaluation_is_equal_to_the_last_bit(tmp_path: Path, make_model, monkeypatch):
    monkeypatch.setattr("awrsr.ranking.evaluation.BLOCK_SCORES", 5 * DATASET.n_items)
    train(DATASET, tmp_path / "model", PLAIN, TRAINING, device="cpu")
    model = awrsr.load_model(tmp_path / "model", "cpu")
    expected = evaluate(model, DATASET, "test")

    def work(process: int) -> object:
        found = evaluate(model, DATASET, "test")
        return [found.metrics, found.ranks["rank"].tolist(), found.ranks["target"].tolist()]

    one = [expected.metrics, expected.ranks["rank"].tolist(), expected.ranks["target"].tolist()]
    assert in_processes(2, work, tmp_path) == [one, one]


@pytest.mark.parametrize("backbone", ["sasrec", "stosa"])
def test_a_training_without_random_numbers_gives_one_processs_result(tmp_path: Path, backbone: str):
    """Batches of 7, so that one process has more windows of a batch than the other, and at the end
    none. Shares of a batch are padded to other widths: equal up to rounding."""
    model, training = PLAIN.replace(backbone=backbone), TRAINING.replace(loss="ce", batch_size=7)
    alone = train(DATASET, tmp_path / "one", model, training, device="cpu")
    expected = alone.drop(columns="seconds")

    def work(process: int) -> object:
        history = train(DATASET, tmp_path / "two", model, training, device="cpu")
        return history.drop(columns="seconds").to_numpy().tolist()

    first, second = in_processes(2, work, tmp_path)
    assert first == second
    found = pd.DataFrame(first, columns=expected.columns)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-4)
    written = pd.read_csv(tmp_path / "two" / "history.csv")
    assert len(written) == 2 and not (tmp_path / "two" / RESUME_FILE).exists()
    # States, not weights: those of the keys' biases have no gradient but rounding.
    inputs = torch.tensor([[1, 5, 3, 2]])
    states = [awrsr.load_model(tmp_path / name, "cpu")(inputs) for name in ("one", "two")]
    torch.testing.assert_close(*states, rtol=1e-3, atol=1e-3)


def test_a_run_goes_on_with_another_number_of_processes(tmp_path: Path):
    """With sampled negatives and dropout, which each process draws for itself."""
    training = TRAINING.replace(loss="bce")
    with pytest.raises(Killed):
        train(DATASET, tmp_path / "run", MODEL, training, device="cpu", report=stop(2, 1))

    def work(process: int) -> object:
        return len(train(DATASET, tmp_path / "run", MODEL, training, device="cpu", resume=True))

    assert in_processes(2, work, tmp_path) == [2, 2]
    assert len(train(DATASET, tmp_path / "run", MODEL, training, device="cpu", resume=True)) == 2


def test_sparse_gradients_are_exchanged_too(tmp_path: Path):
    """Over gloo; both processes report one training."""
    training = TRAINING.replace(loss="sampled_ce", negatives=3, optimizer="lazy_adam")

    def work(process: int) -> object:
        history = train(DATASET, tmp_path / "run", PLAIN, training, device="cpu")
        return history.drop(columns="seconds").to_numpy().tolist()

    first, second = in_processes(2, work, tmp_path)
    assert first == second and len(first) == 2


def test_a_verb_that_cannot_be_shared_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(cli, "this_process", lambda: (0, 2))
    assert cli.main(["plant", "somewhere"]) == 2
    assert "torchrun works for train, evaluate" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True])
def test_torchrun_trains_and_evaluates(tmp_path: Path, killed: bool):
    save_dataset(DATASET, tmp_path / "data")
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    small = ["--model.max_length", "8", "--model.hidden_size", "8", "--train.epochs", "2"]
    words = ["-m", "awrsr", "train", str(tmp_path / "data"), "--device", "cpu", *small]
    if killed:
        script = tmp_path / "killed.py"
        script.write_text(
            "import os, signal, sys\nimport awrsr.cli.main\nimport awrsr.training.loop as loop\n"
            "def end(*arguments):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
            "if os.environ['RANK'] == '1':\n    loop.run_epoch = end\n"
            "sys.exit(awrsr.cli.main.main())\n"
        )
        words = [str(script), *words[2:]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [*run, *words], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    directory = tmp_path / "data" / "models" / "sasrec-none"
    if killed:
        assert found.returncode != 0 and (directory / RESUME_FILE).is_file()
        return
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("written to") == 1
    both = subprocess.run(
        [*run, "-m", "awrsr", "evaluate", str(directory)],
        env=environment, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    one = subprocess.run(
        [sys.executable, "-m", "awrsr", "evaluate", str(directory)],
        env=environment, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert both.stdout == one.stdout
