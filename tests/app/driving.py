"""What the app's tests share: folders of datasets and models, pages driven without a browser."""

import base64
import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from conftest import ROOT, make_dataset
from streamlit.testing.v1 import AppTest

import awrsr
from awrsr.checkpoint import save_config, save_weights
from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.dataset import Dataset, save_dataset
from awrsr.models import SequentialModel, build_model

MAIN = ROOT / "app" / "main.py"
TIMEOUT = 120
KINDS = ("first_order", "second_order", "refined")
MARK = "\u25c6 "
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
"""Titles that mean something to HTML, markdown or Streamlit and must be shown as they are."""

# --- folders --------------------------------------------------------------------------------------


def add_dataset(folder: Path, dataset: Dataset, *models: str) -> Path:
    """A dataset directory under its name, with small models of these names."""
    directory = folder / dataset.name
    save_dataset(dataset, directory)
    for name in models:
        add_model(directory, dataset, name)
    return directory


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
    catalogue = Catalogue(
        name=dataset.name, fingerprint=dataset.fingerprint, n_items=dataset.n_items
    )
    torch.manual_seed(len(name))
    model = build_model(config, catalogue)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    path = directory / "models" / name
    path.mkdir(parents=True)
    save_config(path, config, catalogue, TrainConfig())
    save_weights(path, model)
    return path


# --- a page, and what a person does on it ---------------------------------------------------------


def open_page(**url: object) -> AppTest:
    """The app in a session of its own, at this address, after its first run."""
    page = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
    for name, value in url.items():
        page.query_params[name] = str(value)
    return run(page)


def run(page: AppTest) -> AppTest:
    """One more run; nothing may raise."""
    page.run()
    assert not page.exception, [error.message for error in page.exception]
    return page


def choose(page: AppTest, **choices: object) -> AppTest:
    """Set the widgets of these keys."""
    widgets = [*page.selectbox, *page.segmented_control, *page.slider, *page.text_input]
    for key, value in choices.items():
        key = {"user": "typed_user"}.get(key, key)
        next(widget for widget in widgets if widget.key == key).set_value(value)
    return run(page)


def click(page: AppTest, label: str) -> AppTest:
    """Press the button of this label."""
    next(button for button in page.button if button.label == label).click()
    return run(page)


# --- what a person reads --------------------------------------------------------------------------


def unescaped(text: str) -> str:
    """What markdown shows of a text that `app.text.plain` wrote."""
    return text.replace("\u2060", "").replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")


def messages(page: AppTest) -> list[str]:
    """Every error and warning."""
    return [unescaped(box.value) for box in [*page.error, *page.warning]]


def texts(page: AppTest) -> list[str]:
    """Every paragraph and caption."""
    return [unescaped(element.value) for element in [*page.markdown, *page.caption]]


def figures(page: AppTest) -> dict[str, dict[str, Any]]:
    """The one Plotly trace of every figure, by the chart's key, arrays decoded."""
    found = {}
    for chart in page.get("plotly_chart"):
        (trace,) = json.loads(chart.proto.spec)["data"]
        found[chart.key] = {name: decoded(value) for name, value in trace.items()}
    return found


def decoded(value: Any) -> Any:
    """A typed array as Plotly writes it, or the value itself."""
    if isinstance(value, dict) and "bdata" in value:
        flat = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
        return flat.reshape([int(n) for n in str(value.get("shape", len(flat))).split(",")])
    return value


# --- what has to be there -------------------------------------------------------------------------


