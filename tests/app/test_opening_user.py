"""With whom a page opens: where causes are planted, a user by whom the two models differ."""

import json
from pathlib import Path

import pandas as pd
import pytest
from driving import add_dataset, messages, open_page, shipped_metrics
from helpers import ROOT

from app import cache, folders, state
from app.users import opening_user
from awrsr import load_dataset, load_model
from awrsr.data.planted import CAUSES_FILE, plant
from awrsr.ranking.recommendation import trace
from awrsr.training.checkpoint import weights_fingerprint

MODELS = ("sasrec-none", "sasrec-additive")


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A planted dataset with two models, on offer before the embedded ones."""
    monkeypatch.setenv(folders.ASSETS_VARIABLE, str(tmp_path))
    dataset, causes = plant(60, seed=1)
    directory = add_dataset(tmp_path, dataset, *MODELS, "sasrec-simple")
    causes.to_parquet(directory / CAUSES_FILE)
    return directory


def of_sort(directory: Path, sort: str) -> list[str]:
    causes = pd.read_parquet(directory / CAUSES_FILE).query("split == 'test'")
    return causes.loc[causes["sort"] == sort, "user_id"].tolist()


def record(directory: Path, name: str, ranks: dict[str, int], other: int) -> None:
    """Ranks of these users, and one for all others."""
    path, dataset = directory / "models" / name, load_dataset(directory)
    rows = [
        {"user_id": user, "split": "test", "target": int(dataset.sequence(index)[-1])}
        | {"rank": ranks.get(user, other)}
        for index, user in enumerate(dataset.user_ids)
    ]
    pd.DataFrame(rows).to_parquet(path / "ranks.parquet")
    catalogue = load_model(path, "cpu").catalogue.to_json()
    about = shipped_metrics(weights_sha256=weights_fingerprint(path), dataset=catalogue)
    (path / "metrics.json").write_text(json.dumps(about))


def opened(directory: Path) -> str:
    return opening_user(load_dataset(directory), folders.model_directories(directory))


def test_it_is_the_occasion_that_the_second_model_alone_solves(directory: Path):
    first, second, third = of_sort(directory, "occasion")[:3]
    binding, undecided = of_sort(directory, "binding")[0], of_sort(directory, "open")[0]
    far = {first: 3, second: 9, third: 30, binding: 50, undecided: 60}
    record(directory, "sasrec-none", far, other=1)
    record(directory, "sasrec-additive", {third: 2}, other=1)
    assert opened(directory) == second  # B does not solve the third
    page = open_page()
    assert messages(page) == [] and page.session_state["user"] == second
    assert (page.session_state["a"], page.session_state["b"]) == MODELS
    assert "user" not in page.query_params

    record(directory, "sasrec-additive", {first: 2, second: 2, third: 2}, other=1)
    assert opened(directory) == binding  # no occasion: the other rule, never what is open
    record(directory, "sasrec-additive", {binding: 2}, other=2)
    assert opened(directory) == ""


def test_its_second_order_map_shows_a_cause(directory: Path, monkeypatch: pytest.MonkeyPatch):
    """Of those that B alone solves the first whose peak is on a cause, else the first of all."""
    dataset = load_dataset(directory)
    causes = pd.read_parquet(directory / CAUSES_FILE).query("split == 'test'").set_index("user_id")
    users = of_sort(directory, "occasion")[:3]
    record(directory, "sasrec-none", dict(zip(users, (9, 8, 7), strict=True)), other=1)
    record(directory, "sasrec-additive", {}, other=1)
    peaks = {
        tuple(dataset.sequence(dataset.user_index(user))[:-1].tolist()): peak
        for user, peak in zip(
            users, (-1, int(causes.loc[users[1], "cause_places"][0]), -1), strict=True
        )
    }
    monkeypatch.setattr(cache, "get_second_order_peak", lambda model, items: peaks[items])
    assert opened(directory) == users[1]
    monkeypatch.setattr(cache, "get_second_order_peak", lambda model, items: None)
    assert opened(directory) == users[0]


def test_the_peak_is_the_largest_second_order_weight(directory: Path):
    """Also where the history is longer than the model's n; None without second order."""
    dataset = load_dataset(directory)
    models = folders.model_directories(directory)
    items = tuple(dataset.sequence(0).tolist() * 5)
    model = load_model(models["sasrec-additive"])
    n = model.config.max_length
    rows = trace(model, items).layers[-1].second_order[:, -1].mean(0).tolist()
    assert len(items) > n == len(rows)
    peak = cache.get_second_order_peak(models["sasrec-additive"], items)
    assert peak == len(items) - n + rows.index(max(rows))
    assert cache.get_second_order_peak(models["sasrec-none"], items) is None


def test_the_shipped_pair_opens_with_a_map_that_shows_the_occasion():
    """The embedded planted dataset, its default pair."""
    shipped = ROOT / "assets" / "planted"
    dataset, models = load_dataset(shipped), folders.model_directories(shipped)
    user = opening_user(dataset, models)
    index = dataset.user_index(user)
    (cause,) = pd.read_parquet(shipped / CAUSES_FILE).query("split == 'test' and user_id == @user")[
        "cause_places"
    ]
    items = tuple(dataset.sequence(index)[:-1].tolist())
    model = models[state.default_model(list(models), 1)]
    assert cache.get_second_order_peak(model, items) in cause


def test_without_ranks_or_causes_any_user_will_do(directory: Path):
    dataset = load_dataset(directory)
    assert opened(directory) == "" and opening_user(dataset, {}) == ""
    assert open_page().session_state["user"] == state.default_user(dataset)
    record(directory, "sasrec-none", {}, other=2)
    record(directory, "sasrec-additive", {}, other=1)
    assert opened(directory) != ""
    (directory / CAUSES_FILE).unlink()
    assert opened(directory) == ""
