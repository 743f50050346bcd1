"""Compares everything that a page shows about its history with the library."""

import base64
import functools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from driving import KINDS, MARK, RIVAL, decoded, figures, finish, open_tabs, sent, tables, texts
from streamlit.testing.v1 import AppTest

import awrsr
from awrsr.attribution import METHODS
from awrsr.data.dataset import Dataset
from awrsr.models import SequentialModel


def check_numbers(page: AppTest, directory: Path) -> None:
    """All numbers on a page equal those of the library for the page's choices; those of a tab are
    compared if it is open."""
    dataset, chosen = read_dataset(directory), page.session_state
    history, target = history_and_target(page, dataset)
    runs = {side: directory / "models" / chosen[side] for side in "ab"}
    epochs = {side: nearest_kept(run, chosen["epoch"]) for side, run in runs.items()}
    models = {
        side: read_model(run / "snapshots" / f"epoch-{epochs[side]:04}" if epochs[side] else run)
        for side, run in runs.items()
    }
    if target is None:
        target = int(awrsr.recommend(models["a"], history, k=1)["item"][0])
    check_board(page, dataset, models, history, compared(page, dataset, history))
    check_summary(page, dataset, models, history, target, epochs)
    in_tabs = {"recommendations": check_lists, "attribution": check_attributions}
    checks = [check for name, check in in_tabs.items() if name in open_tabs(page)]
    assert checks  # at least one of the two
    for check in checks:
        check(finish(page), dataset, models, history, target)


Models = dict[str, SequentialModel]


def check_board(
    page: AppTest,
    dataset: Dataset,
    models: Models,
    history: list[int],
    variant: list[int] | None = None,
) -> None:
    """Check every item, title, slot and map of the board's data.

    Args:
        variant: the compared history, or None.
    """
    board = sent(page, "board")
    asked = {side.upper(): (side, history) for side in models}
    if variant is not None:
        asked |= {f"{side.upper()}\u2032": (side, variant) for side in models}
    assert [source["name"] for source in board["sources"]] == list(asked)
    assert board["titles"] == dataset.titles(board["items"])
    seen: set[int] = set()
    for source, (side, items) in zip(board["sources"], asked.values(), strict=True):
        trace, places = awrsr.trace(models[side], items), source["places"]
        assert places == sorted(set(places))
        assert [board["items"][place] for place in places] == trace.items
        if items == history:  # each item has its number in the complete history
            assert [board["slots"][place] for place in places] == [
                str(number) for number in range(trace.dropped + 1, len(history) + 1)
            ]
            seen |= set(places)
        check_maps(source, trace)
    strange = {place for place, slot in enumerate(board["slots"]) if slot.endswith("\u2032")}
    assert strange == set(range(len(board["items"]))) - seen


def check_maps(source: dict[str, Any], trace: awrsr.Trace) -> None:
    """Check the maps of one model on the board, to the precision of their packing."""
    m, norms = len(trace.items), [layer.transformed_value_norm for layer in trace.layers]
    assert (source["layers"], source["heads"]) == (len(norms), len(norms[0]))
    given = np.frombuffer(base64.b64decode(source["norms"]), dtype="<f4")
    np.testing.assert_allclose(given, torch.stack(norms).cpu().ravel(), rtol=1e-5)
    for kind, field in KINDS.items():
        maps, packed = trace.maps(field), source["maps"][kind]
        if maps[0] is None:
            assert packed is None
            continue
        if packed in KINDS:  # the same map is sent once
            packed = source["maps"][packed]
        wanted = torch.stack(maps).cpu().numpy()
        shown = unpacked(packed, m).reshape(wanted.shape)
        np.testing.assert_allclose(shown, wanted, rtol=0, atol=2e-6)


