"""The documentation: its pages, the names it lists, its commands, and the notebook, which runs."""

import json
import re
from pathlib import Path

import pytest
from helpers import ROOT, parsed

import awrsr

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
CONFIG = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
NOTEBOOK = json.loads((DOCS / "notebook.ipynb").read_text(encoding="utf-8"))
CODE = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
OF_REPOSITORY = {"EXPERIMENTS.md", "RESULTS.md", "CHANGELOG.md"}
"""Pages that are documents of the repository, see tools/docs.py."""


def test_every_page_is_in_the_navigation_once():
    named = re.findall(r"^  - .*: (\S+\.(?:md|ipynb))", CONFIG, re.MULTILINE)
    assert sorted(named) == sorted(
        {*(page.name for page in PAGES), "notebook.ipynb"} | OF_REPOSITORY
    )


def test_the_reference_lists_every_public_name_once():
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: awrsr\.(\w+)$", text, re.MULTILINE)) == sorted(awrsr.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_includes_and_links_exists(page: Path):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for name, part in re.findall(r'--8<-- "([^":]+)(?::(\w+))?"', text):
        included = (ROOT / name).read_text(encoding="utf-8")
        for side in ("start", "end") if part else ():
            assert included.count(f"<!-- --8<-- [{side}:{part}] -->") == 1, (name, part)
    for target in re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", text):
        assert (DOCS / target).exists() or target in OF_REPOSITORY, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path):
    lines = r"^    (?:awrsr|python -m awrsr) (.*)$"
    for command in re.findall(lines, page.read_text(encoding="utf-8"), re.MULTILINE):
        parsed(f"python -m awrsr {command}")


def test_the_notebook_is_stored_without_results():
    """They are made when the documentation is built, so they cannot be out of date."""
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert CODE and not any(cell["outputs"] or cell["execution_count"] for cell in cells)
    settings = ("execute: true", "allow_errors: false", "cache: false")
    assert all(setting in CONFIG for setting in settings)


@pytest.mark.slow
def test_the_notebook_runs(monkeypatch, capsys):
    monkeypatch.chdir(DOCS)
    names: dict = {}
    for code in CODE:
        exec(code, names)
    assert names["removed"].rank == 1
    assert "additive {'HR@1'" in capsys.readouterr().out
