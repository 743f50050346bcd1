"""What is taken away: the numbers of the page, a script that makes them again, titles as text."""

import ast
import csv
import dataclasses
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import redirect_stdout
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from driving import (
    HOSTILE,
    add_dataset,
    add_model,
    choose,
    open_page,
    read_dataset,
    read_model,
    titled,
)
from helpers import EMBEDDED, ROOT, rank_of

import awrsr
from app import cache
from app.case import Case, Compared, History, Row
from app.components import board
from app.components.download import LONGEST_VIEW, view_of
from app.sides import SIDES, Side, run_model
from app.views.inspect import exports
from awrsr.attribution import METHODS
from awrsr.data.dataset import Dataset
from awrsr.ranking.statistics import STATISTICS

NAMES = [
    *("board.html", "arrays.npz", "recommendations.csv", "attributions.csv", "agreement.csv"),
    *("variants.csv", "reproduce.py"),
]
VIEW = "#left=A.1.1.first&scale=linear"
PICTURE = re.compile(r"maps/([ab](?:_variant)?)_layer_(\d+)\.(png|svg)")
LINES = [
    "two\nlines",
    "a\r\nb",
    'a",b\r1,2',
    "= 1 + 2;\u2028x = 3",
    "a\x0cb\x0bc\x85d\x1ce",
    "'''\n\"\"\"",
]
"""Titles that would end a line of a script or a row of a table."""
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
    """The zip of a page of these choices, written outside any session."""
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
    """What a page of these choices is about."""
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
    """The methods as a page has them: with settings other than by default where there are any."""
    return {method: SETTINGS.get(method, {}) for method in methods}


def table(archive: zipfile.ZipFile, name: str) -> pd.DataFrame:
    return pd.read_csv(
        io.BytesIO(archive.read(name)),
        dtype={"item_id": str, "title": str, "model": str},
        keep_default_na=False,
    )


def guarded(texts: list[str]) -> list[str]:
    """As a table holds text: nothing a spreadsheet computes."""
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
    """All arrays and tables equal the library."""
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
    """Every correlation is that of the last row that it names with the attribution it names."""
    for side, name in models.items():
        model = read_model(directory / "models" / name)
        trace = awrsr.trace(model, history)
        mine = found[found["side"] == side]
        attributed = {
            method: awrsr.attribute(
                model, history, target, method, rival, **SETTINGS.get(method, {})
            ).values.numpy()
            for method in mine["method"].unique()
        }
        for row in mine.itertuples():
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
    """Every history's items, and the target's rank among what neither it nor the first holds."""
    rows = [items for items in histories if items is not None]
    assert found["items"].astype(str).tolist() == [" ".join(map(str, items)) for items in rows]
    for side, name in models.items():
        model = read_model(directory / "models" / name)
        for items, rank in zip(rows, found[f"rank_{side}"], strict=True):
            scores = awrsr.trace(model, items).item_scores
            assert int(rank) == rank_of(scores, target, sorted({*rows[0], *items}))


def check_nothing_of_this_machine(archive: zipfile.ZipFile, *folders: Path) -> None:
    """No absolute path of any folder, neither as it is nor as its parts are spelled in a file."""
    for name in archive.namelist():
        content = archive.read(name)
        for folder in (ROOT, Path.home(), Path(sys.prefix), *folders):
            if folder != Path(folder.anchor):
                assert str(folder).encode() not in content, (name, folder)


def run_script(source: bytes, folder: Path) -> str:
    """What a script prints, run in a folder: in this process, which has imported all it needs."""
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
    """Lists, last rows and attributions that a script printed are the library's."""
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


@pytest.fixture
def directory(tmp_path, monkeypatch, tiny_dataset) -> Path:
    """The tiny dataset with models that see 8 items, on offer."""
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path / "assets"))
    (tmp_path / "assets").mkdir()
    return add_dataset(tmp_path / "assets", tiny_dataset, "sasrec-additive", "stosa-simple")


MODELS = {"a": "sasrec-additive", "b": "stosa-simple"}


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch):
    """What is drawn is tested elsewhere; here it only has to be there."""
    monkeypatch.setattr("awrsr.board.figure.DPI", 30)


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "target", "rival", "methods"),
    [
        ([3, 1, 4, 1, 5], 9, None, ("integrated_gradients",)),
        ([3, 1, 4, 1, 5], 9, 2, tuple(METHODS)),
        ([4], 4, None, tuple(METHODS)),
        ([1 + i * 3 % 8 for i in range(40)], 11, 1, ("leave_one_out", "input_x_gradient")),
        (list(range(1, 12)), 11, None, ("integrated_gradients",)),
        ([2, 7], 1, None, ()),
    ],
    ids=["plain", "all methods", "one item", "longer than seen", "whole catalogue", "no method"],
)
def test_the_zip_holds_what_the_library_computes(directory, history, target, rival, methods):
    archive = taken(directory, MODELS, history, target, rival, methods)
    check_zip(archive, directory, MODELS, history, target, rival, methods)
    check_nothing_of_this_machine(archive, directory.parent)


