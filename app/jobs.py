"""Work of several seconds in the background: a bounded, fairly shared pool of cancellable jobs.

No Streamlit here or in the work: a page starts jobs, polls them, and takes their results.
"""

import logging
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from awrsr.errors import AwrsrError

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
MAX_WAITING = 128
MAX_WAITING_EACH = 12
"""Waiting jobs per owner: six methods in two models."""

Progress = Callable[[float], None]
logger = logging.getLogger(__name__)


class Busy(AwrsrError):
    """The queue is full."""


class Cancelled(Exception):
    """Raised inside a job's work when no owner wants its result."""


class Job:
    """One piece of work and its progress.

    Args:
        question: the question it answers; jobs with the same question are shared.
        work: receives a function to report its progress, 0 to 1, which may raise `Cancelled`.
    """

    def __init__(self, question: Hashable, work: Callable[[Progress], Any]) -> None:
        self.question = question
        self.work = work
        self.owners: set[Hashable] = set()
        self.state = WAITING
        self.share = 0.0
        self.result: Any = None
        self.problem = ""
        self.finished = threading.Event()

    @property
    def live(self) -> bool:
        """Whether it may still have a result."""
        return not self.finished.is_set()

    def report(self, share: float) -> None:
        """Called by the work between its steps."""
        if not self.owners:
            raise Cancelled
        self.share = share

    def end(self, state: str) -> None:
        """Set its final state."""
        self.state = state
        self.finished.set()


class JobPool:
    """A few threads and one queue; least recently served owner first.

    Args:
        workers: jobs that run at once.
        max_waiting: jobs in the queue.
        max_waiting_each: jobs in the queue per owner.
        prepare: called once in every thread.
    """

    def __init__(
        self,
        workers: int,
        *,
        max_waiting: int = MAX_WAITING,
        max_waiting_each: int = MAX_WAITING_EACH,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self.max_waiting = max_waiting
        self.max_waiting_each = max_waiting_each
        self._threads = ThreadPoolExecutor(workers, "job", prepare)
        self._lock = threading.Lock()
        self._waiting: list[Job] = []
        self._live: dict[Hashable, Job] = {}
        self._served: dict[Hashable, int] = {}
        self._starts = 0

    def submit(self, owner: Hashable, question: Hashable, work: Callable[[Progress], Any]) -> Job:
        """Start a job, or join a live job with the same question.

        Raises:
            Busy: too many waiting jobs, of this owner or in total.
        """
        with self._lock:
            job = self._live.get(question)
            if job is not None and job.owners:
                job.owners.add(owner)
                return job
            count = sum(owner in job.owners for job in self._waiting)
            if count >= self.max_waiting_each or len(self._waiting) >= self.max_waiting:
                raise Busy(
                    f"{count} of your computations and {len(self._waiting)} in total are waiting "
                    f"(at most {self.max_waiting_each} and {self.max_waiting}); try again when "
                    "some have ended"
                )
            job = self._live[question] = Job(question, work)
            job.owners.add(owner)
            self._waiting.append(job)
        self._threads.submit(self._run_next)
        return job

    def cancel(self, owner: Hashable, job: Job) -> None:
        """Withdraw an owner from a job; without owners the job ends."""
        with self._lock:
            job.owners.discard(owner)
            if job in self._waiting and not job.owners:
                self._waiting.remove(job)
                self._end(job, CANCELLED)

    def leave(self, owner: Hashable) -> None:
        """Withdraw an owner from all jobs."""
        for job in list(self._live.values()):
            self.cancel(owner, job)
        with self._lock:
            self._served.pop(owner, None)

    def close(self) -> None:
        """End everything and wait for the threads."""
        for job in list(self._live.values()):
            for owner in list(job.owners):
                self.cancel(owner, job)
        self._threads.shutdown()

    def _run_next(self) -> None:
        with self._lock:
            if not self._waiting:  # the job of this call was cancelled
                return
            job = min(
                self._waiting,
                key=lambda job: min(self._served.get(owner, 0) for owner in job.owners),
            )
            self._waiting.remove(job)
            self._starts += 1
            self._served.update(dict.fromkeys(job.owners, self._starts))
            job.state = RUNNING
        state = DONE
        try:
            job.report(0.0)
            job.result = job.work(job.report)
        except Cancelled:
            state = CANCELLED
        except AwrsrError as error:
            state, job.problem = FAILED, str(error)
        except Exception as error:
            logger.exception("a job failed")
            state = FAILED
            job.problem = f"It failed ({type(error).__name__}); the server's log says more."
        with self._lock:
            self._end(job, state)

    def _end(self, job: Job, state: str) -> None:
        if self._live.get(job.question) is job:
            del self._live[job.question]
        job.end(state)


class JobOwner:
    """One session's jobs, by question.

    A cancelled question is remembered until it leaves the page, so that it is not restarted
    automatically.
    """

    def __init__(self, pool: JobPool) -> None:
        self.pool = pool
        self.jobs: dict[Hashable, Job] = {}
        self.cancelled: set[Hashable] = set()

    def ask(self, question: Hashable, work: Callable[[Progress], Any]) -> Job:
        """The session's job for a question: the existing one in any state, or a new one.

        Raises:
            Busy: see `JobPool.submit`.
        """
        self.cancelled.discard(question)
        if question not in self.jobs:
            self.jobs[question] = self.pool.submit(self, question, work)
        return self.jobs[question]

    def cancel(self, question: Hashable) -> None:
        """Cancel the job of a question."""
        self.forget(question)
        self.cancelled.add(question)

    def forget(self, question: Hashable) -> None:
        """Forget a question, so that asking again starts a new job."""
        self.cancelled.discard(question)
        job = self.jobs.pop(question, None)
        if job is not None:
            self.pool.cancel(self, job)

    def keep_only(self, questions: set[Hashable]) -> None:
        """Forget all other questions, because they are no longer on the page."""
        for question in (self.jobs.keys() | self.cancelled) - questions:
            self.forget(question)

    def leave(self) -> None:
        """Withdraw from all jobs at the end of the session."""
        self.pool.leave(self)
        self.jobs.clear()
