"""README.md and EXPERIMENTS.md agree with the repository."""

import json
import re
from pathlib import Path

import pytest
from helpers import EMBEDDED, ROOT, SHIPPED, parsed
from shipped import MODELS

import awrsr
from awrsr.data.readers import READERS
from awrsr.experiments.card import write_readme
from awrsr.experiments.record import read_results
from awrsr.experiments.report import grid_files
from awrsr.experiments.verdict import verdict_rows
from awrsr.experiments.verdict_words import verdict_table
from experiments import floors

README = (ROOT / "README.md").read_text(encoding="utf-8")
METRICS = ("HR@10", "NDCG@10", "MRR")


def test_two_commands_install_everything() -> None:
    commands = re.findall(r"^    (pip install .*)$", README, re.MULTILINE)
    assert commands == [
        "pip install -r requirements.txt && streamlit run app/main.py",
        "pip install -r requirements-dev.txt && pytest -n auto",
    ]


@pytest.mark.parametrize("name", [f"{backbone}-{refinement}" for backbone, refinement in SHIPPED])
def test_results_table_repeats_the_recorded_metrics(name: str) -> None:
    recorded = json.loads((EMBEDDED / "models" / name / "metrics.json").read_text())
    cells = " | ".join(f"{recorded['test']['metrics'][metric]:.4f}" for metric in METRICS)
    assert f"| `{name}` | {cells} |" in README


def test_results_table_names_popularity_as_computed() -> None:
    popularity = awrsr.ranking.evaluation.evaluate_popularity(awrsr.load_dataset(EMBEDDED)).metrics
    cells = " | ".join(f"{popularity[metric]:.4f}" for metric in METRICS)
    assert f"| popularity | {cells} |" in README


def test_the_verdict_table_is_that_of_the_records() -> None:
    """The same rows in the same order, with fewer columns."""
    results = [read_results(file) for file in grid_files(ROOT / "experiments")]
    rows = verdict_rows([found for found in results if found is not None])
    columns = ["dataset", "model and loss", "what attention is worth", "what refinement adds"]
    table = verdict_table(rows)[[*columns, "verdict"]]
    expected = [
        f"| {' | '.join(map(str, cells))} |" for cells in (table.columns, *table.to_numpy())
    ]
    found = README[README.index("| dataset | model and loss |") :].split("\n\n")[0].splitlines()
    assert [found[0], *found[2:]] == expected and len(expected) > 5


def test_the_table_of_floors_is_that_of_the_records() -> None:
    rows = floors.table()
    assert len(rows) > 10 and "\n".join(rows) in (ROOT / "EXPERIMENTS.md").read_text("utf-8")


def test_python_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict = {}
    exec(example, names)
    assert len(names["trace"].items) == 3
    assert names["trace"].layers[0].second_order.shape == (2, 3, 3)


def test_the_table_of_formats_is_that_of_the_readers() -> None:
    table = README[README.index("| format | recognised by |") :].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(READERS)


DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "EXPERIMENTS.md", "CONTRIBUTING.md")),
    *sorted(ROOT.glob("assets/**/README.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_commands_exist(file: Path) -> None:
    lines = r"^    (python -m awrsr (?:.*\\\n)*.*)$"
    for command in re.findall(lines, file.read_text(encoding="utf-8"), re.MULTILINE):
        parsed(re.sub(r"\s# .*$", "", command.replace("\\\n", "")).replace(": ...", ': ""'))


@pytest.mark.parametrize(
    "file",
    [file for file in DOCUMENTS if file.parent.name != "docs"],  # these: see test_docs.py
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_linked_files_exist(file: Path) -> None:
    text = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (file.parent / target).exists(), target


@pytest.mark.parametrize("source", MODELS, ids=lambda path: str(path.relative_to(ROOT / "assets")))
def test_model_cards_are_as_written(source: Path, tmp_path) -> None:
    """The README.md of a model agrees with its config.json and metrics.json."""
    for file in ("config.json", "metrics.json", "model.safetensors"):
        (tmp_path / file).symlink_to(source / file)
    write_readme(tmp_path)
    assert (tmp_path / "README.md").read_text() == (source / "README.md").read_text()
