"""Allowed imports, read from the source, and public names of the package."""

import ast
import functools
import importlib
import inspect
import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers import ROOT

import awrsr

MAY_IMPORT = {
    "errors": "",
    "attention": "",
    "display": "",
    "family": "errors",
    "schema": "errors",
    "config": "errors family schema",
    "io": "errors",
    "processes": "",
    "data": "errors family schema config io",
    "refinement": "errors attention family config",
    "models": "errors attention display family config io data refinement",
    "ranking": "errors display config processes data models",
    "training": "errors family config io processes data refinement models ranking",
    "importers": "errors family config io data models training",
    "attribution": "errors display family schema config models ranking",
    "explain": "errors attention display family config data refinement models ranking training "
    "attribution",
    "studies": "errors display schema config io processes data refinement models ranking "
    "training attribution explain",
    "board": "errors config io data refinement models explain",
    "figures": "errors models attribution explain board",
    "experiments": "errors schema config io processes data refinement models ranking training "
    "board",
    "cli": "errors family schema config io processes data refinement models ranking training "
    "attribution explain studies board experiments importers",
    "__main__": "cli",
    "__init__": "errors config data models ranking training attribution studies",
}
"""For every part of the package, the parts that it may import; never a later one."""

FOLDERS = (
    *("attribution", "board", "data.readers", "explain", "explain.explanations", "figures"),
    *("importers", "models", "refinement", "studies", "studies.examples", "training.losses"),
)


PACKAGE = ROOT / "awrsr"


class Import(NamedTuple):
    importer: Path
    module: str
    name: str | None


@functools.cache
def imports_in(folder: Path) -> list[Import]:
    found = []
    paths = (path for path in folder.rglob("*.py") if "node_modules" not in path.parts)
    for path in sorted(paths):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found += [Import(path, alias.name, None) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: a relative import"
                found += [Import(path, node.module or "", alias.name) for alias in node.names]
    return found


def importing_part(found: Import) -> str:
    return found.importer.relative_to(ROOT / "awrsr").parts[0].removesuffix(".py")


def imported_part(found: Import) -> str:
    """The part of awrsr that is imported; `from awrsr import part` counts as that part."""
    _, *path = found.module.split(".")
    return path[0] if path else found.name if found.name in MAY_IMPORT else "__init__"


def imports_of(library: str, folder: Path = PACKAGE) -> list[Import]:
    return [found for found in imports_in(folder) if found.module.split(".")[0] == library]


def test_the_table_names_every_part_of_the_package():
    parts = {path.name.removesuffix(".py") for path in (ROOT / "awrsr").iterdir()} - {"__pycache__"}
    assert parts == set(MAY_IMPORT)


def test_the_table_has_an_order():
    """From top to bottom, no part imports a later one, so there is no cycle."""
    above: set[str] = set()
    for part, allowed in MAY_IMPORT.items():
        assert set(allowed.split()) <= above, part
        above.add(part)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_it_may(part):
    imported = {
        imported_part(found) for found in imports_of("awrsr") if importing_part(found) == part
    }
    assert imported - {part} <= set(MAY_IMPORT[part].split())


def test_no_file_imports_itself_through_others():
    """There is no cycle of imports between files at import time."""
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for folder in ("awrsr", "app")
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    }
    imported = {}
    for name, path in files.items():
        first = [
            n for n in ast.parse(path.read_text("utf-8")).body if isinstance(n, ast.ImportFrom)
        ]
        found = [(node.module or "", alias.name) for node in first for alias in node.names]
        imported[name] = {
            inner if (inner := f"{module}.{word}") in files else module for module, word in found
        } & files.keys()
    assert len(list(TopologicalSorter(imported).static_order())) == len(files) > 150


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_imported_by_its_public_names(folder):
    inner = {
        (found.importer.name, found.module)
        for found in [*imports_of("awrsr"), *imports_in(ROOT / "app")]
        if found.module.startswith(f"awrsr.{folder}.")
        and not found.importer.is_relative_to(ROOT.joinpath("awrsr", *folder.split(".")))
    }
    assert inner == set()


def test_a_model_imports_no_particular_refinement():
    names = {
        found.name
        for found in imports_of("awrsr")
        if imported_part(found) == "refinement" and importing_part(found) == "models"
    }
    assert names == {"REFINEMENTS", "Refinement", "build_refinement"}


@pytest.mark.parametrize("library", ["app", "streamlit", "altair"])
def test_the_library_imports_no_interface(library):
    assert imports_of(library) == []


@pytest.mark.parametrize(
    ("library", "room"),
    [("plotly", "figures"), ("matplotlib", "board"), ("captum", "attribution")],
)
def test_a_library_stays_in_its_room(library: str, room: str):
    assert {importing_part(found) for found in imports_of(library)} == {room}
    if library == "captum":
        assert imports_of(library, ROOT / "app") == []
    if library == "matplotlib":
        assert {found.importer.name for found in imports_of(library)} == {"figure.py"}


