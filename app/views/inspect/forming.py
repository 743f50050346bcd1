"""How it came to be: the same history with the weights of earlier epochs of training."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app import cache
from app.candidates import among
from app.case import Case
from app.epochs import (
    FINAL,
    epoch_title,
    final_epoch,
    kept_epochs,
    nearest,
    shown_epoch,
    validation,
    weights_directory,
)
from app.escape import plain
from app.figures import forming as figures
from app.sides import SIDES, Side
from app.state import Session, session
from awrsr.data.splits import held_out_words
from awrsr.errors import AwrsrError
from awrsr.training.snapshots import snapshot_epochs


def show(case: Case | None, runs: Sequence[Path]) -> None:
    """The slider and, next to it, the target's rank and the validation metric by epoch; nothing if
    no model has kept an epoch.

    Args:
        case: the case on the page; None if no model can be run, perhaps because of the epoch.
        runs: the directories of the chosen models A and B.
    """
    epochs = kept_epochs(runs)
    session.epoch = nearest(session.epoch, epochs)
    if not epochs:
        return
    words = ""
    if case is not None:
        words = (
            f" Left: rank of \u25c6 {plain(case.target_title)} after this history, computed with "
            f"the weights of each kept epoch, among {among(case.dataset)}. Right: from "
            f"history.csv, {held_out_words(case.dataset.time_split, 'validation')} of every user, "
            "ranked by the same rule. Points: "
            "kept epochs; diamond: the final weights; ring: on this page. A is blue, B orange."
        )
    with st.container(key="forming"):
        left, right = st.columns([2, 3], gap="medium", vertical_alignment="center")
        with left:
            st.markdown(
                "**How it came to be**",
                help="The board, the cards, the lists and the tabs follow the slider. Between two "
                f"kept epochs nothing is known.{words}",
            )
            show_slider(epochs, runs)
        if case is not None:
            with right:
                show_curves(case)


def show_slider(epochs: Sequence[int], runs: Sequence[Path]) -> None:
    """The slider, and the shown epoch of each model in words."""
    st.select_slider(
        "Epoch",
        [*epochs, FINAL],
        key=Session.epoch.name,
        format_func=lambda epoch: "final" if epoch == FINAL else str(epoch),
    )
    words = [
        f"{key.upper()}: {in_words(run, session.epoch)}"
        for key, run in zip(SIDES, runs, strict=True)
    ]
    st.caption(". ".join(words) + ".")


def show_curves(case: Case) -> None:
    """The target's rank and the validation metric by epoch."""
    st.plotly_chart(
        figures.curves([formed(case, side) for side in case.sides]),
        key="forming-curves",
        config={"displayModeBar": False},
        alt=f"Rank of {case.target_title} and validation NDCG@10 by epoch",
    )


def in_words(run: Path, asked: int) -> str:
    """Which weights of a run are shown, and why if they are not those asked for."""
    shown = shown_epoch(run, asked)
    if shown != FINAL:
        why = f", the kept one nearest to {asked}" if shown != asked else ""
        return epoch_title(run, shown) + why
    best = final_epoch(run)
    words = "final weights" + ("" if best is None else f", those of {epoch_title(run, best)}")
    return words + ("; no other epoch was kept" if asked != FINAL else "")


def formed(case: Case, side: Side) -> figures.Forming:
    """The target's rank in a model at each kept epoch and at the final one, and its history."""
    best = final_epoch(side.run)
    epochs = {epoch: epoch for epoch in snapshot_epochs(side.run)}
    if best is not None:
        epochs[best] = FINAL
    ranks = {at: rank_at(case, side.run, epoch) for at, epoch in sorted(epochs.items())}
    return figures.Forming(
        name=side.key.upper(),
        color=SIDES.index(side.key),
        ranks={epoch: rank for epoch, rank in ranks.items() if rank is not None},
        final=best,
        ndcg=validation(side.run),
        shown=best if side.epoch == FINAL else side.epoch,
    )


def rank_at(case: Case, run: Path, epoch: int) -> int | None:
    """The target's rank with the weights of an epoch; None if they cannot be read."""
    left_out = tuple(item for item in case.left_out if item != case.target)
    try:
        directory = weights_directory(run, epoch)
        found = cache.get_standings(directory, (case.history,), (left_out,), case.target, 1)
    except AwrsrError:  # reported where that epoch is chosen
        return None
    return int(found.ranks[0])
