"""How it came to be: Inspect with the weights of kept epochs of training."""

import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from checking import check_numbers, nearest_kept
from driving import (
    address,
    choose,
    figures,
    keep_epochs,
    messages,
    named,
    open_models,
    open_page,
    press,
    run,
    sent,
    texts,
    unescaped,
)
from helpers import ROOT, rank_of
from shipped import ASSETS
from streamlit.testing.v1 import AppTest

import awrsr
from app import epochs
from app.candidates import among
from app.views.inspect import exports

A, B, NONE = "sasrec-none", "sasrec-additive", "stosa-stochastic"
OFFERED = (A, B, NONE)


@pytest.fixture
def kept(directory: Path) -> Path:
    """The tiny dataset; A has kept epochs 2, 4 and 7, B has kept 2 and 5."""
    keep_epochs(directory / "models" / A, 2, 4, 7)
    keep_epochs(directory / "models" / B, 2, 5)
    return directory


def slider(page: AppTest) -> list[str]:
    """The options of the slider; none without one."""
    return [option for each in page.select_slider if each.key == "epoch" for option in each.options]


def said(page: AppTest) -> str:
    """The shown weights, in words."""
    (line,) = [text for text in texts(page) if text.startswith("A: ") and ". B: " in text]
    return line


def titles(page: AppTest) -> list[str]:
    return [source["title"] for source in sent(page, "board")["sources"]]


# --- which epoch is shown -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "known", "expected"),
    [
        (5, [1, 5, 9], 5),
        (6, [1, 5, 9], 5),
        (7, [1, 5, 9], 5),  # the earlier of two at equal distance
        (8, [1, 5, 9], 9),
        (99, [1], 1),
        (0, [1, 5, 9], 0),
        (5, [], 0),
    ],
)
def test_the_nearest_epoch(asked: int, known: list[int], expected: int):
    assert epochs.nearest(asked, known) == expected


def test_without_kept_epochs_there_is_no_slider(directory):
    page = open_page()
    assert slider(page) == [] and "**How it came to be**" not in texts(page)
    check_numbers(page, directory)


def test_a_slider_offers_the_epochs_of_both_models_and_opens_on_the_final_weights(kept):
    page = open_page()
    assert slider(page) == ["2", "4", "5", "7", "final"]
    final = "final weights, those of epoch 8 of 9"
    assert said(page) == f"A: {final}. B: {final}."
    assert "epoch" not in address(page)
    check_numbers(page, kept)
    shutil.rmtree(kept / "models" / A / "snapshots")
    shutil.rmtree(kept / "models" / B / "snapshots")
    without = open_page()
    assert sent(without, "board") == sent(page, "board")


@pytest.mark.few(1)
@pytest.mark.parametrize("epoch", [2, 4, 7])
def test_all_numbers_of_the_page_are_those_of_the_epoch(kept, epoch: int):
    """The other model is shown at its nearest kept epoch, with a note."""
    page = choose(open_page(), epoch=epoch)
    check_numbers(page, kept)
    other = nearest_kept(kept / "models" / B, epoch)
    why = "" if other == epoch else f", the kept one nearest to {epoch}"
    assert said(page) == f"A: epoch {epoch} of 9. B: epoch {other} of 9{why}."
    assert address(page)["epoch"] == str(epoch)
    assert messages(page) == []
    check_numbers(choose(page, epoch=0), kept)
    assert "epoch" not in address(page)


def test_a_model_without_kept_epochs_stays_at_its_final_weights(kept):
    page = choose(open_page(b=NONE), epoch=4)
    assert said(page) == "A: epoch 4 of 9. B: final weights; no other epoch was kept."
    check_numbers(page, kept)


@pytest.mark.slow
def test_another_model_keeps_the_nearest_of_its_epochs_or_the_final_weights(kept):
    page = choose(open_page(a=B, b=B), epoch=5)
    choose(page, a=A, b=A)
    assert page.session_state["epoch"] == 4 and slider(page) == ["2", "4", "7", "final"]
    check_numbers(page, kept)
    choose(page, a=NONE, b=NONE)
    assert slider(page) == [] and page.session_state["epoch"] == 0
    check_numbers(page, kept)


# --- a snapshot is marked as one ------------------------------------------------------------------


@pytest.mark.slow
def test_names_have_the_epoch_and_recorded_metrics_are_not_shown_for_it(kept):
    page = open_page(epoch=4)
    assert titles(page) == [
        "SASRec \u00b7 vanilla, epoch 4 of 9",
        "SASRec \u00b7 additive, epoch 5 of 9",
    ]
    shown = texts(page)
    assert "**A: SASRec \u00b7 vanilla, epoch 4 of 9**" in shown
    assert "Epoch 4 of 9: no recorded test metrics" in shown
    assert "Epoch 5 of 9: no recorded test metrics" in shown
    cards = "\n".join(shown)
    assert ":blue[**A at epoch 4**] ranks it" in cards
    assert ":orange[**B at epoch 5**] " in cards
    assert "Another seed is compared with final weights only." in cards
    models = texts(open_models(a=A, b=B, epoch=4))
    assert not [text for text in models if "epoch 4" in text]


