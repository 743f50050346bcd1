"""The maximum length of a file."""

import re

from helpers import ROOT

FOLDERS = ("awrsr", "app", "tests", "tools", "experiments")
LONG, LONGEST = 300, 400
"""The number of lines above which a file needs a reason, and the absolute maximum."""
REASON = "One file because "
HEAD = re.compile(r'\s*(?:"""(.*?)"""|/\*(.*?)\*/|((?://[^\n]*\n)+))', re.DOTALL)
"""The docstring or comment at the head of a file."""


def head(text: str) -> str:
    found = HEAD.match(text)
    return "" if found is None else " ".join(found.group().split())


FILES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.*"))
    if path.suffix in (".py", ".ts") and "node_modules" not in path.parts
}


def test_no_file_is_longer_than_the_longest():
    lengths = {name: len(text.splitlines()) for name, text in FILES.items()}
    assert len(lengths) > 400
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_files_that_are_long_say_why_and_no_others_do():
    long = {name for name, text in FILES.items() if len(text.splitlines()) > LONG}
    assert {name for name, text in FILES.items() if REASON in head(text)} == long


def test_a_reason_is_found_at_the_head_only():
    for text in (
        f'"""Words.\n\n{REASON}it is."""\n\nimport re\n',
        f"/* {REASON}it is. */\n",
        f"// Words.\n// {REASON}it is.\nimport a\n",
    ):
        assert REASON in head(text)
    assert REASON not in head(f'"""Words."""\n\nREASON = "{REASON}it is."\n')
    assert REASON not in head(f'import re\n\n"""{REASON}it is."""\n')
