"""Training by epoch, and the learned matrices."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app import cache
from app.escape import plain, with_commands
from app.figures import charts
from app.sides import model_title
from app.views.models.card import label, training_record
from awrsr.studies import correlation_matrices

MAX_HISTORY = 4_000_000
"""Maximum bytes of history.csv: tens of thousands of epochs."""


def show_curves(directories: dict[str, Path]) -> None:
    """Curves of history.csv."""
    st.markdown("#### Training")
    histories, best = {}, {}
    for side, directory in directories.items():
        name = f"{side.upper()}: {model_title(directory.name)}"
        table = read_history(directory)
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
        st.caption(
            "Per epoch, from history.csv. Diamond: the epoch of the kept weights (best validation "
            "NDCG@10). Validation: the last but one item of every user, ranked among the whole "
            "catalogue."
        )


def read_history(directory: Path) -> pd.DataFrame | str:
    """The numbers of history.csv, or the reason why there are none."""
    path = directory / "history.csv"
    if not path.is_file():
        return f"{directory.name} has no history.csv: `python -m awrsr train` writes one"
    if (size := path.stat().st_size) > MAX_HISTORY:
        return (
            f"history.csv of {directory.name} has {size:,} bytes; accepted: at most {MAX_HISTORY:,}"
        )
    try:
        table: pd.DataFrame = pd.read_csv(path).apply(pd.to_numeric, errors="coerce")
    except (OSError, ValueError) as error:
        return f"history.csv of {directory.name} is not readable: {error}"
    if "epoch" not in table or not set(charts.CURVES) & set(table):
        return f"history.csv of {directory.name} has no epochs; it has {', '.join(map(str, table))}"
    return table


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
                of_head, key = "", f"matrix-{side}-{matrix.layer}"
                if matrix.head is not None:
                    of_head, key = f", head {matrix.head}", f"{key}-{matrix.head}"
                st.markdown(f"Layer {matrix.layer}{of_head}: G = {plain(matrix.formula)}")
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
            "Stochastic form: G is the mean's matrix, and the sum is the joint term of two rows, "
            "beside a term of each row. Tied form: the mean's part is minus such a sum over the "
            "difference of the two rows. The covariance's part passes through ELU and a square "
            "root, so it has no such matrix."
        )