def unpacked(text: str, m: int) -> npt.NDArray[np.floating]:
    """(map, query, key) from the board's packing: lower triangles, row by row."""
    low, middle, high = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 3).T.astype(int)
    cells = (low + 256 * middle + 65536 * high).reshape(-1, m * (m + 1) // 2)
    maps = np.zeros((len(cells), m, m))
    maps[:, *np.tril_indices(m)] = cells / (2**24 - 1)
    return maps


def nearest_kept(run: Path, asked: int) -> int:
    """The kept epoch of a run nearest to this one, the earlier of two; 0 for the final weights."""
    kept = awrsr.snapshot_epochs(run) if asked else []
    return min(kept, key=lambda epoch: abs(epoch - asked), default=0)


def check_summary(
    page: AppTest,
    dataset: Dataset,
    models: Models,
    history: list[int],
    target: int,
    epochs: dict[str, int],
) -> None:
    """Check the line above the board: length of the history, target, ranks, epochs."""
    letters = {
        side: side.upper() + (f" at epoch {epoch}" if epoch else "")
        for side, epoch in epochs.items()
    }
    scores = {
        letters[side]: awrsr.trace(model, history).item_scores for side, model in models.items()
    }
    ranks = ", in ".join(
        f"{name} **{counted_rank(values, target, history):,}**" for name, values in scores.items()
    )
    among = len(set(range(1, dataset.n_items + 1)) - set(history) | {target})
    (line,) = (text for text in texts(page) if " \u00b7 rank in " in text)
    assert f" \u00b7 rank in {ranks} of {among:,}" in line
    items = f"{len(history)} item{'s' * (len(history) != 1)}"
    assert f"{items}** \u00b7 target {MARK}**{dataset.titles([target])[0]}** (" in line


def check_lists(
    page: AppTest, dataset: Dataset, models: Models, history: list[int], target: int
) -> None:
    """Check both lists: ranks in the other model, the target's rank, the overlap."""
    rival = page.session_state["rival"]
    k, said = min(page.session_state["k"], dataset.n_items), texts(page)
    traces = {side: awrsr.trace(model, history) for side, model in models.items()}
    best = {side: awrsr.recommend(models[side], history, k, dataset=dataset) for side in models}
    lines = [text for text in said if text.startswith(MARK)]
    for side, other, line in zip("ab", "ba", lines, strict=True):
        (shown,) = (t.value for t in page.dataframe if (t.key or "").startswith(f"listed-{side}-"))
        ranked, theirs = best[side], set(best[other]["item"])
        assert shown["rank"].tolist() == ranked["rank"].tolist()
        assert shown["title"].tolist() == [
            MARK * (item == target) + RIVAL * (item == rival != target) + title
            for item, title in zip(ranked["item"], dataset.titles(ranked["item"]), strict=True)
        ]
        np.testing.assert_allclose(shown["score"], ranked["score"], rtol=1e-5)
        ranks = [counted_rank(traces[other].item_scores, item, history) for item in ranked["item"]]
        assert shown["other"].tolist() == ranks
        assert (shown["rank"] - shown["change"]).tolist() == ranks
        assert [mark == "\u25cf" for mark in shown["both"]] == [i in theirs for i in ranked["item"]]

        place = counted_rank(traces[side].item_scores, target, history)
        among = len(set(range(1, dataset.n_items + 1)) - set(history) | {target})
        assert line.replace(" (held out)", "") == (
            f"{MARK}{dataset.titles([target])[0]}: rank **{place:,}** of {among:,}"
        )
    shared, listed = len(set(best["a"]["item"]) & set(best["b"]["item"])), len(best["a"])
    assert not listed or any(
        text.startswith(f"In both lists: **{shared} of {listed}** (") for text in said
    )


def check_attributions(
    page: AppTest, dataset: Dataset, models: Models, history: list[int], target: int
) -> None:
    """Check bars and facts of every chosen method."""
    chosen = page.session_state
    drawn = figures(page)["attribution"]
    (facts,) = tables(page, "method", "baseline")
    asked = [(name, side) for name in METHODS if name in chosen["methods"] for side in "ab"]
    for (name, side), bars, (_, row) in zip(asked, drawn, facts.iterrows(), strict=True):
        settings = chosen["settings"].get(name, {})
        result = awrsr.attribute(models[side], history, target, name, chosen["rival"], **settings)
        first = len(history) - len(result.items) + 1
        assert bars["y"] == [
            escaped(f"{slot}. {title}")
            for slot, title in enumerate(dataset.titles(result.items), start=first)
        ]
        np.testing.assert_allclose(bars["x"], result.values.cpu().numpy(), rtol=1e-4, atol=1e-5)
        assert (row["method"], row["model"]) == (METHODS[name].title, side.upper())
        assert float(row["sum"]) == pytest.approx(float(result.values.sum()), abs=6e-4)
        assert float(row["score"]) == pytest.approx(result.score, abs=6e-4)
        if result.delta is None:
            assert row["gap"] == "no completeness"
        else:
            gap, _, meaning = row["gap"].partition(" ")
            assert float(gap) == pytest.approx(result.delta, abs=1e-3, rel=1e-2)
            assert meaning == f"({METHODS[name].gap_meaning})"
        assert row["baseline"] == result.baseline
        if result.standard_errors is None:
            assert bars.get("error_x") is None
        else:
            whiskers = decoded(bars["error_x"]["array"])
            errors = result.standard_errors.cpu().numpy()
            np.testing.assert_allclose(whiskers, errors, rtol=1e-3, atol=1e-5)
            assert row["took"].split(":")[0] == str(result.effort).split(":")[0]


def history_and_target(page: AppTest, dataset: Dataset) -> tuple[list[int], int | None]:
    """The history of a page, and its target, or None if that is the first recommendation."""
    chosen = page.session_state
    target = chosen["target"] or None
    owner = chosen["origin"] if chosen["source"] == "own" else chosen["user"]
    if owner is None:
        return chosen["items"], target
    *history, held_out = dataset.sequence(dataset.user_ids.index(owner)).tolist()
    return chosen["items"] if chosen["source"] == "own" else history, target or held_out


def compared(page: AppTest, dataset: Dataset, history: list[int]) -> list[int] | None:
    """The history that a page compares with its own, if it differs."""
    chosen = page.session_state
    if not chosen["compare"]:
        if chosen["compare"] is None:
            return None
        owner = chosen["origin"] if chosen["source"] == "own" else chosen["user"]
        other = dataset.sequence(dataset.user_ids.index(owner)).tolist()[:-1]
    else:
        other = list(chosen["variants"][chosen["compare"] - 1].items)
    return other if other != history else None


def counted_rank(item_scores: torch.Tensor, item: int, history: list[int]) -> int:
    """1 + candidates with a higher score + others with an equal score, counted in a loop."""
    scores = item_scores.tolist()
    rank = 1
    for other, score in enumerate(scores, start=1):
        if other != item and other not in history and score >= scores[item - 1]:
            rank += 1
    return rank


def escaped(text: str) -> str:
    """Text escaped for Plotly, which interprets a subset of HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@functools.cache
def read_dataset(directory: Path) -> Dataset:
    """A dataset read once for all checks."""
    return awrsr.load_dataset(directory)


@functools.cache
def read_model(directory: Path) -> SequentialModel:
    """A model read once for all checks."""
    return awrsr.load_model(directory)
