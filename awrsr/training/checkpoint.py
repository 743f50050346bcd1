"""A model directory: config.json, model.safetensors and the other files of a training run.

Loading reads only JSON and plain tensors, executes no code from files, and refuses any mismatch.
"""

import hashlib
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from awrsr.config import FORMER_TRAINING, Catalogue, ModelConfig, TrainConfig
from awrsr.errors import AwrsrError, CheckpointError, ConfigError
from awrsr.io.files import read_json, reading, write_json
from awrsr.io.tensors import save_tensors
from awrsr.models import SequentialModel, build_model
from awrsr.processes import this_process
from awrsr.refinement import USUAL, with_former_settings, with_unread_settings

SCHEMA_VERSION = 2
FORMER_VERSION = 1
"""The version before refinements had settings; read with the settings of that time."""
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
ConfigFile = tuple[ModelConfig, Catalogue, TrainConfig | None]
"""The contents of config.json; a model that was not trained here has no settings of training."""
HALVES = (torch.bfloat16, torch.float16)
FLOATING = (torch.float64, torch.float32, *HALVES)
HEADER_LENGTH_BYTES = 8
"""Bytes at the start of a safetensors file that hold the length of its header."""
MAX_HEADER = 16_000_000
"""Largest accepted header (names, shapes, metadata) in bytes. The header of a model has a few
thousand bytes; the header of an unfinished run also holds its history."""
LARGEST_NUMBER = 8
"""Largest size of one number in bytes."""


def resolve_device(device: str) -> torch.device:
    """The torch device of that name; "auto" is the GPU if there is one, otherwise the CPU. Of
    several processes each gets the next GPU.

    Raises:
        ConfigError: the device does not exist; the message lists those of this machine.
    """
    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    available = ["auto", "cpu", *(["cuda"] if gpus else []), *gpus]
    if device == "auto":
        process, processes = this_process()
        if gpus and processes > 1:
            return torch.device(gpus[process % len(gpus)])
        return torch.device("cuda" if gpus else "cpu")
    if device in ("cpu", "cpu:0"):
        return torch.device("cpu")
    if device not in available:
        raise ConfigError(
            f"device {device!r} is not available; this machine has: {', '.join(available)}"
        )
    return torch.device(device)


def save_config(
    directory: Path, config: ModelConfig, catalogue: Catalogue, training: TrainConfig | None
) -> None:
    """Write config.json: the settings of the model, its catalogue and the settings of training,
    null if it was not trained here."""
    write_json(
        directory / CONFIG_FILE,
        {
            "schema_version": SCHEMA_VERSION,
            "model": config.to_json(),
            "catalogue": catalogue.to_json(),
            "training": training and training.to_json(),
        },
    )


def save_weights(directory: Path, model: SequentialModel) -> None:
    """Write model.safetensors in one step: other readers see the old file or the new one."""
    save_tensors(directory / WEIGHTS_FILE, model.state_dict())


def read_config(directory: Path) -> ConfigFile:
    """The contents of config.json.

    Raises:
        CheckpointError: it is missing, not readable or has another schema version, or a field is
            missing, unknown or out of range.
    """
    path = directory / CONFIG_FILE
    with reading(directory, CheckpointError):
        if not directory.is_dir():
            raise CheckpointError(f"{directory} is not a model directory: no such directory")
        missing = [name for name in (CONFIG_FILE, WEIGHTS_FILE) if not (directory / name).is_file()]
    if missing:
        raise CheckpointError(
            f"{directory} is not a model directory: it lacks {', '.join(missing)}; "
            f"a model directory holds {CONFIG_FILE} and {WEIGHTS_FILE}"
        )
    try:
        values = read_json(path)
        sections = ("schema_version", "model", "catalogue", "training")
        version = values.get("schema_version")
        if version not in (FORMER_VERSION, SCHEMA_VERSION) or isinstance(version, bool):
            raise ConfigError(
                f"{path}: schema_version is {version!r}; "
                f"this version reads {FORMER_VERSION} and {SCHEMA_VERSION}"
            )
        if set(values) != set(sections):
            raise ConfigError(f"{path}: has fields {sorted(values)}; accepted: {sorted(sections)}")
        model = values["model"]
        if version == FORMER_VERSION and isinstance(model, dict):
            later = [name for name in model if name in USUAL]
            if later:
                raise ConfigError(
                    f"{path}, model: field {later[0]!r} is not of schema_version {FORMER_VERSION}"
                )
            model = with_former_settings(model)
            if isinstance(values["training"], dict):
                values["training"] = {**FORMER_TRAINING, **values["training"]}
        elif isinstance(model, dict):
            model = with_unread_settings(model)
        return (
            ModelConfig.from_json(model, where=f"{path}, model"),
            Catalogue.from_json(values["catalogue"], where=f"{path}, catalogue"),
            None
            if values["training"] is None
            else TrainConfig.from_json(values["training"], where=f"{path}, training"),
        )
    except AwrsrError as error:
        raise CheckpointError(str(error)) from error


