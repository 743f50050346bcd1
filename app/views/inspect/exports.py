"""The download: one zip with a page, arrays, tables and the script that computes them."""

import csv
import io
import json
import pprint
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import cache
from app.case import Case
from app.components.download import take_away
from app.questions import attribution_question
from app.views.inspect.agreement import Results
from app.views.inspect.attributions import errors_of
from app.views.inspect.variants import row_outcomes
from awrsr import board
from awrsr.explain import prediction_rows
from awrsr.io.templates import render
from awrsr.models import Trace
from awrsr.ranking.statistics import STATISTICS

ATTRIBUTION_COLUMNS = [
    *("side", "model", "method", "target", "contrast", "score", "baseline_score", "delta"),
    *("slot", "item", "title", "value", "standard_error", "unit", "settings", "effort"),
]
ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("reproduce.py.j2")


def show(case: Case, content: board.Payload) -> None:
    """The download of a case and of the board's data, made on request."""
    st.caption(
        "One zip: board.html (the board in its current view; opens offline and exports PNG and SVG "
        "of any view), maps (PNG and SVG of every layer, kind and head, for a two-column page), "
        "arrays.npz (all maps, value norms and item scores, also of a compared variant), "
        "recommendations.csv, attributions.csv, agreement.csv, variants.csv (text that a "
        "spreadsheet would read as a formula begins with '), and reproduce.py, which computes the "
        "same numbers with `awrsr`: run it in the project's folder."
    )
    take_away(bundle(case, content))


def bundle(case: Case, content: board.Payload) -> Callable[[str], bytes]:
    """A function that makes the zip for a board view; it reads no session state."""

    def write(view: str) -> bytes:
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("board.html", board.page(content, view=view))
            for name, picture in pictures(case):
                archive.writestr(name, picture)
            archive.writestr("arrays.npz", arrays(case))
            archive.writestr("recommendations.csv", as_csv(recommendations(case)))
            found = attributed(case)
            archive.writestr("attributions.csv", as_csv(attributions(case, found)))
            archive.writestr("agreement.csv", as_csv(agreement(case, found)))
            archive.writestr("variants.csv", as_csv(variants_table(case)))
            archive.writestr("reproduce.py", script(case))
        return memory.getvalue()

    return write


def named_traces(case: Case) -> dict[str, Trace]:
    """The traces of all sides by the side's letter; `a_variant` for a compared variant."""
    named = {side.key: side.trace for side in case.sides}
    if case.compared is not None:
        named |= {f"{key}_variant": trace for key, trace in case.compared.traces.items()}
    return named


def pictures(case: Case) -> Iterator[tuple[str, bytes]]:
    """File names and files of every layer's maps, all on one colour scale."""
    named = named_traces(case)
    titles = {side.key: side.model_name for side in case.sides}
    largest = max(
        float(maps.max())
        for trace in named.values()
        for kind, maps in trace.arrays().items()
        if kind in board.KINDS
    )
    for key, trace in named.items():
        side, _, variant = key.partition("_")
        figures = board.layer_figures(
            trace,
            title=f"{side.upper()}: {titles[side]}"
            + (f", {case.compared.name}" if variant and case.compared else ""),
            titles=case.dataset.titles(trace.items),
            top=largest,
        )
        for layer, figure in enumerate(figures, start=1):
            for form in board.FORMATS:
                yield f"maps/{key}_layer_{layer}.{form}", board.save(figure, form)


def arrays(case: Case) -> bytes:
    """The traces of all sides as npz; array names are prefixed with those of `named_traces`."""
    named = named_traces(case)
    memory = io.BytesIO()
    found: dict[str, Any] = {
        f"{key}_{kind}": a for key, trace in named.items() for kind, a in trace.arrays().items()
    }
    np.savez_compressed(memory, **found)
    return memory.getvalue()


def as_csv(table: pd.DataFrame) -> str:
    """A table as csv, all text quoted, because a title may contain a line break of any kind.

    Text that a spreadsheet would read as a formula gets a leading apostrophe; numbers do not.
    """
    texts = table.select_dtypes(exclude="number").columns
    table = table.assign(**{name: table[name].map(no_formula) for name in texts})
    return table.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)


