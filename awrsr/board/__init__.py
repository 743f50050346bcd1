"""The attention board: traces drawn as linked maps, in the app, in a notebook, in a file.

`payload` turns traces into data, board.js draws them, `page` is both in one HTML file.
"""

from awrsr.board.payload import (
    ItemNames,
    Source,
    align,
    item_names,
    notebook,
    page,
    payload,
    script,
)

__all__ = ["ItemNames", "Source", "align", "item_names", "notebook", "page", "payload", "script"]
