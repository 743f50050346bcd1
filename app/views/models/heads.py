"""Attention weight of a model's heads by kind of key."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app import cache
from app.escape import plain
from app.figures import charts
from app.shell import Chosen
from app.state import Session, session
from app.views.models.card import label

MAX_PROFILED = 500
"""Maximum number of users in a head's profile, evenly drawn from the slice."""
SLICES = {"all": "All users", "short": "Short histories", "long": "Long histories"}
KINDS = {"first_order": "first", "second_order": "second", "refined": "refined", "even": "even row"}
SHARES = {
    "itself": "newest item",
    "lag_1": "1 before",
    "lag_2_3": "2\u20133",
    "lag_4_7": "4\u20137",
    "lag_8_15": "8\u201315",
    "lag_16": "16 and more",
    "first": "oldest seen",
    "group": "same group",
    "popular": "popular",
    "repeats": "repeats",
    "entropy_share": "evenness",
}


def show_heads(directories: dict[str, Path], chosen: Chosen) -> None:
    """Attention weight of each head by kind of key, over a slice of the users."""
    st.markdown("#### Attention weight of each head")
    lengths = chosen.dataset.parts.targets["test"]
    known = lengths[chosen.dataset.has_target("test")]
    limits = {name: int(np.quantile(known, q)) for name, q in (("short", 0.25), ("long", 0.75))}
    titles = {
        "all": f"All users ({drawn_of(int((lengths > 0).sum()))})",
        "short": f"Short histories (at most {limits['short']} items)",
        "long": f"Long histories ({limits['long']} items or more)",
    }
    st.segmented_control(
        "Slice", list(SLICES), key=Session.over.name, format_func=titles.__getitem__, required=True
    )
    inside = {
        "all": lengths > 0,
        "short": (lengths > 0) & (lengths <= limits["short"]),
        "long": (lengths > 0) & (lengths >= limits["long"]),
    }[session.over]
    users = np.flatnonzero(inside)
    if not len(users):
        st.info("No user is in this slice: choose another slice.")
        return
    if len(users) > MAX_PROFILED:
        users = users[np.linspace(0, len(users) - 1, MAX_PROFILED).round().astype(int)]
    group = cache.get_item_names(chosen.dataset).group_name
    for column, (side, directory) in zip(
        st.columns(len(directories)), directories.items(), strict=True
    ):
        with column:
            st.markdown(f"**{label(side, directory)}**")
            profile = cache.get_head_profile(
                directory, chosen.dataset, tuple(int(user) for user in users)
            )
            if "second_order" not in set(profile["kind"]):  # refined equals first order
                profile = profile[profile["kind"] != "refined"]
            shown = {name: title for name, title in SHARES.items() if name in profile}
            if "group" in shown:
                shown["group"] = f"same {group}"
            if profile["repeats"].abs().max() == 0:
                del shown["repeats"]
            st.plotly_chart(
                charts.head_map(profile, shown, row_titles(profile)),
                key=f"heads-{side}",
                config={"displayModeBar": False},
            )
    st.caption(
        f"Mean over {len(users):,} users of the last row of each head's map (the position that "
        "makes the prediction). Even row: the same weight spread evenly over each history, for "
        "comparison. A model without a second order mixes values with its first-order weights. "
        + (
            f"Same {plain(group)}: other items whose first {plain(group)} is the newest item's. "
            if group
            else ""
        )
        + "Popular: the most frequent tenth of the catalogue. Evenness: entropy divided by that "
        "of an even row. Lag: places before the newest item; some columns have several lags."
    )


def drawn_of(users: int) -> str:
    """The number of users in a profile, in words."""
    return f"{users:,}" if users <= MAX_PROFILED else f"{MAX_PROFILED:,} of {users:,}"


def row_titles(profile: pd.DataFrame) -> list[str]:
    """Layer, head and kind of every row."""
    return [
        KINDS[kind] if layer == 0 else f"L{layer} H{head} {KINDS[kind]}"
        for layer, head, kind in zip(
            profile["layer"], profile["head"], profile["kind"], strict=True
        )
    ]
