"""Downloads of a page, and checks of them against the library."""

import io
import json
import re
import sys
import zipfile
from contextlib import redirect_stdout
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from checking import read_dataset, read_model
from helpers import ROOT, rank_of

import awrsr
from app import cache
from app.case import Case, Compared, History, Row
from app.components import board
from app.sides import Side, run_model
from app.views.inspect import exports
from awrsr.data.dataset import Dataset
from awrsr.ranking.statistics import STATISTICS

NAMES = [
    *("board.html", "arrays.npz", "recommendations.csv", "attributions.csv", "agreement.csv"),
    *("variants.csv", "reproduce.py"),
]
VIEW = "#left=A.1.1.first&scale=linear"
PICTURE = re.compile(r"maps/([ab](?:_variant)?)_layer_(\d+)\.(png|svg)")
K = 6
"""Length of a page's lists."""
SETTINGS = {
    "gradient_shap": {"n_samples": 8, "max_samples": 16},
    "feature_ablation": {"baseline": "mean"},
}
NUMBER = r"-?\d+\.?\d*(?:e-?\d+)?"


def taken(
    directory: Path,
    models: dict[str, str],
    history: list[int],
    target: int,
    rival: int | None = None,
    methods: tuple[str, ...] = ("integrated_gradients",),
    variant: list[int] | None = None,
) -> zipfile.ZipFile:
    """The zip of a page with these choices, written outside any session."""
    dataset = cache.get_dataset(directory)
    sides = [
        run_model(side, directory / "models" / name, dataset, history)
        for side, name in models.items()
    ]
    case = case_of(dataset, sides, history, target, rival, methods, variant)
    write = exports.bundle(case, board.board_content(case))
    return zipfile.ZipFile(io.BytesIO(write(VIEW)))


def case_of(
    dataset: Dataset,
    sides: list[Side],
    history: list[int],
    target: int,
    rival: int | None = None,
    methods: tuple[str, ...] = ("integrated_gradients",),
    variant: list[int] | None = None,
) -> Case:
    """The case of a page with these choices."""
    compared = None
    rows = [Row(name="original", items=tuple(history), compare=0)]
    if variant is not None:
        traces = {side.key: awrsr.trace(side.model, variant) for side in sides}
        compared = Compared(name="other", traces=traces)
        rows.append(Row(name="other", items=tuple(variant), compare=1))
    return Case(
        dataset=dataset,
        sides=tuple(sides),
        chosen=History(items=tuple(history), owner=None, edited=True, original=None, held_out=None),
        target=target,
        why="chosen",
        rival=rival,
        listed=K,
        rows=tuple(rows),
        compare=None if variant is None else 1,
        compared=compared,
        methods=chosen(methods),
    )


