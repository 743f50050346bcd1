"""Text from outside, made safe for Streamlit's markdown and short enough for a message."""

import re

MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")
INSIDE_PATTERNS = re.compile(
    r"(?<=[:@])(?=\S)|(?<=[-<>~=])(?=[-<>~=])|(?<=www)(?=\.)", re.IGNORECASE
)
JOINER = "\u2060"
"""Invisible, zero wide, no place to break a line."""


def plain(text: object) -> str:
    """Text that Streamlit's markdown shows as it stands, whatever characters it holds.

    Escapes alone are not enough: Streamlit looks for icons (`:material/home:`), arrows (`->`) and
    addresses in what markdown has unescaped already. A joiner inside such a pattern hides it.
    """
    unicode = str(text).encode(errors="backslashreplace").decode()  # a file's name may be no text
    one_line = re.sub(r"\s+", " ", unicode)
    return MARKS.sub(r"\\\1", INSIDE_PATTERNS.sub(JOINER, one_line))


def with_commands(text: object) -> str:
    """A message of ours as `plain` shows it, but what stands between backticks as code to copy."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:  # a backtick without a partner
        return plain(text)
    return "".join(f"`{part}`" if at % 2 else plain(part) for at, part in enumerate(parts))


def clipped(text: str, length: int = 40) -> str:
    """Text from outside, short enough for a message, on one line, with nothing that turns it."""
    short = text if len(text) <= length else text[:length] + "\u2026"
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in short)
