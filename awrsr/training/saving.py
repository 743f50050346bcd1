"""A model directory of a model in memory."""

from pathlib import Path

import torch

from awrsr.errors import ConfigError
from awrsr.io.files import new_directory
from awrsr.io.tensors import save_tensors
from awrsr.models import SequentialModel, build_model
from awrsr.training.checkpoint import WEIGHTS_FILE, save_config


def save_model(model: SequentialModel, directory: str | Path) -> None:
    """Write a new model directory, config.json and model.safetensors, which `awrsr.load_model`
    reads. It holds numbers and settings, no code: where it is loaded, the package of its backbone
    must be installed.

    Args:
        model: any model.
        directory: does not exist yet, or is empty; the app offers the models in `models/` of a
            dataset directory, under names of the form BACKBONE-REFINEMENT.

    Raises:
        ConfigError: a tensor of the model is not floating point, or the model that is built from
            the settings has tensors of other names or shapes; the message names them.
        DataError: the directory is not empty.
        AwrsrError: it could not be written.
    """
    tensors = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    problems = [
        f"{name} is {tensor.dtype}, a file holds floating-point numbers alone (a buffer that is no "
        "weight is registered with persistent=False)"
        for name, tensor in tensors.items()
        if not tensor.is_floating_point()
    ]
    with torch.device("meta"):
        built = build_model(model.config, model.catalogue).state_dict()
    for name in sorted({*built, *tensors}):
        have, want = (tuple(of[name].shape) if name in of else "missing" for of in (tensors, built))
        if have != want:
            problems.append(f"{name} is {have} in the model, {want} in one built from its config")
    if problems:
        tail = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise ConfigError(
            f"{model.title} cannot be written to {WEIGHTS_FILE}: {'; '.join(problems[:5])}{tail}"
        )
    with new_directory(Path(directory)) as temporary:
        save_config(temporary, model.config, model.catalogue, None)
        save_tensors(temporary / WEIGHTS_FILE, tensors)
