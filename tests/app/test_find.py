"""The page Find: its numbers are the scan's, its slices and limits what they say, a row opens."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browsing import settled, with_board
from driving import (
    HOSTILE,
    MAIN,
    TIMEOUT,
    add_dataset,
    add_model,
    choose,
    click,
    figures,
    messages,
    run,
    select_row,
    tables,
    texts,
    unescaped,
)
from helpers import EMBEDDED, make_dataset
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import awrsr
from app import finding, folders
from app.figures.charts import scatter
from app.finding import COLUMNS, Limit
from app.views.find import page as find
from awrsr.ranking.metrics import summarise
from awrsr.ranking.statistics import mean_interval
from awrsr.studies import read_scan, scan, stale, write_scan

A, B = "sasrec-none", "sasrec-additive"
SHIPPED = EMBEDDED / "scan"


def open_find(**url: object) -> AppTest:
    """The page in a session of its own, after its first run."""
    page = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
    page._page_hash = calc_hash("find")  # switch_page knows pages that are files only
    for name, value in url.items():
        page.query_params[name] = str(value)
    return run(page)


def infos(page: AppTest) -> list[str]:
    return [unescaped(box.value) for box in page.info]


def found(page: AppTest) -> pd.DataFrame:
    (table,) = (t.value for t in page.dataframe if (t.key or "").startswith("found-"))
    return table


def slice_rows(page: AppTest) -> pd.DataFrame:
    (table,) = tables(page, "slice", "JS, seeds")
    return table


@pytest.fixture
def directory(tmp_path, monkeypatch, tiny_dataset) -> Path:
    """The tiny dataset with three models and no scan, on offer before the embedded one."""
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    return add_dataset(tmp_path, tiny_dataset, A, B, "stosa-simple")


# --- the table ------------------------------------------------------------------------------------


def test_the_shipped_scan_is_of_the_shipped_models():
    """Of some users, within what another processor rounds otherwise."""
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
        then = shipped.users[shipped.users["model"] == name].set_index("user_id").loc[ids]
        mine = now.users[now.users["model"] == name].set_index("user_id")
        for column in mine.columns.drop("model"):
            if column == "rank":
                moved = abs(then[column] - mine[column]) / then[column]
                assert moved.mean() < 0.001
            else:
                np.testing.assert_allclose(then[column], mine[column], rtol=1e-3, atol=1e-4)
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
    agreements = [c for of in finding.AGREEMENTS for c in (of, f"{of}_seeds")]
    assert ab[agreements].notna().any().all()
    for name in agreements:
        np.testing.assert_array_equal(ab[name], ba[name])
    np.testing.assert_array_equal(ab["change"], -ba["change"])
    np.testing.assert_allclose(ab["doublings"], -ba["doublings"])
    assert set(ab) == {"user_id", *COLUMNS}


def test_slices_hold_whom_they_say():
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
        of = dict(zip(named, inside, strict=True))
        assert of["short"] == (row["length"] <= short)
        assert of["cut"] == (row["length"] > 50)
        assert of["noise"] == (row["divergence"] > row["divergence_seeds"])
    assert not table["repeats"].any()
    table.loc[7, "repeats"] = 2
    again = finding.named_slices(table, 50)
    assert tuple(again) == finding.SLICES and again["repeats"].chosen.nonzero()[0].tolist() == [7]
    for name, column in (("ranks", table["doublings"].abs()), ("attention", table["divergence"])):
        inside = named[name].chosen
        assert 60 <= inside.sum() <= 75
        assert column[inside].min() >= column[~inside].max()


def test_a_slice_of_ties_is_not_called_a_tenth():
    """Identity maps are all alike; so are their differences to an even one."""
    values = np.array([0.5] * 6 + [0.1, 0.2, 0.3, 0.4])
    table = pd.DataFrame(
        {"length": 5, "repeats": 0, "doublings": np.arange(10.0), "divergence": values}
        | {"divergence_seeds": 0.0}
    )
    found = finding.named_slices(table, 50)
    assert found["attention"].title == "Attention least alike (60%, many tie)"
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
        of = {side: summarise(part[f"rank_{side.lower()}"]) for side in "AB"}
        for metric in ("HR@10", "NDCG@10"):
            for side in "AB":
                assert row[f"{metric} {side}"] == pytest.approx(of[side][metric])
            difference = row[f"{metric} difference"]
            assert difference == pytest.approx(of["B"][metric] - of["A"][metric])
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


# --- the page, on the shipped scan ----------------------------------------------------------------


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
    assert "Histories that repeat items" not in rows.index  # nobody does, here
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
        "No user is in the slice \u201cAttention least alike (a tenth)"
    )


def test_users_within_limits_have_metrics_of_their_own():
    page = open_find(where="length~~40")
    _, rows = tables(page, "slice", "JS, seeds")
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
    assert infos(page) == [
        "None of the slice's 671 users fits the filter. Widen a limit, or remove it."
    ]
    click(page, "Remove all limits")
    assert len(found(page)) == 671


def test_a_limit_on_what_a_scan_lacks_is_said(directory: Path):
    page = open_find(where="attribution_a~0~1.length~~99")
    assert any(text.startswith("Without effect: limits on rho attr A") for text in texts(page))
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
    assert infos(page)[1] == "No user has a value of \u201cJS A, B\u201d: choose another column."
    assert any("compare sasrec-additive with sasrec-additive-seed1" in t for t in texts(page))
    assert found(page)["divergence_seeds"].notna().all()
    assert "entropy_b" in found(page) and "entropy_a" not in found(page)


def test_one_model_twice():
    page = open_find(a=A, b=A)
    assert messages(page) == []
    assert "A and B are the same model" in infos(page)[0]
    assert (found(page)["change"] == 0).all()


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
    page._page_hash = calc_hash("find")  # and back: what was chosen is still chosen
    run(page)
    assert (session["sort"], session["a"]) == ("length", "stosa-none")
    assert found(page)["length"].is_monotonic_increasing


# --- without a scan, or with one that does not fit ------------------------------------------------


def test_a_small_dataset_is_scanned_at_once(directory: Path, tiny_dataset):
    page = open_find()
    assert messages(page) == []
    said = texts(page)
    assert any(
        "There is no scan of this dataset, so these two models were scanned" in t for t in said
    )
    assert any("There are no two seeds of one SASRec to set this against" in text for text in said)
    models = {name: awrsr.load_model(directory / "models" / name) for name in (A, B)}
    expected = scan(models, tiny_dataset).users
    table = found(page).set_index("user_id")
    for side, name in (("a", A), ("b", B)):
        ranks = expected[expected["model"] == name].set_index("user_id")["rank"]
        assert table[f"rank_{side}"].to_dict() == ranks.to_dict()
    assert "divergence_seeds" not in table  # nothing but dashes
    assert slice_rows(page)["JS, seeds"].str.endswith(", \u2013").all()


def test_a_large_dataset_says_which_command(directory: Path, monkeypatch):
    monkeypatch.setattr(find, "MAX_COMPUTED", 3)
    page = open_find()
    (said,) = messages(page)
    assert "there is no scan of this dataset" in said
    assert f"python -m awrsr scan {directory}" in said


@pytest.mark.parametrize(
    "damage, why",
    [
        ("weights", "the scan is of other weights of sasrec-additive"),
        ("models", "the scan does not hold sasrec-additive"),
        ("pairs", "the scan does not compare sasrec-none and sasrec-additive"),
        ("dataset", "the scan is of another dataset"),
        ("file", "users.parquet is not readable parquet"),
        ("json", "scan.json is not readable JSON"),
    ],
)
def test_a_scan_that_does_not_fit_is_not_used(
    directory: Path, tiny_dataset, damage: str, why: str, monkeypatch
):
    models = {path.name: path for path in sorted((directory / "models").iterdir())}
    if damage == "models":
        del models[B]
    pairs = [(A, "stosa-simple")] if damage in ("pairs", "models") else None
    write_scan(models, tiny_dataset, directory / "scan", pairs=pairs, device="cpu")
    about = directory / "scan" / "scan.json"
    if damage == "weights":
        shutil.rmtree(directory / "models" / B)
        add_model(directory, tiny_dataset, B, inner_size=8)
    elif damage == "dataset":
        about.write_text(about.read_text().replace(tiny_dataset.fingerprint, "0" * 16))
    elif damage == "file":
        (directory / "scan" / "users.parquet").write_bytes(b"PAR1")
    elif damage == "json":
        about.write_text("{")
    page = open_find()  # small: computed at once
    assert messages(page) == []
    assert any(why.lower() in text.lower() for text in texts(page))
    assert len(found(page)) == tiny_dataset.n_users
    monkeypatch.setattr(find, "MAX_COMPUTED", 3)
    (said,) = messages(open_find())
    assert why.lower() in said.lower()


def test_seeds_of_the_scan_stand_beside_the_models(directory: Path, tiny_dataset):
    seed = add_model(directory, tiny_dataset, A.replace("none", "simple"))  # a folder of its own
    shutil.move(seed, directory / "seed-1")
    shutil.copytree(directory / "models" / A, directory / "seed-2")
    config = json.loads((directory / "seed-2" / "config.json").read_text())
    config["training"]["seed"] = 5
    (directory / "seed-2" / "config.json").write_text(json.dumps(config))
    models = {name: directory / "models" / name for name in (A, B)}
    models["seed-2"] = directory / "seed-2"
    write_scan(models, tiny_dataset, directory / "scan", device="cpu")
    page = open_find()
    assert any("compare sasrec-none with seed-2" in text for text in texts(page))
    assert (found(page)["divergence_seeds"] < 1e-6).all()  # the same weights here
    assert "seed-2" not in next(box for box in page.selectbox if box.key == "a").options


def test_broken_models_are_named(directory: Path):
    (directory / "models" / B / "config.json").write_text("{}")
    (said,) = messages(open_find())
    assert "schema_version is None" in said
    shutil.copytree(EMBEDDED / "models" / B, directory / "models" / B, dirs_exist_ok=True)
    (said,) = messages(open_find())
    assert "belongs to 'ml-latest-small'" in said


def test_a_dataset_without_models(directory: Path):
    shutil.rmtree(directory / "models")
    assert "has no models yet" in infos(open_find())[0]


def test_titles_and_users_that_mean_something_are_shown_as_they_are(tmp_path, monkeypatch):
    dataset = dataclasses.replace(
        make_dataset(n_users=len(HOSTILE)), name="hostile", user_ids=list(HOSTILE)
    )
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    add_dataset(tmp_path, dataset, A, B)
    page = open_find()
    assert messages(page) == []
    assert set(found(page)["user_id"]) == set(HOSTILE)


# --- in a browser ---------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_click_opens_the_user_on_inspect(visit):
    expect = pytest.importorskip("playwright.sync_api").expect
    page = with_board(visit(a="stosa-none", b="stosa-stochastic"))
    page.get_by_role("link", name="Find", exact=True).click()
    page.get_by_text("Which users to look at").wait_for()
    settled(page)
    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    table.locator("tbody tr").first.wait_for(state="attached")
    user = table.locator("tbody tr").first.locator("td").first.text_content()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 52)  # the first row's box
    page.get_by_text(re.compile(rf"User {user}, \d+ items")).first.wait_for()
    with_board(page)
    expect(page).to_have_url(re.compile(rf"[?&]user={user}(&|$)"))
    assert "a=stosa-none" in page.url and "b=stosa-stochastic" in page.url
    dataset = awrsr.load_dataset(EMBEDDED)
    target = dataset.titles([int(dataset.sequence(dataset.user_index(user))[-1])])[0]
    assert target in page.get_by_test_id("stMain").inner_text().replace("\u2060", "")
    page.go_back()  # one step
    page.get_by_text("Which users to look at").wait_for()
