"""Shared by tests of uploads: files of models, and the form in the sidebar."""

import io
import zipfile
from pathlib import Path

from driving import run
from streamlit.testing.v1 import AppTest

from app.state import Session


def zipped(directory: Path, inside: str = "", **further: bytes) -> bytes:
    """A zip of a model directory.

    Args:
        directory: the model directory.
        inside: the folder in the zip that holds the files.
        further: other files of the zip by name.
    """
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for file in sorted(directory.rglob("*")):
            if file.is_file():
                archive.write(file, Path(inside, file.relative_to(directory)))
        for name, content in further.items():
            archive.writestr(name, content)
    return memory.getvalue()


def upload_model(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Upload the files of one model."""
    (form,) = uploaders(page)
    form.set_value([(name, content, "application/octet-stream") for name, content in files])
    return run(page)


def uploaders(page: AppTest) -> list:
    """The form of uploads, if it is on the page."""
    return [one for one in page.file_uploader if one.key.startswith(Session.model_files.name)]