APP_MAY_IMPORT = {
    "escape": "",
    "jobs": "",
    "styling": "",
    "pinned": "",
    "reading": "",
    "method_settings": "",
    "candidates": "",
    "opening": "",
    "sentences": "",
    "figures": "",
    "finding": "",
    "given": "",
    "folders": "given",
    "elsewhere": "",
    "uploads": "escape folders elsewhere",
    "epochs": "folders",
    "stamps": "folders",
    "forms": "escape pinned",
    "questions": "folders",
    "keys": "opening forms",
    "panels": "folders",
    "state": "panels pinned reading method_settings opening finding folders epochs forms keys",
    "arrival": "state",
    "cache": "jobs finding folders elsewhere uploads stamps questions",
    "seeds": "folders cache",
    "offered": "given folders elsewhere cache",
    "sides": "escape candidates folders epochs cache",
    "case": "candidates cache method_settings sides",
    "examples": "folders cache",
    "users": "escape candidates opening epochs keys state cache examples",
    "address": "escape forms state cache sides",
    "upload_form": "escape elsewhere uploads state cache",
    "shell": "escape state folders epochs cache offered sides users address upload_form",
    "components": "escape questions state cache sides case",
    "views": "escape styling arrival panels pinned reading method_settings jobs candidates figures "
    "finding folders epochs forms seeds sentences questions keys state cache sides case examples "
    "users address shell components",
    "main": "styling state cache shell views",
    "__init__": "",
}
"""The same of the app; a page of views imports no other page."""

APP = [
    (found, found.importer.relative_to(ROOT / "app").parts[0].removesuffix(".py"))
    for found in imports_in(ROOT / "app")
]
APP_OURS = [
    (importer, path[0] if path else found.name)
    for found, importer in APP
    for root, *path in [found.module.split(".")]
    if root == "app"
]


def test_the_table_names_every_part_of_the_app():
    paths = [path for path in (ROOT / "app").iterdir() if not path.name.startswith((".", "__py"))]
    assert {path.stem for path in paths if path.suffix in (".py", "")} == set(APP_MAY_IMPORT)


def test_the_table_of_the_app_has_an_order():
    above: set[str] = set()
    for part, allowed in APP_MAY_IMPORT.items():
        assert set(allowed.split()) <= above, part
        above.add(part)


@pytest.mark.parametrize("part", APP_MAY_IMPORT)
def test_a_part_of_the_app_imports_only_what_it_may(part):
    imported = {imported for importer, imported in APP_OURS if importer == part}
    assert imported - {part} <= set(APP_MAY_IMPORT[part].split())


def test_a_page_imports_no_other_page():
    views = ROOT / "app" / "views"
    for found, importer in APP:
        if importer == "views" and found.module.startswith("app.views"):
            page = found.importer.relative_to(views).parts[0].removesuffix(".py")
            assert found.module.split(".")[2:3] == [page], found


@pytest.mark.parametrize(
    "part",
    [
        *("figures", "finding", "sentences", "folders", "epochs", "jobs", "escape", "uploads"),
        *("forms", "reading", "pinned", "method_settings", "given", "elsewhere"),
    ],
)
def test_parts_that_do_not_import_streamlit(part):
    of_part = [found.module for found, importer in APP if importer == part]
    assert of_part
    assert not any(module.split(".")[0] == "streamlit" for module in of_part)


@pytest.mark.parametrize("name", ["awrsr", *(f"awrsr.{folder}" for folder in FOLDERS)])
def test_all_lists_the_public_names(name):
    module = importlib.import_module(name)
    shown = {
        attribute
        for attribute, value in vars(module).items()
        if not attribute.startswith("_") and not inspect.ismodule(value)
    }
    assert set(module.__all__) <= shown
    assert len(set(module.__all__)) == len(module.__all__)
    if name == "awrsr":
        assert set(module.__all__) == shown


def test_the_names_others_rely_on_are_public():
    relied_on = {"load_dataset", "load_model", "trace", "recommend", "attribute", "evaluate"}
    assert relied_on <= set(awrsr.__all__)
    assert all(callable(getattr(awrsr, name)) for name in relied_on)


@pytest.mark.parametrize("package", ["awrsr", "app"])
def test_contributing_has_the_parts_with_their_first_sentences(package):
    """In an order without imports of later parts; the app is listed from its entry point."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, _, table = text.partition(f"| `{package}/` | |")
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", table.partition("\n\n")[0], re.MULTILINE)
    paths = [path for path in (ROOT / package).iterdir() if not path.name.startswith((".", "__"))]
    modules = [path for path in paths if path.is_dir() or path.suffix == ".py"]
    expected = {}
    for module in modules:
        file = module / "__init__.py" if module.is_dir() else module
        docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        name = f"{module.name}/" if module.is_dir() else module.name
        expected[name] = " ".join(docstring.split("\n\n")[0].split())
    assert dict(rows) == expected and all(expected.values())
    parts = [name.rstrip("/").removesuffix(".py") for name, _ in rows if package == "awrsr"]
    for place, part in enumerate(parts):
        assert {*MAY_IMPORT[part].split()} <= {*parts[:place]}, part
