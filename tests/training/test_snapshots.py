"""Snapshots of epochs: kept next to the best weights, changing nothing else, loaded strictly."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save_file
from tiny_runs import Killed, assert_same_outcome, listing, stop

import awrsr
from awrsr.cli.main import main
from awrsr.errors import CheckpointError, ConfigError
from awrsr.experiments.card import read_metrics
from awrsr.training import loop, snapshots
from awrsr.training.checkpoint import CONFIG_FILE, WEIGHTS_FILE, load_model
from awrsr.training.snapshots import check_snapshots, snapshot_directory, snapshot_epochs
from awrsr.training.unfinished import RESUME_FILE


def weights_at(run: Path, epoch: int) -> bytes:
    return (snapshot_directory(run, epoch) / WEIGHTS_FILE).read_bytes()


def test_the_epochs_asked_for_are_kept_and_nothing_else_changes(run, tmp_path: Path):
    run("without", epochs=5)
    run("with", epochs=5, snapshots=(1, 3, 5))
    assert_same_outcome(tmp_path / "without", tmp_path / "with")
    assert snapshot_epochs(tmp_path / "with") == [1, 3, 5]
    assert snapshot_epochs(tmp_path / "without") == snapshot_epochs(tmp_path / "nowhere") == []
    assert set(listing(tmp_path / "with")) - set(listing(tmp_path / "without")) == {"snapshots"}
    for epoch in (1, 3, 5):
        kept = snapshot_directory(tmp_path / "with", epoch)
        assert listing(kept) == [CONFIG_FILE, WEIGHTS_FILE]


def test_a_snapshot_equals_the_end_of_a_run_of_so_many_epochs(run, tmp_path: Path):
    """The weights after an epoch, though the run keeps those of its best epoch."""
    history = run("long", epochs=6, patience=6, snapshots=range(1, 7))
    best = 1 + int(history["NDCG@10"].idxmax())
    assert weights_at(tmp_path / "long", best) == (tmp_path / "long" / WEIGHTS_FILE).read_bytes()
    run("first", epochs=1)
    assert weights_at(tmp_path / "long", 1) == (tmp_path / "first" / WEIGHTS_FILE).read_bytes()
    assert len({weights_at(tmp_path / "long", epoch) for epoch in range(1, 7)}) == 6


def test_a_loaded_snapshot_has_the_metrics_of_its_epoch(run, tmp_path: Path, tiny_dataset):
    history = run(epochs=3, patience=3, snapshots=(1, 2, 3))
    for epoch, expected in enumerate(history["NDCG@10"], start=1):
        model = awrsr.load_snapshot(tmp_path / "run", epoch, "cpu")
        assert not model.training and not any(p.requires_grad for p in model.parameters())
        found = awrsr.evaluate(model, tiny_dataset, "validation").metrics
        assert found["NDCG@10"] == expected


@pytest.mark.parametrize("batch", [2, 0], ids=["within epoch 3", "at the end of epoch 3"])
def test_a_resumed_run_has_the_snapshots_of_an_uninterrupted_one(run, tmp_path: Path, batch: int):
    run("whole", epochs=5, snapshots=(2, 3, 4))
    with pytest.raises(Killed):
        run("parts", epochs=5, snapshots=(2, 3, 4), report=stop(3, batch))
    kept = tmp_path / "parts" / "snapshots" / "epoch-0002"
    before = (kept / WEIGHTS_FILE).stat().st_mtime_ns
    run("parts", epochs=5, snapshots=(2, 3, 4), resume=True)
    assert (kept / WEIGHTS_FILE).stat().st_mtime_ns == before
    assert_same_outcome(tmp_path / "whole", tmp_path / "parts")
    assert snapshot_epochs(tmp_path / "parts") == [2, 3, 4]
    for epoch in (2, 3, 4):
        assert weights_at(tmp_path / "whole", epoch) == weights_at(tmp_path / "parts", epoch)


def test_a_run_killed_between_a_snapshot_and_its_progress_writes_it_again(
    run, tmp_path: Path, monkeypatch
):
    run("whole", epochs=3, snapshots=(2,))
    save = loop.save_snapshot

    def save_and_die(*asked) -> None:
        save(*asked)
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(loop, "save_snapshot", save_and_die)
        run("parts", epochs=3, snapshots=(2,))
    assert snapshot_epochs(tmp_path / "parts") == [2]
    run("parts", epochs=3, snapshots=(2,), resume=True)
    assert weights_at(tmp_path / "whole", 2) == weights_at(tmp_path / "parts", 2)
    assert not list((tmp_path / "parts" / "snapshots").glob(".*"))


@pytest.mark.parametrize("finished", [False, True], ids=["unfinished", "finished"])
def test_an_epoch_that_is_past_cannot_be_kept(run, tmp_path: Path, finished: bool):
    if finished:
        run(epochs=3, snapshots=(2,))
    else:
        with pytest.raises(Killed):
            run(epochs=3, snapshots=(2,), report=stop(3, 0))
    said = (
        "run has trained 3 epochs and cannot keep those of: 1 any more; kept: 2; accepted: those, "
        "and epochs after 3"
    )
    with pytest.raises(ConfigError, match=said):
        run(epochs=3, snapshots=(1, 2), resume=True)
    run(epochs=3, snapshots=(2,), resume=True)
    assert not (tmp_path / "run" / RESUME_FILE).exists()


def test_epochs_after_an_early_stop_are_left_out(run, tmp_path: Path):
    history = run(epochs=100, patience=1, learning_rate=0.1, seed=2, snapshots=(1, 100))
    assert len(history) < 100 and snapshot_epochs(tmp_path / "run") == [1]


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [(0,), (3,), (2, 1), (1, 1), (-1, 2)])
def test_epochs_that_are_not_of_the_run_are_refused_before_it_begins(run, tmp_path, asked):
    received = ", ".join(map(str, asked))
    said = f"snapshots must be different epochs from 1 to 2, rising; received {received}"
    with pytest.raises(ConfigError, match=said):
        run(epochs=2, snapshots=asked)
    assert not (tmp_path / "run").exists()


def test_snapshots_have_a_common_bound(run, tmp_path: Path, make_model, monkeypatch):
    model = make_model()
    size = sum(8 * parameter.numel() for parameter in model.parameters())
    monkeypatch.setattr(snapshots, "MAX_BYTES", 3 * size + 1)
    check_snapshots((1, 2, 3), model, 9)
    said = f"4 snapshots asked for; one has {size:,} bytes, so that 3 fit into the {3 * size + 1:,}"
    with pytest.raises(ConfigError, match=said):
        check_snapshots((1, 2, 3, 4), model, 9)
    check_snapshots((2, 3), model, 9, kept=(1, 2))
    with pytest.raises(ConfigError, match="4 snapshots asked for"):
        check_snapshots((3, 4), model, 9, kept=(1, 2))
    monkeypatch.setattr(snapshots, "MAX_BYTES", 100)
    with pytest.raises(ConfigError, match="1 snapshot asked for; one has .* so that 0 fit"):
        run(snapshots=(1,))
    assert not (tmp_path / "run").exists()


def test_a_missing_snapshot_is_refused_with_the_existing_ones(run, tmp_path: Path):
    run(snapshots=(2,))
    with pytest.raises(CheckpointError, match="run has no snapshot of epoch 1; kept: 2"):
        awrsr.load_snapshot(tmp_path / "run", 1)
    shutil.rmtree(tmp_path / "run" / "snapshots")
    with pytest.raises(CheckpointError, match="no snapshot of epoch 1; kept: none"):
        awrsr.load_snapshot(tmp_path / "run", 1)


def test_other_directories_are_skipped(run, tmp_path: Path):
    run(snapshots=(1,))
    folder = tmp_path / "run" / "snapshots"
    for name in (
        "epoch-1",
        "epoch-00x1",
        ".epoch-0002.half",
        "notes",
        "epoch-\u0661\u0661\u0661\u0661",
    ):
        (folder / name).mkdir()
    (folder / "epoch-0003").touch()
    assert awrsr.snapshot_epochs(tmp_path / "run") == [1]


@pytest.mark.parametrize("change", [{"seed": 1}, {"model": {"hidden_size": 4}}])
def test_a_snapshot_of_another_run_is_refused(run, tmp_path: Path, change: dict):
    run("mine", snapshots=(1,))
    run("other", snapshots=(1,), **change)
    place = tmp_path / "mine" / "snapshots" / "epoch-0001"
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "other" / "snapshots" / "epoch-0001", place)
    with pytest.raises(
        CheckpointError, match="epoch-0001 is not a snapshot of .*mine: their config"
    ):
        awrsr.load_snapshot(tmp_path / "mine", 1)


def test_a_damaged_snapshot_is_refused(run, tmp_path: Path):
    run(snapshots=(1,))
    path = tmp_path / "run" / "snapshots" / "epoch-0001" / WEIGHTS_FILE
    content = path.read_bytes()
    tensors = load(content)  # not from the file, which is changed below
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match="is not a complete safetensors file"):
        awrsr.load_snapshot(tmp_path / "run", 1)
    name = next(iter(tensors))
    save_file(tensors | {name: torch.full_like(tensors[name], torch.nan)}, path)
    with pytest.raises(CheckpointError, match=f"{name} holds values that are not finite"):
        awrsr.load_snapshot(tmp_path / "run", 1)
    path.unlink()
    with pytest.raises(CheckpointError, match=f"it lacks {WEIGHTS_FILE}"):
        awrsr.load_snapshot(tmp_path / "run", 1)


# --- the command ----------------------------------------------------------------------------------

TINY = (
    "--model.max_length 8 --model.hidden_size 8 --model.n_layers 1 --model.inner_size 16 "
    "--train.epochs 3"
).split()


def test_the_command_keeps_epochs_and_records_them(tiny_directory: Path, tmp_path: Path, capsys):
    output = tmp_path / "model"
    words = ["train", str(tiny_directory), "--output", str(output), *TINY, "--snapshots", "1,3"]
    assert main(words) == 0
    assert "epochs kept besides the best: 1, 3" in capsys.readouterr().out
    assert awrsr.snapshot_epochs(output) == [1, 3]
    recorded = read_metrics(output).training
    assert recorded is not None and recorded.command.endswith(" --snapshots 1,3")
    load_model(snapshot_directory(output, 3), "cpu")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("1;2", "--snapshots must be whole numbers with commas between them, such as 1,2,5; rec"),
        ("1,x", "--snapshots must be whole numbers with commas between them, such as 1,2,5; rec"),
        ("1,2.5", "received 2.5 in it"),
        ("2,9", "snapshots must be different epochs from 1 to 3, rising; received 2, 9"),
    ],
)
def test_the_command_refuses_invalid_epochs(tiny_directory, tmp_path, capsys, given, said):
    output = tmp_path / "model"
    words = ["train", str(tiny_directory), "--output", str(output), *TINY, "--snapshots", given]
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert not output.exists()


def test_the_command_reads_epochs_from_a_file_of_settings(tiny_directory, tmp_path, capsys):
    (tmp_path / "settings.json").write_text('{"snapshots": [1, 2], "train": {"epochs": 2}}')
    words = ["train", str(tiny_directory), "--config", str(tmp_path / "settings.json")]
    assert main([*words, "--output", str(tmp_path / "model"), *TINY[:-2]]) == 0
    assert awrsr.snapshot_epochs(tmp_path / "model") == [1, 2]
