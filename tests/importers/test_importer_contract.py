"""Every importer: its models give the scores of an independent implementation and work like any
other model."""

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from foreign_files import CASES, as_theirs, dataset, in_our_order
from helpers import is_ours, make_dataset
from other_code import LENGTH

import awrsr
from awrsr.cli.imports import import_
from awrsr.cli.parameters import documented
from awrsr.data.prepare import prepare
from awrsr.data.splits import time_split
from awrsr.errors import CheckpointError, ConfigError, DataError
from awrsr.explain import remove_each, smallest_removal
from awrsr.importers import IMPORTERS, MAY_HAVE_SEEN, TIES, Imported, read_model
from awrsr.studies import check_model
from awrsr.training.checkpoint import save_config, save_weights

DATA = dataset()


@pytest.fixture(params=CASES)
def imported(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imported:
    case = CASES[request.param]
    options = case.write(tmp_path / "model.pt", monkeypatch)
    monkeypatch.undo()  # the classes of the other code base are missing when it is read
    return read_model(tmp_path / "model.pt", DATA, **options)


@pytest.fixture
def case(request):
    return CASES[request.node.callspec.params["imported"]]


def test_every_importer_of_this_package_has_a_case():
    assert {case.importer for case in CASES.values()} == {
        name for name, importer in IMPORTERS.items() if is_ours(importer)
    }


@pytest.mark.few(4)
def test_scores_are_those_of_the_other_code(imported, case):
    """For all lengths, from one item to more than the model sees."""
    assert imported.importer.name == case.importer
    model = imported.model
    walks = [DATA.sequence(user).tolist() for user in range(DATA.n_users)]
    histories = [walk[:length] for walk in walks for length in (*range(1, LENGTH + 2), len(walk))]
    for history in histories:
        theirs = in_our_order(DATA, case.model.scores(as_theirs(DATA, history)))
        ours = awrsr.trace(model, history).item_scores
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-4)


@pytest.mark.few(3)
def test_the_model_is_like_any_other(imported, tmp_path):
    """It is saved and loaded with the same scores, keeps the laws of all models, and is
    explained."""
    model = imported.model
    save_config(tmp_path, model.config, model.catalogue, None)
    save_weights(tmp_path, model)
    loaded = awrsr.load_model(tmp_path, "cpu")
    history = [3, 1, 4, 5, 9, 2, 6]
    trace = awrsr.trace(loaded, history)
    torch.testing.assert_close(trace.item_scores, awrsr.trace(model, history).item_scores)
    evaluated = awrsr.evaluate(loaded, DATA)
    ranks = dict(zip(evaluated.ranks["user_id"], evaluated.ranks["rank"], strict=True))
    checks = check_model(loaded, DATA, ranks, evaluated.metrics["NDCG@10"])
    assert all(check.passed for check in checks), checks
    assert len(awrsr.recommend(loaded, history, k=3, dataset=DATA)) == 3
    target = 7
    found = awrsr.attribute(loaded, history, target, method="leave_one_out")
    removed = remove_each(loaded, history, target)
    kept = history[-loaded.config.max_length :]
    assert len(found.values) == len(kept)
    assert len(removed.scores) == len(history) and len(set(removed.scores.tolist())) > 2
    smallest_removal(loaded, history, target)
    integrated = awrsr.attribute(loaded, history, target, method="integrated_gradients")
    assert integrated.values.isfinite().all()


def test_a_model_of_another_catalogue_is_refused(tmp_path, monkeypatch):
    for number, case in enumerate(CASES.values()):
        path = tmp_path / str(number) / "model.pt"
        path.parent.mkdir()
        options = case.write(path, monkeypatch)
        for count, said in ((12, "1 item of the dataset is not in"), (10, "the model has items")):
            with pytest.raises(DataError, match=f"has 11 items, 'tiny' has {count} items: {said}"):
                read_model(path, make_dataset(n_items=count), **options)


def test_a_tensor_that_the_layout_does_not_know_is_refused(tmp_path, monkeypatch):
    for number, case in enumerate(CASES.values()):
        path = tmp_path / str(number) / "model.pt"
        path.parent.mkdir()
        prefix = {"rectools": "torch_model.", "replay": "_model."}.get(case.importer, "")
        case.model.state[f"{prefix}calibrator.weight"] = torch.ones(2)
        try:
            options = case.write(path, monkeypatch)
            said = "tensors that are not of this layout: calibrator.weight; it is another model"
            with pytest.raises(CheckpointError, match=said):
                read_model(path, DATA, **options)
        finally:
            del case.model.state[f"{prefix}calibrator.weight"]


def test_an_importer_describes_itself():
    described = documented(read_model)
    for importer in IMPORTERS.values():
        assert importer.title and importer.marks and importer.candidates in ("all", "unseen", None)
        assert set(importer.options()) <= described.keys()


@pytest.mark.parametrize("name", [n for n, case in CASES.items() if case.importer != "rectools"])
def test_options_that_the_file_lacks_are_asked_for_by_name(name, tmp_path, monkeypatch):
    options = CASES[name].write(tmp_path / "model.pt", monkeypatch)
    for option in options.keys() - {"items"}:
        lacking = {key: value for key, value in options.items() if key != option}
        with pytest.raises(ConfigError, match=f"the file does not say .*; give --{option}$"):
            read_model(tmp_path / "model.pt", DATA, **lacking)


def test_a_model_from_elsewhere_may_have_seen_the_test_items_of_a_split_by_time(
    tmp_path, monkeypatch, capsys
):
    """The note is printed by the import and recorded with the metrics, which the app shows."""
    by_time = dataclasses.replace(DATA, time_split=time_split("time:0.7", DATA.flat_timestamps))
    options = CASES["s3rec"].write(tmp_path / "model.pt", monkeypatch)
    monkeypatch.undo()
    assert MAY_HAVE_SEEN not in read_model(tmp_path / "model.pt", DATA, **options).notes
    assert MAY_HAVE_SEEN in read_model(tmp_path / "model.pt", by_time, **options).notes
    awrsr.save_dataset(by_time, tmp_path / "data")
    directory = tmp_path / "imported"
    import_(tmp_path / "model.pt", dataset=tmp_path / "data", output=directory, **options)
    assert f"note: {MAY_HAVE_SEEN}\n" in capsys.readouterr().out
    recorded = json.loads((directory / "metrics.json").read_text(encoding="utf-8"))
    assert MAY_HAVE_SEEN in recorded["source"]["notes"]


@pytest.mark.parametrize(("ties", "noted"), [("shuffle", True), ("file", False)])
def test_shuffled_ties_are_a_note(ties, noted, tmp_path, monkeypatch):
    table = pd.DataFrame({"user": 1, "item": DATA.items["item_id"], "timestamp": 5})
    table = pd.concat([table.assign(user=user) for user in range(5)])
    table.to_csv(tmp_path / "rows.csv", index=False)
    dataset = prepare(tmp_path / "rows.csv", name="ties", k_core=1, ties=ties)
    options = CASES["s3rec"].write(tmp_path / "model.pt", monkeypatch)
    assert (TIES in read_model(tmp_path / "model.pt", dataset, **options).notes) == noted
