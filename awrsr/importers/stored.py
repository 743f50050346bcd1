"""The contents of a PyTorch file, read without running any code that it names.

Files of torch 1.6 and later are zip archives: their pickle is read by an unpickler that makes
tensors and ordered dictionaries; it replaces every other class or function by an inert stub, which
holds the arguments and the state from the file and does nothing. Files that name a class or
function that no checkpoint needs are refused. Older files are read by torch's reader for weights.
"""

import hashlib
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from awrsr.errors import CheckpointError, shown
from awrsr.io.archives import check_archive
from awrsr.io.files import reading

PICKLE = "data.pkl"
MAX_PICKLE = 32_000_000
"""Largest pickle in an archive, in bytes; the numbers of tensors are in other entries."""
MAX_REBUILT = 4
"""The tensors may have this many times the bytes of the file, because they may share numbers."""
DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
REBUILT = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter")
"""The functions of torch._utils that make a tensor or a parameter from a storage."""
PACKAGES = (
    *("recbole", "rectools", "replay", "torch", "numpy", "yaml", "re", "enum", "pathlib"),
    *("lightning", "lightning_fabric", "lightning_utilities", "pytorch_lightning", "torchmetrics"),
    *("collections", "copyreg", "_codecs", "datetime", "omegaconf"),
)
"""Classes and functions of these packages become stubs; a file that names others is refused."""
HARMLESS = ("set", "frozenset", "complex", "slice", "bytearray", "object", "range")
"""The builtins that become stubs."""


class Stub:
    """An inert replacement for an object of a class that is not loaded: its arguments and state."""

    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __new__(cls, *arguments: Any, **named: Any) -> "Stub":
        stub = super().__new__(cls)
        stub.arguments = arguments
        return stub

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Ignore the arguments, which `__new__` keeps."""

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __call__(self, *arguments: Any) -> "Stub":
        return Stub(self, *arguments)

    def append(self, value: Any) -> None:
        """Nothing is kept."""

    def extend(self, values: Any) -> None:
        """Nothing is kept."""

    def add(self, value: Any) -> None:
        """Nothing is kept."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """Nothing is kept."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The contents of a file.

    Args:
        path: the file.
        sha256: the hash of the file.
        values: tensors, plain values and stubs, in dictionaries and lists.
    """

    path: Path
    sha256: str
    values: Any

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The named tensors: those of `state_dict` or, if there is none, of the file itself."""
        values = self.value("state_dict") or self.values
        named = values if isinstance(values, Mapping) else {}
        return {str(name): value for name, value in named.items() if isinstance(value, Tensor)}

    def value(self, *names: str) -> Any:
        """The value under these nested names; None if there is none.

        The state of a stub counts as its values."""
        found = self.values
        for name in names:
            found = found.state if isinstance(found, Stub) else found
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


def read_stored(path: Path) -> Stored:
    """The contents of a file that `torch.save` wrote.

    Raises:
        CheckpointError: the file cannot be read, is not such a file, or names a class or function
            that no checkpoint needs. No code in it is run.
    """
    with reading(path, CheckpointError):
        if not path.is_file():
            raise CheckpointError(f"{path} is not a file; a file that torch.save wrote is imported")
        if not path.stat().st_size:
            raise CheckpointError(f"{path} is empty; a file that torch.save wrote is imported")
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        values = _zipped(path) if zipfile.is_zipfile(path) else _older(path)
    except CheckpointError:
        raise
    except Exception as error:  # a malformed pickle may raise anything
        reason = " ".join(str(error).split("\n")[0].split())[:200]
        raise CheckpointError(
            f"{path} is not a file of torch.save that can be read safely: "
            f"{type(error).__name__}: {reason}. Nothing in it was run"
        ) from None
    return Stored(path=path, sha256=sha256, values=values)


def _older(path: Path) -> Any:
    """A file of torch before 1.6: weights only."""
    with path.open("rb") as file:
        if file.read(2) == b"PK":  # an archive, whose table of contents is at its end
            raise CheckpointError(f"{path} is incomplete: its end is missing; copy it again")
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch's message advises to run the file
        if found := re.search(r"GLOBAL ([\w.]+)", str(error)):
            raise _refused(path, found[1]) from None
        raise pickle.UnpicklingError("it holds more than weights, or none") from None


def _refused(path: Path, name: str) -> CheckpointError:
    return CheckpointError(
        f"{path} names {shown(name)}, which no checkpoint needs; it is refused, and nothing in it "
        "was run. Of a model of your own, save model.state_dict(), or see awrsr.wrap"
    )


def _zipped(path: Path) -> Any:
    check_archive(path)
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(f"/{PICKLE}")]
        if len(names) != 1:
            raise CheckpointError(
                f"{path} is a zip archive with {len(names)} files {PICKLE}; a file of torch.save "
                "has one"
            )
        folder = names[0].removesuffix(PICKLE)
        if f"{folder}byteorder" in archive.namelist():
            order = archive.read(f"{folder}byteorder")
            if order != b"little":
                raise CheckpointError(f"{path}: byte order {order!r} is not read; accepted: little")
        entry = archive.getinfo(names[0])
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > MAX_PICKLE:
            raise CheckpointError(
                f"{path}: {PICKLE} has {entry.file_size:,} bytes; accepted: at most "
                f"{MAX_PICKLE:,}, not compressed"
            )
        with archive.open(entry) as file:
            return _Unpickler(file, path, archive, folder).load()


class _Unpickler(pickle.Unpickler):
    """Makes tensors, ordered dictionaries and plain values; everything else becomes a stub."""

    def __init__(self, file: IO[bytes], path: Path, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(file, encoding="utf-8")
        self.path = path
        self.archive = archive
        self.folder = folder
        self.storages: dict[str, Tensor] = {}
        self.left = MAX_REBUILT * path.stat().st_size

    def find_class(self, module: str, name: str) -> Any:
        """The replacement for a class or a function that the file names."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch._utils" and name in REBUILT:
            return partial(self._rebuilt)  # a new one each time, in case the file changes it
        if module.partition(".")[0] in PACKAGES or (module == "builtins" and name in HARMLESS):
            return type(name, (Stub,), {"__module__": module})
        raise _refused(self.path, f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Tensor:
        """The numbers of a storage, in one dimension."""
        _, kind, key, _, count = pid
        dtype = DTYPES[kind.__name__]
        entry = self.archive.getinfo(f"{self.folder}data/{key}")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != count * dtype.itemsize:
            raise CheckpointError(
                f"{self.path}: storage {key} has {entry.file_size:,} bytes, expected "
                f"{count * dtype.itemsize:,}, not compressed"
            )
        if key not in self.storages:
            self._spend(entry.file_size)
            content = bytearray(self.archive.read(entry))
            empty = torch.empty(0, dtype=dtype)
            self.storages[key] = torch.frombuffer(content, dtype=dtype) if content else empty
        return self.storages[key]

    def _rebuilt(self, source: Tensor, *how: Any) -> Tensor:
        """A tensor or parameter, with the arguments of the functions in REBUILT."""
        if len(how) < 3:  # a parameter, made from a tensor
            return source
        offset, size, stride = how[:3]
        if any(number < 0 for number in (offset, *size, *stride)) or prod(size) > source.numel():
            raise ValueError(f"a tensor of shape {tuple(size)} in {source.numel()} numbers")
        self._spend(prod(size) * source.element_size())
        return source.as_strided(size, stride, offset).clone()

    def _spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ValueError(
                f"its tensors have more than {MAX_REBUILT} times the bytes of the file"
            )
