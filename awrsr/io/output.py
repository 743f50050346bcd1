"""Where the command line prints: a reader that goes away, as `head` does, ends no work."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

import torch


class Output(io.TextIOBase):
    """A stream whose text is dropped once nobody reads it, so that the work that prints goes on.

    What the stream cannot encode is written as an escape.

    Args:
        stream: standard output or standard error; None where the process was started without.
        name: of the stream, for messages.
    """

    def __init__(self, stream: TextIO | None, name: str) -> None:
        # Open as long as the process, so without a context.
        self._stream = stream or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        self._name = name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write text; its length."""
        with self._dropping():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Send what was written."""
        with self._dropping():
            self._stream.flush()

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        """Where the stream takes no more, what is still to be sent and all that follows is dropped.

        Raises:
            OSError: it was not closed by its reader; the error names the stream.
        """
        try:
            yield
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                raise OSError(error.errno, error.strerror, self._name) from error

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


def refused_by_system(error: Exception) -> str | None:
    """What the system refuses in one sentence: no permission, a name too long, a full disk, too
    little memory; None of any other error."""
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or error}"
    # On the CPU only the words of a RuntimeError say that memory ran out.
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error):
        return "these settings need more memory than there is"
    return None


@contextmanager
def printing() -> Iterator[None]:
    """Print to `Output`s."""
    out, err = Output(sys.stdout, "standard output"), Output(sys.stderr, "standard error")
    with redirect_stdout(out), redirect_stderr(err):
        yield
        err.flush()
