"""Hooks of mkdocs: pages take text from the repository's documents, so that nothing stands twice.

A line `--8<-- "README.md:formats"` of a page stands for a section of a file, between the lines
`<!-- --8<-- [start:formats] -->` and `<!-- --8<-- [end:formats] -->`; without a name, for the file.
In Python code the line is a comment.
"""

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("EXPERIMENTS.md", "RESULTS.md", "CHANGELOG.md")
"""Documents of the repository that are pages too."""
INCLUDED = re.compile(r'^(?:# )?--8<-- "([^":]+)(?::(\w+))?"$', re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
MARKER = re.compile(r"^<!-- --8<-- .*-->\n?", re.MULTILINE)


def on_startup(command: str, dirty: bool) -> None:
    """The notebook, run in a process of its own, imports this repository; one thread is enough."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def on_files(files: Any, config: Any) -> Any:
    """Add the repository's documents and the pictures in them."""
    names = list(DOCUMENTS)
    for name in DOCUMENTS:
        names += re.findall(r"\]\(([^)]+\.(?:svg|png))\)", (ROOT / name).read_text("utf-8"))
    for name in dict.fromkeys(names):
        files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Take the included sections, and turn links to files that are no pages into their text."""
    known = {file.src_uri for file in files}

    def linked(found: re.Match[str]) -> str:
        text, target, anchor = found.groups()
        target = target.removeprefix("docs/")
        return f"[{text}]({target}{anchor or ''})" if target in known else text

    text = INCLUDED.sub(lambda found: section(found[1], found[2]), markdown)
    return LINK.sub(linked, MARKER.sub("", text))


def section(name: str, part: str | None) -> str:
    """A section of a file of the repository, or the file.

    Raises:
        ValueError: the file has no such section.
    """
    text = (ROOT / name).read_text(encoding="utf-8").strip()
    if part is None:
        return text
    start, end = (f"<!-- --8<-- [{side}:{part}] -->" for side in ("start", "end"))
    return text[text.index(start) + len(start) : text.index(end)].strip()
