"""A study of faithfulness: records, summary, interruption, resuming, refusals."""

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import make_dataset

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
    cause_measures,
    explanation_orders,
    faithfulness_curves,
    faithfulness_measures,
    ranked,
)
from awrsr.models import build_model
from awrsr.ranking.recommendation import trace
from awrsr.studies import FORCED_SHARE, LESS, STUDY_FILE, read_study, write_study
from awrsr.training.checkpoint import load_model, save_config, save_weights


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
    """A finished study of three users of the plain dataset, in parts of one; read-only."""
    directory = place / "plain_study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studies.faithfulness, "CHUNK_USERS", 1)
        dataset = load_dataset(place / "plain")
        write_study(models_of(place / "plain"), dataset, directory, sample=3, seed=3)
    return directory


@pytest.fixture(scope="module")
def planted_study(place: Path) -> Path:
    """A finished study of all users of the planted dataset; read-only."""
    directory, dataset = place / "planted_study", load_dataset(place / "planted")
    write_study(models_of(place / "planted"), dataset, directory, sample=0)
    return directory


@pytest.mark.slow
def test_a_study_records_the_results_of_single_histories(place: Path, plain_study: Path):
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


@pytest.mark.slow
def test_a_planted_study_measures_how_well_causes_are_found(place: Path, planted_study: Path):
    dataset, found = load_dataset(place / "planted"), read_study(planted_study)
    causes = load_causes(dataset, "test")
    open_users = int((causes["sort"] == "open").sum())
    assert open_users > 0  # no item determines theirs: they are not drawn
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


@pytest.mark.slow
def test_the_floor_has_the_same_forced_place(planted_study: Path):
    """Recency begins with the newest item for all users, and so does its floor; explanations
    that begin with it only for few users have random orders as their floor."""
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


def test_without_determined_items_there_is_no_study(place: Path, tmp_path: Path):
    shutil.copytree(place / "planted", tmp_path / "planted")
    file = tmp_path / "planted" / CAUSES_FILE
    causes = pd.read_parquet(file)
    causes = causes.assign(sort="open", cause_places=[[] for _ in range(len(causes))])
    causes.to_parquet(file)
    dataset = load_dataset(tmp_path / "planted")
    with pytest.raises(DataError, match="before a held-out one that has a planted cause"):
        write_study(models_of(tmp_path / "planted"), dataset, tmp_path / "s")


@pytest.mark.slow
def test_a_killed_study_continues_to_the_same_end(
    place: Path, plain_study: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(studies.faithfulness, "CHUNK_USERS", 1)
    dataset, study = load_dataset(place / "plain"), read_study(plain_study)
    cut = tmp_path / "cut"
    write = partial(write_study, models_of(place / "plain"), dataset, cut, sample=3, seed=3)

    class Killed(Exception):
        pass

    def kill(done: int, total: int) -> None:
        assert total == 3
        if done >= 2:
            raise Killed

    with pytest.raises(Killed):
        write(progress=kill)
    half = read_study(cut)
    assert not half.finished and half.done == 2
    chunk = cut / "chunks" / "000000" / "values.parquet"
    before = chunk.stat().st_mtime_ns
    with pytest.raises(DataError, match="holds an unfinished study with these settings; resume it"):
        write()
    seen = []
    resumed = write(
        resume=True, progress=lambda done, total: seen.append((done, chunk.stat().st_mtime_ns))
    )
    assert seen == [(1, before), (2, before), (3, before)]
    pd.testing.assert_frame_equal(resumed.summary, study.summary)
    pd.testing.assert_frame_equal(resumed.curves, study.curves)
    files = ["curves.parquet", "study.json", "summary.csv", "values.parquet"]
    assert sorted(path.name for path in cut.iterdir()) == files
    pd.testing.assert_frame_equal(write(resume=True).summary, study.summary)


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


def test_damage_is_reported(plain_study: Path, tmp_path: Path):
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
    assert "protocol: test item of 4 of 12 users, seed 0; items removed" in out
    assert "users whose item nothing determines are left out" in out
    about = json.loads((directory / "faithfulness" / "sasrec-additive" / STUDY_FILE).read_text())
    assert about["command"].startswith("python -m awrsr faithfulness")
    assert about["finished"]
    assert main([*line, "--device", "cpu"]) == 2
    assert "holds a finished study with these settings; resume it" in capsys.readouterr().err
    assert main([*line, "--device", "cpu", "--resume"]) == 0
    assert main([*line, "--beside", line[1]]) == 2
    assert "both models are called 'sasrec-additive'" in capsys.readouterr().err
