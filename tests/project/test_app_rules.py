"""Rules of the app, read from its source: one file each for caching, the session, the address."""

import ast
import re

from helpers import ROOT

from app.state import Session


def test_cache_decorators_are_in_one_file():
    files = [
        path.relative_to(ROOT / "app").as_posix()
        for path in (ROOT / "app").rglob("*.py")
        if re.search(r"\bcache_(data|resource)\b", path.read_text(encoding="utf-8"))
    ]
    assert files == ["cache.py"]


CALLS = [
    (path.relative_to(ROOT / "app").as_posix(), node)
    for path in sorted((ROOT / "app").rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Call)
]
WIDGETS = {
    *("selectbox", "multiselect", "pills", "segmented_control", "slider", "select_slider"),
    *("radio", "checkbox", "toggle", "text_input", "text_area", "number_input", "file_uploader"),
}


def files_with(attribute: str) -> set[str]:
    """The files of the app that use an attribute or a string with this name."""
    return {
        path.relative_to(ROOT / "app").as_posix()
        for path in (ROOT / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr == attribute)
        or (isinstance(node, ast.Constant) and node.value == attribute)
    }


def test_the_session_is_read_and_written_in_one_file():
    assert files_with("session_state") == {"state.py"}
    assert files_with("store") == {"keys.py", "state.py"}, (
        "values by their names, past what is declared"
    )


def test_the_address_is_read_and_written_in_one_file():
    assert files_with("query_params") == {"address.py"}
    assert [file for file, call in CALLS if any(word.arg == "bind" for word in call.keywords)] == []


def test_a_key_of_the_session_is_used_by_its_declaration():
    """Every widget has a declared key, and no key is used by its text."""
    declared = {key.name for key in Session.declared()}
    families = {keys.name for keys in Session.families()}
    assert not declared & families
    for file, call in CALLS:
        attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        words = {word.arg: word.value for word in call.keywords}
        selects = "on_select" in words or (attribute == "expander" and "on_change" in words)
        key = words.get("key")
        if attribute in WIDGETS or selects:
            assert key is not None, f"{file}: {ast.unparse(call)}"
        if isinstance(key, ast.Constant):
            assert key.value not in declared and attribute not in WIDGETS, ast.unparse(call)
        if isinstance(key, ast.JoinedStr):
            text = key.values[0]
            family = text.value.partition("-")[0] if isinstance(text, ast.Constant) else ""
            assert family not in families and attribute not in WIDGETS, ast.unparse(call)
