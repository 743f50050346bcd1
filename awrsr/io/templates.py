"""Texts from Jinja2 templates: every name must have a value, nothing is escaped."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(template: Path, **values: object) -> str:
    """A template filled with values; a name without a value is an error.

    A line that holds only a statement leaves no empty line. The caller must ensure that the values
    contain nothing that the text may not contain (HTML in a page, a line break in a table).
    """
    return _environment(template.parent).get_template(template.name).render(values)


@cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # Markdown and Python, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
