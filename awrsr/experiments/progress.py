"""Progress bars: of one training, and of runs side by side."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import pandas as pd
from tqdm import tqdm

from awrsr.errors import counted
from awrsr.experiments.grid import Run
from awrsr.training.loop import SELECTION_METRIC, Progress
from awrsr.training.unfinished import HISTORY_FILE


@contextmanager
def epoch_bar(epochs: int) -> Iterator[Callable[[Progress], None]]:
    """A bar over the epochs of a training, and what moves it."""
    # The delay keeps an empty bar away from the error message of a run that is refused.
    with tqdm(total=epochs, unit="epoch", dynamic_ncols=True, delay=1) as bar:

        def report(progress: Progress) -> None:
            done = progress.batch / progress.n_batches if progress.n_batches else 1
            bar.n = round(progress.epoch - 1 + done, 2)
            if progress.history:
                last = progress.history[-1]
                bar.set_postfix(loss=f"{last['loss']:.4f}", ndcg=f"{last[SELECTION_METRIC]:.4f}")
            bar.refresh()

        yield report


class RunBars:
    """On a terminal a line for every running run and one for all; elsewhere only printed lines.

    How far a run is, its own history says, which is replaced whole after every epoch.

    Args:
        total: how many runs there are.
    """

    def __init__(self, total: int) -> None:
        self.whole = tqdm(total=total, unit="run", dynamic_ncols=True, disable=None, position=0)
        self.bars: dict[str, tuple[Run, tqdm[Any]]] = {}
        self.begun = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for _, bar in self.bars.values():
            bar.close()
        self.whole.close()

    def begin(self, run: Run, note: str = "") -> None:
        """Announce a run."""
        self.begun += 1
        _say(f"{self.begun} of {self.whole.total}: {run.name}{note}")
        taken = {bar.pos for _, bar in self.bars.values()}
        place = next(n for n in range(1, len(taken) + 2) if -n not in taken)
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
        """Draw how far the runs are."""
        for run, bar in self.bars.values():
            history = _history(run)
            if history is not None and len(history):
                bar.n = len(history)
                bar.set_postfix(ndcg=f"{history[SELECTION_METRIC].iloc[-1]:.4f}", refresh=False)
            bar.refresh()
        self.whole.refresh()

    def end(self, run: Run, refusal: Exception | None) -> None:
        """Say how a run ended."""
        if run.name in self.bars:
            self.bars.pop(run.name)[1].close()
        self.whole.update()
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