def test_two_equal_pages_give_equal_contents(directory):
    archives = [taken(directory, MODELS, [3, 1, 4], 9) for _ in range(2)]
    for name in archives[0].namelist():
        assert archives[0].read(name) == archives[1].read(name)


def test_models_of_other_depth_and_length(directory, tiny_dataset):
    add_model(directory, tiny_dataset, "sasrec-none", n_layers=1, n_heads=1, max_length=3)
    models = {"a": "sasrec-none", "b": "stosa-simple"}
    history = [5, 1, 2, 1, 1, 2, 1, 4, 4]
    check_zip(taken(directory, models, history, 9), directory, models, history, 9)


def test_one_model_alone(directory):
    archive = taken(directory, {"b": "stosa-simple"}, [3, 1, 4], 9)
    check_zip(archive, directory, {"b": "stosa-simple"}, [3, 1, 4], 9)


def test_the_board_is_the_pages_with_its_variant(directory):
    archive = taken(directory, MODELS, [1, 2, 3, 4], 9, variant=[1, 3, 4, 4])
    page = archive.read("board.html").decode()
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    content = json.loads(data)
    assert [source["name"] for source in content["sources"]] == ["A", "B", "A\u2032", "B\u2032"]
    assert content["title"] == "A history of 4 items" and content["view"] == VIEW
    check_zip(archive, directory, MODELS, [1, 2, 3, 4], 9, variant=[1, 3, 4, 4])
    printed = run_script(archive.read("reproduce.py"), directory.parent)
    for side, name in MODELS.items():
        trace = awrsr.trace(read_model(directory / "models" / name), [1, 3, 4, 4])
        first = trace.layers[0].refined[:, -1]
        (lines,) = re.findall(
            rf"^{side} the variant \[1, 3, 4, 4\]\n(.*?)layer 2", printed, re.S | re.M
        )
        refined = lines.partition(f"{side} layer 1 first order")[0].partition("tensor")[2]
        numbers = [float(n) for n in re.findall(NUMBER, refined)]
        np.testing.assert_allclose(numbers, first.flatten(), atol=1e-4)


# --- the script -----------------------------------------------------------------------------------


def test_the_script_computes_the_same_in_the_projects_folder():
    models = {"a": "sasrec-additive", "b": "stosa-none"}
    dataset = read_dataset(EMBEDDED)
    *history, target = dataset.sequence(dataset.user_index("20")).tolist()
    assert len(history) > read_model(EMBEDDED / "models" / models["a"]).config.max_length
    methods = ("integrated_gradients", "leave_one_out", "gradient_shap", "feature_ablation")
    archive = taken(EMBEDDED, models, history, target, 7, methods)
    check_zip(archive, EMBEDDED, models, history, target, 7, methods)
    check_nothing_of_this_machine(archive)
    script = archive.read("reproduce.py")
    assert b"DATASET = 'assets/ml-latest-small'" in script
    printed = run_script(script, ROOT)
    check_printed(printed, EMBEDDED, models, history, target, 7, methods)
    assert printed.count("gradient_shap standard errors [") == 2


