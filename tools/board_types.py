"""Write the types of the board's payload for its script: awrsr/board/src/payload.ts.

python tools/board_types.py         # after a change of awrsr/board/schema.py
"""

import inspect
import sys
import textwrap
import types
from pathlib import Path
from typing import Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from awrsr.board import schema  # noqa: E402

FILE = ROOT / "awrsr" / "board" / "src" / "payload.ts"
HEAD = "// Made from awrsr/board/schema.py by `python tools/board_types.py`.\n"
NAMES = {str: "string", int: "number", float: "number", bool: "boolean", types.NoneType: "null"}


def typescript() -> str:
    """The schema as TypeScript: an interface for every TypedDict, its docstring above it."""
    found = [member for member in vars(schema).values() if is_typeddict(member)]
    return "\n".join([HEAD, *map(interface, found)])


def interface(kind: type) -> str:
    """One TypedDict."""
    text = inspect.cleandoc(kind.__doc__ or "")
    comment = textwrap.indent(text, " * ", lambda line: True).replace(" * \n", " *\n")
    fields = get_type_hints(kind, include_extras=True).items()
    lines = [
        f"  {name}{'?' * (get_origin(hint) is NotRequired)}: {named(hint)};"
        for name, hint in fields
    ]
    return "\n".join(["/**", comment, " */", f"export interface {kind.__name__} {{", *lines, "}\n"])


def named(hint: object) -> str:
    """A type as TypeScript writes it.

    Raises:
        TypeError: it is none of those that a payload has.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is NotRequired:
        return named(arguments[0])
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in arguments)
    if origin is list:
        inner = named(arguments[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if origin in (Union, types.UnionType):
        return " | ".join(map(named, arguments))
    if isinstance(hint, type) and is_typeddict(hint):
        return hint.__name__
    if isinstance(hint, type) and hint in NAMES:
        return NAMES[hint]
    raise TypeError(f"a payload has texts, numbers, lists and TypedDicts; received {hint!r}")


if __name__ == "__main__":
    FILE.write_text(typescript(), encoding="utf-8")
