"""The data of the board as JSON types: one description for the Python side and for the script.

`python tools/board_types.py` writes the same types for the script, awrsr/board/src/payload.ts.
"""

from typing import Literal, NotRequired, TypedDict


class PackedMaps(TypedDict):
    """Weights of every layer and head, by kind.

    Lower triangles, row by row, as little-endian 24-bit steps in base64; the name of another kind
    if both are equal; null if the trace has no such maps.
    """

    first: str | None
    second: str | None
    refined: str | None


class Column(TypedDict):
    """A number for every item of a trace, drawn beside its rows of attention.

    Args:
        title: one or two words; columns with the same title share a scale.
        about: a full description of the numbers.
        values: one per item of the trace, oldest first; positive helps the target; null if missing.
        texts: one further text per item, or an empty list.
    """

    title: str
    about: str
    values: list[float | None]
    texts: list[str]


class PackedSource(TypedDict):
    """One trace.

    Args:
        name: a short, unique name, "A".
        title: the title of the model.
        places: the places of its items on the axis, ascending.
        start: the number of its first item in its history, from 1.
        where: for every place of the axis the place of the same item in this trace, -1 if it lacks
            the item.
        layers: number of layers.
        heads: number of heads per layer.
        formula: the formula of the refined weights.
        noSecondOrder: if there is no second order, a sentence that says what mixes the values
            instead; otherwise empty.
        floor: the name of a model that learns no attention, and of its maps; otherwise null.
        norms: norms of transformed values, (layer, head, key) as little-endian float32 in base64;
            None if the model does not record them.
        maps: the weights.
        columns: further numbers for each item.
    """

    name: str
    title: str
    places: list[int]
    start: int
    where: list[int]
    layers: int
    heads: int
    formula: str
    noSecondOrder: str
    floor: str | None
    norms: str | None
    maps: PackedMaps
    columns: list[Column]


class Groups(TypedDict):
    """The colour band.

    Args:
        name: the word for the groups, "genres".
        coloured: the groups with their own colour.
        each: the group of the item at every place of the axis.
    """

    name: str
    coloured: list[str]
    each: list[str]


class Payload(TypedDict):
    """All data that the board draws.

    Args:
        title: title of the board; may be empty.
        items: the items of the axis that all traces share, older to newer.
        slots: the number of every place of the axis in its history.
        titles: titles of the items.
        groups: groups of the items, or null.
        sources: the traces.
        page: the template of a page that shows only the board.
        signature: a hash of all other fields.
        view: the view to open with, as in an address: "#left=A.1.1.first"; default: the first view.
    """

    title: str
    items: list[int]
    slots: list[str]
    titles: list[str]
    groups: Groups | None
    sources: list[PackedSource]
    page: str
    signature: str
    view: NotRequired[str]


class Term(TypedDict):
    """A part of a sum.

    Args:
        label: its name, a few words.
        value: its value, in the unit of the sum.
    """

    label: str
    value: float


class Why(TypedDict):
    """The value of a locked cell in one map, as a sum.

    Args:
        source: the name of the trace.
        layer: 0-based.
        head: 0-based, or "mean" for the mean over heads.
        kind: first, second or refined.
        text: a description of the sum in a few words.
        terms: its largest terms.
        others: the number of further terms.
        other: the sum of the further terms.
        total: the sum of all terms.
    """

    source: str
    layer: int
    head: int | str
    kind: str
    text: str
    terms: list[Term]
    others: int
    other: float
    total: float


class PackedFlow(TypedDict):
    """The score of the target as a flow through layers, see `awrsr.explain.score_flow`.

    Args:
        source: the name of the trace.
        score: the score.
        nodes: for the input and after each layer the contribution of every item of the trace.
        first: by layer, the flow through first-order weights, all heads together: a lower triangle,
            row by row, as little-endian float32 in base64.
        refinement: by layer, the flow through the weights added by refinement; null if refinement
            adds nothing.
        residual: by layer, the flow around attention, for every item.
        constants: by layer, the constant terms.
    """

    source: str
    score: float
    nodes: list[list[float]]
    first: list[str]
    refinement: list[str | None]
    residual: list[list[float]]
    constants: list[float]


class Band(TypedDict):
    """One connection between two items in one layer, all heads together.

    Args:
        source: the name of the trace.
        layer: 0-based.
        query: the place of the query's item.
        key: the place of the key's item.
        part: attention, the complete weight; or refinement, the part added by refinement.
    """

    source: str
    layer: int
    query: int
    key: int
    part: Literal["attention", "refinement"]


class Standing(TypedDict):
    """The score and rank of the target.

    Args:
        score: its score.
        rank: its rank, 1 is best.
    """

    score: float
    rank: int


class Cut(TypedDict):
    """The effect of a cut: the weights of a band are set to 0, or refinement's part is undone.

    Args:
        band: the band.
        before: the target in the unchanged model.
        after: the target after the cut.
    """

    band: Band
    before: Standing
    after: Standing


class Answer(TypedDict):
    """The results that the server has computed for the board after it was drawn.

    Args:
        signature: the signature of the data that the board showed.
        whys: the sums of the locked cell; empty if no cell is locked.
        flows: the flows of the visible models; an empty list unless requested.
        refused: the reason if there is no flow; otherwise empty.
        cut: the effect of the last cut, or null.
    """

    signature: str
    whys: list[Why]
    flows: list[PackedFlow]
    refused: str
    cut: Cut | None
