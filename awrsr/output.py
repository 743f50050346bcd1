"""Where the command line prints: a reader that goes away, as `head` does, ends no work."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO


class Output(io.TextIOBase):
    """A stream whose text is dropped once nobody reads it, so that the work that prints goes on.

    What the stream cannot encode is written as an escape.

    Args:
        stream: standard output or standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write text; its length."""
        try:
            self._stream.write(text)
        except BrokenPipeError:
            self._drop()
        return len(text)

    def flush(self) -> None:
        """Send what was written."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._drop()

    def _drop(self) -> None:
        """Let what is still to be sent, and all that follows, go nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def isatty(self) -> bool:
        """Whether a person sees it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's, which says what a progress bar can be drawn with."""
        return self._stream.encoding


@contextmanager
def printing() -> Iterator[None]:
    """Print to `Output`s; at the end all of it has been sent."""
    with redirect_stdout(Output(sys.stdout)) as out, redirect_stderr(Output(sys.stderr)) as err:
        try:
            yield
        finally:
            out.flush()
            err.flush()
