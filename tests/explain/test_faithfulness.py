"""Faithfulness: laws of the curves, a slow reference, a model whose cause is known, a study that is
killed and resumed."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import PAIRS, make_dataset, rank_of
from torch import nn

from awrsr import studies
from awrsr.attribution import METHODS, attribute
from awrsr.cli.main import main
from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.data.batching import history_and_target, training_popularity
from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.data.planted import CAUSES_FILE, load_causes, plant, save_planted
from awrsr.errors import ConfigError, DataError
from awrsr.explain import (
    CAUSE_MEASURES,
    EXPLANATIONS,
    MEASURES,
    Explained,
    at_shares,
    cause_measures,
    explanation_orders,
    faithfulness_curves,
    faithfulness_measures,
    ranked,
    rollout,
)
from awrsr.explain.removal import remove_each
from awrsr.models import build_model
from awrsr.ranking.recommendation import trace
from awrsr.ranking.statistics import bootstrap_means
from awrsr.studies import (
    FORCED_SHARE,
    LESS,
    STUDY_FILE,
    against_floor,
    read_study,
    write_study,
)
from awrsr.training.checkpoint import load_model, save_config, save_weights

HISTORY = [3, 1, 4, 1, 5, 9]
TARGET = 7


class OneCause(nn.Module):
    """Scores item TARGET by whether item 5 is in the history; all others are scored by chance."""

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(max_length=8)
        self.catalogue = SimpleNamespace(n_items=11, name="hand-made")
        self.device = torch.device("cpu")
        self.others = torch.linspace(-1, 1, 11, dtype=torch.float64)

    def forward(self, sequences):
        return sequences[..., None]

    def item_scores(self, states):
        raise NotImplementedError

    def of(self, sequences):
        found = self.others.repeat(len(sequences), 1)
        found[:, TARGET - 1] = (sequences == 5).any(dim=1) * 4.0 - 2.0
        return found


class HandMade(OneCause):
    """The prediction state carries the whole sequence, so that scores may depend on all of it."""

    def forward(self, sequences):
        return self.of(sequences)[:, None, :]

    def item_scores(self, states):
        return states


def by_loop(model, history, target, order):
    """Reference: one trace for every step, nothing shared, nothing padded."""
    seen = history[-model.config.max_length :]
    found = {"deletion": [], "insertion": []}
    for kind, kept_places in (
        ("deletion", [order[gone:] for gone in range(len(seen))]),
        ("insertion", [order[:kept] for kept in range(1, len(seen) + 1)]),
    ):
        for places in kept_places:
            shorter = [item for place, item in enumerate(seen) if place in places]
            scores = trace(model, shorter).item_scores
            score = float(scores[target - 1])
            found[kind].append(
                (
                    score,
                    (score - float(scores.mean())) / float(scores.std(correction=0)),
                    rank_of(scores, target, history),
                )
            )
    return {kind: np.array(steps) for kind, steps in found.items()}


@pytest.mark.parametrize(("backbone", "refinement"), PAIRS)
@pytest.mark.parametrize("length", [2, 6, 11])
def test_curves_equal_one_trace_a_step(make_model, backbone, refinement, length):
    """Eleven items where the model sees eight: the older three never come into view."""
    model = make_model(backbone, refinement)
    history = [1 + i * 7 % 11 for i in range(length)]
    m = min(length, 8)
    orders = {
        "some": [np.random.default_rng(length).permutation(m).tolist()],
        "recency": [list(range(m))[::-1]],
    }
    found = faithfulness_curves(model, history, TARGET, orders)
    for name, (order,) in orders.items():
        expected = by_loop(model, history, TARGET, order)
        for kind in ("deletion", "insertion"):
            curve = getattr(found[name], kind)
            assert curve.kept.tolist() == sorted(range(1, m + 1), reverse=kind == "deletion")
            np.testing.assert_allclose(curve.scores, expected[kind][:, 0], atol=1e-10)
            np.testing.assert_allclose(curve.standard_scores, expected[kind][:, 1], atol=1e-10)
            assert curve.ranks.tolist() == expected[kind][:, 2].tolist()
            np.testing.assert_allclose(curve.ndcg, 1 / np.log2(curve.ranks + 1))


def test_all_orders_share_the_whole_history_and_the_curves_of_one_mirror_those_of_the_reverse(
    make_model,
):
    model = make_model("sasrec", "additive")
    order = [2, 0, 5, 1, 4, 3]
    found = faithfulness_curves(
        model, HISTORY, TARGET, {"order": [order], "reverse": [order[::-1]]}
    )
    whole = trace(model, HISTORY).item_scores[TARGET - 1]
    for each in found.values():
        assert each.deletion.scores[0] == each.insertion.scores[-1] == pytest.approx(float(whole))
    for name in ("scores", "standard_scores", "ranks", "ndcg"):
        deleted = getattr(found["order"].deletion, name)
        # without the k first is with the m - k last alone
        np.testing.assert_array_equal(deleted, getattr(found["reverse"].insertion, name)[::-1])


def test_several_orders_are_averaged(make_model):
    model = make_model("stosa", "stochastic")
    several = [[0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4]]
    together = faithfulness_curves(model, HISTORY, TARGET, {"both": several})["both"]
    alone = [
        faithfulness_curves(model, HISTORY, TARGET, {"one": [order]})["one"] for order in several
    ]
    for name in ("scores", "ranks", "ndcg"):
        mean = np.mean([getattr(each.insertion, name) for each in alone], axis=0)
        np.testing.assert_allclose(getattr(together.insertion, name), mean)


def test_the_order_of_a_known_cause_is_best_and_its_reverse_worst():
    model = HandMade()
    place = HISTORY.index(5)
    others = [p for p in range(6) if p != place]
    shuffled = np.random.default_rng(0)
    orders = {
        "right": [[place, *others]],
        "wrong": [[*others, place]],
        "random": [shuffled.permutation(6).tolist() for _ in range(50)],
    }
    found = {
        name: faithfulness_measures(each)
        for name, each in faithfulness_curves(model, HISTORY, TARGET, orders).items()
    }
    for name in ("deletion", "deletion_ndcg", "sufficiency"):
        assert found["right"][name] < found["random"][name] < found["wrong"][name]
    for name in ("insertion", "insertion_ndcg", "comprehensiveness"):
        assert found["right"][name] > found["random"][name] > found["wrong"][name]
    assert found["right"]["sufficiency"] == pytest.approx(0)
    curve = faithfulness_curves(model, HISTORY, TARGET, orders)["right"].deletion
    assert curve.scores.tolist() == [2.0] + [-2.0] * 5
    # heights 2, -2, -2, -2, -2, -2 in equal steps: (0 - 2 - 2 - 2 - 2) / 5
    scored = faithfulness_measures(
        type(curve_pair := faithfulness_curves(model, HISTORY, TARGET, orders)["right"])(
            deletion=with_scores(curve_pair.deletion), insertion=with_scores(curve_pair.insertion)
        )
    )
    assert scored["deletion"] == pytest.approx(-8 / 5)
    assert scored["insertion"] == pytest.approx(2)
    assert scored["comprehensiveness"] == pytest.approx(4)


def with_scores(curve):
    """The curve with plain scores where measures look for standard scores."""
    return type(curve)(**{**vars(curve), "standard_scores": curve.scores})


@pytest.mark.parametrize(("backbone", "refinement"), PAIRS)
def test_no_first_removal_costs_more_than_that_of_the_true_effect(make_model, backbone, refinement):
    model = make_model(backbone, refinement)
    removed = remove_each(model, HISTORY, TARGET)
    orders = {"truth": [ranked(removed.score - removed.scores)]}
    orders |= {str(p): [[p, *(q for q in range(6) if q != p)]] for p in range(6)}
    found = faithfulness_curves(model, HISTORY, TARGET, orders)
    after = {name: each.deletion.scores[1] for name, each in found.items()}
    assert after["truth"] == min(after.values())
    # and leave one out, the attribution, says the same of histories that fit
    of_model = explanation_orders(model, trace(model, HISTORY), TARGET)
    assert of_model["leave_one_out"][0][0] == orders["truth"][0][0]


# --- explanations ---------------------------------------------------------------------------------


def test_attention_values_are_the_last_rows_said(make_model):
    model = make_model("sasrec", "additive")
    traced = trace(model, HISTORY)
    last = traced.layers[-1]
    asked = Explained(model=model, trace=traced, target=TARGET, popularity=None, seed=0, n_random=0)
    found = {
        name: each.values(asked) for name, each in EXPLANATIONS.items() if each.kind == "attention"
    }
    expected = {
        "first_order": sum(head[-1] for head in last.first_order) / 2,
        "second_order": sum(head[-1] for head in last.second_order) / 2,
        "refined": sum(head[-1] for head in last.refined) / 2,
        "rollout": rollout([layer.refined for layer in traced.layers])[-1][-1],
        "weight_x_value_norm": sum(
            head[-1] * norm
            for head, norm in zip(last.refined, last.transformed_value_norm, strict=True)
        )
        / 2,
    }
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values.numpy(), atol=1e-12)


def test_every_explanation_orders_the_items_the_model_saw(make_model, tiny_dataset):
    popularity = training_popularity(tiny_dataset)
    history = [1 + i * 7 % 11 for i in range(11)]
    for refinement, lacking in (("none", {"second_order", "refined"}), ("additive", set())):
        model = make_model("sasrec", refinement)
        traced = trace(model, history)
        found = explanation_orders(model, traced, TARGET, popularity, n_random=3)
        assert list(found) == [name for name in EXPLANATIONS if name not in lacking]
        assert all(sorted(order) == list(range(8)) for each in found.values() for order in each)
        assert found["recency"] == [list(range(7, -1, -1))]
        counts = [popularity[item - 1] for item in traced.items]
        assert [counts[p] for p in found["popularity"][0]] == sorted(counts, reverse=True)
        assert len(found["random"]) == len(found["random_newest_first"]) == 3
        assert all(order[0] == 7 for order in found["random_newest_first"])
        again = explanation_orders(model, traced, TARGET, popularity, n_random=3)
        assert again == found
        other = explanation_orders(model, traced, TARGET, popularity, n_random=3, seed=1)
        assert other["random"] != found["random"]
        assert other["first_order"] == found["first_order"]
    assert "popularity" not in explanation_orders(model, traced, TARGET)


def test_random_orders_are_the_same_for_every_model(make_model):
    found = [
        explanation_orders(model, trace(model, HISTORY), TARGET)["random"]
        for model in (make_model(), make_model("stosa", "stochastic"))
    ]
    assert found[0] == found[1]


def test_of_equal_values_the_newer_item_comes_first():
    assert ranked([1, 3, 1, 3]) == [3, 1, 2, 0]


def test_popularity_counts_training_parts_only(tiny_dataset):
    counts = np.zeros(tiny_dataset.n_items, dtype=int)
    for user in range(tiny_dataset.n_users):
        for item in history_and_target(tiny_dataset, user, "validation")[0]:
            counts[item - 1] += 1
    assert training_popularity(tiny_dataset).tolist() == counts.tolist()


# --- numbers --------------------------------------------------------------------------------------


def test_cause_measures_by_hand():
    order = [4, 2, 0, 1, 3]
    assert cause_measures([order], [4]) == {"average_precision": 1, "hits": 1}
    assert cause_measures([order], [3]) == {"average_precision": 1 / 5, "hits": 0}
    # second and fourth: (1/2 + 2/4) / 2; one of the two is among the first two
    assert cause_measures([order], [1, 2]) == {"average_precision": 0.5, "hits": 0.5}
    assert cause_measures([order, order[::-1]], [4])["average_precision"] == pytest.approx(0.6)
    for wrong in ([], [5]):
        with pytest.raises(DataError, match="causes must be places"):
            cause_measures([order], wrong)


def test_average_precision_equals_a_loop():
    generator = np.random.default_rng(0)
    for _ in range(50):
        order = generator.permutation(9).tolist()
        causes = generator.choice(9, size=generator.integers(1, 4), replace=False).tolist()
        precisions = [
            len(set(order[: k + 1]) & set(causes)) / (k + 1) for k in range(9) if order[k] in causes
        ]
        found = cause_measures([order], causes)["average_precision"]
        assert found == pytest.approx(np.mean(precisions))


def test_bootstrap_means_and_intervals():
    generator = np.random.default_rng(0)
    values = generator.normal(size=(400, 2))
    values[:, 1] += 5
    found = bootstrap_means(values, seed=1)
    np.testing.assert_allclose(found.mean, values.mean(axis=0))
    width = 1.96 * values.std(axis=0) / 20
    np.testing.assert_allclose(found.high - found.mean, width, rtol=0.15)
    np.testing.assert_allclose(found.mean - found.low, width, rtol=0.15)
    np.testing.assert_array_equal(bootstrap_means(values, seed=1).low, found.low)
    with pytest.raises(ConfigError, match="1 row or more"):
        bootstrap_means(values[:0])


def test_bootstrap_leaves_out_what_is_no_number():
    values = np.array([[1.0, np.nan], [3.0, 5.0], [2.0, 7.0]])
    found = bootstrap_means(values, resamples=200)
    np.testing.assert_allclose(found.mean, [2, 6])
    assert 5 <= found.low[1] <= found.high[1] <= 7


@pytest.mark.parametrize(("measure", "sign"), [("insertion", 1), ("deletion", -1)])
@pytest.mark.parametrize("column", ["less_random", "less_floor"])
def test_explanations_stand_on_the_side_of_their_interval(measure: str, sign: int, column: str):
    """Of the floor where the study records one, of random orders where it does not."""
    intervals = {
        "first_order": (0.1, 0.3),
        "leave_one_out": (0.2, 0.5),
        "recency": (-0.4, -0.1),
        "refined": (-0.1, 0.2),
        "random": (0.0, 0.0),
        "random_newest_first": (0.1, 0.2),
    }
    rows = pd.DataFrame(
        [
            {
                "explanation": name,
                "measure": measure,
                "mean": sign * (low + high) / 2,
                "less_random_low": 0.0,
                "less_random_high": 0.0,
                f"{column}_low": min(sign * low, sign * high),
                f"{column}_high": max(sign * low, sign * high),
                column: sign * (low + high) / 2,
            }
            for name, (low, high) in intervals.items()
        ]
    )
    assert against_floor(rows) == {
        "better": ["leave_one_out", "first_order"],
        "undecided": ["refined"],
        "worse": ["recency"],
    }


def test_a_curve_at_shares_goes_through_its_steps(make_model):
    curve = faithfulness_curves(make_model(), HISTORY[:4], TARGET, {"o": [[2, 0, 3, 1]]})["o"]
    for each in (curve.deletion, curve.insertion):
        found = at_shares(each, np.array([0.1, 0.25, 0.5, 0.625, 1]))
        heights = dict(zip(each.kept.tolist(), each.scores.tolist(), strict=True))
        assert np.isnan(found.scores[0])
        expected = [heights[1], heights[2], (heights[2] + heights[3]) / 2, heights[4]]
        np.testing.assert_allclose(found.scores[1:], expected)


@pytest.mark.parametrize(
    ("history", "orders", "words"),
    [
        ([3], {"o": [[0]]}, "the history has 1 item"),
        ([3, 4], {"o": [[0, 0]]}, "o must order the places 0 to 1"),
        ([3, 4], {"o": []}, "o must order"),
        ([3, 99], {"o": [[0, 1]]}, "99 is not an item"),
    ],
)
def test_what_has_no_curve_is_refused(make_model, history, orders, words):
    with pytest.raises(DataError, match=words):
        faithfulness_curves(make_model(), history, TARGET, orders)


# --- a study --------------------------------------------------------------------------------------


def add_model(directory: Path, dataset, name: str) -> Path:
    backbone, refinement = name.split("-")
    config = ModelConfig(
        backbone=backbone, refinement=refinement, max_length=8, hidden_size=8, inner_size=16
    )
    catalogue = Catalogue(
        name=dataset.name, fingerprint=dataset.fingerprint, n_items=dataset.n_items
    )
    torch.manual_seed(len(name))
    path = directory / "models" / name
    path.mkdir(parents=True)
    save_config(path, config, catalogue, TrainConfig())
    save_weights(path, build_model(config, catalogue))
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A planted and a plain dataset of 12 users, two models each."""
    place = tmp_path_factory.mktemp("study")
    planted, causes = plant(12, seed=1)
    save_planted(planted, causes, place / "planted")
    plain = make_dataset(n_users=12)
    save_dataset(plain, place / "plain")
    for name, dataset in (("planted", planted), ("plain", plain)):
        for model in ("sasrec-none", "sasrec-additive"):
            add_model(place / name, dataset, model)
    return place


