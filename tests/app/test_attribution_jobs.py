"""Attributions as jobs: progress, cancelling, and the page's messages while they run."""

import threading
import time

import pytest
import torch
from driving import choose, click, figures, finish, messages, open_attribution, run, tables
from helpers import EMBEDDED

import awrsr
from app import cache, jobs
from app.jobs import Busy, Cancelled, JobOwner, JobPool
from awrsr import attribution
from awrsr.attribution import METHODS
from awrsr.errors import DataError

SLOW = [name for name in METHODS if METHODS[name].slow]
SECONDS = 20
"""Longer than any step here, even on a busy machine."""


# --- attributions as jobs -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return awrsr.load_model(EMBEDDED / "models" / "sasrec-additive")


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_progress_changes_no_value_and_ends_at_one(model, method):
    shares: list[float] = []
    watched = awrsr.attribute(model, range(1, 21), 99, method, progress=shares.append)
    assert torch.equal(watched.values, awrsr.attribute(model, range(1, 21), 99, method).values)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert not METHODS[method].slow or len(set(shares)) > 3


@pytest.mark.parametrize("method", METHODS)
def test_what_progress_raises_ends_the_work(model, method):
    def stop(share):
        raise Cancelled

    with pytest.raises(Cancelled):
        awrsr.attribute(model, [1, 2, 3], 99, method, progress=stop)


@pytest.mark.parametrize("method", SLOW)
def test_what_is_cancelled_stops_soon(model, pool, method):
    first, *_ = METHODS[method].options()
    owner = JobOwner(pool)
    job = owner.ask(
        1,
        lambda progress: awrsr.attribute(
            model, range(1, 51), 99, method, progress=progress, **{first.name: first.high}
        ),
    )
    while job.share == 0:
        assert not job.finished.wait(0.01)
    start = time.monotonic()
    owner.cancel(1)
    assert job.finished.wait(SECONDS) and job.state == jobs.CANCELLED
    assert time.monotonic() - start < 2  # the whole work takes minutes
    assert 0 < job.share < 0.5


# --- on the page ----------------------------------------------------------------------------------


OFFERED = ("sasrec-none", "sasrec-additive")


@pytest.fixture
def gated(monkeypatch):
    """Slow methods wait until the gate is opened."""
    gate, real = threading.Event(), attribution.attribute
    calls: list[str] = []

    def attribute(model, items, target, method, contrast, *, progress=None):
        if METHODS[method].slow:
            calls.append(method)
            while not gate.wait(0.005):
                progress(0.25)
        return real(model, items, target, method, contrast, progress=progress)

    attribute.gate, attribute.calls = gate, calls
    monkeypatch.setattr(attribution, "attribute", attribute)
    yield attribute
    gate.set()


def choose_methods(page, *names):
    next(box for box in page.pills if box.key == "methods").set_value(list(names))
    return run(page)


def test_a_slow_method_never_blocks_the_page_and_is_drawn_when_it_is_done(directory, gated, caplog):
    page = open_attribution()
    choose_methods(page, "integrated_gradients", "shapley_value_sampling")
    assert len(figures(page)["attribution"]) == 2  # only the finished ones
    assert len([button for button in page.button if button.label == "Cancel"]) == 2
    gated.gate.set()
    finish(page)
    assert len(figures(page)["attribution"]) == 4
    again = open_attribution(methods="shapley_value_sampling")
    assert len(figures(again)["attribution"]) == 2  # cached for all sessions
    assert gated.calls == ["shapley_value_sampling"] * 2
    assert "Thread 'job" not in caplog.text  # Streamlit's warning about calls from other threads


def test_a_job_that_ends_before_the_page_looks_at_it_is_drawn_at_once(directory, monkeypatch):
    real = JobOwner.ask

    def ask(self, question, work):
        job = real(self, question, work)
        assert job.finished.wait(SECONDS)
        return job

    monkeypatch.setattr(JobOwner, "ask", ask)
    page = open_attribution(methods="gradient_shap")
    assert len(figures(page)["attribution"]) == 2
    assert not [info.value for info in page.info if "cancelled" in info.value]


def test_a_cancelled_attribution_stays_cancelled_until_it_is_asked_for_again(directory, gated):
    page = open_attribution(methods="gradient_shap", b="sasrec-none")
    click(page, "Cancel")
    assert [info.value.replace("\\", "") for info in page.info if "cancelled" in info.value] == [
        "Gradient SHAP, B: SASRec \u00b7 vanilla: cancelled."
    ]
    run(page)
    assert not [button for button in page.button if button.label == "Cancel"]
    click(page, "Compute")
    gated.gate.set()
    finish(run(page))
    assert len(figures(page)["attribution"]) == 2


def test_another_target_cancels_the_jobs_of_the_last_one(directory, gated):
    page = open_attribution(methods="shapley_value_sampling", target=3)
    pool = cache._job_pool()
    asked = list(pool._live.values())
    choose(page, target=4)
    assert all(job.finished.wait(SECONDS) and job.state == jobs.CANCELLED for job in asked)
    assert {question.target for question in pool._live} == {4}


def test_a_job_that_fails_says_so_in_its_place(directory, monkeypatch):
    real = attribution.attribute

    def attribute(model, items, target, method, contrast, *, progress=None):
        if METHODS[method].slow:
            raise DataError("the <b>model</b> is tired")
        return real(model, items, target, method, contrast, progress=progress)

    monkeypatch.setattr(attribution, "attribute", attribute)
    page = finish(open_attribution(methods="integrated_gradients.gradient_shap"))
    assert messages(page) == [
        f"Gradient SHAP, {side}: SASRec \u00b7 {kind}: the <b>model</b> is tired"
        for side, kind in (("A", "vanilla"), ("B", "additive"))
    ]
    assert not any("<b>" in box.value for box in page.error)
    assert len(figures(page)["attribution"]) == 2
    monkeypatch.setattr(attribution, "attribute", real)
    click(page, "Compute")
    finish(page)
    assert len(messages(page)) == 1


def test_a_full_queue_is_said_in_its_place(directory, monkeypatch):
    def full(*_):
        raise Busy("12 of your computations and 12 in total are waiting")

    monkeypatch.setattr(JobPool, "submit", full)
    page = open_attribution(methods="gradient_shap")
    assert len(messages(page)) == 2
    assert all("are waiting" in text for text in messages(page))


@pytest.mark.slow
def test_many_sessions_at_once(directory):
    pages = [open_attribution(methods=".".join(SLOW), target=target) for target in range(1, 6)]
    dataset = awrsr.load_dataset(directory)
    for page, target in zip(pages, range(1, 6), strict=True):
        finish(page)
        assert messages(page) == []
        history = dataset.sequence(dataset.user_ids.index(page.session_state["user"]))[:-1].tolist()
        drawn = iter(figures(page)["attribution"])
        for name in SLOW:
            for model in ("sasrec-none", "sasrec-additive"):
                loaded = awrsr.load_model(directory / "models" / model)
                expected = awrsr.attribute(loaded, history, target, name).values
                torch.testing.assert_close(torch.tensor(next(drawn)["x"]), expected)
        assert len(tables(page, "gap")[0]) == 4
