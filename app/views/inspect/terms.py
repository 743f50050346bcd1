"""The decomposition of a locked cell, for each kind of map."""

import streamlit as st

from app.escape import plain
from app.views.inspect.sums import (
    Shown,
    show_pairs,
    show_paths,
    show_split,
    signed,
)
from awrsr.explain import (
    Cell,
    DistanceSplit,
    RefinedParts,
    first_order_split,
    refined_parts,
    second_order_provenance,
)
from awrsr.models import BACKBONES
from awrsr.refinement import REFINEMENTS


def show_first_order(source: Shown, cell: Cell, key: str) -> None:
    """One dot product, a distance of two Gaussians by dimension, or a fixed weight."""
    parts = refined_parts(source.model, source.trace, cell)  # raises if there is no such cell
    layer = source.trace.layers[cell.layer]
    refinement = REFINEMENTS[source.trace.config.refinement]
    if not refinement.learns_attention:
        st.markdown(
            f"A = **{parts.weight:.4f}**: this model does not compare items; its weights are "
            f"fixed, {refinement.formula_of(source.trace.config)}. There is nothing to decompose."
        )
    elif BACKBONES[source.trace.config.backbone].gaussian:
        show_split(
            first_order_split(source.trace, cell),
            "A",
            "the two items' Gaussians",
            "dimension of the head",
            key,
        )
    elif layer.first_order_scores is None or layer.query is None:
        st.markdown(
            f"A = **{parts.weight:.4f}**: the weight as the model recorded it, after its softmax. "
            "It records no scores, so there is nothing to decompose."
        )
    else:
        weight = float(layer.first_order[cell.head, cell.query, cell.key])
        score = float(layer.first_order_scores[cell.head, cell.query, cell.key])
        width = layer.query.shape[-1]
        st.markdown(
            f"A = **{weight:.4f}**: the softmax, over the items up to the query, of one dot "
            f"product, q \u00b7 k / \u221a{width} = **{signed(score)}**. There is nothing to "
            "decompose: it depends on no other item."
        )
    if not refinement.has_second_order():
        show_squares(parts)


def show_second_order(source: Shown, cell: Cell, key: str) -> None:
    """Pairs of attended items, or the distance of two rows by dimension."""
    found = second_order_provenance(source.model, source.trace, cell)
    if isinstance(found, DistanceSplit):
        show_split(
            found,
            "S",
            "the Gaussians that the query's and the key's rows of A become",
            "dimension of the correlation space",
            key,
        )
    else:
        show_pairs(source, cell, found, key)


def show_refined(source: Shown, cell: Cell, key: str) -> None:
    """The terms of the refined weight, then the decomposition of its second-order weight."""
    found = refined_parts(source.model, source.trace, cell)
    if found.kind == "first order":
        show_first_order(source, cell, key)
        return
    if found.kind == "second order":
        st.markdown(f"M = S = **{found.weight:.4f}**: the second-order weight, unchanged.")
    elif found.kind == "whole":
        formula = REFINEMENTS[source.trace.config.refinement].formula_of(source.trace.config)
        st.markdown(
            f"M = **{found.weight:.4f}**, by {plain(formula)}: this mechanism does not separate "
            "the parts of the first and of the second order."
        )
    elif found.kind == "shares":
        show_shares(source, cell, found)
    elif found.kind == "product":
        show_product(source, cell, found)
    else:
        show_paths(source, cell, found, f"{key}-paths")
    show_squares(found)
    if found.kind == "intermediate items":
        st.caption("The second-order weight S of this query and this key:")
    show_second_order(source, cell, key)


def show_shares(source: Shown, cell: Cell, found: RefinedParts) -> None:
    """First and second order with their shares."""
    first, second = found.terms
    total = f"**{found.terms.sum():.4f}** (recorded {found.weight:.4f})"
    if found.share == 0.5:
        st.markdown(
            f"M = A/2 + S/2 = {first:.4f} + {second:.4f} = {total}: first and second order in "
            "equal parts."
        )
        return
    st.markdown(
        f"M = (1 \u2212 g) A + g S = {first:.4f} + {second:.4f} = {total}: this head's gate gives "
        f"the second order a share of g = **{found.share:.3f}**."
    )


def show_product(source: Shown, cell: Cell, found: RefinedParts) -> None:
    """The first-order weight and the factor from the second order."""
    weights = source.trace.layers[cell.layer].first_order
    first = float(weights[cell.head, cell.query, cell.key])
    assert found.factor is not None  # set for the kind "product", see `RefinedParts`
    change = "raises" if found.factor > 1 else "lowers"
    st.markdown(
        f"M = A times a factor = {first:.4f} \u00d7 {found.factor:.3f} = "
        f"**{found.terms.sum():.4f}** (recorded {found.weight:.4f}): the second order {change} the "
        "first-order weight. The factor is exp(s) of this cell over the mean of exp(s) along the "
        "query's row, weighted by A; S is the softmax of the score s."
    )


def show_squares(found: RefinedParts) -> None:
    """The covariance path of STOSA."""
    if found.squared_weight is not None:
        st.caption(
            f"The means are mixed with M = {found.weight:.4f}, the covariances with its square, "
            f"{found.squared_weight:.2g}; the squares of the query's row sum to "
            f"{found.squared_sum:.4f}, its weights to 1."
        )
