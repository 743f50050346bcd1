"""The wheel: what is in it, what its metadata says, and that it works without the repository."""

import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from browser_fixtures import wait_for
from helpers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUILT_FROM = ("pyproject.toml", "setup.py", "requirements.txt", "README.md", "LICENSE")
INSIDE = "awrsr/_inspector/"
OF_BOARD = re.compile(r"awrsr/board/(?!dist/|widget\.js$)(?!.*\.(py|j2)$)")
"""Sources, tests and tools of the board's script, which a wheel does not need."""
DRAWS = """
import sys
from streamlit.testing.v1 import AppTest

sys.argv = sys.argv[1:]
page = AppTest.from_file(sys.argv[0], default_timeout=300).run()
assert not page.exception and not page.error and not page.warning, page
print(*[box.value for box in page.info], *[box.options for box in page.selectbox])
"""


def sources(folder: str) -> set[str]:
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {
        path.relative_to(ROOT).as_posix()
        for path in paths
        if not {"__pycache__", "node_modules"} & {*path.parts}
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel of this repository, built from a copy."""
    copy = tmp_path_factory.mktemp("package")
    for name in [*BUILT_FROM, *sources("awrsr"), *sources("app")]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    build = "from setuptools.build_meta import build_wheel; build_wheel('wheels')"
    done = subprocess.run([sys.executable, "-c", build], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (found,) = (copy / "wheels").iterdir()
    return found


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheel_has_the_package_and_the_app_and_nothing_else(names):
    package = {name for name in sources("awrsr") if not OF_BOARD.match(name)}
    assert names == package | {INSIDE + name for name in sources("app")}
    assert "awrsr/board/dist/board.js" in names and INSIDE + "app/style.css" in names
    assert INSIDE + "app/.streamlit/config.toml" in names


def test_the_wheel_has_no_data(names):
    data = {".parquet", ".safetensors", ".npz", ".csv", ".png", ".jsonl"}
    assert {name for name in names if Path(name).suffix in data} == set()


def test_the_metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (place,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(f"{place}/METADATA").decode()
        commands = archive.read(f"{place}/entry_points.txt").decode()
    required = re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE)
    optional = PROJECT["optional-dependencies"]["notebook"]
    extra = [f'{line}; extra == "notebook"' for line in optional]
    assert required == (ROOT / "requirements.txt").read_text().split() + extra
    for file in ("requirements-dev.txt", "requirements-docs.txt"):
        assert {*optional} <= {*(ROOT / file).read_text().split()}
    assert "awrsr = awrsr.cli.main:main" in commands


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder of programs of an environment with the wheel, and with our requirements."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=True)
    programs = place / "bin"
    paths = {"base": str(place), "platbase": str(place)}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    requirements = sysconfig.get_path("purelib")
    (site / "requirements.pth").write_text(requirements + "\n", encoding="utf-8")
    install = ["-m", "pip", "--python", str(programs / "python"), "install", "--no-deps"]
    done = subprocess.run(
        [sys.executable, *install, "--no-index", str(wheel)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return programs


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="places of an environment on Linux and macOS")
def test_the_installed_command_and_app_work_without_the_repository(installed, tmp_path):
    environment = {name: os.environ[name] for name in os.environ if name[:6] not in ("PYTHON",)}
    for name in ("AWRSR_ASSETS", "AWRSR_EXPERIMENTS"):
        environment.pop(name, None)

    def say(*words: object) -> str:
        done = subprocess.run(
            [str(word) for word in words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    python, awrsr = installed / "python", installed / "awrsr"
    package = Path(say(python, "-c", "import awrsr; print(awrsr.__file__)").strip()).parent
    assert package.is_relative_to(installed.parent)
    assert "plant" in say(awrsr, "--help")
    say(awrsr, "plant", "planted")
    main = package / "_inspector" / "app" / "main.py"
    assert "python -m awrsr plant data/planted" in say(python, "-c", DRAWS, main)
    assert "['planted']" in say(python, "-c", DRAWS, main, "planted")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    log = tmp_path / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            [str(awrsr), "app", "planted"],
            cwd=tmp_path,
            env=environment | {"STREAMLIT_SERVER_PORT": port},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}", server, log)
    finally:
        server.terminate()
        server.wait(30)
    assert "Traceback" not in log.read_text()
    assert "External URL" not in log.read_text()  # its settings hold: this machine only
