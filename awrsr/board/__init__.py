"""The attention board: traces drawn as linked maps, in the app, in a notebook or in a file.

`payload` turns traces into data (schema.py), the script built from src/ draws them, and `page` puts
both into one HTML file. `map_grid` draws a static picture.
"""

from awrsr.board.figure import FORMATS, KINDS, Format, clipped, layer_figures, map_grid, save
from awrsr.board.flow import pack_flow
from awrsr.board.names import ItemNames, item_names
from awrsr.board.notebook import Shown, show, widget
from awrsr.board.page import page, script
from awrsr.board.payload import Drawn, Source, align, counterparts, payload
from awrsr.board.schema import (
    Answer,
    Band,
    Column,
    Cut,
    PackedFlow,
    Payload,
    Standing,
    Term,
    Why,
)

__all__ = [
    "FORMATS",
    "KINDS",
    "Answer",
    "Band",
    "Column",
    "Cut",
    "Drawn",
    "Format",
    "ItemNames",
    "PackedFlow",
    "Payload",
    "Shown",
    "Source",
    "Standing",
    "Term",
    "Why",
    "align",
    "clipped",
    "counterparts",
    "item_names",
    "layer_figures",
    "map_grid",
    "pack_flow",
    "page",
    "payload",
    "save",
    "script",
    "show",
    "widget",
]
