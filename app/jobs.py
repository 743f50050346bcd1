"""Work that takes seconds, off the page: a bounded pool, shared fairly, that can be cancelled.

No Streamlit here and none in the work: a page starts jobs, looks at them, and takes their results.
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
"""Of one owner: six methods in two models."""

Progress = Callable[[float], None]
logger = logging.getLogger(__name__)


class Busy(AwrsrError):
    """The queue is full."""


class Cancelled(Exception):
    """Raised inside a job's work, which nobody wants any more."""


class Job:
    """One piece of work, and how far it is.

    Args:
        question: what it answers; two jobs of one question are one.
        work: receives a function that it tells its share done, 0 to 1, and that may raise.
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
        """Whether it may still come to a result."""
        return not self.finished.is_set()

    def report(self, share: float) -> None:
        """Called by the work, between its steps."""
        if not self.owners:
            raise Cancelled
        self.share = share

    def end(self, state: str) -> None:
        """Its last state."""
        self.state = state
        self.finished.set()


class JobPool:
    """A few threads and one queue; of those who wait, who was served longest ago comes next.

    Args:
        workers: jobs that run at once.
        max_waiting: jobs in the queue.
        max_waiting_each: jobs in the queue that one owner waits for.
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
        """Start a job, or join the one that answers the same question already.

        Raises:
            Busy: too many jobs wait, of this owner or in all.
        """
        with self._lock:
            job = self._live.get(question)
            if job is not None and job.owners:
                job.owners.add(owner)
                return job
            mine = sum(owner in job.owners for job in self._waiting)
            if mine >= self.max_waiting_each or len(self._waiting) >= self.max_waiting:
                raise Busy(
                    f"{mine} computations of yours and {len(self._waiting)} in all are waiting "
                    f"(at most {self.max_waiting_each} and {self.max_waiting}); try again when "
                    "some are done"
                )
            job = self._live[question] = Job(question, work)
            job.owners.add(owner)
            self._waiting.append(job)
        self._threads.submit(self._run_next)
        return job

    def cancel(self, owner: Hashable, job: Job) -> None:
        """The owner wants it no more; it ends unless somebody else does."""
        with self._lock:
            job.owners.discard(owner)
            if job in self._waiting and not job.owners:
                self._waiting.remove(job)
                self._end(job, CANCELLED)

    def leave(self, owner: Hashable) -> None:
        """The owner is gone, and wants nothing."""
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
            if not self._waiting:  # what this call was for was cancelled
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

    A question it has cancelled is remembered until it leaves the page, so that nothing starts it
    again unasked.
    """

    def __init__(self, pool: JobPool) -> None:
        self.pool = pool
        self.jobs: dict[Hashable, Job] = {}
        self.cancelled: set[Hashable] = set()

    def ask(self, question: Hashable, work: Callable[[Progress], Any]) -> Job:
        """The session's job for a question: the one there is, whatever its state, or a new one.

        Raises:
            Busy: see `JobPool.submit`.
        """
        self.cancelled.discard(question)
        if question not in self.jobs:
            self.jobs[question] = self.pool.submit(self, question, work)
        return self.jobs[question]

    def cancel(self, question: Hashable) -> None:
        """Want it no more."""
        self.forget(question)
        self.cancelled.add(question)

    def forget(self, question: Hashable) -> None:
        """As if it had never been asked: asking again starts it anew."""
        self.cancelled.discard(question)
        job = self.jobs.pop(question, None)
        if job is not None:
            self.pool.cancel(self, job)

    def keep_only(self, questions: set[Hashable]) -> None:
        """Forget all others: what is no longer on the page needs no answer."""
        for question in (self.jobs.keys() | self.cancelled) - questions:
            self.forget(question)

    def leave(self) -> None:
        """The session is gone."""
        self.pool.leave(self)
        self.jobs.clear()
