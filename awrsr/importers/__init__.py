"""Models trained by other code bases, one importer per layout of their files.

A new importer is a file and a line here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awrsr.config import Candidates, MeanStream
from awrsr.data.dataset import Dataset
from awrsr.data.filters import ties_are_shuffled
from awrsr.errors import AwrsrError, CheckpointError, ConfigError
from awrsr.family import Family
from awrsr.importers.base import Converted, Importer, Tensors, blank, check_heads, given, number_of
from awrsr.importers.gsasrec import GSASRecImporter
from awrsr.importers.items import in_order_of, numbered
from awrsr.importers.pmixer import Layout, PmixerImporter
from awrsr.importers.recbole import RecBoleImporter
from awrsr.importers.rectools import RecToolsImporter
from awrsr.importers.replay import RePlayImporter
from awrsr.importers.s3rec import S3RecImporter
from awrsr.importers.stored import Stored, read_stored
from awrsr.importers.stosa import StosaImporter
from awrsr.models import SequentialModel, build_model
from awrsr.training.checkpoint import check_weights

__all__ = [
    "IMPORTERS",
    "MAY_HAVE_SEEN",
    "TIES",
    "Converted",
    "Imported",
    "Importer",
    "Layout",
    "Stored",
    "Tensors",
    "blank",
    "check_heads",
    "given",
    "number_of",
    "numbered",
    "read_model",
    "read_stored",
    "recognise",
]

IMPORTERS: Family[Importer] = Family(
    "importer",
    Importer,
    group="awrsr.importers",
    members=(
        *(S3RecImporter, StosaImporter, PmixerImporter, GSASRecImporter),
        *(RecBoleImporter, RecToolsImporter, RePlayImporter),
    ),
    facts=("title", "marks"),
)
NAMES_SHOWN = 4
MAY_HAVE_SEEN = (
    "trained elsewhere: it may have seen the test items of this split by time, and then its "
    "metrics are too high"
)
"""The note on a model that is evaluated under a split by time."""
TIES = (
    "rows of a user with equal times were shuffled when the dataset was prepared, so that other "
    "items may be held out than by the source; prepare --ties file keeps the order of the file"
)
"""The note on a dataset whose sequences may be others than those of the source."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A model made from a file of another code base.

    Args:
        model: the model, in eval mode, without gradients, on the CPU.
        importer: the importer that recognised the file.
        sha256: the hash of the file.
        options: the options given for the file, by name, as text.
        notes: facts found or guessed about it.
    """

    model: SequentialModel
    importer: type[Importer]
    sha256: str
    options: dict[str, str]
    notes: list[str]

    @property
    def candidates(self) -> Candidates | None:
        """The candidates among which the source ranks, see `Importer`."""
        return self.importer.candidates


def read_model(
    file: str | Path,
    dataset: Dataset,
    *,
    heads: int | None = None,
    items: Path | None = None,
    mean_stream: MeanStream | None = None,
    layout: Layout | None = None,
    interactions: Path | None = None,
) -> Imported:
    """The model in a file that another code base wrote, recognised by its content.

    Nothing in the file is run, see `awrsr.importers.stored`.

    Args:
        file: the file.
        dataset: prepared from the data that the model was trained on.
        heads: attention heads per layer, if the file does not contain it.
        items: a text file with one id per line, the model's items in its order, if the file does
            not contain it; default: items are the numbers from 1.
        mean_stream: stosa: published, if the published code trained it; correct, if its misspelt
            variable had been corrected.
        layout: pmixer: the year of the code that trained it: 2020 (until June 2024), 2024 (until
            May 2025), 2025 or 2025_norm_first (since then, without and with --norm_first).
        interactions: recbole: the .inter file that the model was trained on, which gives the order
            of its items.

    Raises:
        CheckpointError: the file cannot be read safely, no importer recognises it, or its tensors
            do not fit its layout.
        ConfigError: an option is missing that the file does not replace, or an option does not
            apply to this kind of file.
        DataError: the model's items are not those of the dataset.
    """
    asked = {
        "heads": heads,
        "items": items,
        "mean_stream": mean_stream,
        "layout": layout,
        "interactions": interactions,
    }
    options = {name: value for name, value in asked.items() if value is not None}
    path = Path(file)
    stored = read_stored(path)
    importer = recognise(stored)
    accepted = importer.options()
    for name in options:
        if name not in accepted:
            raise ConfigError(
                f"{path} is of {importer.title}, which takes no {name}; it takes "
                f"{', '.join(accepted) or 'no options'}"
            )
    with _in_one_sentence(path):
        try:
            converted = importer.convert(stored, **options)
        except ConfigError as error:
            raise ConfigError(f"{path}, recognised as {importer.title}: {error}") from error
        model = _model(path, dataset, converted)
    return Imported(
        model=model,
        importer=importer,
        sha256=stored.sha256,
        options={name: str(value) for name, value in options.items()},
        notes=[
            *converted.notes,
            *[MAY_HAVE_SEEN] * (dataset.time_split is not None),
            *[TIES] * ties_are_shuffled(dataset.about.get("filters", {})),
        ],
    )


def recognise(stored: Stored) -> type[Importer]:
    """The importer of a file.

    Raises:
        CheckpointError: there is none, or several.
    """
    found = [importer for importer in IMPORTERS.values() if importer.recognises(stored)]
    if len(found) == 1:
        return found[0]
    named = list(stored.tensors)
    seen = f"its tensors are {', '.join(named[:NAMES_SHOWN])}, ..." if named else "it has no tensor"
    known = found or list(IMPORTERS.values())
    verdict = "could be of several code bases" if found else "is not of a known code base"
    titles = "; ".join(f"{importer.name}: {importer.title}" for importer in known)
    raise CheckpointError(f"{stored.path} {verdict}: {seen}; known: {titles}")


@contextmanager
def _in_one_sentence(path: Path) -> Iterator[None]:
    """Convert errors to one sentence: a file with the names of a layout may still raise any."""
    try:
        yield
    except AwrsrError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(
            f"{path} does not fit its layout: {type(error).__name__}: {reason}"
        ) from error


def _model(path: Path, dataset: Dataset, converted: Converted) -> SequentialModel:
    weights: dict[str, Any] = {
        name: tensor.float().contiguous()
        for name, tensor in in_order_of(dataset, converted, path).items()
    }
    check_weights(path, weights)
    model = build_model(converted.config, dataset.catalogue)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:  # names and shapes
        reason = " ".join(str(error).split())[:400]
        raise CheckpointError(f"{path} does not fit its layout: {reason}") from error
    return model.requires_grad_(False).eval()
