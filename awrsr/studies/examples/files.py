"""Examples in the directory of a scan: examples.json, found from the scan that lies there.

The file names the models of which it says something with the hash of their weights, those trained
with another seed too, so that nobody is told of models that have been trained again since.
"""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from awrsr.data.batching import history_and_target
from awrsr.data.dataset import Dataset
from awrsr.data.planted import load_causes
from awrsr.errors import AwrsrError, DataError
from awrsr.io.files import read_json, write_json
from awrsr.io.listing import visible_directories
from awrsr.models import SequentialModel
from awrsr.ranking.evaluation import candidates_words
from awrsr.refinement import REFINEMENTS, VANILLA
from awrsr.schema import Schema
from awrsr.studies.examples.search import find_examples
from awrsr.studies.examples.values import Example
from awrsr.studies.scan import Scan
from awrsr.studies.scan_files import read_scan, stale
from awrsr.studies.scan_rows import Pair
from awrsr.studies.seeds import SEEDS_FOLDER, differ_by_seed
from awrsr.training.checkpoint import CONFIG_FILE, load_model, read_config, weights_fingerprint

SCHEMA_VERSION = 1
EXAMPLES_FILE = "examples.json"
MODELS_FOLDER = "models"
"""Of a dataset directory: the models that are on offer."""


class ExamplesFile(Schema):
    """What examples.json says.

    Args:
        schema_version: 1.
        dataset: fingerprint of the dataset.
        candidates: what items a rank is among, in words.
        models: by name of every model of which it says something, the hash of its weights.
        examples: in the order in which they are offered.
        command: what found them.
    """

    schema_version: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)]
    dataset: str
    candidates: str
    models: dict[str, str]
    examples: list[Example]
    command: str | None


def write_examples(
    dataset: Dataset, output: Path, *, device: str = "auto", command: str | None = None
) -> ExamplesFile:
    """Find examples in the scan of a scan directory and write examples.json beside it.

    What another seed does is asked of the models in the dataset's seeds/ folder, whether or not
    they were scanned.

    Args:
        dataset: read from a directory.
        output: the scan directory.
        device: auto, cpu, cuda, cuda:1, ...
        command: what is run, for the file.

    Raises:
        DataError: there is no readable scan, or it is of another dataset or of other weights.
        AwrsrError: a model cannot be loaded, or the file cannot be written.
    """
    assert dataset.directory is not None, "a dataset that was read from a directory"
    written = read_scan(output)
    offered, again = (
        {path.name: path for path in visible_directories(dataset.directory / folder, CONFIG_FILE)}
        for folder in (MODELS_FOLDER, SEEDS_FOLDER)
    )
    pairs = example_pairs(written, offered)
    directories = again | offered
    marks = {
        name: weights_fingerprint(offered[name])
        for name in dict.fromkeys(n for pair in pairs for n in pair)
    }
    if why := stale(written, dataset, marks):
        raise DataError(f"{output}: {why}; scan again, without --examples")

    @cache
    def named(name: str) -> SequentialModel:
        return load_model(directories[name], device)

    found = find_examples(
        written,
        dataset,
        named,
        pairs=pairs,
        seeds=_other_seeds({name: offered[name] for name in marks}, again),
        causes=load_causes(dataset, "test"),
    )
    told_of = sorted({name for example in found for name in example.models})
    file = ExamplesFile(
        schema_version=SCHEMA_VERSION,
        dataset=dataset.fingerprint,
        candidates=candidates_words(dataset.n_items, dataset.default_candidates),
        models={name: weights_fingerprint(directories[name]) for name in told_of},
        examples=found,
        command=command,
    )
    write_json(output / EXAMPLES_FILE, file.to_json())
    return file


def holds_scan(output: Path, dataset: Dataset, directories: Mapping[str, Path]) -> bool:
    """Whether a directory holds a scan of these models as they are; of any models where none are
    named."""
    try:
        marks = {name: weights_fingerprint(path) for name, path in directories.items()}
        return not stale(read_scan(output), dataset, marks)
    except AwrsrError:
        return False


def example_pairs(scan: Scan, offered: Collection[str]) -> list[Pair]:
    """The pairs of a scan in which examples are sought, A and B, the first one first.

    A model without refinement beside one of its backbone whose attention has a second order, the
    last refinement of the family first; where there is none, every pair that the scan compares.

    Args:
        scan: read from a file.
        offered: names of the models that examples may be about.
    """
    about = {name: known["model"] for name, known in scan.about["models"].items()}
    compared = [(a, b) for a, b in scan.about["pairs"] if {a, b} <= {*offered}]
    places = {name: place for place, name in enumerate(REFINEMENTS)}

    def refines(a: str, b: str) -> bool:
        return bool(
            about[a]["backbone"] == about[b]["backbone"]
            and about[a]["refinement"] == VANILLA
            and REFINEMENTS[about[b]["refinement"]].has_second_order()
        )

    both_ways = [pair for a, b in compared for pair in ((a, b), (b, a))]
    refined = [pair for pair in both_ways if refines(*pair)]
    order = list(about)
    refined.sort(key=lambda pair: (order.index(pair[0]), -places[about[pair[1]]["refinement"]]))
    return refined or compared


def _other_seeds(models: Mapping[str, Path], again: Mapping[str, Path]) -> dict[str, str]:
    """By model the first one of `again` that differs by its seed alone."""
    settings = {name: read_config(path) for name, path in again.items()}
    found: dict[str, str] = {}
    for name, path in models.items():
        own = read_config(path)
        for other, config in settings.items():
            if name not in found and differ_by_seed(own, config):
                found[name] = other
    return found


def read_examples(directory: Path, dataset: Dataset) -> ExamplesFile:
    """What examples.json of a scan directory says.

    Args:
        directory: of the scan.
        dataset: whose users they are.

    Raises:
        DataError: the file is missing, not readable, not as it should be, or of another dataset.
    """
    path = directory / EXAMPLES_FILE
    file = ExamplesFile.from_json(read_json(path), where=str(path), refusal=DataError)
    if file.dataset != dataset.fingerprint:
        raise DataError(f"{path} is of another dataset")
    if file.candidates != candidates_words(dataset.n_items, dataset.default_candidates):
        raise DataError(f"{path} ranks among other candidates")
    for example in file.examples:
        items, target = history_and_target(dataset, dataset.user_index(example.user_id), "test")
        if example.target != target or max(example.entries) >= len(items):
            raise DataError(f"{path} does not fit the history of user {example.user_id}")
    return file


def current_examples(file: ExamplesFile, marks: Mapping[str, str]) -> list[Example]:
    """The examples that tell of models as they are.

    Args:
        file: read from a scan directory.
        marks: by name of every model that is there, the hash of its weights.
    """
    return [
        example
        for example in file.examples
        if all(marks.get(name) == file.models.get(name, "") for name in example.models)
    ]
