"""Models: what two models are, how they were trained, what their heads do, whether they hold."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, folders
from app.escape import plain, with_commands
from app.figures import charts
from app.folders import evaluation_command
from app.shell import Chosen, check_model
from app.sides import SIDES, model_title
from app.state import Session, session
from awrsr.config import HELD_OUT, ModelConfig, TrainConfig
from awrsr.errors import AwrsrError
from awrsr.experiments.card import Metrics, Training
from awrsr.studies import correlation_matrices
from awrsr.training.checkpoint import read_config

MAX_PROFILED = 500
"""Users whose rows a head's profile is the mean of, evenly drawn from the slice."""
MAX_HISTORY = 4_000_000
"""Bytes of a history.csv that is read: tens of thousands of epochs."""
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
RECORDED = ("HR@5", "HR@10", "NDCG@5", "NDCG@10", "MRR")
ICONS = {
    True: ":green[:material/check_circle:]",
    False: ":red[:material/cancel:]",
    None: ":material/help:",
}
VERDICTS = {True: "pass", False: "fail", None: "not checked"}


def show(chosen: Chosen) -> None:
    """The page."""
    directories: dict[str, Path] = {}
    for side in SIDES:
        name = getattr(chosen, side)
        try:
            check_model(chosen.models[name], chosen.dataset)
            cache.get_model(chosen.models[name])
        except AwrsrError as error:
            st.error(f"Model {side.upper()}, {plain(name)}: {plain(error)}")
            continue
        if chosen.models[name] not in directories.values():
            directories[side] = chosen.models[name]
    if not directories:
        return
    if len(directories) == 1 and chosen.a == chosen.b:
        st.caption("A and B are the same model; it is shown once.")
    for column, (side, directory) in zip(
        st.columns(len(directories)), directories.items(), strict=True
    ):
        with column:
            st.markdown(f"#### {label(side, directory)}")
            show_card(directory)
            show_checks(directory, chosen)
    show_curves(directories)
    show_heads(directories, chosen)
    show_matrices(directories)


def label(side: str, directory: Path) -> str:
    """A model's letter and name."""
    return f"{side.upper()}: {plain(model_title(directory.name))}"


# --- what it is -----------------------------------------------------------------------------------


def show_card(directory: Path) -> None:
    """Weights, metrics with their protocol, settings, the command."""
    model, _, training = read_config(directory)
    recorded = recorded_metrics(directory)
    st.caption(f"`{directory.name}` \u00b7 weights {cache.fingerprint(directory)}")
    if isinstance(recorded, str):
        st.info(with_commands(recorded))
    else:
        st.dataframe(
            pd.DataFrame(
                {
                    "split": list(HELD_OUT),
                    **{
                        name: [
                            f"{getattr(recorded, split).metrics[name]:.4f}" for split in HELD_OUT
                        ]
                        for name in RECORDED
                    },
                }
            ),
            hide_index=True,
            height="content",
            key=f"metrics-{directory.name}",
        )
        protocol = recorded.test.protocol.to_json()
        said = "; ".join(f"{name}: {value}" for name, value in protocol.items())
        st.caption(f"Recorded by `awrsr evaluate`. {plain(said)}.")
    with st.expander("Settings and command"):
        st.dataframe(
            settings_table(model, training),
            hide_index=True,
            height="content",
            key=f"settings-{directory.name}",
        )
        if trained := training_record(directory):
            st.code(trained.command, language="bash", wrap_lines=True)


def recorded_metrics(directory: Path) -> Metrics | str:
    """What metrics.json says of these weights, or why it says nothing."""
    try:
        found = folders.get_metrics(directory)
    except AwrsrError as error:
        return f"metrics.json of {directory.name} is not readable: {error}"
    if found is None:
        return f"No metrics.json: `{evaluation_command(directory)}` writes one."
    if found.weights_sha256 != cache.fingerprint(directory):
        return (
            f"metrics.json of {directory.name} is of other weights: "
            f"`{evaluation_command(directory)}` evaluates these."
        )
    return found


def training_record(directory: Path) -> Training | None:
    """How metrics.json says that the model was trained, if it does."""
    with suppress(AwrsrError):
        found = folders.get_metrics(directory)
        return found.training if found else None
    return None


