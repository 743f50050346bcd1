"""A model directory: what is saved is loaded, and nothing else is, least of all executed."""

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import N_ITEMS, PAIRS, plain
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from awrsr.config import TrainConfig
from awrsr.errors import AwrsrError, CheckpointError, ConfigError, DataError
from awrsr.models import SequentialModel
from awrsr.ranking.recommendation import trace
from awrsr.refinement import FORMER_DEFAULTS, USUAL, read_by
from awrsr.training import checkpoint
from awrsr.training.checkpoint import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    load_model,
    read_config,
    read_tensors,
    resolve_device,
    save_config,
    save_tensors,
    save_weights,
    weights_fingerprint,
)

Edit = Callable[[Path], object]


def save(model: SequentialModel, directory: Path) -> Path:
    directory.mkdir()
    save_config(directory, model.config, model.catalogue, TrainConfig(seed=3))
    save_weights(directory, model)
    return directory


@pytest.fixture
def stored(tmp_path: Path, make_model) -> Path:
    return save(make_model("sasrec", "additive").float(), tmp_path / "model")


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_model_of_the_former_schema_is_what_it_was(tmp_path: Path, make_model, pair):
    """Its config lacks the settings of refinements; its weights have the names of today's."""
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
def test_settings_that_nothing_read_may_be_recorded_as_former_defaults(
    tmp_path: Path, make_model, pair
):
    """Others are refused, as they are of a model that is made."""
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
    """What has been rounded stays so; all that is computed from it has 32 bits."""
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
def test_what_is_saved_is_loaded(tmp_path: Path, make_model, backbone, refinement, dtype):
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
    # Close, not equal: a matrix product may round by where in memory its factors lie.
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

    def fail(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("awrsr.training.checkpoint.save_file", fail)
    with pytest.raises(AwrsrError, match="could not write .*model.safetensors: .*No space left"):
        save_weights(stored, make_model("sasrec", "additive").apply(scaled))
    assert weights_fingerprint(stored) == before
    assert sorted(path.name for path in stored.iterdir()) == [CONFIG_FILE, WEIGHTS_FILE]


def config(section: str, **values: object) -> Edit:
    """Changes fields of config.json; of the whole object where the section is empty."""

    def edit(directory: Path) -> None:
        path = directory / CONFIG_FILE
        whole = json.loads(path.read_text())
        (whole[section] if section else whole).update(values)
        path.write_text(json.dumps(whole))

    return edit


def without(section: str, field: str) -> Edit:
    def edit(directory: Path) -> None:
        path = directory / CONFIG_FILE
        whole = json.loads(path.read_text())
        del (whole[section] if section else whole)[field]
        path.write_text(json.dumps(whole))

    return edit


def content(name: str, value: bytes) -> Edit:
    return lambda directory: (directory / name).write_bytes(value)


def removed(name: str) -> Edit:
    return lambda directory: (directory / name).unlink()


def weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Edit:
    def edit(directory: Path) -> None:
        tensors = load_file(directory / WEIGHTS_FILE)
        change(tensors)
        save_file(tensors, directory / WEIGHTS_FILE)

    return edit


def truncated(directory: Path) -> None:
    path = directory / WEIGHTS_FILE
    path.write_bytes(path.read_bytes()[:-100])


EMBEDDING, NORM = "item_embedding.weight", "norm.weight"
NO_CONFIG = "is not a model directory: it lacks config.json; a model directory holds"
NOT_WHOLE = "model.safetensors is not a whole safetensors file"
NOT_FITTING = "model.safetensors does not fit config.json: "
MODEL, CATALOGUE, TRAINING = (
    f"config.json, {section}: " for section in ("model", "catalogue", "training")
)

REFUSED: dict[str, tuple[Edit, str]] = {
    "no-config": (removed(CONFIG_FILE), NO_CONFIG),
    "no-weights": (removed(WEIGHTS_FILE), "is not a model directory: it lacks model.safetensors"),
    "config-empty": (content(CONFIG_FILE, b""), "config.json is not readable JSON"),
    "config-truncated": (content(CONFIG_FILE, b'{"model": '), "config.json is not readable JSON"),
    "config-not-text": (content(CONFIG_FILE, b"\xff\xfe"), "config.json is not readable JSON"),
    "config-a-list": (content(CONFIG_FILE, b"[1]"), "config.json holds a JSON list, expected an"),
    "other-schema": (
        config("", schema_version=3),
        "config.json: schema_version is 3; this version reads 1 and 2",
    ),
    "schema-true": (
        config("", schema_version=True),
        "config.json: schema_version is True; this version reads 1 and 2",
    ),
    "later-field-in-former-schema": (
        config("", schema_version=1),
        "config.json, model: field 'rows' is not of schema_version 1",
    ),
    "further-section": (
        config("", extra=1),
        r"config.json: has fields \['catalogue', 'extra', .*; accepted: \['catalogue', 'model', ",
    ),
    "missing-section": (
        without("", "training"),
        r"config.json: has fields \['catalogue', 'model', ",
    ),
    "section-a-list": (config("", model=[1]), f"{MODEL}expected an object, received list"),
    "unknown-field": (
        config("model", n_layer=2),
        f"{MODEL}unknown field 'n_layer'; accepted: backbone, .* Did you mean 'n_layers'",
    ),
    "missing-field": (without("model", "n_heads"), f"{MODEL}missing field 'n_heads'"),
    "backbone-a-number": (
        config("model", backbone=5),
        f"{MODEL}backbone must be text; received 5",
    ),
    "unknown-backbone": (
        config("model", backbone="sasrek"),
        f"{MODEL}unknown backbone 'sasrek'; accepted: sasrec, stosa.*Did you mean 'sasrec'",
    ),
    "text-as-number": (
        config("model", hidden_dropout="0.5"),
        f"{MODEL}hidden_dropout must be a number, 0 to 0.99; received '0.5'",
    ),
    "fraction-as-size": (
        config("model", n_layers=2.0),
        f"{MODEL}n_layers must be a whole number, 1 to 1000; received 2.0",
    ),
    "true-as-size": (config("model", n_layers=True), f"{MODEL}n_layers must be .* received True"),
    "out-of-range": (
        config("model", hidden_dropout=1),
        f"{MODEL}hidden_dropout must be .* received 1",
    ),
    "nan": (config("model", hidden_dropout=float("nan")), f"{MODEL}hidden_dropout must .* nan"),
    "infinity": (
        config("training", learning_rate=float("inf")),
        f"{TRAINING}learning_rate must be a number, 1e-12 or more; received inf",
    ),
    "absurd-size": (
        config("model", max_length=10**30),
        f"{MODEL}max_length must be a whole number, 1 to 1000000; received 10000",
    ),
    "absurd-depth": (
        config("model", n_layers=10**9),
        f"{MODEL}n_layers must be a whole number, 1 to 1000; received 10000",
    ),
    "absurd-catalogue": (
        config("catalogue", n_items=10**18),
        f"{CATALOGUE}n_items must be a whole number, 1 to 2147483647; received 10000",
    ),
    "heads-that-do-not-divide": (
        config("model", n_heads=3),
        f"{MODEL}n_heads must divide hidden_size; received 3 heads for a hidden size of 8",
    ),
    "unknown-refinement": (
        config("model", refinement="additives"),
        "config.json: unknown refinement 'additives'; accepted: none, .* Did you mean 'additive'",
    ),
    "refinement-a-number": (config("model", refinement=3), f"{MODEL}refinement must be text"),
    "refinement-of-the-other-backbone": (
        config("model", refinement="stochastic"),
        "config.json: refinement 'stochastic' is for stosa; received backbone 'sasrec'",
    ),
    "unknown-training-field": (config("training", lr=1), f"{TRAINING}unknown field 'lr'"),
    "unknown-loss": (config("training", loss="ces"), f"{TRAINING}unknown loss 'ces'; accepted: ce"),
    "other-catalogue": (
        config("catalogue", n_items=N_ITEMS + 1),
        rf"{NOT_FITTING}{EMBEDDING} is \(12, 8\), the config asks for \(13, 8\)",
    ),
    "weights-empty": (content(WEIGHTS_FILE, b""), NOT_WHOLE),
    "weights-truncated": (truncated, NOT_WHOLE),
    "weights-not-safetensors": (content(WEIGHTS_FILE, b"{}" * 1000), NOT_WHOLE),
    "tensor-missing": (weights(lambda t: t.pop(NORM)), f"{NOT_FITTING}missing {NORM}"),
    "tensor-unexpected": (
        weights(lambda t: t.update(extra=torch.ones(1))),
        f"{NOT_FITTING}unexpected extra",
    ),
    "tensor-of-another-shape": (
        weights(lambda t: t.update({NORM: torch.ones(9)})),
        rf"{NOT_FITTING}{NORM} is \(9,\), the config asks for \(8,\)",
    ),
    "tensor-of-whole-numbers": (
        weights(lambda t: t.update({NORM: torch.ones(8, dtype=torch.int64)})),
        f"{NOT_FITTING}{NORM} is torch.int64, expected floating point",
    ),
    "tensor-of-8-bits": (
        weights(lambda t: t.update({NORM: torch.ones(8).to(torch.float8_e4m3fn)})),
        f"{NOT_FITTING}{NORM} is torch.float8_e4m3fn, expected floating point",
    ),
    "tensors-of-two-types": (
        weights(lambda t: t.update({NORM: torch.ones(8).double()})),
        f"{NOT_FITTING}its tensors are of several types: torch.float32, torch.float64",
    ),
    "tensor-with-nan": (
        weights(lambda t: t[EMBEDDING][3].fill_(torch.nan)),
        f"{NOT_FITTING}{EMBEDDING} holds values that are not finite",
    ),
    "tensor-with-infinity": (
        weights(lambda t: t[EMBEDDING][3].fill_(-torch.inf)),
        f"{NOT_FITTING}{EMBEDDING} holds values that are not finite",
    ),
    "all-tensors-missing": (weights(dict.clear), r"missing .*; and \d+ more$"),
}


def test_a_file_larger_than_the_model_is_not_opened(stored: Path, monkeypatch):
    with (stored / WEIGHTS_FILE).open("r+b") as file:
        file.truncate(40_000_000_000)  # it takes no room on the disk
    monkeypatch.setattr(checkpoint, "safe_open", None)
    monkeypatch.setattr(checkpoint, "hashlib", None)
    message = (
        "does not fit config.json: it has 40,000,000,000 bytes, the config asks for .* at most"
    )
    for read in (lambda: load_model(stored, "cpu"), lambda: weights_fingerprint(stored)):
        with pytest.raises(CheckpointError, match=message):
            read()


def test_a_header_larger_than_any_model_is_not_read(stored: Path, monkeypatch):
    monkeypatch.setattr(checkpoint, "MAX_HEADER", 100)
    monkeypatch.setattr(checkpoint, "safe_open", None)
    with pytest.raises(
        CheckpointError, match=r"its header has [\d,]+ bytes; accepted: at most 100"
    ):
        load_model(stored, "cpu")


def test_names_and_shapes_are_compared_before_a_tensor_is_read(stored: Path, monkeypatch):
    opened = checkpoint.safe_open

    class Header:
        """A safetensors file that gives no tensor."""

        def __init__(self, *arguments: object, **settings: object) -> None:
            self.file = opened(*arguments, **settings)

        def __enter__(self):
            entered = self.file.__enter__()
            return type("", (), {"keys": entered.keys, "get_slice": entered.get_slice})()

        def __exit__(self, *error: object) -> None:
            self.file.__exit__(*error)

    monkeypatch.setattr(checkpoint, "safe_open", Header)
    for change in (
        lambda t: t.pop(NORM),
        lambda t: t.update(extra=torch.ones(1)),
        lambda t: t.update({NORM: torch.ones(9)}),
        lambda t: t.update({f"tensor-{number}": torch.empty(0) for number in range(20_000)}),
    ):
        weights(change)(stored)
        with pytest.raises(CheckpointError, match=NOT_FITTING):
            load_model(stored, "cpu")


@pytest.mark.parametrize("damage, message", REFUSED.values(), ids=REFUSED)
def test_a_damaged_directory_is_refused(stored: Path, damage: Edit, message: str):
    load_model(stored, "cpu")
    damage(stored)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_model(stored, "cpu")
    assert str(stored) in str(caught.value)
    assert "\n" not in str(caught.value)


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("dump", [torch.save, pickle.dump], ids=["torch.save", "pickle"])
@pytest.mark.parametrize("name", [WEIGHTS_FILE, CONFIG_FILE])
def test_a_pickle_is_refused_and_not_executed(stored: Path, tmp_path: Path, dump, name: str):
    sprung = tmp_path / "sprung"
    with (stored / name).open("wb") as file:
        dump({"norm.weight": torch.ones(8), "trap": Trap(sprung)}, file)
    message = (
        "not a whole safetensors file.*a pickled checkpoint" if name == WEIGHTS_FILE else "JSON"
    )
    with pytest.raises(CheckpointError, match=message):
        load_model(stored, "cpu")
    assert not sprung.exists()
    with (stored / name).open("rb") as file:
        if dump is pickle.dump:
            pickle.load(file)
        else:
            torch.load(file, weights_only=False)
    assert sprung.exists(), "the trap would not have sprung at all"


def test_a_foreign_directory_is_refused(tmp_path: Path, tiny_directory: Path):
    with pytest.raises(
        CheckpointError, match="missing is not a model directory: no such directory"
    ):
        load_model(tmp_path / "missing", "cpu")
    with pytest.raises(
        CheckpointError, match="it lacks config.json, model.safetensors; a model dir"
    ):
        load_model(tiny_directory, "cpu")
    with pytest.raises(CheckpointError, match="config.json is not a model directory: no such"):
        load_model(tiny_directory / CONFIG_FILE, "cpu")


@pytest.mark.parametrize("gpus", [0, 2])
@pytest.mark.parametrize(
    "device", ["gpu", "cuda:99", "meta", "cuda:x", "", "mps", "xla", "vulkan", "hpu:0", "cpu:1"]
)
def test_a_device_that_does_not_exist_is_refused(stored: Path, monkeypatch, device: str, gpus: int):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    here = "auto, cpu, cuda, cuda:0, cuda:1" if gpus else "auto, cpu"
    with pytest.raises(ConfigError) as caught:
        load_model(stored, device)
    assert str(caught.value) == f"device {device!r} is not available; this machine has: {here}"


def test_devices_by_name():
    assert resolve_device("cpu") == torch.device("cpu") == resolve_device("cpu:0")
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