def models_of(directory: Path) -> dict[str, Path]:
    return {name: directory / "models" / name for name in ("sasrec-none", "sasrec-additive")}


@pytest.fixture(scope="module")
def plain_study(place: Path) -> Path:
    """A finished study of three users of the plain dataset, in parts of one; never changed."""
    directory = place / "plain_study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studies.faithfulness, "CHUNK_USERS", 1)
        dataset = load_dataset(place / "plain")
        write_study(models_of(place / "plain"), dataset, directory, sample=3, seed=3)
    return directory


@pytest.fixture(scope="module")
def planted_study(place: Path) -> Path:
    """A finished study of all users of the planted dataset; never changed."""
    directory, dataset = place / "planted_study", load_dataset(place / "planted")
    write_study(models_of(place / "planted"), dataset, directory, sample=0)
    return directory


def test_a_study_records_what_single_histories_give(place: Path, plain_study: Path):
    dataset, found = load_dataset(place / "plain"), read_study(plain_study)
    assert found.finished and found.done == found.about["users"] == 3
    settings = found.about["attribution"]
    assert list(settings) == list(METHODS)
    values = pd.read_parquet(plain_study / "values.parquet")
    assert values["user_id"].nunique() == 3 and set(values["sort"]) == {"all"}

    for (user_id, name), rows in values.groupby(["user_id", "model"]):
        model = load_model(models_of(place / "plain")[name], "cpu")
        history, target = history_and_target(dataset, dataset.user_index(user_id), "test")
        traced = trace(model, history.tolist())
        orders = explanation_orders(model, traced, target, training_popularity(dataset), seed=3)
        for method, chosen in settings.items():
            result = attribute(model, history.tolist(), target, method, seed=3, **chosen)
            assert orders[method] == [ranked(result.values)]
        curves = faithfulness_curves(model, history.tolist(), target, orders)
        for explanation, of_one in rows.groupby("explanation"):
            expected = faithfulness_measures(curves[explanation])
            stored = of_one.set_index("measure")["value"]
            for measure in MEASURES:
                assert stored[measure] == pytest.approx(expected[measure], rel=1e-4, abs=1e-5)

    summary = found.summary
    row = summary.query("model == 'sasrec-none' and explanation == 'rollout'").set_index("measure")
    raw = values.query("model == 'sasrec-none'").pivot(
        index="user_id", columns=["measure", "explanation"], values="value"
    )
    for measure in MEASURES:
        mean = raw[measure, "rollout"].mean()
        assert row.loc[measure, "mean"] == pytest.approx(mean, rel=1e-4)
        less = (raw[measure, "rollout"] - raw[measure, "random"]).mean()
        assert row.loc[measure, "less_random"] == pytest.approx(less, rel=1e-3, abs=1e-5)
        assert row.loc[measure, "low"] <= row.loc[measure, "mean"] <= row.loc[measure, "high"]
    both = summary[summary["model"] == f"sasrec-additive{LESS}sasrec-none"]
    assert set(both["explanation"]) == set(EXPLANATIONS) - {"second_order", "refined"}
    assert set(found.curves["curve"]) == {"deletion", "insertion"}
    ends = found.curves[found.curves["share"] == 1].groupby("model")["standard_score"]
    assert (ends.max() - ends.min()).max() < 1e-5  # all begin or end with the whole history


