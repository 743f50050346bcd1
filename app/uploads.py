"""Uploaded models: bounded, unpacked safely, kept for one session. No Streamlit."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from app.elsewhere import ACCEPTED, KINDS, MAX_UNPACKED, Waiting, free_name, make, model_name
from app.escape import clipped
from app.folders import check_model
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, DataError, first_of, shown
from awrsr.importers import read_stored, recognise
from awrsr.training.checkpoint import CONFIG_FILE, WEIGHTS_FILE, load_model, read_config

UPLOADS_VARIABLE = "AWRSR_UPLOADS"
"""Environment variable: `off` on a server whose visitors may not upload models."""
MAX_UPLOADED = 256 * 2**20
"""Bytes of the files of one model as uploaded."""
MAX_BESIDE = 8 * 2**20
"""Bytes of each file other than the weights; a table needs more when it is read."""
MAX_LENGTH = 2_000
"""Largest `max_length` of an uploaded model; a map has its square of cells."""
MAX_OF_SESSION = 4
"""Models that one session keeps."""
MAX_OF_SERVER = 4 * 2**30
"""Bytes that the uploads of all sessions of a server take together."""


def allowed() -> bool:
    """Whether this server takes uploads."""
    return os.environ.get(UPLOADS_VARIABLE, "on") == "on"


class Room:
    """The bytes that the uploads of all sessions may take together; safe in many threads.

    Args:
        size: the number of bytes.
    """

    def __init__(self, size: int) -> None:
        self.size = self.left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        """Take bytes.

        Raises:
            DataError: fewer are left.
        """
        with self._lock:
            if size > self.left:
                raise DataError(
                    f"the uploads of this server have {self.left:,} bytes left; this one needs up "
                    f"to {size:,}. Try again later, or remove an uploaded model"
                )
            self.left -= size

    def give_back(self, size: int) -> None:
        """Give bytes back."""
        with self._lock:
            self.left += size


@dataclass(frozen=True)
class Uploaded:
    """One uploaded model.

    Args:
        directory: its model directory.
        fingerprint: the fingerprint of its dataset.
        size: its bytes.
    """

    directory: Path
    fingerprint: str
    size: int


class Uploads:
    """The uploaded models of one session.

    Args:
        room: the bytes that all sessions share.
        forget: called with the directory of a model that is removed.
    """

    def __init__(self, room: Room, forget: Callable[[Path], object] = lambda directory: None):
        self._room, self._forget = room, forget
        self._directory: TemporaryDirectory[str] | None = None
        self._models: list[Uploaded] = []
        self.waiting: Waiting | None = None

    @property
    def _place(self) -> Path:
        """The directory of the session, made at its first upload, removed at exit at the latest."""
        if self._directory is None:
            self._directory = TemporaryDirectory(prefix="awrsr-upload-")
        return Path(self._directory.name)

    def models(self, dataset: Dataset) -> dict[str, Path]:
        """The uploaded models for a dataset by name, oldest first."""
        return {
            one.directory.name: one.directory
            for one in self._models
            if one.fingerprint == dataset.fingerprint
        }

    def receive(self, files: Collection[tuple[str, bytes]]) -> None:
        """Keep the files of one model until it is opened; they replace files that were waiting.

        Raises:
            DataError: there are too many models or bytes, or no model can be made from the files.
        """
        self.drop_waiting()
        if len(self._models) >= MAX_OF_SESSION:
            raise DataError(
                f"{MAX_OF_SESSION} models are uploaded, the most that a session keeps; remove one"
            )
        if (size := sum(len(content) for _, content in files)) > MAX_UPLOADED:
            raise DataError(f"received {size:,} bytes; accepted: at most {MAX_UPLOADED:,}")
        kinds = [KINDS.get(Path(name).suffix.lower()) for name, _ in files]
        main = {"archive", "weights", "foreign"} & {*kinds}
        if None in kinds or len({*kinds}) < len(kinds) or len(main) != 1:
            names = first_of([shown(name) for name, _ in files], limit=4)
            raise DataError(f"received {names}; accepted for one model: {ACCEPTED}")
        if ("weights" in kinds) != ("config" in kinds):
            raise DataError(
                f"a .safetensors file and its {CONFIG_FILE} are uploaded together; received "
                f"{first_of([shown(name) for name, _ in files])}"
            )
        self._room.take(size)
        found: dict[str, Path] = {}
        named, label = {}, ""
        folder = self._place / "waiting"
        for (name, _), kind in zip(files, kinds, strict=True):
            assert kind is not None
            found[kind] = folder / kind  # never a name from outside
            named[kind] = clipped(name)
            label = PurePosixPath(name).stem if kind in main else label
        self.waiting = Waiting(found, named, label, size)
        try:
            folder.mkdir(exist_ok=True)
            for path, (_, content) in zip(found.values(), files, strict=True):
                path.write_bytes(content)
        except OSError as error:
            self.drop_waiting()
            raise DataError(f"could not keep the upload: {error.strerror or error}") from error

    def drop_waiting(self) -> None:
        """Remove the waiting files."""
        if self.waiting is not None:
            shutil.rmtree(self._place / "waiting", ignore_errors=True)
            self._room.give_back(self.waiting.size)
        self.waiting = None

    def open(self, dataset: Dataset, taken: Collection[str], **options: Any) -> str:
        """Make a model directory from the waiting files.

        Args:
            dataset: the model's dataset.
            taken: names of other models.
            options: settings that a file of another code base lacks, see `awrsr.importers`.

        Returns:
            The model's name.

        Raises:
            ConfigError: an option that a file of another code base lacks is not given; the files
                stay waiting.
            AwrsrError: no model can be made from the files, or it is for another dataset.
        """
        assert self.waiting is not None
        waiting, place = self.waiting, self._place
        further = {"items", "interactions"} & waiting.files.keys()
        options |= {name: waiting.files[name] for name in further}
        with self._unpacked_room() as keep, self._own_names():
            directory = Path(mkdtemp(dir=place))
            try:
                label = make(waiting, directory, dataset, options)
                size = _checked_size(directory)
                check_model(directory, dataset)
                _check_length(directory)
                load_model(directory, "cpu")
                name = free_name(model_name(directory, label), [*taken, *self._names()])
                final = place / "models" / name
                final.parent.mkdir(exist_ok=True)
                directory.replace(final)
            finally:
                shutil.rmtree(directory, ignore_errors=True)
            keep(size)
        self.drop_waiting()
        self._models.append(Uploaded(final, dataset.fingerprint, size))
        return name

    def options(self) -> list[str]:
        """The options of the waiting file; none if it is not of another code base.

        Raises:
            AwrsrError: it is not readable, or of an unknown code base.
        """
        if self.waiting is None or "foreign" not in self.waiting.files:
            return []
        with self._own_names():
            return recognise(read_stored(self.waiting.files["foreign"])).options()

    def remove(self, name: str) -> None:
        """Remove a model."""
        for one in [one for one in self._models if one.directory.name == name]:
            self._models.remove(one)
            for config in one.directory.rglob(CONFIG_FILE):  # also of its snapshots
                self._forget(config.parent)
            shutil.rmtree(one.directory, ignore_errors=True)
            self._room.give_back(one.size)

    def close(self) -> None:
        """Remove all models and files, at the end of the session."""
        self.drop_waiting()
        for name in self._names():
            self.remove(name)
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    def _names(self) -> list[str]:
        return [one.directory.name for one in self._models]

    @contextmanager
    def _own_names(self) -> Iterator[None]:
        """Give files their uploaded names in messages."""
        assert self.waiting is not None
        waiting = self.waiting
        try:
            yield
        except AwrsrError as error:
            words = str(error)
            for kind, file in waiting.files.items():
                words = words.replace(str(file), waiting.names[kind])
            words = re.sub(rf"{re.escape(str(self._place))}/(tmp\w+/?)?", "", words)
            raise type(error)(words) from error
        except OSError as error:
            raise DataError(f"could not keep the upload: {error.strerror or error}") from error

    @contextmanager
    def _unpacked_room(self) -> Iterator[Callable[[int], None]]:
        """Room for one unpacked model; the yielded function keeps a number of its bytes."""
        kept: list[int] = []
        self._room.take(MAX_UNPACKED)
        try:
            yield kept.append
        finally:
            self._room.give_back(MAX_UNPACKED - sum(kept))


def _checked_size(directory: Path) -> int:
    """The bytes of a model directory; each file and all together are bounded."""
    sizes = {file: file.stat().st_size for file in directory.rglob("*") if file.is_file()}
    for file, size in sizes.items():
        if file.name != WEIGHTS_FILE and size > MAX_BESIDE:
            raise DataError(f"{file.name} has {size:,} bytes; accepted: at most {MAX_BESIDE:,}")
    if (total := sum(sizes.values())) > MAX_UNPACKED:
        raise DataError(f"the model has {total:,} bytes; accepted: at most {MAX_UNPACKED:,}")
    return total


def _check_length(directory: Path) -> None:
    config, _, _ = read_config(directory)
    if config.max_length > MAX_LENGTH:
        raise DataError(
            f"its max_length is {config.max_length:,}; accepted for an uploaded model: at most "
            f"{MAX_LENGTH:,}"
        )
