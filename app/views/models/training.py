"""Training by epoch, and the learned matrices."""

from pathlib import Path

import numpy as np
import streamlit as st

from app import cache
from app.escape import plain, with_commands
from app.figures import charts
from app.folders import read_history
from app.sides import model_title
from app.views.models.card import label, training_record
from awrsr.data.dataset import Dataset
from awrsr.data.splits import held_out_words
from awrsr.studies import correlation_matrices


def show_curves(directories: dict[str, Path], dataset: Dataset) -> None:
    """Curves of history.csv."""
    st.markdown("#### Training")
    histories, best = {}, {}
    for side, directory in directories.items():
        name = f"{side.upper()}: {model_title(directory.name)}"
        table = read_history(directory, charts.CURVES)
        if isinstance(table, str):
            st.info(with_commands(table))
            continue
        histories[name] = table
        if trained := training_record(directory):
            best[name] = trained.best_epoch
    if histories:
        st.plotly_chart(
            charts.training_curves(histories, best),
            key="curves",
            config={"displayModeBar": False},
        )
        held_out = held_out_words(dataset.time_split, "validation").partition(": ")[2]
        st.caption(
            "Per epoch, from history.csv. Diamond: the epoch of the kept weights (best validation "
            f"NDCG@10). Validation: {held_out} of every user, ranked among the whole catalogue."
        )


def show_matrices(directories: dict[str, Path]) -> None:
    """The learned matrix of every layer, both models on one colour scale."""
    st.markdown("#### Matrix for comparing attention rows")
    found = {
        side: correlation_matrices(cache.get_model(directory))
        for side, directory in directories.items()
    }
    values = [matrix.values for matrices in found.values() for matrix in matrices]
    top = max((float(np.abs(matrix).max()) for matrix in values), default=0.0)
    for column, (side, directory) in zip(
        st.columns(len(directories)), directories.items(), strict=True
    ):
        with column:
            st.markdown(f"**{label(side, directory)}**")
            if not found[side]:
                st.info("This model has no second order, so it has no such matrix.")
            for matrix in found[side]:
                head, key = "", f"matrix-{side}-{matrix.layer}"
                if matrix.head is not None:
                    head, key = f", head {matrix.head}", f"{key}-{matrix.head}"
                st.markdown(f"Layer {matrix.layer}{head}: G = {plain(matrix.formula)}")
                st.plotly_chart(
                    charts.matrix_map(matrix.values, top or 1.0),
                    key=key,
                    config={"displayModeBar": False},
                )
    if values:
        st.caption(
            "Second-order score (i, j): sum over pairs of slots (p, q) of the weight of i on p, "
            "times G(p, q), times the weight of j on q; with standardised rows, deviations of the "
            "weights from even ones. Blue pairs raise the score, orange pairs lower it. The "
            "newest item is in the last slot; a history shorter than n fills only the last slots. "
            "Stochastic form: G is the mean's matrix, and the sum is the joint term of two rows; "
            "each row adds a term of its own. Tied form: the mean's part is minus such a sum over "
            "the difference of the two rows. The covariance's part passes through ELU and a square "
            "root, so it has no such matrix."
        )
