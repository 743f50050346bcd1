"""Texts from templates."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from awrsr.io.templates import render


def test_a_template_is_filled_literally(tmp_path: Path):
    """There is no escaping, statements leave no lines, and the text ends with a newline."""
    template = tmp_path / "text.j2"
    template.write_text("{% for name in names %}\n- {{ name }} <b>\n{% endfor %}\nend\n")
    assert render(template, names=["a & b", "{{ c }}"]) == "- a & b <b>\n- {{ c }} <b>\nend\n"


def test_a_name_that_is_not_given_is_an_error(tmp_path: Path):
    template = tmp_path / "text.j2"
    template.write_text("{{ given }} {{ forgotten }}")
    with pytest.raises(UndefinedError, match="forgotten"):
        render(template, given=1)
