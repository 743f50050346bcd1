"""Users as a table for two models: columns, slices, limits, metrics; no page."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from driving import HOSTILE
from helpers import EMBEDDED

import awrsr
from app import finding, folders
from app.figures.charts import scatter
from app.finding import COLUMNS, Limit
from awrsr.ranking.metrics import summarise
from awrsr.ranking.statistics import mean_interval
from awrsr.studies import read_scan, scan, stale

A, B = "sasrec-none", "sasrec-additive"
SHIPPED = EMBEDDED / "scan"


def test_the_shipped_scan_is_of_the_shipped_models():
    """For some users, within the rounding of another processor."""
    shipped, dataset = read_scan(SHIPPED), awrsr.load_dataset(EMBEDDED)
    directories = {path.name: path for path in (EMBEDDED / "models").iterdir()}
    seeds = [path.name for path in (EMBEDDED / "seeds").iterdir()]
    assert set(shipped.about["models"]) == {*directories, *seeds}
    marks = {
        name: awrsr.training.checkpoint.weights_fingerprint(p) for name, p in directories.items()
    }
    for name in directories:
        assert stale(shipped, dataset, {name: marks[name]}) == ""
    seed = EMBEDDED / "seeds" / "sasrec-none-seed1"
    chosen = {A: directories[A], "stosa-none": directories["stosa-none"], seed.name: seed}
    models = {name: awrsr.load_model(path, "cpu") for name, path in chosen.items()}
    users = range(0, dataset.n_users, 20)
    now = scan(models, dataset, users=users)
    ids = [dataset.user_ids[user] for user in users]
    for name in chosen:
        recorded = shipped.users[shipped.users["model"] == name].set_index("user_id").loc[ids]
        computed = now.users[now.users["model"] == name].set_index("user_id")
        for column in computed.columns.drop("model"):
            if column == "rank":
                moved = abs(recorded[column] - computed[column]) / recorded[column]
                assert moved.mean() < 0.001
            else:
                np.testing.assert_allclose(recorded[column], computed[column], rtol=1e-3, atol=1e-4)
    size = sum(path.stat().st_size for path in SHIPPED.iterdir())
    assert size < 2_000_000


@pytest.mark.parametrize(
    ("a", "b", "kind", "expected"),
    [
        ("sasrec-none", "sasrec-additive", "refined", "sasrec-none"),
        ("sasrec-none", "sasrec-additive", "second_order", "sasrec-additive"),
        ("sasrec-simple", "sasrec-additive", "refined", "sasrec-additive"),
        ("sasrec-simple", "stosa-additive", "refined", "stosa-additive"),
        ("stosa-none", "stosa-simple", "first_order", "stosa-additive"),
        ("stosa-none", "sasrec-none", "first_order", "sasrec-none"),
        ("sasrec-simple", "sasrec-value_weighted", "refined", "sasrec-none"),
    ],
)
def test_the_seeds_nearest_to_two_models(a: str, b: str, kind: str, expected: str):
    shipped = read_scan(SHIPPED)
    if {a.partition("-")[0], b.partition("-")[0]} == {"stosa"}:
        assert finding.noise_pair(shipped, a, b, kind) is None
    models = shipped.about["models"]
    first, second = (
        models[name] | {"model": models[name]["model"] | {"backbone": "stosa"}}
        for name in ("sasrec-additive", "sasrec-additive-seed1")
    )
    about = {
        "models": models | {"stosa-additive": first, "stosa-additive-seed1": second},
        "pairs": [*shipped.about["pairs"], ["stosa-additive", "stosa-additive-seed1"]],
    }
    with_stosa = dataclasses.replace(shipped, about=shipped.about | about)
    assert finding.noise_pair(with_stosa, a, b, kind) == (expected, f"{expected}-seed1")


def test_a_pair_is_the_same_whichever_is_a():
    shipped, dataset = read_scan(SHIPPED), awrsr.load_dataset(EMBEDDED)
    ab, ba = (
        finding.pair_table(shipped, shipped, dataset, *p, "refined") for p in ((A, B), (B, A))
    )
    agreements = [c for agreement in finding.AGREEMENTS for c in (agreement, f"{agreement}_seeds")]
    assert ab[agreements].notna().any().all()
    for name in agreements:
        np.testing.assert_array_equal(ab[name], ba[name])
    np.testing.assert_array_equal(ab["change"], -ba["change"])
    np.testing.assert_allclose(ab["doublings"], -ba["doublings"])
    assert set(ab) == {"user_id", *COLUMNS}


def test_slices_hold_the_users_of_their_titles():
    shipped, dataset = read_scan(SHIPPED), awrsr.load_dataset(EMBEDDED)
    table = finding.pair_table(shipped, shipped, dataset, A, B, "refined")
    named = finding.named_slices(table, 50)
    assert tuple(named) == tuple(name for name in finding.SLICES if name != "repeats")
    assert named["all"].chosen.all()
    rows = table.to_dict("records")
    lengths = sorted(row["length"] for row in rows)
    short = int(re.search(r"at most (\d+)", named["short"].title)[1])
    assert abs(sum(length <= short for length in lengths) / len(lengths) - 0.25) < 0.02
    for row, *inside in zip(rows, *(part.chosen for part in named.values()), strict=True):
        members = dict(zip(named, inside, strict=True))
        assert members["short"] == (row["length"] <= short)
        assert members["cut"] == (row["length"] > 50)
        assert members["noise"] == (row["divergence"] > row["divergence_seeds"])
    assert not table["repeats"].any()
    table.loc[7, "repeats"] = 2
    again = finding.named_slices(table, 50)
    assert tuple(again) == finding.SLICES and again["repeats"].chosen.nonzero()[0].tolist() == [7]
    for name, column in (("ranks", table["doublings"].abs()), ("attention", table["divergence"])):
        inside = named[name].chosen
        assert 60 <= inside.sum() <= 75
        assert column[inside].min() >= column[~inside].max()


def test_a_slice_of_ties_is_not_called_a_tenth():
    """Identity maps are all equal, and so are their differences to an even map."""
    values = np.array([0.5] * 6 + [0.1, 0.2, 0.3, 0.4])
    table = pd.DataFrame(
        {"length": 5, "repeats": 0, "doublings": np.arange(10.0), "divergence": values}
        | {"divergence_seeds": 0.0}
    )
    found = finding.named_slices(table, 50)
    assert found["attention"].title == "Attention least similar (60%, many tie)"
    assert found["attention"].chosen.tolist() == [True] * 6 + [False] * 4
    assert found["ranks"].title == "Ranks furthest apart (a tenth)"
    assert found["ranks"].chosen.sum() == 1


def test_commands_have_paths_of_the_working_directory(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert folders.in_command(tmp_path / "data" / "my set") == "'data/my set'"
    assert folders.in_command(Path("/elsewhere/set")) == "/elsewhere/set"


def test_metrics_of_slices_are_those_of_their_ranks():
    shipped, dataset = read_scan(SHIPPED), awrsr.load_dataset(EMBEDDED)
    table = finding.pair_table(shipped, shipped, dataset, A, B, "refined")
    named = finding.named_slices(table, 50)
    for _, row in finding.slice_metrics(table, named).iterrows():
        part = table[named[row["slice"]].chosen]
        assert row["users"] == len(part)
        if part.empty:
            assert np.isnan(row["NDCG@10 A"]) and np.isnan(row["HR@10 low"])
            continue
        summaries = {side: summarise(part[f"rank_{side.lower()}"]) for side in "AB"}
        for metric in ("HR@10", "NDCG@10"):
            for side in "AB":
                assert row[f"{metric} {side}"] == pytest.approx(summaries[side][metric])
            difference = row[f"{metric} difference"]
            assert difference == pytest.approx(summaries["B"][metric] - summaries["A"][metric])
            assert row[f"{metric} low"] <= difference <= row[f"{metric} high"]
        assert row["divergence"] == pytest.approx(part["divergence"].mean())
    gains = [finding.gain(table[f"rank_{side}"].to_numpy(), "NDCG@10") for side in "ab"]
    everyone = finding.slice_metrics(table, named).iloc[0]
    interval = (everyone["NDCG@10 low"], everyone["NDCG@10 high"])
    assert interval == mean_interval(gains[1] - gains[0])


@pytest.mark.parametrize(
    "limits",
    [
        [],
        [Limit(column="length", low=5, high=40)],
        [Limit(column="rank_a", high=10), Limit(column="divergence", low=0.25)],
        [Limit(column="change")],
        [Limit(column="correlation", low=-0.5, high=1e-05)],
    ],
)
def test_limits_survive_the_address(limits: list[Limit]):
    assert finding.parse_limits(finding.limits_text(limits)) == limits


@pytest.mark.parametrize("text", ["length", "length~1", "size~1~2", "length~a~2", "length~~nan"])
def test_wrong_limits_are_refused(text: str):
    with pytest.raises(ValueError):
        finding.parse_limits(text)


def test_an_unknown_column_is_named_with_the_nearest():
    with pytest.raises(ValueError, match="unknown column 'lenght'. Did you mean 'length'"):
        finding.parse_limits("rank_a~~10.lenght~1~2")


def test_points_show_untrusted_ids_as_they_are():
    table = pd.DataFrame(
        {
            "user_id": HOSTILE,
            "rank_a": range(1, len(HOSTILE) + 1),
            "rank_b": 2,
            "doublings": 0.5,
            "length": 3,
        }
    )
    titles = {name: column.title for name, column in COLUMNS.items()}
    drawn = scatter(table, "length", "rank_a", titles).to_json()
    assert "<img" not in drawn and "<script" not in drawn
    assert "&lt;img src=x onerror=alert(1)&gt;" in drawn or "\\u0026lt;img" in drawn