def settings_table(model: ModelConfig, training: TrainConfig) -> pd.DataFrame:
    """Every setting as a row."""
    rows = [
        (section, name, "default" if value is None else str(value))
        for section, settings in (("model", model), ("training", training))
        for name, value in settings.to_json().items()
    ]
    return pd.DataFrame(rows, columns=["of", "setting", "value"])


# --- whether it holds -----------------------------------------------------------------------------


def show_checks(directory: Path, chosen: Chosen) -> None:
    """One line a law: passed or not, and the number measured."""
    _, why = cache.get_ranks(directory, chosen.dataset)
    recorded = recorded_metrics(directory)
    ndcg = None if isinstance(recorded, str) else recorded.test.metrics["NDCG@10"]
    checks = cache.get_checks(directory, chosen.dataset, ndcg)
    passed = sum(check.passed is True for check in checks)
    st.markdown(f"**Checks of the loaded model: {passed} of {len(checks)} pass**")
    for check in checks:
        measured = check.measured
        if check.passed is None and why:
            measured = f"{measured} ({why})"
        st.markdown(
            f"{ICONS[check.passed]} {plain(check.name)}: {VERDICTS[check.passed]}  \n"
            f":small[{with_commands(measured)}]"
        )


# --- how it was trained ---------------------------------------------------------------------------


def show_curves(directories: dict[str, Path]) -> None:
    """The epochs of history.csv."""
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
            "Per epoch, from history.csv; the diamond is the epoch whose weights were kept, the "
            "best validation NDCG@10. Metrics rank the last item but one of every user among the "
            "whole catalogue."
        )


def read_history(directory: Path) -> pd.DataFrame | str:
    """The numbers of history.csv, or why there are none."""
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


# --- what its heads do ----------------------------------------------------------------------------


def show_heads(directories: dict[str, Path], chosen: Chosen) -> None:
    """What each head gives its weight to over a slice of the users."""
    st.markdown("#### What each head gives its weight to")
    lengths = chosen.dataset.lengths() - 1
    limits = {name: int(np.quantile(lengths, q)) for name, q in (("short", 0.25), ("long", 0.75))}
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
        st.info("No user is in this slice: choose another one.")
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
            if "second_order" not in set(profile["kind"]):  # refined is first order itself
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
        f"Mean over {len(users):,} users of the last row of each head's map, what the position "
        "that makes the prediction attends to. The even row is what the same weight spread evenly "
        "over each history would give: a head does something where it leaves that. A model "
        "without a second order mixes with its first-order weights. "
        + (
            f"Same {plain(group)}: other items whose first listed one is the newest item's. "
            if group
            else ""
        )
        + "Popular: the tenth of the catalogue that occurs most often. Evenness: entropy over that "
        "of an even row. Lag: places before the newest item; several lags share a column."
    )


def drawn_of(users: int) -> str:
    """How many users a profile is the mean of."""
    return f"{users:,}" if users <= MAX_PROFILED else f"{MAX_PROFILED:,} of {users:,}"


def row_titles(profile: pd.DataFrame) -> list[str]:
    """Layer, head and kind of every row."""
    return [
        KINDS[kind] if layer == 0 else f"L{layer} H{head} {KINDS[kind]}"
        for layer, head, kind in zip(
            profile["layer"], profile["head"], profile["kind"], strict=True
        )
    ]


# --- what it learned ------------------------------------------------------------------------------


def show_matrices(directories: dict[str, Path]) -> None:
    """The learned matrix of every layer, both models on one colour scale."""
    st.markdown("#### The matrix that compares rows of attention")
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
                st.info("This model has no second order, so it learns no such matrix.")
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
            "A second-order score (i, j) is the sum over all pairs of slots (p, q) of the weight "
            "that i gives to p, times G at (p, q), times the weight that j gives to q; with "
            "standardised rows, how far each weight is from an even one. Blue pairs "
            "bring i and j together, orange ones apart. The newest item is always in the last "
            "slot, and a history shorter than n fills the last slots alone. "
            "Of the stochastic form this is the mean's matrix: such a sum is what two rows add to "
            "a score together, beside what each adds alone; of the tied form, the mean's part is "
            "minus such a sum over the difference of the two rows. The covariance's part goes "
            "through ELU and a square root, so there is no such matrix of it."
        )
