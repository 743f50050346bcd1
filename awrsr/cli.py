"""The command line: each verb is one function over the library, `python -m awrsr VERB --help`."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jsonargparse import ActionYesNo, ArgumentParser, auto_cli
from tqdm import tqdm

from awrsr import attribution, recommendation, training
from awrsr.checkpoint import load_model
from awrsr.config import Candidates, ModelConfig, TrainConfig
from awrsr.dataset import Dataset, load_dataset, save_dataset
from awrsr.errors import AwrsrError
from awrsr.evaluation import evaluate_popularity
from awrsr.files import make_directory, write_atomically
from awrsr.model_card import (
    dataset_of,
    evaluate_stored,
    training_command,
    training_record,
    write_metrics,
    write_readme,
)
from awrsr.models import SequentialModel
from awrsr.prepare import Format
from awrsr.prepare import prepare as prepare_dataset


class _Parser(ArgumentParser):
    """Makes a true-or-false parameter a flag: --resume, not --resume true."""

    def add_argument(self, *names: Any, **settings: Any) -> Any:
        if settings.get("type") is bool:
            del settings["type"]
            settings["action"] = ActionYesNo
        return super().add_argument(*names, **settings)


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; 0 on success, 2 when it was refused."""
    logging.getLogger("lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    verbs: list[Callable[..., Any] | type] = [prepare, train, evaluate, recommend, trace, attribute]
    try:
        auto_cli(
            verbs, args=arguments, prog="python -m awrsr", parser_mode="json", parser_class=_Parser
        )
    except AwrsrError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def prepare(
    source: Path,
    output: Path,
    *,
    format: Format,
    name: str | None = None,
    k_core: int = 5,
    titles: Path | None = None,
    about: dict[str, str] | None = None,
) -> None:
    """Turn raw interaction files into a dataset directory.

    Args:
        source: movielens: a directory with ratings.csv and movies.csv; s3rec: a text file of lines
            'user item item ...'; table: a csv or parquet file with columns user, item, timestamp.
        output: the dataset directory to make.
        format: how to read the source.
        name: the dataset's name; the output directory's where not given.
        k_core: fewest interactions of a user and of an item.
        titles: a csv or parquet file with columns item, title and any further ones (not for
            movielens).
        about: source, licence, citation, kept in dataset.json; a JSON object.
    """
    dataset = prepare_dataset(
        source, format=format, name=name or output.name, k_core=k_core, titles=titles, about=about
    )
    save_dataset(dataset, output)
    print(dataset.summary().to_string())
    print(f"fingerprint            {dataset.fingerprint}")
    print(f"written to             {output}")


def train(
    dataset: Path,
    *,
    output: Path | None = None,
    model: ModelConfig = ModelConfig(),  # noqa: B008  (frozen, so it may be shared)
    train: TrainConfig = TrainConfig(),  # noqa: B008
    device: str = "auto",
    resume: bool = False,
) -> None:
    """Train a model, keep its best epoch, evaluate the stored file.

    Args:
        dataset: a dataset directory.
        output: the model directory to make; DATASET/models/BACKBONE-REFINEMENT where not given.
        model: the architecture.
        train: how to train.
        device: auto, cpu, cuda, cuda:1, ...
        resume: go on with an unfinished run of the same settings.
    """
    data = load_dataset(dataset)
    directory = output or dataset / "models" / f"{model.backbone}-{model.refinement}"
    # The delay keeps an empty bar away from the error message of a run that is refused.
    with tqdm(total=train.epochs, unit="epoch", dynamic_ncols=True, delay=1) as bar:

        def report(progress: training.Progress) -> None:
            done = progress.batch / progress.n_batches if progress.n_batches else 1
            bar.n = round(progress.epoch - 1 + done, 2)
            if progress.history:
                last = progress.history[-1]
                bar.set_postfix(loss=f"{last['loss']:.4f}", ndcg=f"{last['NDCG@10']:.4f}")
            bar.refresh()

        history = training.train(
            data, directory, model, train, device=device, resume=resume, report=report
        )
    command = training_command(dataset, output, model, train)
    results = evaluate_stored(directory, data, device=device)
    write_metrics(directory, directory, results, training_record(directory, history, command))
    write_readme(directory)
    _print_results({split: result.metrics for split, result in results.items()})
    print(_protocol_line(results["test"].protocol))
    print(f"written to {directory}")


def evaluate(
    model: Path,
    *,
    dataset: Path | None = None,
    output: Path | None = None,
    candidates: Candidates = "unseen",
    device: str = "auto",
) -> None:
    """Rank the whole catalogue for every user; with --output, write the metrics and ranks.

    Args:
        model: a model directory.
        dataset: its dataset directory; where not given, the one whose models/ folder the model
            lies in.
        output: directory to write to; only prints where not given.
        candidates: unseen leaves out items of the history, all leaves them in.
        device: auto, cpu, cuda, cuda:1, ...
    """
    data = load_dataset(dataset) if dataset else dataset_of(model)
    results = evaluate_stored(model, data, candidates=candidates, device=device)
    popularity = evaluate_popularity(data, "test", candidates=candidates)
    if output:
        make_directory(output)
        write_metrics(output, model, results)
    metrics = {split: result.metrics for split, result in results.items()}
    _print_results({**metrics, "popularity, test": popularity.metrics})
    print(_protocol_line(results["test"].protocol))


def recommend(
    model: Path,
    items: list[str | int],
    *,
    k: int = 10,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Print the best next items for a history.

    Args:
        model: a model directory.
        items: titles or ids of the source, oldest first, as a JSON list.
        k: how many.
        dataset: its dataset directory; where not given, the one whose models/ folder the model
            lies in.
        device: auto, cpu, cuda, cuda:1, ...
    """
    loaded, data, history = _load(model, dataset, items, device)
    print(recommendation.recommend(loaded, history, k, dataset=data).to_string(index=False))


def trace(
    model: Path,
    items: list[str | int],
    *,
    output: Path | None = None,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Print what the prediction attends to, per layer and head; write all maps as arrays.

    Args:
        model: a model directory.
        items: titles or ids of the source, oldest first, as a JSON list.
        output: a npz file for all maps, arrays (layer, head, query, key) and the items.
        dataset: its dataset directory; where not given, the one whose models/ folder the model
            lies in.
        device: auto, cpu, cuda, cuda:1, ...
    """
    loaded, data, history = _load(model, dataset, items, device)
    result = recommendation.trace(loaded, history)
    print("Attention weights of the last row; older to newer; each column sums to 1.")
    titles = pd.Index(data.titles(result.items), name="item")
    for number, layer in enumerate(result.layers, start=1):
        columns = {
            f"{kind.removesuffix('_order')} H{head}": weights[-1].cpu().numpy()
            for kind in ("first_order", "second_order", "refined")
            if (heads := getattr(layer, kind)) is not None
            for head, weights in enumerate(heads, start=1)
        }
        table = pd.DataFrame(columns, index=titles)
        print(f"\nLayer {number}")
        print(table.to_string(float_format="{:.4f}".format))
    if output:
        arrays = {"items": np.array(result.items), "item_scores": result.item_scores.cpu().numpy()}
        for kind in ("first_order", "second_order", "refined"):
            maps = [heads.cpu().numpy() for heads in result.maps(kind) if heads is not None]
            if maps:
                arrays[kind] = np.stack(maps)

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

        write_atomically(output, write)
        print(f"written to {output}")


def attribute(
    model: Path,
    items: list[str | int],
    target: str,
    *,
    contrast: str | None = None,
    method: str = "integrated_gradients",
    seed: int = 0,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Print what each item of a history adds to the score of a target.

    Args:
        model: a model directory.
        items: titles or ids of the source, oldest first, as a JSON list.
        target: title or id of the item explained.
        contrast: title or id of an item whose score is taken off.
        method: integrated_gradients, input_x_gradient, gradient_shap, feature_ablation,
            leave_one_out or shapley_value_sampling.
        seed: of the randomised methods.
        dataset: its dataset directory; where not given, the one whose models/ folder the model
            lies in.
        device: auto, cpu, cuda, cuda:1, ...
    """
    loaded, data, history = _load(model, dataset, items, device)
    result = attribution.attribute(
        loaded,
        history,
        data.lookup(target),
        method,
        None if contrast is None else data.lookup(contrast),
        seed=seed,
    )
    values = pd.Series(result.values.cpu().numpy(), index=data.titles(result.items))
    print(f"{attribution.METHODS[method].title}, item score units; baseline: {result.baseline}.")
    print(values.to_string(float_format="{:+.4f}".format))
    print(f"sum {values.sum():+.4f}, score {result.score:+.4f}", end="")
    if result.baseline_score is not None:
        print(f", baseline score {result.baseline_score:+.4f}", end="")
    print("" if result.delta is None else f", completeness gap {result.delta:+.4f}")


def _load(
    model: Path, dataset: Path | None, entries: list[str | int], device: str
) -> tuple[SequentialModel, Dataset, list[int]]:
    """The model, its dataset, the history; says when the model sees only part of that."""
    data = load_dataset(dataset) if dataset else dataset_of(model)
    loaded = load_model(model, device)
    recommendation.check_same_catalogue(loaded, data)
    history = data.encode(entries)
    if len(history) > loaded.config.max_length:
        print(
            f"note: the model sees the newest {loaded.config.max_length} of {len(history)} items",
            file=sys.stderr,
        )
    return loaded, data, history


def _print_results(metrics: dict[str, dict[str, float]]) -> None:
    print(pd.DataFrame(metrics).T.to_string(float_format="{:.4f}".format))


def _protocol_line(protocol: dict[str, str]) -> str:
    return "protocol: " + "; ".join(f"{name}: {value}" for name, value in protocol.items())
