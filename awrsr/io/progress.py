"""Progress bars: redrawn on a terminal, printed as occasional lines in a log."""

import sys
from typing import Any

from tqdm import tqdm

LOG_INTERVAL = 60.0
"""Smallest number of seconds between two lines if standard error is not a terminal."""


def progress_bar(total: float | None, unit: str, *, disable: bool = False) -> "tqdm[Any]":
    """A bar on standard error.

    It appears after one second, so that a refused command shows no empty bar.

    Args:
        total: the amount of work; None if it is not known yet.
        unit: the name of one unit of work.
        disable: show nothing, as in all but one of several processes.
    """
    log = not sys.stderr.isatty()
    return tqdm(
        total=total,
        unit=unit,
        dynamic_ncols=True,
        delay=1,
        mininterval=LOG_INTERVAL if log else 0.1,
        maxinterval=LOG_INTERVAL if log else 10.0,
        disable=disable,
    )
