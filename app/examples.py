"""Recorded examples of a dataset, if they are for the current weights of its models."""

from contextlib import suppress
from pathlib import Path

from app import cache
from app.folders import in_command
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError
from awrsr.io.listing import visible_directories
from awrsr.studies import SEEDS_FOLDER, Example, current_examples
from awrsr.training.checkpoint import CONFIG_FILE


def recorded_examples(dataset: Dataset, models: dict[str, Path]) -> tuple[list[Example], str]:
    """The recorded examples for offered models with unchanged weights, or the reason for none.

    Args:
        dataset: read from a directory.
        models: the offered models by name.
    """
    assert dataset.directory is not None
    try:
        file = cache.get_examples(dataset)
        if file is None:
            return [], ""
    except AwrsrError as error:
        return [], str(error)
    seeds = visible_directories(dataset.directory / SEEDS_FOLDER, CONFIG_FILE)
    known = {path.name: path for path in seeds} | models
    marks = {}
    for name in file.models.keys() & known.keys():
        with suppress(OSError, AwrsrError):  # an unreadable model is reported where it is chosen
            marks[name] = cache.fingerprint(known[name])
    command = f"`python -m awrsr scan {in_command(dataset.directory)} --examples`"
    examples = current_examples(file, marks)
    stale = "" if examples else f"the recorded ones are for other weights; {command} finds new ones"
    return examples, stale
