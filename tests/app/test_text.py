"""Text from outside: escaped for markdown, and short enough for a message."""

import re

import pytest
from driving import HOSTILE, unescaped

from app.escape import JOINER, clipped, plain


@pytest.mark.parametrize(
    "text", [*HOSTILE, "back\\slash \\* \\\\", "[^1] ~~~ | a | # b", " 1. a_ "]
)
def test_every_mark_is_escaped_and_nothing_else_changes(text):
    written = plain(text)
    assert unescaped(written) == text
    bare = re.sub(r"\\.", "", written)
    assert not re.search(r"[\\`*_{}\[\]()#+\-.!|<>~$:&]", bare)


@pytest.mark.parametrize(
    "pattern",
    [
        ":material/home:",
        ":smile:",
        ":red[",
        "http://",
        "a@b.example",
        "www.",
        "->",
        "<-",
        "--",
        ">=",
    ],
)
def test_what_streamlit_reads_after_unescaping_is_broken_up(pattern):
    shown = plain(f"a {pattern} b").replace("\\", "")
    assert pattern not in shown
    assert shown.replace(JOINER, "") == f"a {pattern} b"


@pytest.mark.parametrize(
    "title",
    ["Alien: Resurrection (1997)", "Spider-Man 2", "Am\u00e9lie", "\u4e03\u4eba\u306e\u4f8d"],
)
def test_an_ordinary_title_holds_nothing_invisible(title):
    assert JOINER not in plain(title)


def test_lines_become_one_so_that_no_block_begins():
    assert unescaped(plain("a\n\n    b\t# c\r\n- d")) == "a b # c - d"


def test_anything_can_be_shown():
    assert unescaped(plain(ValueError("no <b>"))) == "no <b>"
    assert plain(12) == "12"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 40 + "\u2026"),
        ("a\u202eb\x00c", "a\ufffdb\ufffdc"),
        ("\u00e9 \u0663 \U0001f600", "\u00e9 \u0663 \U0001f600"),
    ],
)
def test_text_from_outside_is_short_and_visible(text, shown):
    assert clipped(text) == shown
