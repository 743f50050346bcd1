"""A new member of every family from another package, without a change in this one."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import ROOT, make_dataset

from awrsr.errors import CheckpointError
from awrsr.training.checkpoint import load_model

TESTS = ROOT / "tests"
OUTSIDE = TESTS / "outside"
GROUPS = {
    "awrsr.refinements": "refinement:Geometric",
    "awrsr.attribution_methods": "attribution:PathGradient",
    "awrsr.explanations": "explanation:Primacy",
    "awrsr.losses": "loss:Smoothed",
    "awrsr.backbones": "backbone:HalfScale",
    "awrsr.readers": "reader:JsonLines",
    "awrsr.importers": "importer:Prefixed",
}
"""The entry points of the package in tests/outside."""


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The members of the package in tests/outside, registered while a test runs."""
    for folder in (OUTSIDE, TESTS / "app"):
        monkeypatch.syspath_prepend(folder)
    for family, member in importlib.import_module("awrsr_outside").MEMBERS:
        monkeypatch.setattr(family, "_registered", dict(family._registered))
        assert family.register(member) is member
    yield


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a process with that package installed."""
    points = [f"[{group}]\nany = awrsr_outside.{where}\n" for group, where in GROUPS.items()]
    site = tmp_path / "site"
    info = site / "awrsr_outside-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: awrsr-outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(points))
    (site / "awrsr_outside").symlink_to(OUTSIDE / "awrsr_outside")
    path = [site, ROOT, TESTS, TESTS / "app"]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONWARNINGS": "error"}


def python(environment: dict[str, str], *arguments: str) -> str:
    """The output of a process, which must succeed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_registered_members_are_used_like_ours(
    registered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    importlib.import_module("story").tell(tmp_path)


def test_a_model_of_a_missing_member_is_refused_with_its_name(
    registered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    driving = importlib.import_module("driving")
    directory = driving.add_dataset(tmp_path, make_dataset(), "sasrec-none", "sasrec-geometric")
    monkeypatch.undo()  # no such refinement from here on
    said = "unknown refinement 'geometric'; accepted: none, simple, value_weighted"
    with pytest.raises(CheckpointError, match=said):
        load_model(directory / "models" / "sasrec-geometric", "cpu")
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    page = driving.open_page(dataset="tiny", a="sasrec-none", b="sasrec-geometric")
    assert any(said in message for message in driving.messages(page))


@pytest.mark.slow
def test_an_installed_package_is_loaded_when_a_family_is_asked_and_then_used_like_ours(
    installed: dict[str, str], tmp_path: Path
):
    """In one process that has not imported the package before."""
    script = (
        "import sys, awrsr, awrsr.explain, awrsr.experiments.report\n"
        "assert 'awrsr_outside' not in sys.modules\n"
        "from awrsr.refinement import REFINEMENTS\n"
        "assert list(REFINEMENTS)[-1] == 'geometric' and 'awrsr_outside' in sys.modules\n"
        "import runpy\n"
        "runpy.run_path(sys.argv.pop(1), run_name='__main__')\n"
    )
    python(installed, "-W", "default", "-c", script, str(OUTSIDE / "story.py"), str(tmp_path))


@pytest.mark.slow
def test_members_from_outside_keep_the_contracts(installed: dict[str, str]):
    """The contract suites find the members automatically."""
    words = "sasrec-geometric or path_gradient or smoothed or half_scale-none"
    suites = {
        "refinement/test_refinement_contract.py": ("sasrec-geometric", "half_scale-none"),
        "attribution/test_attribution_contract.py": ("path_gradient",),
        "training/test_losses.py": ("sasrec-smoothed",),
        "explain/test_provenance.py": ("sasrec-geometric",),
        "explain/test_refined_parts.py": ("sasrec-geometric",),
    }
    files = [str(TESTS / name) for name in suites]
    options = ["-q", "-rA", "-p", "no:cacheprovider", "-m", "not gpu and not benchmark"]
    said = python(installed, "-m", "pytest", *options, "-k", words, *files).splitlines()
    for name, members in suites.items():
        for member in members:
            assert any(line.startswith(f"PASSED tests/{name}") and member in line for line in said)
