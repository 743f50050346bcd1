"""What README.md says is what the repository does."""

import json
import re

import pytest
from conftest import EMBEDDED, ROOT, SHIPPED

import awrsr
from awrsr.model_card import write_readme

README = (ROOT / "README.md").read_text(encoding="utf-8")
METRICS = ("HR@10", "NDCG@10", "MRR")


def test_two_commands_do_all_the_setting_up() -> None:
    commands = re.findall(r"^    (pip install .*)$", README, re.MULTILINE)
    assert commands == [
        "pip install -r requirements.txt && streamlit run app/main.py",
        "pip install -r requirements-dev.txt && pytest",
    ]


@pytest.mark.parametrize("name", [f"{backbone}-{refinement}" for backbone, refinement in SHIPPED])
def test_results_table_repeats_the_recorded_metrics(name: str) -> None:
    recorded = json.loads((EMBEDDED / "models" / name / "metrics.json").read_text())
    cells = " | ".join(f"{recorded['test']['metrics'][metric]:.4f}" for metric in METRICS)
    assert f"| `{name}` | {cells} |" in README


def test_results_table_names_popularity_as_computed() -> None:
    popularity = awrsr.evaluation.evaluate_popularity(awrsr.load_dataset(EMBEDDED)).metrics
    cells = " | ".join(f"{popularity[metric]:.4f}" for metric in METRICS)
    assert f"| popularity | {cells} |" in README


def test_python_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict = {}
    exec(example, names)
    assert len(names["trace"].items) == 3
    assert names["trace"].layers[0].second_order.shape == (2, 3, 3)


def test_linked_files_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", [f"{backbone}-{refinement}" for backbone, refinement in SHIPPED])
def test_model_cards_are_as_written(name: str, tmp_path) -> None:
    """The README.md beside a model is what its config.json and metrics.json say."""
    source = EMBEDDED / "models" / name
    for file in ("config.json", "metrics.json", "model.safetensors"):
        (tmp_path / file).symlink_to(source / file)
    write_readme(tmp_path)
    assert (tmp_path / "README.md").read_text() == (source / "README.md").read_text()
