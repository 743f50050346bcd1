"""Untrusted text, escaped for Streamlit's markdown and cut to the length of a message."""

import re

MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")
INSIDE_PATTERNS = re.compile(
    r"(?<=[:@])(?=\S)|(?<=[-<>~=])(?=[-<>~=])|(?<=www)(?=\.)", re.IGNORECASE
)
JOINER = "\u2060"
"""An invisible character of zero width that does not allow a line break."""


def plain(text: object) -> str:
    """Text that Streamlit's markdown shows literally, whatever characters it has.

    Escapes are not enough: Streamlit replaces icons (`:material/home:`), arrows (`->`) and
    addresses after markdown has removed the escapes. A joiner inside such a pattern prevents this.
    """
    unicode = str(text).encode(errors="backslashreplace").decode()  # a file name may be invalid
    one_line = re.sub(r"\s+", " ", unicode)
    return MARKS.sub(r"\\\1", INSIDE_PATTERNS.sub(JOINER, one_line))


def with_commands(text: object) -> str:
    """A message of the app like `plain`, with text between backticks as code."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:  # an unpaired backtick
        return plain(text)
    return "".join(f"`{part}`" if at % 2 else plain(part) for at, part in enumerate(parts))


def clipped(text: str, length: int = 40) -> str:
    """Untrusted text on one line, cut to a length, without control or bidirectional characters."""
    short = text if len(text) <= length else text[:length] + "\u2026"
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in short)
