"""Jobs: bounded, fair, shared, quickly cancelled, separate between sessions."""

import threading
import time
from functools import partial

import pytest

from app import jobs
from app.jobs import Busy, JobOwner, JobPool
from awrsr.errors import DataError

SECONDS = 20
"""Longer than any step here, even on a busy machine."""


class Gate:
    """Work that waits until it is released, and records its start."""

    def __init__(self) -> None:
        self.started, self.open = threading.Event(), threading.Event()

    def __call__(self, progress):
        self.started.set()
        while not self.open.wait(0.005):
            progress(0.5)
        return "through"


def block(pool, workers=2):
    """Gates in all workers of a pool."""
    gates = [Gate() for _ in range(workers)]
    for number, gate in enumerate(gates):
        pool.submit("somebody", ("gate", number), gate)
        assert gate.started.wait(SECONDS)
    return gates


def test_a_job_comes_to_its_result_and_tells_its_share(pool):
    gate = Gate()
    job = pool.submit("me", 1, gate)
    assert gate.started.wait(SECONDS) and job.live
    gate.open.set()
    assert job.finished.wait(SECONDS)
    assert (job.state, job.result, job.live) == (jobs.DONE, "through", False)


def test_no_more_run_at_once_than_there_are_workers(pool):
    gates = [Gate() for _ in range(5)]
    submitted = [pool.submit("me", number, gate) for number, gate in enumerate(gates)]
    for gate in gates[:2]:
        assert gate.started.wait(SECONDS)
    time.sleep(0.05)
    assert [gate.started.is_set() for gate in gates] == [True, True, False, False, False]
    assert [job.state for job in submitted] == [jobs.RUNNING] * 2 + [jobs.WAITING] * 3
    for gate in gates:
        gate.open.set()
    assert all(job.finished.wait(SECONDS) for job in submitted)


def test_one_question_is_one_job_whoever_asks(pool):
    gate = Gate()
    first = pool.submit("me", 1, gate)
    assert pool.submit("you", 1, gate) is first
    pool.cancel("me", first)
    time.sleep(0.05)
    assert first.live  # the other one still wants it
    gate.open.set()
    assert first.finished.wait(SECONDS)
    assert first.state == jobs.DONE


def test_the_least_recently_served_owner_comes_next():
    pool = JobPool(1)
    (gate,) = block(pool, 1)
    order = []

    def note(name, progress):
        order.append(name)

    submitted = [
        pool.submit(owner, (owner, number), partial(note, owner))
        for owner, count in (("flood", 6), ("a", 1), ("b", 2))
        for number in range(count)
    ]
    gate.open.set()
    assert all(job.finished.wait(SECONDS) for job in submitted)
    assert order == ["flood", "a", "b", "flood", "b", "flood", "flood", "flood", "flood"]
    pool.close()


def test_a_full_queue_says_so_and_one_person_does_not_fill_it():
    pool = JobPool(1, max_waiting=5, max_waiting_each=3)
    (gate,) = block(pool, 1)
    for number in range(3):
        pool.submit("flood", number, gate)
    with pytest.raises(Busy, match=r"3 of your computations and 3 in total are waiting \(at mo"):
        pool.submit("flood", 3, gate)
    for number in range(2):
        pool.submit("me", number + 10, gate)
    with pytest.raises(Busy, match="0 of your computations and 5 in total"):
        pool.submit("you", 20, gate)
    pool.leave("flood")
    pool.submit("you", 20, gate)
    gate.open.set()
    pool.close()


def test_a_job_cancelled_while_it_waits_never_starts(pool):
    gates, waiting = block(pool), Gate()
    job = pool.submit("me", 1, waiting)
    pool.cancel("me", job)
    assert (job.state, job.live) == (jobs.CANCELLED, False)
    for gate in gates:
        gate.open.set()
    time.sleep(0.05)
    assert not waiting.started.is_set()


def test_asking_again_after_a_cancel_starts_another_job(pool):
    gate = Gate()
    first = pool.submit("me", 1, gate)
    assert gate.started.wait(SECONDS)
    pool.cancel("me", first)
    second = pool.submit("me", 1, gate)
    assert second is not first
    assert first.finished.wait(SECONDS) and first.state == jobs.CANCELLED
    gate.open.set()
    assert second.finished.wait(SECONDS) and second.state == jobs.DONE


def test_a_failing_job_has_a_reason_and_the_worker_continues(pool, caplog):
    def refuse(progress):
        raise DataError("no such item")

    def fall_over(progress):
        raise RuntimeError("secret path")

    refused, fallen = pool.submit("me", 1, refuse), pool.submit("me", 2, fall_over)
    assert refused.finished.wait(SECONDS) and fallen.finished.wait(SECONDS)
    assert (refused.state, refused.problem) == (jobs.FAILED, "no such item")
    assert fallen.state == jobs.FAILED
    assert fallen.problem == "It failed (RuntimeError); the server's log says more."
    assert "secret path" in caplog.text
    again = pool.submit("me", 1, lambda progress: 7)
    assert again.finished.wait(SECONDS) and again.result == 7


def test_an_owner_that_leaves_withdraws_from_all_jobs(pool):
    owner, gate = JobOwner(pool), Gate()
    job = owner.ask(1, gate)
    assert gate.started.wait(SECONDS)
    owner.leave()
    assert job.finished.wait(SECONDS) and job.state == jobs.CANCELLED
    assert owner.jobs == {}


def test_questions_that_leave_the_page_are_cancelled_and_cancelled_ones_are_remembered(pool):
    owner, gates = JobOwner(pool), [Gate(), Gate()]
    first, second = (owner.ask(number, gate) for number, gate in enumerate(gates))
    assert owner.ask(0, gates[0]) is first
    owner.keep_only({1})
    assert first.finished.wait(SECONDS) and set(owner.jobs) == {1}
    owner.cancel(1)
    assert second.finished.wait(SECONDS) and (owner.jobs, owner.cancelled) == ({}, {1})
    owner.keep_only(set())
    assert owner.cancelled == set()


def test_a_flood_of_threads_leaves_nothing_behind():
    pool = JobPool(2)
    submitted: list[jobs.Job] = []

    def someone(name):
        owner = JobOwner(pool)
        for number in range(40):
            try:
                submitted.append(owner.ask(number % 7, lambda progress: time.sleep(0.001)))
            except Busy:
                pass
            (owner.cancel if number % 3 else owner.forget)(number % 7)
        owner.leave()

    threads = [threading.Thread(target=someone, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert all(job.finished.wait(SECONDS) for job in submitted)
    assert not pool._live and not pool._waiting and not pool._served
    pool.close()
