"""Files of named tensors (safetensors): written in one step, and read within bounds."""

import struct
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialised
from torch import Tensor

from awrsr.errors import AwrsrError
from awrsr.io.files import reading, write_atomically


def save_tensors(
    path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write named tensors as safetensors, in one step."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # Not safetensors' save_file: it writes a temporary file of its own, which a kill leaves behind.
    content = serialised(plain, metadata)
    write_atomically(path, lambda file: file.write_bytes(content))


def read_all_tensors(
    path: Path, max_bytes: int, refusal: type[AwrsrError]
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors of a safetensors file, and its metadata.

    The tensors together need no more memory than the file has bytes.

    Args:
        path: the file.
        max_bytes: the largest file that is read.
        refusal: the class of the exception that is raised.

    Raises:
        AwrsrError: it cannot be read, is too large, or is not a complete safetensors file.
    """
    with reading(path, refusal), path.open("rb") as file:
        size = file.seek(0, 2)
    if size > max_bytes:
        raise refusal(f"{path} has {size:,} bytes; accepted: at most {max_bytes:,}")
    try:
        with safe_open(path, framework="pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            return tensors, opened.metadata() or {}
    except (OSError, ValueError, SafetensorError, struct.error) as error:
        raise refusal(f"{path} is not a complete safetensors file: {error}") from error
