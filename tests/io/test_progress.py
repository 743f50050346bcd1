"""Progress bars: a log is not flooded."""

import io
import sys

from awrsr.experiments.progress import epoch_bar
from awrsr.io.progress import progress_bar
from awrsr.training.epoch import Progress


class Terminal(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


def drawn(stream: io.StringIO, monkeypatch, clock) -> int:
    """How often a bar is drawn in ten seconds of work with a step every tenth of a second."""
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(100, "step") as bar:
        for _ in range(100):
            clock.now += 0.1
            bar.update()
    return stream.getvalue().count("\r")


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_few_lines_and_a_terminal_many(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("tqdm.std.time", clock)
    assert drawn(io.StringIO(), monkeypatch, clock) <= 3
    assert drawn(Terminal(), monkeypatch, clock) >= 50


def test_epochs_of_a_training_do_not_flood_a_log(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with epoch_bar(40) as report:
        for epoch in range(1, 41):
            for batch in range(50):
                report(Progress(epoch=epoch, batch=batch, n_batches=50, history=[]))
    assert stream.getvalue().count("\r") <= 3
