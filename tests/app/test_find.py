"""The page Find: numbers equal those of the scan, slices and limits are correct, a row opens."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from driving import (
    HOSTILE,
    add_dataset,
    choose,
    click,
    figures,
    found,
    infos,
    messages,
    open_find,
    run,
    select_row,
    slice_rows,
    tables,
    texts,
)
from helpers import EMBEDDED, make_dataset
from streamlit.util import calc_hash

import awrsr
from app import finding
from app.finding import Limit
from awrsr.studies import read_scan

A, B = "sasrec-none", "sasrec-additive"
SHIPPED = EMBEDDED / "scan"


OFFERED = (A, B, "stosa-simple")


def test_first_picture():
    page = open_find()
    assert messages(page) == infos(page) == []
    rows = slice_rows(page).set_index("slice")
    recorded = {
        name: json.loads((EMBEDDED / "models" / name / "metrics.json").read_text())["test"][
            "metrics"
        ]
        for name in (A, B)
    }
    for metric in ("HR@10", "NDCG@10"):
        expected = ", ".join(f"{recorded[name][metric]:.4f}" for name in (A, B))
        assert rows.loc["All users", f"{metric} of A, B"] == expected
    assert "Histories that repeat items" not in rows.index  # no user does
    seeds = read_scan(SHIPPED).pairs.query(f"model_a == '{A}' and model_b == 'sasrec-none-seed1'")
    noise = seeds["refined_divergence"].mean()
    assert rows.loc["All users", "JS, seeds"].endswith(f", {noise:.3f}")
    assert rows.loc["All users", "shared, seeds"].endswith(f", {seeds['shared'].mean():.1f}")
    assert any("compare sasrec-none with sasrec-none-seed1" in text for text in texts(page))
    table = found(page)
    assert len(table) == 671
    gains = np.log2(table["rank_a"] / table["rank_b"])
    assert gains.is_monotonic_decreasing
    (drawn,) = figures(page).values()
    assert len(drawn[0]["x"]) == 671


def test_every_column_beside_its_seeds():
    table = found(open_find())
    assert {"divergence", "divergence_seeds", "correlation", "correlation_seeds"} <= set(table)


@pytest.mark.slow
def test_a_slice_and_a_sort():
    page = open_find(slice="long", sort="rank_b", order="smallest first", a="stosa-none", b=A)
    table = found(page)
    assert messages(page) == []
    assert table["length"].min() >= 150
    assert table["rank_b"].is_monotonic_increasing
    choose(page, slice="cut", sort="length", order="largest first")
    assert found(page)["length"].is_monotonic_decreasing
    assert found(page)["length"].min() == 51


def test_an_empty_slice_says_so():
    page = open_find(slice="attention", map="second_order")  # vanilla has none
    assert infos(page)[1].startswith(
        "No user is in the slice \u201cAttention least similar (a tenth)"
    )


@pytest.mark.slow
def test_users_within_limits_have_metrics_of_their_own():
    page = open_find(where="length~~40")
    rows, _ = tables(page, "slice", "JS, seeds")
    table = finding.pair_table(
        read_scan(SHIPPED), read_scan(SHIPPED), awrsr.load_dataset(EMBEDDED), A, B, "refined"
    )
    part = table[table["length"] <= 40]
    gains = [finding.gain(part[f"rank_{side}"].to_numpy(), "NDCG@10").mean() for side in "ab"]
    assert rows["users"].tolist() == [len(part)]
    assert rows["NDCG@10 of A, B"].tolist() == [f"{gains[0]:.4f}, {gains[1]:.4f}"]
    assert rows["NDCG@10 of B minus A"].tolist()[0].startswith(f"{gains[1] - gains[0]:+.3f} (")
    assert len(tables(open_find(), "slice", "JS, seeds")) == 1


def test_mass_by_lag_can_be_plotted_sorted_and_limited():
    page = open_find(x="lag_1_a", y="lag_16_b", sort="lag_2_3_a", where="first_b~0,01~")
    assert messages(page) == []
    shown = found(page)
    assert shown["lag_2_3_a"].is_monotonic_decreasing and "lag_1_a" not in shown
    rows = read_scan(SHIPPED).users.query(f"model == '{B}'").set_index("user_id")
    assert (rows.loc[shown["user_id"], "refined_first"] >= 0.01).all()
    assert len(shown) == (rows["refined_first"] >= 0.01).sum() < 671


def test_a_slice_that_this_dataset_lacks_gives_way_to_all_users():
    page = open_find(slice="repeats")
    assert page.session_state["slice"] == "all" and len(found(page)) == 671


def test_limits_of_the_address_and_an_empty_filter():
    page = open_find(where="length~20~30.rank_a~~10")
    table = found(page)
    assert table["length"].between(20, 30).all() and table["rank_a"].max() <= 10
    assert 0 < len(table) < 100
    page = open_find(where="length~20~30.length~~10.rank_a~9~2")
    assert infos(page) == ["None of the 671 users is within the limits: widen or remove one."]
    click(page, "Remove all limits")
    assert len(found(page)) == 671


def test_a_limit_on_what_a_scan_lacks_is_said(directory: Path):
    page = open_find(where="attribution_a~0~1.length~~99")
    assert any(text.startswith("Limits without effect, because this scan") for text in texts(page))
    assert page.session_state["where"] == [Limit(column="length", high=99)]


def test_limits_by_hand():
    page = open_find()
    page.multiselect(key="limited").set_value(["rank_b"])
    run(page)
    assert len(found(page)) == 671
    page.number_input(key="high-rank_b").set_value(5)
    run(page)
    assert found(page)["rank_b"].max() <= 5
    assert page.session_state["where"] == [Limit(column="rank_b", high=5)]


def test_what_the_address_cannot_mean_is_said():
    page = open_find(slice="everyone", map="third", where="size~1~2", x="length")
    (said,) = messages(page)
    for part in ("slice=everyone", "map=third", "where=size"):
        assert part in said
    assert len(found(page)) == 671


def test_a_kind_that_a_model_lacks():
    page = open_find(map="second_order")
    assert infos(page)[0].startswith("No second order map in A, SASRec \u00b7 vanilla: nothing to")
    assert infos(page)[1] == "No user has a value in \u201cJS A, B\u201d: choose another column."
    assert any("compare sasrec-additive with sasrec-additive-seed1" in t for t in texts(page))
    assert found(page)["divergence_seeds"].notna().all()
    assert "entropy_b" in found(page) and "entropy_a" not in found(page)


def test_one_model_twice():
    page = open_find(a=A, b=A)
    assert messages(page) == []
    assert "A and B are the same model" in infos(page)[0]
    assert (found(page)["change"] == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("by", ["row", "point"])
def test_a_user_opens_on_inspect_in_the_same_models(by: str):
    page = open_find(a="stosa-none", b="stosa-stochastic", sort="length", order="smallest first")
    user = found(page)["user_id"].iloc[3]
    if by == "row":
        select_row(page, "found-", 3)
    else:
        drawn = finding.pair_table(
            read_scan(SHIPPED),
            None,
            awrsr.load_dataset(EMBEDDED),
            "stosa-none",
            "stosa-stochastic",
            "refined",
        )
        place = drawn["user_id"].tolist().index(user)
        page.session_state["scatter-0"] = {"selection": {"point_indices": [place]}}
        run(page)
    assert not page.exception
    assert messages(page) == []
    session = page.session_state
    assert (session["a"], session["b"]) == ("stosa-none", "stosa-stochastic")
    assert (session["user"], session["source"], session["target"]) == (user, "user", 0)
    assert any(text.startswith(f"**User {user}, ") for text in texts(page))
    page._page_hash = calc_hash("find")  # back on Find, the choices are kept
    run(page)
    assert (session["sort"], session["a"]) == ("length", "stosa-none")
    assert found(page)["length"].is_monotonic_increasing


@pytest.mark.slow
def test_titles_and_users_with_markup_are_shown_literally(tmp_path, monkeypatch):
    dataset = dataclasses.replace(
        make_dataset(n_users=len(HOSTILE)), name="hostile", user_ids=list(HOSTILE)
    )
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    add_dataset(tmp_path, dataset, A, B)
    page = open_find()
    assert messages(page) == []
    assert set(found(page)["user_id"]) == set(HOSTILE)
