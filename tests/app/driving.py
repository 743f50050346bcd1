"""Shared by the app's tests: folders of datasets and models, pages driven without a browser.

One file because nearly every test of the app uses all three: folders, actions, texts of a page.
"""

import base64
import dataclasses
import functools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from helpers import EMBEDDED, ROOT, make_dataset
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app.cache import fingerprint
from app.panels import PANELS
from app.state import Session
from awrsr.config import ModelConfig, TrainConfig
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import save_dataset
from awrsr.models import build_model
from awrsr.training.checkpoint import load_model, save_config, save_weights
from awrsr.training.snapshots import save_snapshot

MAIN = ROOT / "app" / "main.py"
TIMEOUT = 120
KINDS = {"first": "first_order", "second": "second_order", "refined": "refined"}
"""Names of maps on the board, and in a trace."""
SEARCHED = ("added", "target", "rival")
"""The fields of Inspect to search for an item."""
MARK, RIVAL = "\u25c6 ", "\u25c7 "
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<b>bold</b> & <script>alert(2)</script>",
    "[link](http://x) www.evil.example",
    "`code` $x$ **strong**",
    ":material/home: :smile: :red[red]",
    "&amp; &lt; -> <- -- >=",
    "![image](http://evil.example/i.png)",
    "http://evil.example/page a@b.example",
]
"""Titles with markup of HTML, markdown or Streamlit, which must be shown literally."""

# --- folders --------------------------------------------------------------------------------------


def add_dataset(folder: Path, dataset: Dataset, *models: str) -> Path:
    """Write a dataset directory with small models of these names."""
    directory = folder / dataset.name
    save_dataset(dataset, directory)
    for name in models:
        add_model(directory, dataset, name)
    return directory


def shipped_metrics(**changes: Any) -> dict[str, Any]:
    """The contents of a shipped model's metrics.json, with some sections changed."""
    path = EMBEDDED / "models" / "sasrec-none" / "metrics.json"
    return json.loads(path.read_text()) | changes


def titled(titles: list[str], **columns: object) -> Dataset:
    """A tiny dataset called "titled" whose items have these titles and further columns."""
    dataset = make_dataset(n_items=len(titles))
    items = dataset.items.assign(title=titles, **columns)
    return dataclasses.replace(dataset, name="titled", items=items)


def add_model(directory: Path, dataset: Dataset, name: str, **settings: Any) -> Path:
    """A small model, `<backbone>-<refinement>`, untrained but with uneven attention."""
    backbone, refinement = name.split("-")
    values = {"max_length": 8, "hidden_size": 8, "inner_size": 16, **settings}
    config = ModelConfig(backbone=backbone, refinement=refinement, **values)
    torch.manual_seed(len(name))
    model = build_model(config, dataset.catalogue)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    path = directory / "models" / name
    path.mkdir(parents=True)
    save_config(path, config, dataset.catalogue, TrainConfig())
    save_weights(path, model)
    return path


def keep_epochs(path: Path, *epochs: int) -> None:
    """Add snapshots of a model with other weights, and a history of nine epochs."""
    model = load_model(path, "cpu")
    for epoch in epochs:
        torch.manual_seed(epoch)
        for tensor in model.state_dict().values():
            tensor.add_(torch.randn_like(tensor) * 0.3)
        save_snapshot(path, model, epoch)
    ndcg = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9, 0.8]
    rows = [{"epoch": epoch, "NDCG@10": value} for epoch, value in enumerate(ndcg, start=1)]
    pd.DataFrame(rows).to_csv(path / "history.csv", index=False)


def edit_config(**changes) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        config = json.loads((path / "config.json").read_text())
        for section, values in changes.items():
            config[section] |= values
        (path / "config.json").write_text(json.dumps(config))

    return edit


def named(directory: Path, model: str) -> str:
    """A model's name in the address."""
    return f"{model}@{fingerprint(directory / 'models' / model)}"


# --- a page, and actions on it --------------------------------------------------------------------


def open_page(at: str = "", /, **url: object) -> AppTest:
    """The app in a session of its own, at this address, with all of the page.

    Args:
        at: the page's name in the address; Inspect by default.
        url: the address's parameters.
    """
    page = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
    page.session_state[Session.first_screen_sent.name] = True  # no browser asks for the rest
    if at:
        page._page_hash = calc_hash(at)  # switch_page knows only pages that are files
    for name, value in url.items():
        page.query_params[name] = str(value)
    return run(page)


open_attribution = functools.partial(open_page, panel="attribution")
open_variants = functools.partial(open_page, panel="variants")
open_find = functools.partial(open_page, "find")
open_models = functools.partial(open_page, "models")
open_faithfulness = functools.partial(open_page, "faithfulness")
open_results = functools.partial(open_page, "results")


def run(page: AppTest) -> AppTest:
    """One more run; nothing may raise."""
    page.run()
    assert not page.exception, [error.message for error in page.exception]
    return page