def test_a_planted_study_tells_how_well_causes_are_found(place: Path, planted_study: Path):
    dataset, found = load_dataset(place / "planted"), read_study(planted_study)
    causes = load_causes(dataset, "test")
    open_users = int((causes["sort"] == "open").sum())
    assert open_users > 0  # nothing decides their item: they are not drawn
    assert (found.about["users"], found.about["open_users"]) == (12 - open_users, open_users)
    summary = found.summary.query("model == 'sasrec-none' and explanation == 'recency'")
    means = summary.set_index(["sort", "measure"])["mean"]
    assert set(summary["sort"]) == {"all", "binding", "occasion"}
    assert set(summary["measure"]) == {*MEASURES, *CAUSE_MEASURES}
    by_hand = {"binding": [], "occasion": []}
    for user, row in causes[causes["sort"] != "open"].iterrows():
        length = len(history_and_target(dataset, user, "test")[0])
        if length - min(row["cause_places"]) <= 8:  # the model sees eight
            newest_first = [list(range(length - 1, -1, -1))]
            measured = cause_measures(newest_first, row["cause_places"])
            by_hand[row["sort"]].append(measured["average_precision"])
    for sort, values in by_hand.items():
        assert means[sort, "average_precision"] == pytest.approx(np.mean(values), rel=1e-4)


