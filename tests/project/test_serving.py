"""Dockerfile, continuous integration and package metadata say the same."""

import re
import tomllib

from helpers import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SERVE = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
(LOWEST, ABOVE) = map(int, re.findall(r"3\.(\d+)", PROJECT["requires-python"]))
PYTHONS = [f"3.{minor}" for minor in range(LOWEST, ABOVE)]


def test_every_python_is_named_wherever_pythons_are_named():
    (matrix,) = re.findall(r"python: \[(.*)\]", WORKFLOW)
    assert re.findall(r'"(.*?)"', matrix) == PYTHONS
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}." in README
    assert re.findall(r"python-version: \"(.*)\"|container: python:([\d.]+)", WORKFLOW)
    for one, other in re.findall(r"python-version: \"(.*)\"|container: python:([\d.]+)", WORKFLOW):
        assert (one or other) in PYTHONS
    (image,) = re.findall(r"^FROM python:([\d.]+)-slim$", DOCKERFILE, re.MULTILINE)
    assert image in PYTHONS


def test_what_the_image_copies_exists_and_is_not_ignored():
    copied = re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == set(copied)
    assert all((ROOT / name).exists() for name in copied)
    assert {"awrsr", "app", "assets"} <= set(copied)


def test_the_image_serves_one_port_without_root_and_without_uploads():
    variables = dict(re.findall(r"^(?:ENV|   ) (\w+)=(\S+)", DOCKERFILE, re.MULTILINE))
    port = variables["STREAMLIT_SERVER_PORT"]
    assert f"EXPOSE {port}" in DOCKERFILE and f"127.0.0.1:{port}/_stcore/health" in DOCKERFILE
    assert f":{port}:{port}" in WORKFLOW and f"{port}:{port}" in SERVE
    assert variables["AWRSR_UPLOADS"] == "off" and variables["HOME"] == "/tmp"
    user = DOCKERFILE.index("USER awrsr")
    assert DOCKERFILE.index("COPY") < user < DOCKERFILE.rindex("CMD")
    for name in ("AWRSR_UPLOADS", *(name for name in variables if name.endswith("_SIZE"))):
        assert f"| `{name}` | `{variables[name]}` |" in SERVE


def test_torch_is_installed_from_the_index_of_the_argument():
    assert 'pip install --no-cache-dir --index-url "$TORCH_INDEX"' in DOCKERFILE
    assert len(re.findall(r"^torch==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)) == 1
