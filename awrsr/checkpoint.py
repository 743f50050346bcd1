"""A model directory: config.json and model.safetensors, and what training wrote beside them.

Loading reads JSON and plain tensors, executes nothing, and refuses any mismatch.
"""

import hashlib
import struct
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from awrsr.config import SCHEMA_VERSION, Catalogue, ModelConfig, TrainConfig
from awrsr.errors import AwrsrError, CheckpointError, ConfigError
from awrsr.files import read_json, reading, write_atomically, write_json
from awrsr.models import SequentialModel, build_model

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
HALVES = (torch.bfloat16, torch.float16)
FLOATING = (torch.float64, torch.float32, *HALVES)


def resolve_device(device: str) -> torch.device:
    """The torch device of that name; "auto" is the GPU where there is one, else the CPU.

    Raises:
        ConfigError: no such device here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"device {device!r} is not available here ({reason}); accepted: auto, cpu, cuda"
        ) from None
    if found.type not in ("cpu", "cuda"):
        raise ConfigError(f"device {device!r} is not supported; accepted: auto, cpu, cuda")
    return found if found.type == "cuda" else torch.device("cpu")


def save_config(
    directory: Path, config: ModelConfig, catalogue: Catalogue, training: TrainConfig
) -> None:
    """Write config.json: the architecture, the catalogue it is for and how it was trained."""
    write_json(
        directory / CONFIG_FILE,
        {
            "schema_version": SCHEMA_VERSION,
            "model": config.to_json(),
            "catalogue": catalogue.to_json(),
            "training": training.to_json(),
        },
    )


def save_weights(directory: Path, model: SequentialModel) -> None:
    """Write model.safetensors in one step: another reader sees the old file or the new one."""
    save_tensors(directory / WEIGHTS_FILE, model.state_dict())


def save_tensors(
    path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write named tensors as safetensors, in one step."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}

    def write(file: Path) -> None:
        try:
            save_file(plain, file, metadata)
        except SafetensorError as error:  # it reports a full disk as its own error
            raise OSError(None, str(error)) from error

    write_atomically(path, write)


def read_config(directory: Path) -> tuple[ModelConfig, Catalogue, TrainConfig]:
    """What config.json says.

    Raises:
        CheckpointError: it is missing, not readable, or of another schema version, or a field is
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
        if values.get("schema_version") != SCHEMA_VERSION:
            raise ConfigError(
                f"{path}: schema_version is {values.get('schema_version')!r}; "
                f"this version reads {SCHEMA_VERSION}"
            )
        if set(values) != set(sections):
            raise ConfigError(f"{path}: has fields {sorted(values)}; accepted: {sorted(sections)}")
        return (
            ModelConfig.from_json(values["model"], where=f"{path}, model"),
            Catalogue.from_json(values["catalogue"], where=f"{path}, catalogue"),
            TrainConfig.from_json(values["training"], where=f"{path}, training"),
        )
    except AwrsrError as error:
        raise CheckpointError(str(error)) from error


def load_model(directory: str | Path, device: str = "auto") -> SequentialModel:
    """The model of a directory, in eval mode, its weights without gradients.

    Weights of 16 bits are widened to 32, which is exact: a map of them could not be drawn.

    Args:
        directory: with config.json and model.safetensors.
        device: auto (the GPU where there is one), cpu, cuda, cuda:1, ...

    Raises:
        CheckpointError: the directory, its config or its weights are missing, damaged or do not
            match.
        ConfigError: the device is not available.
    """
    directory = Path(directory)
    target = resolve_device(device)
    config, catalogue, _ = read_config(directory)
    try:
        # Shapes only: a config cannot make us allocate what no file holds.
        with torch.device("meta"):
            model = build_model(config, catalogue)
    except ConfigError as error:
        raise CheckpointError(f"{directory / CONFIG_FILE}: {error}") from error
    tensors = read_tensors(directory / WEIGHTS_FILE, target)[0]
    check_weights(directory / WEIGHTS_FILE, model.state_dict(), tensors)
    tensors = {name: t.float() if t.dtype in HALVES else t for name, t in tensors.items()}
    model.load_state_dict(tensors, assign=True)
    model.requires_grad_(False)
    model.eval()
    return model


def read_tensors(
    path: Path, device: torch.device | str = "cpu"
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The named tensors of a safetensors file, and its metadata.

    Raises:
        CheckpointError: it cannot be read, or is not a whole safetensors file.
    """
    with reading(path, CheckpointError):
        path.open("rb").close()  # safe_open calls every refusal of the system a missing file
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except (OSError, SafetensorError, struct.error) as error:
        raise CheckpointError(
            f"{path} is not a whole safetensors file: {error}. Only safetensors are read; "
            "a pickled checkpoint (.pt, .pth) is not, whatever its name"
        ) from error


def check_weights(path: Path, expected: dict[str, Any], received: dict[str, Tensor]) -> None:
    """Refuse weights that are not exactly those of the configured model.

    Raises:
        CheckpointError: naming what is missing, unexpected, of another shape or type, or not
            finite.
    """
    problems = [f"missing {name}" for name in sorted(expected.keys() - received.keys())]
    problems += [f"unexpected {name}" for name in sorted(received.keys() - expected.keys())]
    for name in sorted(expected.keys() & received.keys()):
        want, have = expected[name], received[name]
        if want.shape != have.shape:
            problems.append(
                f"{name} is {tuple(have.shape)}, the config asks for {tuple(want.shape)}"
            )
        elif have.dtype not in FLOATING:
            problems.append(f"{name} is {have.dtype}, expected floating point")
        elif not have.isfinite().all():
            problems.append(f"{name} holds values that are not finite")
    types = sorted({str(tensor.dtype) for tensor in received.values()})
    if not problems and len(types) > 1:
        problems.append(f"its tensors are of several types: {', '.join(types)}")
    if problems:
        shown = "; ".join(problems[:5]) + (
            f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        )
        raise CheckpointError(f"{path} does not fit {CONFIG_FILE}: {shown}")


def weights_fingerprint(directory: str | Path) -> str:
    """12 hexadecimal digits of the SHA-256 of model.safetensors."""
    with (Path(directory) / WEIGHTS_FILE).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