def test_the_floor_has_the_same_forced_place(planted_study: Path):
    """Recency begins with the newest item for all users, so its floor does; random orders and what
    begins with it for a few have random orders as their floor."""
    values = pd.read_parquet(planted_study / "values.parquet").query("model == 'sasrec-none'")
    wide = values.pivot(index="user_id", columns=["measure", "explanation"], values="value")
    summary = read_study(planted_study).summary
    summary = summary.query("sort == 'all' and model == 'sasrec-none'")
    rows = summary.set_index(["measure", "explanation"])
    first = wide["newest_first"].mean()
    assert first["recency"] == first["random_newest_first"] == 1
    assert 0 < first["random"] < FORCED_SHARE
    assert set(summary["measure"]) == {*MEASURES, *CAUSE_MEASURES}
    for (measure, explanation), row in rows.iterrows():
        assert row["newest_first"] == pytest.approx(first[explanation], rel=1e-4)
        of_measure = wide[measure].dropna()
        floor = of_measure["random"].copy()
        if first[explanation] >= FORCED_SHARE:
            forced = wide["newest_first"][explanation].loc[floor.index] == 1
            floor[forced] = of_measure["random_newest_first"][forced]
        assert row["floor"] == pytest.approx(floor.mean(), rel=1e-4, abs=1e-5)
        difference = (of_measure[explanation] - floor).mean()
        assert row["less_floor"] == pytest.approx(difference, rel=1e-3, abs=1e-5)
        assert row["less_floor_low"] <= row["less_floor"] <= row["less_floor_high"]
    assert rows.loc[("hits", "recency"), "floor"] > rows.loc[("hits", "random"), "floor"]