def chosen(methods: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """The methods of a page, with settings that differ from the defaults."""
    return {method: SETTINGS.get(method, {}) for method in methods}


def table(archive: zipfile.ZipFile, name: str) -> pd.DataFrame:
    return pd.read_csv(
        io.BytesIO(archive.read(name)),
        dtype={"item_id": str, "title": str, "model": str},
        keep_default_na=False,
    )


def guarded(texts: list[str]) -> list[str]:
    """Text as in a table: not interpreted as a formula by a spreadsheet."""
    return [f"'{text}" if re.match(r"\s*[=+@-]", text) else text for text in texts]


def check_zip(
    archive: zipfile.ZipFile,
    directory: Path,
    models: dict[str, str],
    history: list[int],
    target: int,
    rival: int | None = None,
    methods: tuple[str, ...] = ("integrated_gradients",),
    variant: list[int] | None = None,
) -> None:
    """Check that all arrays and tables equal those of the library."""
    pictures = [match for name in archive.namelist() if (match := PICTURE.fullmatch(name))]
    rest = [name for name in archive.namelist() if not PICTURE.fullmatch(name)]
    assert rest == NAMES and archive.testzip() is None
    dataset = read_dataset(directory)
    arrays = np.load(io.BytesIO(archive.read("arrays.npz")))
    recommended, attributed = (
        table(archive, name) for name in ("recommendations.csv", "attributions.csv")
    )
    names = set()
    drawn = set()
    rows = 0
    for side, name in models.items():
        model = read_model(directory / "models" / name)
        trace = awrsr.trace(model, history)
        traces = {side: trace}
        if variant is not None:
            traces[f"{side}_variant"] = awrsr.trace(model, variant)
        for key, one in traces.items():
            layers = range(1, len(one.layers) + 1)
            drawn |= {(key, str(n), form) for n in layers for form in ("png", "svg")}
            norms = [layer.transformed_value_norm.numpy() for layer in one.layers]
            for kind, array in {**one.arrays(), "transformed_value_norm": norms}.items():
                names.add(f"{key}_{kind}")
                np.testing.assert_allclose(arrays[f"{key}_{kind}"], array, rtol=1e-5, atol=1e-6)
        wanted = awrsr.recommend(model, history, dataset.n_items, dataset=dataset)
        shown = recommended[recommended["side"] == side]
        assert set(shown["model"]) <= {name}
        for column in ("rank", "item", "item_id", "title"):
            values = wanted[column].tolist()
            if column in ("item_id", "title"):
                values = guarded(values)
            assert shown[column].tolist() == values, column
        np.testing.assert_allclose(shown["score"].astype(float), wanted["score"], rtol=1e-5)
        for method, settings in chosen(methods).items():
            result = awrsr.attribute(model, history, target, method, rival, **settings)
            shown = attributed[(attributed["side"] == side) & (attributed["method"] == method)]
            rows += len(shown)
            assert set(shown["model"]) == {name}
            assert shown["item"].tolist() == result.items == trace.items
            assert shown["title"].tolist() == guarded(dataset.titles(trace.items))
            assert set(shown["target"]) == {target} and set(shown["unit"]) == {"item score"}
            assert set(shown["contrast"]) == {"" if rival is None else rival}
            for fact in ("score", "baseline_score", "delta"):
                expected = getattr(result, fact)
                (value,) = set(shown[fact])
                assert (value == "") == (expected is None)
                if expected is not None:
                    assert float(value) == pytest.approx(expected, rel=1e-4, abs=1e-4)
            assert [json.loads(text) for text in set(shown["settings"])] == [result.settings]
            took = {text.split(":")[0] for text in shown["effort"]}
            assert took == {str(result.effort or "").split(":")[0]}
            if result.standard_errors is None:
                assert set(shown["standard_error"]) == {""}
            else:
                errors = shown["standard_error"].astype(float)
                np.testing.assert_allclose(errors, result.standard_errors, rtol=1e-3, atol=1e-5)
            slots = range(trace.dropped + 1, len(history) + 1)
            assert shown["slot"].tolist() == list(slots)
            np.testing.assert_allclose(shown["value"], result.values, rtol=1e-4, atol=1e-5)
    assert set(arrays) == names
    assert {match.groups() for match in pictures} == drawn
    for match in pictures:
        picture = archive.read(match[0])
        if match[3] == "png":
            assert picture.startswith(b"\x89PNG")
        else:
            assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    assert len(attributed) == rows
    check_agreement(table(archive, "agreement.csv"), directory, models, history, target, rival)
    check_variants(table(archive, "variants.csv"), directory, models, [history, variant], target)
    assert set(recommended["side"]) <= set(models)


def check_agreement(
    found: pd.DataFrame,
    directory: Path,
    models: dict[str, str],
    history: list[int],
    target: int,
    rival: int | None,
) -> None:
    """Check every correlation of a last row with an attribution."""
    for side, name in models.items():
        model = read_model(directory / "models" / name)
        trace = awrsr.trace(model, history)
        part = found[found["side"] == side]
        attributed = {
            method: awrsr.attribute(
                model, history, target, method, rival, **SETTINGS.get(method, {})
            ).values.numpy()
            for method in part["method"].unique()
        }
        for row in part.itertuples():
            values = attributed[row.method]
            maps = getattr(trace.layers[row.layer - 1], row.map)[:, -1].numpy()
            weights = maps.mean(0) if row.head == "mean" else maps[int(row.head) - 1]
            numbers = np.abs(values) if row.attribution == "size" else values
            value = STATISTICS[row.statistic](weights, numbers)
            if row.value == "":
                assert value is None
            else:
                assert float(row.value) == pytest.approx(value, abs=1e-5)


def check_variants(
    found: pd.DataFrame,
    directory: Path,
    models: dict[str, str],
    histories: list[list[int] | None],
    target: int,
) -> None:
    """Check every history's items, and the target's rank with items of both excluded."""
    rows = [items for items in histories if items is not None]
    assert found["items"].astype(str).tolist() == [" ".join(map(str, items)) for items in rows]
    for side, name in models.items():
        model = read_model(directory / "models" / name)
        for items, rank in zip(rows, found[f"rank_{side}"], strict=True):
            scores = awrsr.trace(model, items).item_scores
            assert int(rank) == rank_of(scores, target, sorted({*rows[0], *items}))


def check_nothing_of_this_machine(archive: zipfile.ZipFile, *folders: Path) -> None:
    """Check that there is no absolute path of any folder, in any spelling."""
    for name in archive.namelist():
        content = archive.read(name)
        for folder in (ROOT, Path.home(), Path(sys.prefix), *folders):
            if folder != Path(folder.anchor):
                assert str(folder).encode() not in content, (name, folder)


def run_script(source: bytes, folder: Path) -> str:
    """The output of a script, run in a folder in this process, which has done the imports."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.chdir(folder)
        patch.setattr(sys, "path", [*sys.path])
        exec(compile(source, "reproduce.py", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


def check_printed(
    printed: str,
    directory: Path,
    models: dict[str, str],
    history: list[int],
    target: int,
    rival: int | None = None,
    methods: tuple[str, ...] = ("integrated_gradients",),
) -> None:
    """Check printed lists, last rows and attributions against the library."""
    dataset = read_dataset(directory)
    scores = re.findall(rf"^(\w) (\w+) score ({NUMBER}) values \[(.*)\]$", printed, re.M)
    assert [(side, method) for side, method, *_ in scores] == [
        (side, method) for side in models for method in methods
    ]
    for side, method, score, values in scores:
        model = read_model(directory / "models" / models[side])
        settings = SETTINGS.get(method, {})
        result = awrsr.attribute(model, history, target, method, rival, **settings)
        assert f"{side} {method} {result.settings} " in printed
        assert float(score) == pytest.approx(result.score, rel=1e-5)
        given = [float(value) for value in values.split(", ")]
        np.testing.assert_allclose(given, result.values, rtol=1e-4, atol=1e-5)
    tables = printed.split(" rank  item")[1:]
    for name, text in zip(models.values(), tables, strict=True):
        model = read_model(directory / "models" / name)
        best = awrsr.recommend(model, history, k=K, dataset=dataset)
        lines = text.splitlines()[1 : 1 + len(best)]
        assert not re.match(r" +\d+ +\d+ +-?\d+\.", "".join(text.splitlines()[1 + len(best) :][:1]))
        for line, (_, row) in zip(lines, best.iterrows(), strict=True):
            rank, item, score, *_ = line.split()
            assert (int(rank), int(item)) == (row["rank"], row["item"])
            assert float(score) == pytest.approx(row["score"], abs=1e-5)
    layers = len(awrsr.trace(read_model(directory / "models" / models["a"]), history).layers)
    for side in models:
        for number in range(1, layers + 1):
            assert f"{side} layer {number} last row, refined, head by head tensor([[" in printed
