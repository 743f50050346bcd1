"""Texts from templates: Jinja2, every name must be given, nothing is escaped."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(template: Path, **values: object) -> str:
    """A template filled with values; a name that it uses and that is not given is an error.

    Lines with a statement alone leave nothing behind. What the text may not hold (HTML in a page, a
    line break in a table) is up to who gives the values.
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