def test_the_script_runs_from_any_folder_it_was_saved_in(tmp_path):
    """As a program of its own."""
    models = {"a": "sasrec-none", "b": "sasrec-additive"}
    script = tmp_path / "reproduce.py"
    script.write_bytes(taken(EMBEDDED, models, [3, 1, 4], 9, methods=()).read("reproduce.py"))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=ROOT,
        capture_output=True,
        env={"PATH": "", "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    check_printed(done.stdout.decode(), EMBEDDED, models, [3, 1, 4], 9, methods=())


def test_text_that_a_spreadsheet_would_compute_is_led_by_an_apostrophe():
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=2", "a=b", "", "'x", "1"]
    found = exports.as_csv(pd.DataFrame({"title": texts, "score": -1.5, "rank": -1}))
    rows = list(csv.reader(io.StringIO(found)))[1:]
    assert [row[0] for row in rows] == [*(f"'{text}" for text in texts[:5]), *texts[5:]]
    assert {tuple(row[1:]) for row in rows} == {("-1.5", "-1")}


def test_the_script_of_a_dataset_elsewhere_runs_beside_it(directory):
    archive = taken(directory, MODELS, [3, 1, 4, 1, 5], 9)
    script = archive.read("reproduce.py")
    assert b"DATASET = 'tiny'" in script
    check_printed(run_script(script, directory.parent), directory, MODELS, [3, 1, 4, 1, 5], 9)


def test_the_script_refuses_other_weights_and_another_dataset(directory, tiny_dataset):
    script = taken(directory, MODELS, [3, 1, 4], 9).read("reproduce.py")
    shutil.rmtree(directory / "models" / "stosa-simple")
    add_model(directory, tiny_dataset, "stosa-simple", hidden_size=4)
    with pytest.raises(AssertionError, match="other weights"):
        run_script(script, directory.parent)
    shutil.rmtree(directory)
    other = dataclasses.replace(tiny_dataset, user_ids=[f"x{user}" for user in range(12)])
    add_dataset(directory.parent, other, *MODELS.values())
    with pytest.raises(AssertionError, match="another dataset"):
        run_script(script, directory.parent)


# --- text from outside ----------------------------------------------------------------------------


def script_of(directory: Path, history: list[int], target: int) -> str:
    """The script alone."""
    dataset = cache.get_dataset(directory)
    sides = [
        run_model(side, directory / "models" / name, dataset, history)
        for side, name in MODELS.items()
    ]
    case = case_of(dataset, sides, history, target)
    return exports.script(case)


def statements(script: str) -> str:
    """A script's program, whatever its comments say."""
    return ast.dump(ast.parse(script))


@pytest.mark.parametrize("titles", [HOSTILE, LINES], ids=["markup", "line ends"])
def test_titles_break_out_of_nothing(directory, titles):
    hostile = titled(titles)
    path = add_dataset(directory.parent, hostile, *MODELS.values())
    plain = dataclasses.replace(
        titled([f"Film {number}" for number, _ in enumerate(titles)]), name="harmless"
    )
    harmless = add_dataset(directory.parent, plain, *MODELS.values())
    history = list(range(1, len(titles)))
    for target in range(1, len(titles) + 1):
        script, same = (script_of(folder, history, target) for folder in (path, harmless))
        assert statements(script).replace("titled", "harmless") == statements(same)
        assert script.count("\n") == same.count("\n") == len(script.splitlines())
    archive = taken(path, MODELS, history, target)
    check_zip(archive, path, MODELS, history, target)
    assert archive.read("reproduce.py").decode() == script
    rows = list(csv.reader(io.StringIO(archive.read("recommendations.csv").decode(), newline="")))
    assert {len(row) for row in rows} == {7}
    page = archive.read("board.html").decode()
    assert page.count("<script") == page.count("</script>") == 2
    check_printed(run_script(script.encode(), path.parent), path, MODELS, history, target)


def test_a_title_can_not_turn_its_comment_around():
    assert exports.comment("a\u202eb\x00c\n\td") == "a b c d"


def test_names_of_folders_break_out_of_nothing(directory):
    name = 'it\'s """ \\ {x} # <b>,\n1'
    (directory / "models" / "stosa-simple").rename(directory / "models" / name)
    folder = directory.rename(directory.parent / name)
    models = {"a": "sasrec-additive", "b": name}
    archive = taken(folder, models, [3, 1, 4], 9)
    check_zip(archive, folder, models, [3, 1, 4], 9)
    check_printed(
        run_script(archive.read("reproduce.py"), folder.parent), folder, models, [3, 1, 4], 9
    )


# --- on the page ----------------------------------------------------------------------------------


def test_the_page_hands_over_its_own_choices(directory, monkeypatch, tiny_dataset):
    asked = []
    monkeypatch.setattr(
        "app.views.inspect.exports.bundle",
        lambda *given: asked.append(given) or (lambda view: b"zip"),
    )
    page = open_page(source="own", items="3.1.4", target=9, rival=2, k=6)
    choose(page, methods=["leave_one_out", "feature_ablation"], b="stosa-simple")
    choose(page, **{"setting-feature_ablation-baseline": "mean"})
    case, content = asked[-1]
    assert case.dataset.fingerprint == tiny_dataset.fingerprint
    assert [side.key for side in case.sides] == list(SIDES)
    names = [side.directory.name for side in case.sides]
    assert names == [page.session_state[side] for side in SIDES]
    assert case.rows == (Row(name="current", items=(3, 1, 4), compare=None),)
    assert case.methods == {"feature_ablation": {"baseline": "mean"}, "leave_one_out": {}}
    assert (case.history, case.target, case.rival, case.listed) == ((3, 1, 4), 9, 2, 6)
    assert case.compared is None and case.title == "A history of 3 items"
    assert content["title"] == "A history of 3 items"


@pytest.mark.parametrize(
    "sent", [None, "x", {}, {"view": 3}, {"view": "left=1"}, {"view": "#" + "x" * LONGEST_VIEW}]
)
def test_what_is_no_view_asks_for_the_first_one(sent):
    assert view_of(sent) == ""
    assert view_of({"view": VIEW}) == VIEW
