"""Verbs for one history in a model: recommend, trace, attribute."""

import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from awrsr import attribution, board
from awrsr.config import Candidates
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.errors import ConfigError, DataError, counted, first_of, shown
from awrsr.experiments.card import dataset_of
from awrsr.io.files import (
    check_writable,
    write_atomically,
    write_text,
)
from awrsr.models import SequentialModel, Trace, model_title
from awrsr.ranking import recommendation
from awrsr.refinement import REFINEMENTS
from awrsr.training.checkpoint import load_model

Unknown = Literal["refuse", "skip"]
NAMED = 10
"""Number of items that a line names before "and more"."""


def recommend(
    model: Path,
    items: list[str | int],
    *,
    k: int | None = None,
    candidates: Candidates | None = None,
    unknown: Unknown = "refuse",
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Print the best next items for a history.

    Args:
        model: a model directory.
        items: titles or ids of the source, oldest first.
        k: number of items; default: 10, or all if there are fewer.
        candidates: unseen excludes the items of the history, all excludes nothing; default: all if
            more than 3% of the dataset's test targets are also in the history before them.
        unknown: refuse a history with an item that is not in the dataset, or skip such items and
            name them.
        dataset: the model's dataset directory; default: the one whose models/ folder contains the
            model.
        device: auto, cpu, cuda, cuda:1, ...
    """
    loaded, data, history = _load(model, dataset, items, device, unknown)
    ranked = recommendation.recommend(loaded, history, k, dataset=data, candidates=candidates)
    if ranked.empty:
        print("Nothing is left to recommend: every item of the catalogue is in the history.")
    else:
        print(ranked.to_string(index=False))
    places = dict.fromkeys(history, "in the history")
    places |= {item: f"rank {rank}" for rank, item in enumerate(ranked["item"].tolist(), start=1)}
    _print_untrained(data, places)


def trace(
    model: Path,
    items: list[str | int],
    *,
    output: Path | None = None,
    html: Path | None = None,
    beside: Path | None = None,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Print the attention of the prediction, by layer and head; write all maps as arrays or a page.

    Args:
        model: a model directory.
        items: titles or ids of the source, oldest first.
        output: an npz file for all maps, arrays (layer, head, query, key), and the items.
        html: a file for the attention board, one page that needs neither server nor network.
        beside: with html: another model directory of the same dataset, drawn side by side.
        dataset: the model's dataset directory; default: the one whose models/ folder contains the
            model.
        device: auto, cpu, cuda, cuda:1, ...
    """
    if beside and not html:
        raise ConfigError("--beside is drawn on the page that --html writes; give --html FILE too")
    loaded, data, history = _load(model, dataset, items, device)
    result = recommendation.trace(loaded, history)
    traces = [result]
    if beside:
        traces.append(recommendation.trace(load_model(beside, device), history))
    written = [path for path in (output, html) if path]
    if output and html and output.resolve() == html.resolve():
        raise ConfigError(f"--output and --html both name {html}; give each its own file")
    for path in written:
        check_writable(path)

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez_compressed(file, **result.arrays())  # type: ignore[arg-type]

    if output:
        write_atomically(output, write)
    if html:
        write_text(html, _board_page(traces, data))
    print("Attention weights of the last row; older to newer; each column sums to 1.")
    kinds: tuple[str, ...] = ("first_order", "second_order", "refined")
    if all(layer.second_order is None for layer in result.layers):
        kinds = ("first_order",)
        print(REFINEMENTS[result.config.refinement].no_second_order)
    titles = pd.Index(data.titles(result.items), name="item")
    for number, layer in enumerate(result.layers, start=1):
        columns = {
            f"{kind.removesuffix('_order')} H{head}": weights[-1].cpu().numpy()
            for kind in kinds
            if (heads := getattr(layer, kind)) is not None
            for head, weights in enumerate(heads, start=1)
        }
        table = pd.DataFrame(columns, index=titles)
        print(f"\nLayer {number}")
        print(table.to_string(float_format="{:.4f}".format))
    for path in written:
        print(f"written to {path}")


def _board_page(traces: list[Trace], dataset: Dataset) -> str:
    models = (model_title(trace.config.backbone, trace.config.refinement) for trace in traces)
    title = f"{dataset.name}: {' and '.join(models)}, {counted(len(traces[0].items), 'item')}"
    return board.show(*traces, dataset=dataset, title=title).page


def attribute(
    model: Path,
    items: list[str | int],
    target: str,
    *,
    contrast: str | None = None,
    method: str = "integrated_gradients",
    settings: dict[str, Any] | None = None,
    seed: int = 0,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Print the contribution of each item of a history to the score of a target.

    Args:
        model: a model directory.
        items: titles or ids of the source, oldest first.
        target: title or id of the item whose score is explained.
        contrast: title or id of an item whose score is subtracted.
        method: METHODS.
        settings: settings of the method, as a JSON object or one by one, `--settings.NAME VALUE`.
            SETTINGS
        seed: seed of the randomised methods.
        dataset: the model's dataset directory; default: the one whose models/ folder contains the
            model.
        device: auto, cpu, cuda, cuda:1, ...
    """
    chosen = attribution.METHODS.named(method).with_settings(settings or {})
    loaded, data, history = _load(model, dataset, items, device)
    result = attribution.attribute(
        loaded,
        history,
        data.lookup(target),
        method,
        None if contrast is None else data.lookup(contrast),
        seed=seed,
        **chosen.to_json(),
    )
    table = pd.DataFrame(
        {"value": result.values.cpu().numpy()}, index=pd.Index(data.titles(result.items))
    )
    if result.standard_errors is not None:
        table["standard error"] = result.standard_errors.cpu().numpy()
    question = f"score of {_title_and_id(data, result.target)}"
    if result.contrast is not None:
        question += f", minus score of {_title_and_id(data, result.contrast)}"
    used = "".join(f", {name} {value}" for name, value in result.settings.items())
    print(f"question  {question}")
    print(f"method    {chosen.title}{used}")
    if result.effort is not None:
        print(f"took      {result.effort}")
    print("unit      item score")
    print(f"baseline  {result.baseline}\n")
    # Standard errors are printed without a sign.
    print(table.to_string(formatters=["{:+.4f}".format, "{:.4f}".format][: table.shape[1]]))
    print(f"sum {table['value'].sum():+.4f}, score {result.score:+.4f}", end="")
    if result.baseline_score is not None:
        print(f", baseline score {result.baseline_score:+.4f}", end="")
    if result.delta is None:
        print(", this method does not promise a sum")
    else:
        print(f", {chosen.gap_meaning} {result.delta:+.4f}")


# The methods' own descriptions are the help.
attribute.__doc__ = (
    (attribute.__doc__ or "")
    .replace("METHODS", ", ".join(attribution.METHODS))
    .replace("SETTINGS", attribution.settings_help())
)


def _load(
    model: Path,
    dataset: Path | None,
    entries: list[str | int],
    device: str,
    unknown: Unknown = "refuse",
) -> tuple[SequentialModel, Dataset, list[int]]:
    """The model, its dataset and the history; prints a note if the model sees only a part of the
    history, or only a part of it is in the dataset."""
    data = load_dataset(dataset) if dataset else dataset_of(model)
    loaded = load_model(model, device)
    recommendation.check_same_catalogue(loaded, data)
    if unknown == "skip":
        entries = _known(data, entries)
    history = data.encode(entries)
    if len(history) > loaded.config.max_length:
        print(
            f"note: the model sees the newest {loaded.config.max_length} of {len(history)} items",
            file=sys.stderr,
        )
    return loaded, data, history


def _known(data: Dataset, entries: list[str | int]) -> list[str | int]:
    """The entries that name an item; prints a note that names the others."""
    skipped = data.unknown(entries)
    if not skipped:
        return entries
    named = first_of([shown(entry) for entry in skipped], NAMED)
    if len(skipped) == len(entries):
        raise DataError(f"{data.name} has no item of the history: {named}")
    share = f"{len(skipped)} of {counted(len(entries), 'item')}"
    print(f"note: skipped {share} that {data.name} does not have: {named}", file=sys.stderr)
    return [entry for entry in entries if entry not in skipped]


def _print_untrained(data: Dataset, places: dict[int, str]) -> None:
    """Print the items that were never trained on, each with its place."""
    items = [item for item in places if item in data.untrained]
    if items:
        titles = zip(items, data.titles(items), strict=True)
        named = first_of([f"{title!r} ({places[item]})" for item, title in titles], NAMED)
        pronoun = "it" if len(items) == 1 else "them"
        print(f"Never trained on, as no training sequence has {pronoun}: {named}")


def _title_and_id(dataset: Dataset, item: int) -> str:
    return f"{dataset.items['title'].iloc[item - 1]} (id {dataset.item_ids[item - 1]})"