def load_model(directory: str | Path, device: str = "auto") -> SequentialModel:
    """The model in a directory, in eval mode, its weights without gradients.

    Weights of 16 bits are converted to 32 bits, which is exact: maps of 16 bits cannot be drawn.

    Args:
        directory: a directory with config.json and model.safetensors.
        device: auto (the GPU if there is one), cpu, cuda, cuda:1, ...

    Raises:
        CheckpointError: the directory, its config or its weights are missing, damaged or do not
            match.
        ConfigError: the device is not available.
    """
    directory = Path(directory)
    target = resolve_device(device)
    model = _configured(directory)
    tensors, _ = read_tensors(directory / WEIGHTS_FILE, model.state_dict(), device=target)
    check_weights(directory / WEIGHTS_FILE, tensors)
    tensors = {name: t.float() if t.dtype in HALVES else t for name, t in tensors.items()}
    if model.built_on_meta:
        model.load_state_dict(tensors, assign=True)
    else:
        with torch.random.fork_rng(devices=[]):
            model = type(model)(model.config, model.catalogue)
        model.to(device=target, dtype=next(iter(tensors.values())).dtype)
        model.load_state_dict(tensors)
    model.requires_grad_(False)
    model.eval()
    return model


def parameter_count(directory: Path) -> int:
    """The number of parameters of the model in a directory; only config.json is read.

    Raises:
        CheckpointError: see `read_config`.
    """
    return sum(tensor.numel() for tensor in _configured(directory).state_dict().values())


def _configured(directory: Path) -> SequentialModel:
    """The model that config.json describes, without memory for its weights: a damaged config
    cannot exhaust memory."""
    config, catalogue, _ = read_config(directory)
    try:
        with torch.device("meta"):
            return build_model(config, catalogue)
    except ConfigError as error:
        raise CheckpointError(f"{directory / CONFIG_FILE}: {error}") from error


def read_tensors(
    path: Path,
    expected: Mapping[str, Tensor],
    optional: Mapping[str, Tensor] | None = None,
    *,
    device: torch.device | str = "cpu",
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The named tensors of a safetensors file, and its metadata.

    The size of the file, the size of its header and its names and shapes are compared with the
    expected ones before any tensor is read, so that no file is read beyond the size of the model.

    Args:
        path: the file.
        expected: tensors whose names and shapes it must have; their values do not matter.
        optional: further tensors that it may have.
        device: the device of the result.

    Raises:
        CheckpointError: it cannot be read, is not a complete safetensors file, or holds other
            tensors; the message names the tensors that are missing, unexpected or of another shape.
    """
    known = {**(optional or {}), **expected}
    # Opened here too: safe_open reports every error of the system as a missing file.
    with reading(path, CheckpointError), path.open("rb") as opened:
        header = int.from_bytes(opened.read(HEADER_LENGTH_BYTES), "little")
    size = _check_size(path, known)
    try:
        if MAX_HEADER < header < size:  # a header beyond the file is reported below, as damage
            raise CheckpointError(
                f"{path} does not fit {CONFIG_FILE}: its header has {header:,} bytes; accepted: at "
                f"most {MAX_HEADER:,}"
            )
        with safe_open(path, framework="pt", device=str(device)) as file:
            names = set(file.keys())
            problems = [f"missing {name}" for name in sorted(expected.keys() - names)]
            problems += [f"unexpected {name}" for name in sorted(names - known.keys())]
            for name in sorted(names & known.keys()):
                have, want = file.get_slice(name).get_shape(), list(known[name].shape)
                if have != want:
                    problems.append(f"{name} is {tuple(have)}, the config expects {tuple(want)}")
            _refuse(path, problems)
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except (OSError, SafetensorError, struct.error) as error:
        raise CheckpointError(
            f"{path} is not a complete safetensors file: {error}. Only safetensors are read; "
            "a pickled checkpoint (.pt, .pth) is not, whatever its name"
        ) from error


def _check_size(path: Path, expected: Mapping[str, Tensor]) -> int:
    """The size of a safetensors file in bytes, checked against these tensors.

    Raises:
        CheckpointError: the file is larger than the tensors can be.
    """
    with reading(path, CheckpointError):
        size = path.stat().st_size
    bound = MAX_HEADER + LARGEST_NUMBER * sum(tensor.numel() for tensor in expected.values())
    if size > bound:
        raise CheckpointError(
            f"{path} does not fit {CONFIG_FILE}: it has {size:,} bytes, the config allows "
            f"{bound:,} at most"
        )
    return size


def check_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Refuse weights that no model can use.

    Raises:
        CheckpointError: a tensor is not floating point or not finite, or there are several types;
            the message names them.
    """
    problems = []
    for name in sorted(weights):
        if weights[name].dtype not in FLOATING:
            problems.append(f"{name} is {weights[name].dtype}, expected floating point")
        elif not weights[name].isfinite().all():
            problems.append(f"{name} holds values that are not finite")
    types = sorted({str(tensor.dtype) for tensor in weights.values()})
    if not problems and len(types) > 1:
        problems.append(f"its tensors are of several types: {', '.join(types)}")
    _refuse(path, problems)


def _refuse(path: Path, problems: list[str]) -> None:
    if problems:
        tail = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise CheckpointError(f"{path} does not fit {CONFIG_FILE}: {'; '.join(problems[:5])}{tail}")


def weights_fingerprint(directory: str | Path) -> str:
    """12 hexadecimal digits of the SHA-256 of model.safetensors.

    Raises:
        CheckpointError: the file is larger than the config allows; or see `read_config`.
    """
    path = Path(directory) / WEIGHTS_FILE
    _check_size(path, _configured(path.parent).state_dict())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
