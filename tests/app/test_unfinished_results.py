"""The page Results with missing, damaged or empty files says what to do."""

import os
import shutil
from pathlib import Path

import pytest
from driving import messages, open_results, texts, unescaped
from driving import tables as shown
from recorded import GRID, LOSS

from awrsr.experiments import sentences
from awrsr.experiments.grid import read_grid
from awrsr.experiments.record import read_results
from awrsr.experiments.verdict import NO_VERDICT


def test_recordings_without_a_verdict(folder: Path):
    """Only vanilla is recorded: no row, and the page says so."""
    place = folder / GRID
    (place / "examples.npz").unlink()
    for name in ("results.csv", "history.csv"):
        lines = (place / name).read_text().splitlines(keepends=True)
        kept = [line for line in lines[1:] if line.split("-seed")[0].endswith(f"-none-{LOSS}")]
        (place / name).write_text("".join([lines[0], *kept]))
    intervals = (place / "intervals.csv").read_text().splitlines(keepends=True)
    (place / "intervals.csv").write_text(intervals[0])
    page = open_results()
    assert messages(page) == []
    assert any(unescaped(info.value) == NO_VERDICT for info in page.info)


@pytest.mark.slow
def test_a_half_finished_grid_says_what_is_missing(folder: Path):
    found = read_results(folder / f"{GRID}.toml")
    page = open_results()
    sentences_shown = [unescaped(info.value) for info in page.info]
    if found.missing:
        assert unescaped(sentences.state(found)) in sentences_shown
        assert f"python -m awrsr experiment experiments/{GRID}.toml" in sentences_shown[0]
    else:
        assert sentences_shown == []


def test_without_results_the_page_says_how_to_make_them(folder: Path):
    shutil.rmtree(folder / GRID)
    page = open_results()
    assert messages(page) == []
    (info,) = (unescaped(info.value) for info in page.info)
    assert "No results are recorded in" in info
    assert "python -m awrsr experiment" in info
    grid = read_grid(folder / f"{GRID}.toml")
    assert any(f"{grid.title}: {len(grid.runs)} runs" in text for text in texts(page))
    assert not page.get("plotly_chart")


def test_no_folder_at_all(folder: Path):
    shutil.rmtree(folder)
    page = open_results()
    assert "has no grid; a grid is a TOML file" in messages(page)[0]


def test_an_installed_package_without_results(folder: Path, monkeypatch):
    monkeypatch.delenv("AWRSR_EXPERIMENTS")
    monkeypatch.setattr("app.views.results.page.EXPERIMENTS", folder / "absent")
    page = open_results()
    assert messages(page) == []
    (info,) = (unescaped(info.value) for info in page.info)
    assert "name their folder in AWRSR_EXPERIMENTS" in info


def test_damaged_results_are_named_and_the_others_shown(folder: Path):
    shutil.copy(folder / f"{GRID}.toml", folder / "broken.toml")
    shutil.copytree(folder / GRID, folder / "broken")
    (folder / "broken" / "results.csv").write_text("run,dataset\n<b>x</b>,y\n")
    (folder / "worse.toml").write_text("backbones = [")
    page = open_results()
    said = messages(page)
    assert len(said) == 2
    assert "broken/results.csv: column" in said[0]
    assert "worse.toml is not readable TOML" in said[1]
    assert shown(page, "HR@10 minus vanilla")


def test_a_grid_whose_name_is_no_text_is_named_and_the_others_shown(folder: Path):
    odd = os.fsencode(folder) + b"/\xff.toml"
    shutil.copy(os.fsencode(folder / f"{GRID}.toml"), odd)
    page = open_results()
    assert messages(page) == [f"{folder}/\\udcff.toml: the name of a grid must be UTF-8"]
    assert shown(page, "HR@10 minus vanilla")


@pytest.mark.slow
def test_without_a_recorded_example_the_page_says_how_to_record_one(folder: Path):
    (folder / GRID / "examples.npz").unlink()
    page = open_results()
    assert messages(page) == []
    assert any("No example with vanilla and another model" in i.value for i in page.info)


@pytest.mark.slow
def test_a_damaged_example_is_named_and_the_rest_shown(folder: Path):
    (folder / GRID / "examples.npz").write_bytes(b"PK\x03\x04 no")
    page = open_results()
    (said,) = messages(page)
    assert "examples.npz is not a readable examples file" in said
    assert shown(page, "HR@10 minus vanilla")
