"""A model directory: a saved model is loaded on the requested device."""

import errno
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import PAIRS, plain
from safetensors.torch import load_file, save_file
from tiny_runs import save

from awrsr.config import TrainConfig
from awrsr.errors import AwrsrError, CheckpointError, ConfigError, DataError
from awrsr.io.tensors import save_tensors
from awrsr.ranking.recommendation import trace
from awrsr.refinement import FORMER_DEFAULTS, USUAL, read_by
from awrsr.training.checkpoint import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    load_model,
    read_config,
    read_tensors,
    resolve_device,
    save_weights,
    weights_fingerprint,
)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_model_of_the_former_schema_is_unchanged(tmp_path: Path, make_model, pair):
    """Its config lacks the settings of refinements; its weights have the current names."""
    model = make_model(*pair, **plain(pair[1]))
    path = save(model, tmp_path / "model") / CONFIG_FILE
    values = json.loads(path.read_text())
    values["schema_version"] = 1
    for name in USUAL:
        del values["model"][name]
    path.write_text(json.dumps(values))
    loaded = load_model(tmp_path / "model", "cpu")
    assert loaded.config == model.config
    if pair[1] == "stochastic":
        assert loaded.config.tied
        assert "attention.0.refinement.mean.weight" in loaded.state_dict()
    sequence = torch.tensor([[3, 1, 4, 1, 5]])
    torch.testing.assert_close(loaded(sequence), model(sequence))
    save(loaded, tmp_path / "again")
    assert read_config(tmp_path / "again")[0] == model.config


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_unread_settings_may_be_recorded_as_former_defaults(tmp_path: Path, make_model, pair):
    """Other values are refused, as for a new model."""
    model = make_model(*pair)
    path = save(model, tmp_path / "model") / CONFIG_FILE
    values = json.loads(path.read_text())
    unread = {
        name: value for name, value in FORMER_DEFAULTS.items() if pair[1] not in read_by(name)
    }
    values["model"] |= unread
    path.write_text(json.dumps(values))
    assert load_model(tmp_path / "model", "cpu").config == model.config
    if "similar_start" in unread:
        values["model"]["similar_start"] = 0
        path.write_text(json.dumps(values))
        with pytest.raises(CheckpointError, match="similar_start must be true or false"):
            load_model(tmp_path / "model", "cpu")


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_weights_of_16_bits_are_widened(stored: Path, half: torch.dtype):
    """Rounded values stay rounded; all computations have 32 bits."""
    path = stored / WEIGHTS_FILE
    rounded = {name: tensor.to(half) for name, tensor in load_file(path).items()}
    save_file(rounded, path)
    model = load_model(stored, "cpu")
    for name, tensor in model.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, rounded[name].float())
    assert trace(model, [1, 2, 3]).arrays()["refined"].dtype == np.float32


def test_scores_that_are_not_finite_are_refused(stored: Path):
    path = stored / WEIGHTS_FILE
    save_file({name: tensor * 1e30 for name, tensor in load_file(path).items()}, path)
    with pytest.raises(DataError, match="sasrec-additive of tiny.* scores that are not finite"):
        trace(load_model(stored, "cpu"), [1, 2, 3])


@pytest.mark.parametrize(
    "backbone, refinement, dtype",
    [
        *(pytest.param(*pair, torch.float32, id="-".join(pair)) for pair in PAIRS),
        pytest.param("stosa", "additive", torch.float64, id="float64"),
    ],
)
def test_a_saved_model_is_loaded(tmp_path: Path, make_model, backbone, refinement, dtype):
    model = make_model(backbone, refinement).to(dtype)
    loaded = load_model(save(model, tmp_path / "model"), "cpu")
    assert (loaded.config, loaded.catalogue) == (model.config, model.catalogue)
    assert read_config(tmp_path / "model")[2] == TrainConfig(seed=3)
    assert not any(module.training for module in loaded.modules())
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert {name: p.dtype for name, p in loaded.named_parameters()} == {
        name: dtype for name, _ in model.named_parameters()
    }
    stored = model.state_dict()
    assert all(torch.equal(value, stored[name]) for name, value in loaded.state_dict().items())
    # Close, not equal: the rounding of a matrix product may depend on memory addresses.
    items = [3, 1, 4, 1, 5]
    torch.testing.assert_close(trace(loaded, items).item_scores, trace(model, items).item_scores)


def test_saving_shares_no_memory_and_changes_no_model(tmp_path: Path, make_model):
    model = make_model("stosa", "simple")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    loaded = load_model(save(model, tmp_path / "model"), "cpu")
    with torch.no_grad():
        for parameter in loaded.parameters():
            parameter.zero_()
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_the_fingerprint_of_weights_changes_with_them(stored: Path, make_model):
    first = weights_fingerprint(stored)
    assert re.fullmatch("[0-9a-f]{12}", first)
    save_weights(stored, make_model("sasrec", "additive").float())
    assert weights_fingerprint(stored) == first
    save_weights(stored, make_model("sasrec", "additive").float().apply(scaled))
    assert weights_fingerprint(stored) != first


def scaled(module: torch.nn.Module) -> None:
    for parameter in module.parameters(recurse=False):
        parameter.mul_(1.5)


def test_metadata_is_kept(tmp_path: Path):
    save_tensors(tmp_path / "file", {"a": torch.ones(2, 3).T}, {"history": "[]"})
    tensors, metadata = read_tensors(tmp_path / "file", {"a": torch.empty(3, 2)})
    assert torch.equal(tensors["a"], torch.ones(3, 2))
    assert metadata == {"history": "[]"}


def test_a_full_disk_leaves_the_old_weights(stored: Path, make_model, monkeypatch):
    before = weights_fingerprint(stored)
    write_bytes = Path.write_bytes

    def fail(path: Path, content: bytes) -> int:
        write_bytes(path, content[:4])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(AwrsrError, match="could not write .*model.safetensors: .*No space left"):
        save_weights(stored, make_model("sasrec", "additive").apply(scaled))
    assert weights_fingerprint(stored) == before
    assert sorted(path.name for path in stored.iterdir()) == [CONFIG_FILE, WEIGHTS_FILE]


@pytest.mark.parametrize("gpus", [0, 2])
@pytest.mark.parametrize(
    "device", ["gpu", "cuda:99", "meta", "cuda:x", "", "mps", "xla", "vulkan", "hpu:0", "cpu:1"]
)
def test_a_device_that_does_not_exist_is_refused(stored: Path, monkeypatch, device: str, gpus: int):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    devices = "auto, cpu, cuda, cuda:0, cuda:1" if gpus else "auto, cpu"
    with pytest.raises(ConfigError) as caught:
        load_model(stored, device)
    assert str(caught.value) == f"device {device!r} is not available; this machine has: {devices}"


def test_devices_by_name():
    assert resolve_device("cpu") == torch.device("cpu") == resolve_device("cpu:0")
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