@pytest.mark.slow
def test_the_download_computes_the_epoch_again(kept, monkeypatch):
    made = {}
    monkeypatch.setattr(exports, "take_away", lambda write: made.update(write=write))
    open_page(epoch=4, panel="download")
    archive = zipfile.ZipFile(io.BytesIO(made["write"]("")))
    table = archive.read("recommendations.csv").decode()
    assert "sasrec-none/snapshots/epoch-0004" in table
    assert "sasrec-additive/snapshots/epoch-0005" in table
    script = archive.read("reproduce.py").decode().replace("'tiny'", repr(str(kept)))
    (kept / "reproduce.py").write_text(script)
    command = [sys.executable, str(kept / "reproduce.py")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "a the history" in ran.stdout and "b the history" in ran.stdout


# --- the curves -----------------------------------------------------------------------------------


def test_the_curves_are_the_ranks_at_every_kept_epoch_and_the_recorded_metric(kept, tiny_dataset):
    page = choose(open_page(), epoch=4)
    history = (
        page.session_state["items"]
        or tiny_dataset.sequence(tiny_dataset.user_index(page.session_state["user"])).tolist()
    )
    *items, target = history
    excluded = sorted({*items} - {target})
    drawn = [one for one in figures(page)["forming-curves"] if "marker" in one]
    for name, (ranks, metrics) in zip((A, B), (drawn[:2], drawn[2:]), strict=True):
        path = kept / "models" / name
        expected = {
            epoch: rank_of(
                awrsr.trace(awrsr.load_snapshot(path, epoch), items).item_scores, target, excluded
            )
            for epoch in awrsr.snapshot_epochs(path)
        }
        final = awrsr.trace(awrsr.load_model(path), items).item_scores
        expected[8] = rank_of(final, target, excluded)
        assert dict(zip(ranks["x"], ranks["y"], strict=True)) == expected
        recorded = [0.1 * epoch if epoch < 8 else 0.9 for epoch in expected]
        assert [*metrics["y"]] == pytest.approx(recorded)
        assert ranks["marker"]["symbol"][-1] == "diamond"
    (heading,) = [each for each in page.markdown if each.value == "**How it came to be**"]
    note = unescaped(heading.proto.help)
    assert "validation: the last but one item of every user" in note and among(tiny_dataset) in note


# --- unusable epochs and files --------------------------------------------------------------------


def test_an_epoch_that_no_model_kept_is_named_in_the_address(kept):
    page = open_page(epoch=3)
    (warning,) = page.warning
    said = "epoch=3 in the address: unknown; accepted: 2, 4, 5, 7"
    assert said in unescaped(warning.value)
    assert page.session_state["epoch"] == 0
    check_numbers(page, kept)


@pytest.mark.slow
@pytest.mark.parametrize("both", [False, True], ids=["one", "both"])
def test_a_snapshot_that_cannot_be_read_is_named_and_the_slider_leads_away(kept, both: bool):
    for name in (A, B) if both else (A,):
        path = kept / "models" / name / "snapshots" / "epoch-0002" / "model.safetensors"
        path.write_bytes(path.read_bytes()[:100])
    page = open_page(epoch=2)
    assert all("is not a complete safetensors file" in message for message in messages(page))
    assert len(messages(page)) == 1 + both
    assert (sent(page, "board") is None) == both
    check_numbers(choose(page, epoch=4), kept)


@pytest.mark.slow
def test_without_a_readable_history_the_ranks_stay(kept):
    for content in ("", "epoch,NDCG@10\nx,0.5\n", "epoch,NDCG@10\n1e400,0.5\n2,0.5\n2,inf\n"):
        (kept / "models" / A / "history.csv").write_text(content)
        page = choose(open_page(), epoch=4)
        assert said(page).startswith("A: epoch 4") and messages(page) == []
        check_numbers(page, kept)


# --- what ships -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_shipped_pair_forms_between_epochs_5_and_7():
    """A user whose target additive refinement finds: from epoch 7 on the rank is 1."""
    page = open_page(dataset="planted", user=4313)
    assert slider(page) == ["1", "3", "5", "6", "7", "10", "final"]
    drawn = [one for one in figures(page)["forming-curves"] if "marker" in one]
    ranks = dict(zip(drawn[2]["x"], drawn[2]["y"], strict=True))
    assert ranks[3] > 10 and ranks[7] == ranks[10] == ranks[28] == 1
    path = ASSETS / "planted" / "models" / "sasrec-additive"
    assert epochs.final_epoch(path) == 28
    choose(page, epoch=5)
    assert messages(page) == []
    press(page, "example_planted_missed")  # an example shows the final weights
    assert page.session_state["epoch"] == 0
    assert run(page).session_state["epoch"] == 0
    assert named(ASSETS / "planted", "sasrec-additive") == address(page)["b"]
