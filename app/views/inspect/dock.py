"""The sums behind a locked cell, in few words, for the board to draw beside its maps."""

from collections.abc import Iterable

from app.views.inspect.provenance import LockedCell, Panel
from app.views.inspect.sums import Shown, signed
from awrsr.board import Payload, Term, Why
from awrsr.errors import AwrsrError
from awrsr.explain import (
    Cell,
    DistanceSplit,
    first_order_split,
    refined_parts,
    second_order_provenance,
)
from awrsr.models import BACKBONES
from awrsr.refinement import REFINEMENTS

TERMS = 3
"""Terms with their own line; the others are one sum."""


def whys(content: Payload, sources: dict[str, Shown], cell: LockedCell) -> list[Why]:
    """The sum behind the cell in each map that was on view when it was locked."""
    found = []
    for panel in cell.panels:
        source = sources.get(panel.source)
        if source is None:
            continue
        query, key = source.where[cell.query], source.where[cell.key]
        if min(query, key) < 0 or key > query or panel.layer >= len(source.trace.layers):
            continue
        places = source.places.index(query), source.places.index(key)
        try:
            found.append(why(source, panel, *places))
        except AwrsrError:  # the panel below the board gives the reason
            continue
    return found


def why(source: Shown, panel: Panel, query: int, key: int) -> Why:
    """The sum behind one cell of one map.

    Args:
        source: the model and its trace.
        panel: the map.
        query: place in the trace's items.
        key: place in the trace's items.

    Raises:
        AwrsrError: the map has no such cell.
    """
    layer = source.trace.layers[panel.layer]
    if not isinstance(panel.head, int):
        maps = {"first": layer.first_order, "second": layer.second_order, "refined": layer.refined}
        chosen = maps[panel.kind]
        if panel.head != "mean" or chosen is None:
            return _sum(panel, "no sum; choose a head or their mean", [])
        values = chosen[:, query, key].double() / len(chosen)
        heads = [(f"head {head + 1}", float(value)) for head, value in enumerate(values)]
        return _sum(panel, f"mean of {len(heads)} heads", heads)
    cell = Cell(layer=panel.layer, head=panel.head, query=query, key=key)
    if panel.kind == "first":
        return _first_order(source, panel, cell)
    if panel.kind == "second":
        return _second_order(source, panel, cell)
    return _refined(source, panel, cell)


def _first_order(source: Shown, panel: Panel, cell: Cell) -> Why:
    refinement = REFINEMENTS[source.trace.config.refinement]
    weight = refined_parts(source.model, source.trace, cell).weight
    if not refinement.learns_attention:
        return _sum(panel, "fixed: no items are compared", [("fixed", weight)])
    if BACKBONES[source.trace.config.backbone].gaussian:
        split = first_order_split(source.trace, cell)
        return _distance(panel, split, "the two items")
    scores = source.trace.layers[cell.layer].first_order_scores
    if scores is None:
        return _sum(panel, "recorded after the softmax; no sum", [("recorded", weight)])
    score = float(scores[cell.head, cell.query, cell.key])
    text = f"softmax of q \u00b7 k, {signed(score)}; no other item counts"
    return _sum(panel, text, [("q \u00b7 k", score)])


def _second_order(source: Shown, panel: Panel, cell: Cell) -> Why:
    found = second_order_provenance(source.model, source.trace, cell)
    if isinstance(found, DistanceSplit):
        return _distance(panel, found, "the two rows of attention")
    text = f"softmax of {signed(found.score)}, a sum over pairs of attended items"
    table = found.table()
    numbers = [label.split(".")[0] for label in source.labels]
    pairs = (
        (f"{numbers[p]} with {numbers[q]}", float(term))
        for p, q, term in zip(table["p"], table["q"], table["term"], strict=True)
    )
    return _sum(panel, text, pairs)


def _refined(source: Shown, panel: Panel, cell: Cell) -> Why:
    found = refined_parts(source.model, source.trace, cell)
    if found.kind == "first order":
        return _first_order(source, panel, cell)
    if found.kind == "second order":
        return _second_order(source, panel, cell)
    if found.kind == "shares":
        share = found.share or 0.0
        names = (f"first order \u00d7 {1 - share:.2f}", f"second order \u00d7 {share:.2f}")
        text = f"a share of each order{_pairs_behind(source, cell)}"
        return _sum(panel, text, zip(names, map(float, found.terms), strict=True))
    if found.kind == "intermediate items":
        text = "a sum over the items between"
        labels = (f"via {label}" for label in source.labels)
        return _sum(panel, text, zip(labels, map(float, found.terms), strict=False))
    if found.kind == "product":
        text = f"first order times {found.factor:.2f}, by the second order"
        return _sum(panel, text, [("first order \u00d7 factor", float(found.terms.sum()))])
    return _sum(panel, "terms are not known", [("weight", found.weight)])


def _pairs_behind(source: Shown, cell: Cell) -> str:
    """The largest pair behind the second-order score; empty if scores are not sums over pairs."""
    found = second_order_provenance(source.model, source.trace, cell)
    if isinstance(found, DistanceSplit):
        return ""
    largest = found.table(1).iloc[0]
    p, q = (source.labels[int(largest[name])].split(".")[0] for name in ("p", "q"))
    return f"; largest pair behind the second: {p} with {q}, {signed(largest['term'])}"


def _distance(panel: Panel, split: DistanceSplit, between: str) -> Why:
    text = f"softmax of minus a distance of {between}, {signed(split.score)}"
    parts = [
        ("means", float(split.mean_terms.sum())),
        ("deviations", float(split.covariance_terms.sum())),
    ]
    return _sum(panel, text, parts)


def _sum(panel: Panel, text: str, parts: Iterable[tuple[str, float]]) -> Why:
    """The largest terms on their own, the others together."""
    ordered = sorted(
        ((label, value) for label, value in parts if value), key=lambda part: -abs(part[1])
    )
    shown, others = ordered[:TERMS], ordered[TERMS:]
    return Why(
        source=panel.source,
        layer=panel.layer,
        head=panel.head,
        kind=panel.kind,
        text=text,
        terms=[Term(label=label, value=value) for label, value in shown],
        others=len(others),
        other=sum(value for _, value in others),
        total=sum(value for _, value in ordered),
    )
