"""A damaged, foreign or malicious model directory is refused in one line, never executed."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from helpers import N_ITEMS
from safetensors.torch import load_file, save_file

from awrsr.errors import CheckpointError
from awrsr.training import checkpoint
from awrsr.training.checkpoint import CONFIG_FILE, WEIGHTS_FILE, load_model, weights_fingerprint

Edit = Callable[[Path], object]


def rewritten(section: str, change: Callable[[dict], object]) -> Edit:
    """Changes a section of config.json, or the whole object if the section is empty."""

    def edit(directory: Path) -> None:
        path = directory / CONFIG_FILE
        config_object = json.loads(path.read_text())
        change(config_object[section] if section else config_object)
        path.write_text(json.dumps(config_object))

    return edit


def config(section: str, **values: object) -> Edit:
    return rewritten(section, lambda fields: fields.update(values))


def without(section: str, field: str) -> Edit:
    return rewritten(section, lambda fields: fields.pop(field))


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


def filled(value: float) -> Edit:
    """One row of the item embeddings holds this value."""
    return weights(lambda tensors: tensors[EMBEDDING][3].fill_(value))


def truncated(directory: Path) -> None:
    path = directory / WEIGHTS_FILE
    path.write_bytes(path.read_bytes()[:-100])


EMBEDDING, NORM = "item_embedding.weight", "norm.weight"
NO_CONFIG = "is not a model directory: it lacks config.json; a model directory holds"
NOT_WHOLE = "model.safetensors is not a complete safetensors file"
NOT_FITTING = "model.safetensors does not fit config.json: "
NOT_FINITE = f"{NOT_FITTING}{EMBEDDING} holds values that are not finite"
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
    "backbone-a-number": (config("model", backbone=5), f"{MODEL}backbone must be text; received 5"),
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
        rf"{NOT_FITTING}{EMBEDDING} is \(12, 8\), the config expects \(13, 8\)",
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
        rf"{NOT_FITTING}{NORM} is \(9,\), the config expects \(8,\)",
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
    "tensor-with-nan": (filled(torch.nan), NOT_FINITE),
    "tensor-with-infinity": (filled(-torch.inf), NOT_FINITE),
    "all-tensors-missing": (weights(dict.clear), r"missing .*; and \d+ more$"),
}


def test_a_file_larger_than_the_model_is_not_opened(stored: Path, monkeypatch):
    with (stored / WEIGHTS_FILE).open("r+b") as file:
        file.truncate(40_000_000_000)  # it takes no space on the disk
    monkeypatch.setattr(checkpoint, "safe_open", None)
    monkeypatch.setattr(checkpoint, "hashlib", None)
    message = "does not fit config.json: it has 40,000,000,000 bytes, the config allows .* at most"
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
        """A safetensors file without a tensor."""

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
    """An object whose unpickling makes a file."""

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
        "not a complete safetensors file.*a pickled checkpoint" if name == WEIGHTS_FILE else "JSON"
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
