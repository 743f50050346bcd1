"""Runs of a grid trained side by side, each in a separate process with one thread.

A worker ends as soon as the process that started it ends, for any reason: the worker reads from a
pipe whose only writing end is in that process. A worker may end at any moment, see
`awrsr.training.loop`.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from types import FrameType

import torch

from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, ConfigError
from awrsr.experiments.card import training_command
from awrsr.experiments.grid import Run
from awrsr.experiments.run import train_and_measure
from awrsr.io.output import refused_by_system

POLL = 0.5
"""Seconds between two calls of `tick`."""


def check_jobs(jobs: int) -> None:
    """Refuse a number of jobs below 1 with a ConfigError."""
    if jobs < 1:
        raise ConfigError(f"--jobs must be a whole number, 1 or more; received {jobs}")


def quiet_lightning() -> None:
    """Suppress the notices of Lightning."""
    logging.getLogger("lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)


def train_side_by_side(
    runs: list[Run],
    datasets: dict[str, Dataset],
    *,
    jobs: int,
    resumed: set[str],
    device: str = "auto",
    started: Callable[[Run], None] = lambda run: None,
    ended: Callable[[Run, AwrsrError | None], None] = lambda run, refusal: None,
    tick: Callable[[], None] = lambda: None,
) -> Generator[tuple[Run, AwrsrError | None], None, None]:
    """Train and evaluate runs, several at a time; close the iterator to end the workers.

    Args:
        runs: the runs to train.
        datasets: the datasets by their names in the grid.
        jobs: number of runs at a time, 1 or more.
        resumed: names of the runs to resume.
        device: auto, cpu, cuda, ..., the same for all runs.
        started: called when a worker gets a run.
        ended: called with a run and its error or None, before the next run starts.
        tick: called every half second.

    Yields:
        Each run when it ends, with its error or None.

    Raises:
        AwrsrError: a worker was killed; the other workers were ended.
    """
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        min(jobs, len(runs)), mp_context=context, initializer=_begin, initargs=(reader,)
    )
    pending = iter(runs)
    running: dict[Future[None], Run] = {}

    def start_next() -> None:
        for run in pending:
            started(run)
            resume = run.name in resumed
            with _interrupts_blocked():
                running[pool.submit(_work, run, datasets[run.dataset], device, resume)] = run
            return

    try:
        for _ in range(jobs):
            start_next()
        while running:
            finished, _ = wait(running, POLL, FIRST_COMPLETED)
            tick()
            for future in finished:
                error = future.exception()
                if error is not None and not isinstance(error, AwrsrError):
                    raise error
                run = running.pop(future)
                ended(run, error)
                start_next()
                yield run, error
        pool.shutdown()
    except BrokenProcessPool:
        names = ", ".join(run.name for run in running.values())
        raise AwrsrError(
            "a worker was killed, perhaps because memory ran out, and the others were ended; the "
            f"same command resumes {names}"
        ) from None
    finally:
        writer.close()
        pool.shutdown(cancel_futures=True)
        reader.close()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Within the block, SIGTERM has the same effect as Ctrl-C."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # only it may set handlers
        yield
        return
    previous = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started within the block ignore Ctrl-C, which a terminal sends to all processes."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _begin(line: Connection) -> None:
    """Prepare a worker."""
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    quiet_lightning()


def _end_with(line: Connection) -> None:
    with suppress(EOFError, OSError):
        line.recv()
    os._exit(1)


def _work(run: Run, dataset: Dataset, device: str, resume: bool) -> None:
    """One run, in a worker; every expected error becomes an AwrsrError."""
    try:
        train_and_measure(
            dataset,
            run.directory,
            run.model,
            run.train,
            command=training_command(run.data, run.directory, run.model, run.train),
            device=device,
            resume=resume,
        )
    except AwrsrError:
        raise
    except (OSError, MemoryError, RuntimeError) as error:
        words = refused_by_system(error)
        if words is None:
            raise
        raise AwrsrError(words) from error
