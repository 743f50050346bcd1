"""Downloads: the numbers of the page, a script that reproduces them, titles as text."""

import ast
import csv
import dataclasses
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checking import read_dataset, read_model
from driving import HOSTILE, add_dataset, add_model, choose, open_page, titled
from helpers import EMBEDDED, ROOT
from taking import (
    NUMBER,
    VIEW,
    case_of,
    check_nothing_of_this_machine,
    check_printed,
    check_zip,
    run_script,
    taken,
)

import awrsr
from app import cache
from app.case import Row
from app.components.download import LONGEST_VIEW, view_of
from app.sides import SIDES, run_model
from app.views.inspect import exports
from awrsr.attribution import METHODS

LINES = [
    "two\nlines",
    "a\r\nb",
    'a",b\r1,2',
    "= 1 + 2;\u2028x = 3",
    "a\x0cb\x0bc\x85d\x1ce",
    "'''\n\"\"\"",
]
"""Titles with characters that end a line of a script or a row of a table."""


@pytest.fixture
def directory(tmp_path, monkeypatch, tiny_dataset) -> Path:
    """The tiny dataset, offered with models that see 8 items."""
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path / "assets"))
    (tmp_path / "assets").mkdir()
    return add_dataset(tmp_path / "assets", tiny_dataset, "sasrec-additive", "stosa-simple")


MODELS = {"a": "sasrec-additive", "b": "stosa-simple"}


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch):
    """Small pictures, because their content is tested elsewhere."""
    monkeypatch.setattr("awrsr.board.figure.DPI", 30)


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.few(2)
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


@pytest.mark.slow
def test_two_equal_pages_give_equal_contents(directory):
    archives = [taken(directory, MODELS, [3, 1, 4], 9) for _ in range(2)]
    for name in archives[0].namelist():
        assert archives[0].read(name) == archives[1].read(name)


@pytest.mark.slow
def test_models_of_other_depth_and_length(directory, tiny_dataset):
    add_model(directory, tiny_dataset, "sasrec-none", n_layers=1, n_heads=1, max_length=3)
    models = {"a": "sasrec-none", "b": "stosa-simple"}
    history = [5, 1, 2, 1, 1, 2, 1, 4, 4]
    check_zip(taken(directory, models, history, 9), directory, models, history, 9)


@pytest.mark.slow
def test_one_model_alone(directory):
    archive = taken(directory, {"b": "stosa-simple"}, [3, 1, 4], 9)
    check_zip(archive, directory, {"b": "stosa-simple"}, [3, 1, 4], 9)


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_script_runs_from_any_folder_it_was_saved_in(tmp_path):
    """Run as a separate program."""
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


def test_text_that_a_spreadsheet_would_compute_begins_with_an_apostrophe():
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=2", "a=b", "", "'x", "1"]
    found = exports.as_csv(pd.DataFrame({"title": texts, "score": -1.5, "rank": -1}))
    rows = list(csv.reader(io.StringIO(found)))[1:]
    assert [row[0] for row in rows] == [*(f"'{text}" for text in texts[:5]), *texts[5:]]
    assert {tuple(row[1:]) for row in rows} == {("-1.5", "-1")}


@pytest.mark.slow
def test_the_script_of_a_dataset_elsewhere_runs_beside_it(directory):
    archive = taken(directory, MODELS, [3, 1, 4, 1, 5], 9)
    script = archive.read("reproduce.py")
    assert b"DATASET = 'tiny'" in script
    check_printed(run_script(script, directory.parent), directory, MODELS, [3, 1, 4, 1, 5], 9)


@pytest.mark.slow
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
    """Only the script."""
    dataset = cache.get_dataset(directory)
    sides = [
        run_model(side, directory / "models" / name, dataset, history)
        for side, name in MODELS.items()
    ]
    case = case_of(dataset, sides, history, target)
    return exports.script(case)


def statements(script: str) -> str:
    """A script's statements, without comments."""
    return ast.dump(ast.parse(script))


@pytest.mark.few(1)
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.usefixtures("all_tabs")
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
def test_an_invalid_view_gives_the_first_view(sent):
    assert view_of(sent) == ""
    assert view_of({"view": VIEW}) == VIEW
