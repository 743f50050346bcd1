"""Examples in the directory of a scan: examples.json, found from the scan that lies there.

The file lists its models, those of another seed too, with the hash of their weights, so that an
example of models that were trained again since is not shown.
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
    """The contents of examples.json.

    Args:
        schema_version: 1.
        dataset: fingerprint of the dataset.
        candidates: the items that are ranked, in words.
        models: the hash of the weights by name, for every model in the examples.
        examples: in the order of the page.
        command: the shell command that found them.
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
    """Find examples with the scan in a scan directory, and write examples.json beside it.

    Ranks with another seed come from the models in the dataset's seeds/ folder, which need not be
    scanned.

    Args:
        dataset: read from a directory.
        output: the scan directory.
        device: auto, cpu, cuda, cuda:1, ...
        command: the shell command, for the file.

    Raises:
        DataError: the scan is missing or not readable, or is for another dataset or other weights.
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
    model_names = sorted({name for example in found for name in example.models})
    file = ExamplesFile(
        schema_version=SCHEMA_VERSION,
        dataset=dataset.fingerprint,
        candidates=candidates_words(dataset.n_items, dataset.default_candidates),
        models={name: weights_fingerprint(directories[name]) for name in model_names},
        examples=found,
        command=command,
    )
    write_json(output / EXAMPLES_FILE, file.to_json())
    return file


def holds_scan(output: Path, dataset: Dataset, directories: Mapping[str, Path]) -> bool:
    """Whether a directory holds a scan of these models with their present weights; without models:
    any readable scan of the dataset."""
    try:
        marks = {name: weights_fingerprint(path) for name, path in directories.items()}
        return not stale(read_scan(output), dataset, marks)
    except AwrsrError:
        return False


def example_pairs(scan: Scan, offered: Collection[str]) -> list[Pair]:
    """The pairs (A, B) of a scan that are searched for examples, in this order.

    A is vanilla and B a refined model of the same backbone, the last refinement of the family
    first. If the scan has no such pair: all its pairs.

    Args:
        scan: read from a file.
        offered: names of the models that examples may use.
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
    """For each model, the first one of `again` that differs only in the seed."""
    settings = {name: read_config(path) for name, path in again.items()}
    found: dict[str, str] = {}
    for name, path in models.items():
        model_config = read_config(path)
        for other, config in settings.items():
            if name not in found and differ_by_seed(model_config, config):
                found[name] = other
    return found


def read_examples(directory: Path, dataset: Dataset) -> ExamplesFile:
    """Read examples.json of a scan directory.

    Args:
        directory: the scan directory.
        dataset: the dataset of the users.

    Raises:
        DataError: the file is missing, not readable, damaged, or for another dataset.
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
    """The examples whose models still have the same weights.

    Args:
        file: the result of `read_examples`.
        marks: the hash of the weights by name, for every model that exists now.
    """
    return [
        example
        for example in file.examples
        if all(marks.get(name) == file.models.get(name, "") for name in example.models)
    ]