def no_formula(cell: object) -> object:
    """Untrusted text, with a leading apostrophe if a spreadsheet would read it as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip()[:1] in tuple("=+-@") else cell


def recommendations(case: Case) -> pd.DataFrame:
    """The whole ranked catalogue of every side, in one long table."""
    tables = [side.ranking.table.assign(model=side.path, side=side.key) for side in case.sides]
    table = pd.concat(tables, ignore_index=True)
    rows = case.dataset.items.iloc[table["item"] - 1]
    table["item_id"], table["title"] = rows["item_id"].to_numpy(), rows["title"].to_numpy()
    return table[["side", "model", "rank", "item", "item_id", "title", "score"]]


def attributed(case: Case) -> Results:
    """Attributions by every method on the page for every side, cached or computed now."""
    return {
        (method, side.key): cache.get_attribution(
            attribution_question(
                side.directory, side.trace.items, case.target, method, case.rival, settings
            )
        )
        for side in case.sides
        for method, settings in case.methods.items()
    }


def agreement(case: Case, found: Results) -> pd.DataFrame:
    """Rank correlation of every map's last row with every attribution, in one long table."""
    rows = []
    for side in case.sides:
        for row in prediction_rows(side.trace):
            for (method, key), result in found.items():
                if key != side.key:
                    continue
                values = result.attribution.values.cpu().numpy()
                rows += [
                    {
                        "side": side.key,
                        "layer": row.layer + 1,
                        "head": "mean" if row.head is None else str(row.head + 1),
                        "map": row.kind,
                        "method": method,
                        "attribution": form,
                        "statistic": name,
                        "value": statistic(row.weights, numbers),
                    }
                    for name, statistic in STATISTICS.items()
                    for form, numbers in (("size", np.abs(values)), ("signed", values))
                ]
    columns = ["side", "layer", "head", "map", "method", "attribution", "statistic", "value"]
    return pd.DataFrame(rows, columns=columns).astype({"value": float})


def variants_table(case: Case) -> pd.DataFrame:
    """The histories of the table of variants: their items and the target's ranks."""
    return pd.DataFrame(
        {
            "name": [row.name for row in case.rows],
            "items": [" ".join(map(str, row.items)) for row in case.rows],
            "titles": [" | ".join(case.dataset.titles(row.items)) for row in case.rows],
            "target": case.target,
        }
        | {
            f"rank_{side.key}": [one.rank for one in row_outcomes(case, side)]
            for side in case.sides
        }
    )


def attributions(case: Case, found: Results) -> pd.DataFrame:
    """Every method on the page for every side, one row per item of the history.

    Values of the whole attribution (target, scores, gap, settings, effort) are repeated in each of
    its rows.
    """
    rows = []
    for side in case.sides:
        items = tuple(side.trace.items)
        for method in dict.fromkeys(method for method, _ in found):
            one = found[method, side.key].attribution
            values = one.values.cpu().numpy()
            errors = errors_of(found[method, side.key])
            rows += [
                {
                    "side": side.key,
                    "model": side.path,
                    "method": method,
                    "target": one.target,
                    "contrast": one.contrast,
                    "score": one.score,
                    "baseline_score": one.baseline_score,
                    "delta": one.delta,
                    "slot": side.trace.dropped + slot,
                    "item": item,
                    "title": title,
                    "value": value,
                    "standard_error": None if errors is None else errors[slot - 1],
                    "unit": "item score",
                    "settings": json.dumps(one.settings),
                    "effort": "" if one.effort is None else str(one.effort),
                }
                for slot, (item, title, value) in enumerate(
                    zip(items, case.dataset.titles(items), values, strict=True), start=1
                )
            ]
    table = pd.DataFrame(rows, columns=ATTRIBUTION_COLUMNS)
    floats = dict.fromkeys(("baseline_score", "delta", "standard_error"), "Float64")
    return table.astype({"contrast": "Int64", **floats})  # empty if there is none


def script(case: Case) -> str:
    """A program that computes the numbers of the page; to be run in the project's folder."""
    assert case.dataset.directory is not None
    models = {side.key: (side.path, cache.fingerprint(side.directory)) for side in case.sides}
    variant = []
    if case.compared is not None:  # all its items; a model with a shorter input sees the newest
        variant = max((trace.items for trace in case.compared.traces.values()), key=len)
    return render(
        SCRIPT,
        dataset=repr(shown(case.dataset.directory)),
        models=pprint.pformat(models),
        items=pprint.pformat(list(case.history), width=96, compact=True),
        variant=pprint.pformat(variant, width=96, compact=True),
        target=case.target,
        title=comment(case.target_title),
        rival=case.rival,
        methods=pprint.pformat(case.methods, sort_dicts=False),
        k=case.listed,
        fingerprint=repr(case.dataset.fingerprint),
    )


def shown(directory: Path) -> str:
    """A directory relative to the project's folder; only its name if it is elsewhere."""
    for path in (directory.absolute(), directory.resolve()):
        if path.is_relative_to(ROOT):
            return path.relative_to(ROOT).as_posix()
    return path.name


def comment(title: str) -> str:
    """An untrusted title on one line, without control characters, for use in a comment."""
    return " ".join("".join(c if c.isprintable() else " " for c in title).split())
