"""The verb for models trained by other code bases: import."""

from pathlib import Path
from typing import Annotated, Any

from awrsr.cli.models import print_results, protocol_line
from awrsr.config import HELD_OUT
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.errors import DataError, counted
from awrsr.experiments.card import Measured, Source, write_metrics, write_readme
from awrsr.importers import Imported, read_model
from awrsr.io.files import new_directory
from awrsr.ranking.evaluation import Evaluation, evaluate, evaluate_popularity
from awrsr.studies import check_model
from awrsr.training.checkpoint import resolve_device, save_config, save_weights

METRIC = "NDCG@10"


def import_(
    file: Path,
    *,
    dataset: Path,
    output: Path | None = None,
    device: str = "auto",
    **options: Annotated[Any, read_model],
) -> None:
    """Turn a file that another code base wrote into a model directory, and measure the model.

    The kind of the file is recognised by its content; nothing in the file is run. An error names
    the option for anything that the file does not contain. The metrics show whether the file was
    read correctly: with a wrong layout or order of items they fall, often below popularity; with a
    wrong number of heads they may hardly change if attention is almost even.

    Args:
        file: a file of PyTorch (.pt, .pth, .ckpt).
        dataset: a dataset directory, prepared from the data that the model was trained on.
        output: the model directory to create; default: DATASET/models/BACKBONE-REFINEMENT-FORMAT.
        device: auto, cpu, cuda, cuda:1, ...
        options: the options of `awrsr.importers.read_model`.
    """
    data = load_dataset(dataset)
    target = resolve_device(device)
    imported = read_model(file, data, **options)
    config = imported.model.config
    name = f"{config.backbone}-{config.refinement}-{imported.importer.name}"
    directory = output or dataset / "models" / name
    if output is None and directory.exists():
        raise DataError(f"{directory} already exists; remove it, or name another by --output")
    print(f"recognised: {imported.importer.title}; {_described(imported)}")
    for note in imported.notes:
        print(f"note: {note}")
    imported.model.to(target)
    results: dict[str, Evaluation] = {
        split: evaluate(imported.model, data, split) for split in HELD_OUT
    }
    source_test = None
    if imported.candidates is not None:
        source_test = evaluate(imported.model, data, "test", candidates=imported.candidates)
    with new_directory(directory) as temporary:
        save_config(temporary, config, imported.model.catalogue, None)
        save_weights(temporary, imported.model)
        write_metrics(temporary, temporary, results, source=_source(file, imported, source_test))
        write_readme(temporary)
    _print_measured(results, source_test, data)
    _print_checks(imported, data, results["test"])
    print(f"written to {directory}")


def _described(imported: Imported) -> str:
    config = imported.model.config
    return (
        f"{counted(config.n_layers, 'layer')}, {counted(config.n_heads, 'head')}, "
        f"width {config.hidden_size}, up to {counted(config.max_length, 'item')}"
    )


def _source(file: Path, imported: Imported, source_test: Evaluation | None) -> Source:
    test = None
    if source_test is not None:
        measured = {"protocol": source_test.protocol, "metrics": source_test.metrics}
        test = Measured.from_json(measured, where="metrics of the source")
    return Source(
        format=imported.importer.name,
        file=file.name,
        sha256=imported.sha256,
        options=imported.options,
        notes=imported.notes,
        test=test,
    )


def _print_measured(
    results: dict[str, Evaluation], source_test: Evaluation | None, data: Dataset
) -> None:
    popularity = evaluate_popularity(data, "test")
    ours = results["test"].protocol
    shown = {split: result.metrics for split, result in results.items()}
    words = "in the same way"
    if source_test is None:
        words = "among a few drawn items; its metrics cannot be compared with these"
    elif source_test.protocol != ours:
        words = f"among {source_test.protocol['candidates']}"
        shown["test, as the source ranks"] = source_test.metrics
    print_results({**shown, "popularity, test": popularity.metrics})
    print(protocol_line(ours))
    print(f"the source ranks {words}")
    reached, floor = (each.metrics[METRIC] for each in (results["test"], popularity))
    if reached <= floor:
        print(
            f"warning: {METRIC} {reached:.4f} is not above that of popularity, {floor:.4f}: unless "
            "the model is known to be so weak, heads, layout, order of items or dataset are not "
            "those that it was trained with"
        )


def _print_checks(imported: Imported, data: Dataset, test: Evaluation) -> None:
    ranks = {str(u): int(r) for u, r in zip(test.ranks["user_id"], test.ranks["rank"], strict=True)}
    checks = check_model(imported.model, data, ranks, test.metrics[METRIC])
    failed = [check for check in checks if check.passed is False]
    print(f"checks: {len(checks) - len(failed)} of {len(checks)} passed")
    for check in failed:
        print(f"warning: {check.name}: {check.measured}")