def check_numbers(page: AppTest, directory: Path) -> None:
    """Everything a page shows of its history equals what the library says of the page's choices."""
    dataset, chosen = read_dataset(directory), page.session_state
    history, target = history_and_target(page, dataset)
    models = {side: read_model(directory / "models" / chosen[side]) for side in "ab"}
    traces = {side: awrsr.trace(model, history) for side, model in models.items()}
    if target is None:
        target = int(awrsr.recommend(models["a"], history, k=1)["item"][0])
    shown_history, *lists = (element.value for element in page.dataframe)
    assert shown_history["position"].tolist() == list(range(1, len(history) + 1))
    assert shown_history["title"].tolist() == dataset.titles(history)
    assert shown_history["item_id"].tolist() == [dataset.item_ids[item - 1] for item in history]

    drawn, said = figures(page), texts(page)
    target_lines = [text for text in said if text.startswith(MARK)]
    totals = [text for text in said if text.startswith("sum ")]
    layer, head = chosen["layer"] - 1, chosen["head"] - 1
    for side, other, shown, line, total in zip(
        "ab", "ba", lists, target_lines, totals, strict=True
    ):
        best = awrsr.recommend(
            models[side], history, min(chosen["k"], dataset.n_items), dataset=dataset
        )
        assert shown["rank"].tolist() == best["rank"].tolist()
        assert shown["title"].tolist() == [
            MARK * (item == target) + title
            for item, title in zip(best["item"], best["title"], strict=True)
        ]
        np.testing.assert_allclose(shown["score"], best["score"], rtol=1e-5)
        ranks = [counted_rank(traces[other].item_scores, item, history) for item in best["item"]]
        assert shown["other"].tolist() == ranks

        place = counted_rank(traces[side].item_scores, target, history)
        among = len(set(range(1, dataset.n_items + 1)) - set(history) | {target})
        assert line == f"{MARK}{dataset.titles([target])[0]}: rank **{place:,}** of {among:,}"

        names = [f"{i}. {title}" for i, title in enumerate(dataset.titles(traces[side].items), 1)]
        for kind in KINDS:
            weights = getattr(traces[side].layers[layer], kind)
            if weights is None:
                assert f"map-{side}-{kind}" not in drawn
                continue
            figure = drawn[f"map-{side}-{kind}"]
            assert figure["x"] == figure["y"] == [escaped(name) for name in names]
            expected = absent_later(weights[head].cpu().numpy())
            np.testing.assert_allclose(figure["customdata"], expected, rtol=1e-5)
            shape = np.sqrt if chosen["scale"] == "square root" else np.array
            np.testing.assert_allclose(figure["z"], shape(expected), rtol=1e-5)

        result = awrsr.attribute(models[side], history, target, chosen["method"], chosen["rival"])
        bars = drawn[f"attribution-{side}"]
        assert bars["y"] == [escaped(name) for name in names]
        np.testing.assert_allclose(bars["x"], result.values.cpu().numpy(), rtol=1e-4, atol=1e-5)
        named = dict(fact.rsplit(" ", 1) for fact in total.split(" \u00b7 ")[:2])
        assert float(named["sum"]) == pytest.approx(float(result.values.sum()), abs=6e-4)
        assert float(named["score"]) == pytest.approx(result.score, abs=6e-4)


def history_and_target(page: AppTest, dataset: Dataset) -> tuple[list[int], int | None]:
    """The history a page has chosen, and its target unless that is the first recommendation."""
    chosen = page.session_state
    target = chosen["target"] or None
    owner = chosen["origin"] if chosen["source"] == "own" else chosen["user"]
    if owner is None:
        return chosen["items"], target
    *history, held_out = dataset.sequence(dataset.user_ids.index(owner)).tolist()
    return chosen["items"] if chosen["source"] == "own" else history, target or held_out


def counted_rank(item_scores: torch.Tensor, item: int, history: list[int]) -> int:
    """1 + the candidates with a higher score + the others with an equal one, one by one."""
    scores = item_scores.tolist()
    rank = 1
    for other, score in enumerate(scores, start=1):
        if other != item and other not in history and score >= scores[item - 1]:
            rank += 1
    return rank


def absent_later(weights: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """The weights with nothing on later keys."""
    later = np.arange(len(weights))[None, :] > np.arange(len(weights))[:, None]
    return np.where(later, np.nan, weights)


def escaped(text: str) -> str:
    """Text as Plotly, which reads a subset of HTML, must get it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@functools.cache
def read_dataset(directory: Path) -> Dataset:
    """A dataset read once for all checks."""
    return awrsr.load_dataset(directory)


@functools.cache
def read_model(directory: Path) -> SequentialModel:
    """A model read once for all checks."""
    return awrsr.load_model(directory)