def test_where_nothing_is_decided_there_is_no_study(place: Path, tmp_path: Path):
    shutil.copytree(place / "planted", tmp_path / "planted")
    file = tmp_path / "planted" / CAUSES_FILE
    causes = pd.read_parquet(file)
    causes = causes.assign(sort="open", cause_places=[[] for _ in range(len(causes))])
    causes.to_parquet(file)
    dataset = load_dataset(tmp_path / "planted")
    with pytest.raises(DataError, match="before a held-out one that something decides"):
        write_study(models_of(tmp_path / "planted"), dataset, tmp_path / "s")


def test_a_killed_study_goes_on_to_the_same_end(
    place: Path, plain_study: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(studies.faithfulness, "CHUNK_USERS", 1)
    dataset, whole = load_dataset(place / "plain"), read_study(plain_study)

    class Killed(Exception):
        pass

    def kill(done: int, total: int) -> None:
        assert total == 3
        if done >= 2:
            raise Killed

    settings = {"sample": 3, "seed": 3}
    with pytest.raises(Killed):
        write_study(
            models_of(place / "plain"), dataset, tmp_path / "cut", progress=kill, **settings
        )
    half = read_study(tmp_path / "cut")
    assert not half.finished and half.done == 2
    chunk = tmp_path / "cut" / "chunks" / "000000" / "values.parquet"
    before = chunk.stat().st_mtime_ns
    with pytest.raises(DataError, match="holds an unfinished study of these settings; resume it"):
        write_study(models_of(place / "plain"), dataset, tmp_path / "cut", **settings)
    seen = []
    resumed = write_study(
        models_of(place / "plain"),
        dataset,
        tmp_path / "cut",
        resume=True,
        progress=lambda done, total: seen.append((done, chunk.stat().st_mtime_ns)),
        **settings,
    )
    assert seen == [(1, before), (2, before), (3, before)]
    pd.testing.assert_frame_equal(resumed.summary, whole.summary)
    pd.testing.assert_frame_equal(resumed.curves, whole.curves)
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == [
        "curves.parquet",
        "study.json",
        "summary.csv",
        "values.parquet",
    ]
    again = write_study(
        models_of(place / "plain"), dataset, tmp_path / "cut", resume=True, **settings
    )
    pd.testing.assert_frame_equal(again.summary, whole.summary)


def test_other_settings_are_another_study(place: Path, plain_study: Path, tmp_path: Path):
    dataset = load_dataset(place / "plain")
    models = models_of(place / "plain")
    shutil.copytree(plain_study, tmp_path / "s")
    for settings, words in (
        ({"sample": 3, "seed": 1}, "differs in seed;"),
        ({"sample": 4, "seed": 3}, "differs in sample, users;"),
        ({"sample": 3, "seed": 3, "split": "validation"}, "differs in split;"),
    ):
        with pytest.raises(DataError, match=f"holds another study, which {words}"):
            write_study(models, dataset, tmp_path / "s", resume=True, **settings)
    about = json.loads((tmp_path / "s" / STUDY_FILE).read_text())
    about["attribution"]["gradient_shap"]["n_samples"] += 1
    (tmp_path / "s" / STUDY_FILE).write_text(json.dumps(about))
    with pytest.raises(DataError, match="holds another study, which differs in attribution;"):
        write_study(models, dataset, tmp_path / "s", sample=3, seed=3, resume=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(DataError, match="already exists and is not empty"):
        write_study(models, dataset, tmp_path / "full")
    with pytest.raises(ConfigError, match="sample must be 0"):
        write_study(models, dataset, tmp_path / "other", sample=-1)
    with pytest.raises(ConfigError, match="one model or two; received 0"):
        write_study({}, dataset, tmp_path / "other")


def test_damage_is_told(plain_study: Path, tmp_path: Path):
    for name in ("s", "t"):
        shutil.copytree(plain_study, tmp_path / name)
    (tmp_path / "s" / "curves.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="damaged study"):
        read_study(tmp_path / "s")
    (tmp_path / "t" / STUDY_FILE).write_text("{}")
    with pytest.raises(DataError, match="study.json: missing field 'schema_version', 'dataset'"):
        read_study(tmp_path / "t")
    with pytest.raises(DataError, match="does not exist"):
        read_study(tmp_path)


def test_the_verb_prints_tables_and_protocol(place: Path, capsys):
    directory = place / "planted"
    line = ["faithfulness", str(directory / "models" / "sasrec-additive"), "--sample", "4"]
    assert main([*line, "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    for words in (
        "Area under deletion, standard score; lower is better; 4 users",
        "binding",
        "minus floor",
    ):
        assert words in out
    assert "protocol: test item of 4 of 12 users, seed 0; items really removed" in out
    assert "users whose item nothing decides are left out" in out
    about = json.loads((directory / "faithfulness" / "sasrec-additive" / STUDY_FILE).read_text())
    assert about["command"].startswith("python -m awrsr faithfulness")
    assert about["finished"]
    assert main([*line, "--device", "cpu"]) == 2
    assert "holds a finished study of these settings; resume it" in capsys.readouterr().err
    assert main([*line, "--device", "cpu", "--resume"]) == 0
    assert main([*line, "--beside", line[1]]) == 2
    assert "both models are called 'sasrec-additive'" in capsys.readouterr().err


def test_plant_is_a_verb(tmp_path: Path, capsys):
    assert main(["plant", str(tmp_path / "p"), "--users", "20", "--seed", "5"]) == 0
    assert load_dataset(tmp_path / "p").fingerprint == plant(20, seed=5)[0].fingerprint
    assert "written to" in capsys.readouterr().out
    assert main(["plant", str(tmp_path / "q"), "--users", "1"]) == 2
    assert "users must be 2 or more" in capsys.readouterr().err
