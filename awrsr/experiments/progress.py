"""Progress bars for one training and for runs side by side."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import pandas as pd
from tqdm import tqdm

from awrsr.errors import counted
from awrsr.experiments.grid import Run
from awrsr.io.progress import progress_bar
from awrsr.training.epoch import Progress
from awrsr.training.loop import SELECTION_METRIC
from awrsr.training.unfinished import HISTORY_FILE


@contextmanager
def epoch_bar(epochs: int, *, disable: bool = False) -> Iterator[Callable[[Progress], None]]:
    """A bar over the epochs of a training; yields the function that moves it."""
    with progress_bar(epochs, "epoch", disable=disable) as bar:

        def report(progress: Progress) -> None:
            done = progress.batch / progress.n_batches if progress.n_batches else 1
            if progress.history:
                last = progress.history[-1]
                bar.set_postfix(
                    loss=f"{last['loss']:.4f}", ndcg=f"{last[SELECTION_METRIC]:.4f}", refresh=False
                )
            bar.n = round(progress.epoch - 1 + done, 2)
            bar.update(0)  # redraws if enough time has passed

        yield report


class RunBars:
    """On a terminal one bar per running run and one for all runs; elsewhere only printed lines.

    The progress of a run is read from its history.csv, which is replaced after every epoch.

    Args:
        total: number of runs.
    """

    def __init__(self, total: int) -> None:
        self.total_bar = tqdm(total=total, unit="run", dynamic_ncols=True, disable=None, position=0)
        self.bars: dict[str, tuple[Run, tqdm[Any]]] = {}
        self.n_started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for _, bar in self.bars.values():
            bar.close()
        self.total_bar.close()

    def begin(self, run: Run, note: str = "") -> None:
        """Announce a run and add its bar."""
        self.n_started += 1
        _say(f"{self.n_started} of {self.total_bar.total}: {run.name}{note}")
        used = {bar.pos for _, bar in self.bars.values()}
        place = next(n for n in range(1, len(used) + 2) if -n not in used)
        bar = tqdm(
            total=run.train.epochs,
            desc=run.name,
            unit="epoch",
            dynamic_ncols=True,
            disable=None,
            position=place,
            leave=False,
        )
        if not bar.disable:
            self.bars[run.name] = run, bar

    def refresh(self) -> None:
        """Redraw the progress of all runs."""
        for run, bar in self.bars.values():
            history = _history(run)
            if history is not None and len(history):
                bar.n = len(history)
                bar.set_postfix(ndcg=f"{history[SELECTION_METRIC].iloc[-1]:.4f}", refresh=False)
            bar.refresh()
        self.total_bar.refresh()

    def end(self, run: Run, refusal: Exception | None) -> None:
        """Print the result of a run and remove its bar."""
        if run.name in self.bars:
            self.bars.pop(run.name)[1].close()
        self.total_bar.update()
        history = _history(run)
        if refusal is not None:
            tqdm.write(f"error: {run.name}: {refusal}", file=sys.stderr)
        elif history is not None:
            best = history[SELECTION_METRIC].max()
            _say(
                f"done: {run.name}, {counted(len(history), 'epoch')}, "
                f"best validation {SELECTION_METRIC} {best:.4f}"
            )


def _say(line: str) -> None:
    tqdm.write(line)
    sys.stdout.flush()


def _history(run: Run) -> pd.DataFrame | None:
    with suppress(OSError, ValueError):
        return pd.read_csv(run.directory / HISTORY_FILE)
    return None
