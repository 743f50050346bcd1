"""The output of the command line: work continues if its reader stops reading, as `head` does."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

import torch


class Output(io.TextIOBase):
    """A stream that discards its text once its reader has closed it, so that the work continues.

    Characters that the stream cannot encode are written as escapes.

    Args:
        stream: standard output or standard error; None if the process has no such stream.
        name: the name of the stream, for messages.
    """

    def __init__(self, stream: TextIO | None, name: str) -> None:
        # The stream stays open until the process ends, so no context manager.
        self._stream = stream or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        self._name = name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write text; returns its length."""
        with self._dropping():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Send the text written so far."""
        with self._dropping():
            self._stream.flush()

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        """After a failed write, discard unsent text and all that follows.

        Raises:
            OSError: the failure is not a reader that closed the stream; the error names the stream.
        """
        try:
            yield
        except OSError as error:
            null_device = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null_device, self._stream.fileno())
            os.close(null_device)
            if not isinstance(error, BrokenPipeError):
                raise OSError(error.errno, error.strerror, self._name) from error

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The file descriptor of the stream."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream; it determines the characters of a progress bar."""
        return self._stream.encoding


def refused_by_system(error: Exception) -> str | None:
    """One sentence for an error of the operating system: no permission, a name too long, a full
    disk, too little memory; None for any other error."""
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or error}"
    # On the CPU torch reports too little memory only in the text of a RuntimeError.
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error):
        return "these settings need more memory than is available"
    return None


@contextmanager
def printing() -> Iterator[None]:
    """Redirect standard output and standard error to `Output`s."""
    out, err = Output(sys.stdout, "standard output"), Output(sys.stderr, "standard error")
    with redirect_stdout(out), redirect_stderr(err):
        yield
        err.flush()