def choose(page: AppTest, **choices: object) -> AppTest:
    """Set the widgets with these keys."""
    widgets = [
        *page.selectbox,
        *page.segmented_control,
        *page.pills,
        *page.slider,
        *page.select_slider,
        *page.text_input,
        *page.number_input,
    ]
    said = {}
    for key, value in choices.items():
        if key in SEARCHED:
            number = sent(page, Session.search.named(key))["applied"] + 1
            said[key] = {"chosen": {"number": number, "item": value or None}}
            continue
        key = {"user": "typed_user"}.get(key, key)
        next(widget for widget in widgets if widget.key == key).set_value(value)
    return say(page, **said)


def say(page: AppTest, **said: dict[str, object]) -> AppTest:
    """One more run with what the browser sends from fields to search for an item."""
    states = page._tree.get_widget_states()  # triggers have no public interface
    for field, events in said.items():
        key = Session.search.named(field)
        (one,) = (each for each in page.get("bidi_component") if each.key == key)
        payload = [{"event": event, "value": value} for event, value in events.items()]
        trigger = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{one.proto.id}__events"
        states.widgets.append(WidgetState(id=trigger, json_trigger_value=json.dumps(payload)))
    page._run(states)
    assert not page.exception, [error.message for error in page.exception]
    return page


def click(page: AppTest, label: str) -> AppTest:
    """Press the button with this label."""
    next(button for button in page.button if button.label == label).click()
    return run(page)


def press(page: AppTest, key: str) -> AppTest:
    """Press the button with this key."""
    next(button for button in page.button if button.key == key).click()
    return run(page)


def paste(page: AppTest, *lines: str) -> AppTest:
    """Make these lines the history."""
    page.text_area(key="pasted").set_value("\n".join(lines))
    return click(page, "Use these")


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    """Make a file the history."""
    (one,) = (one for one in page.file_uploader if one.key == Session.uploaded.name)
    one.set_value((name, content, "text/plain"))
    return run(page)


def select_row(page: AppTest, key: str, row: int | None) -> AppTest:
    """Select one row, or none, of the table whose key begins with this."""
    table = next(table for table in page.dataframe if (table.key or "").startswith(key))
    rows = [] if row is None else [row]
    selection = {"selection": {"rows": rows, "columns": [], "cells": []}}
    states = page._tree.get_widget_states()  # a table's selection has no public interface
    states.widgets.append(WidgetState(id=table.proto.id, string_value=json.dumps(selection)))
    page._run(states)
    assert not page.exception, [error.message for error in page.exception]
    return page


def finish(page: AppTest) -> AppTest:
    """The page once all its jobs have ended."""
    for _ in range(TIMEOUT * 10):
        if not any(button.label == "Cancel" for button in page.button):
            return page
        time.sleep(0.1)
        run(page)
    raise AssertionError("a job that does not end")


# --- texts and figures of a page ------------------------------------------------------------------


def unescaped(text: str) -> str:
    """The text that markdown shows for a result of `app.escape.plain`."""
    return text.replace("\u2060", "").replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")


def address(page: AppTest) -> dict[str, str]:
    """The parameters of a page's address."""
    return {name: page.query_params[name] for name in page.query_params}


def messages(page: AppTest) -> list[str]:
    """Every error and warning."""
    return [unescaped(box.value) for box in [*page.error, *page.warning]]


def texts(page: AppTest) -> list[str]:
    """Every paragraph and caption."""
    return [unescaped(element.value) for element in [*page.markdown, *page.caption]]


def infos(page: AppTest) -> list[str]:
    """The texts of the blue boxes."""
    return [unescaped(box.value) for box in page.info]


def items(page: AppTest) -> list[int]:
    """The history that is being entered on Inspect."""
    return page.session_state["items"]


def found(page: AppTest) -> pd.DataFrame:
    """The table of users on Find."""
    (table,) = (t.value for t in page.dataframe if (t.key or "").startswith("found-"))
    return table


def slice_rows(page: AppTest) -> pd.DataFrame:
    """The only table of slices on Find."""
    (table,) = tables(page, "slice", "JS, seeds")
    return table


def open_tabs(page: AppTest) -> list[str]:
    """The names of the tabs of Inspect that are drawn."""
    names = {label: name for name, label in PANELS.items()}
    return [names[tab.label] for tab in page.tabs if tab.children]


def figures(page: AppTest) -> dict[str, list[dict[str, Any]]]:
    """The Plotly traces of every figure, by the chart's key, arrays decoded."""
    return {
        chart.key: [
            {name: decoded(value) for name, value in trace.items()}
            for trace in json.loads(chart.proto.spec)["data"]
        ]
        for chart in page.get("plotly_chart")
    }


def sent(page: AppTest, component: str) -> dict[str, Any] | None:
    """The data of a component of the page, or None if it is not drawn."""
    found = [json.loads(c.proto.json) for c in page.get("bidi_component") if c.key == component]
    return found[0] if found else None


def tables(page: AppTest, *columns: str) -> list[pd.DataFrame]:
    """All tables with these columns."""
    return [table.value for table in page.dataframe if {*columns} <= {*table.value.columns}]


def decoded(value: Any) -> Any:
    """A typed array as Plotly writes it, or the value itself."""
    if isinstance(value, dict) and "bdata" in value:
        flat = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
        return flat.reshape([int(n) for n in str(value.get("shape", len(flat))).split(",")])
    return value
