"""Find: all users in two models, to be sorted, limited and plotted; a row opens on Inspect."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import address, cache, finding, folders
from app.candidates import among
from app.escape import plain
from app.figures import charts
from app.finding import COLUMNS, KINDS, LARGEST, SMALLEST, Limit
from app.shell import Chosen, check_model
from app.sides import model_title
from app.state import AUTOMATIC, EVERY, INSPECT, Session, choices, session
from app.users import offer, show_user
from awrsr.errors import AwrsrError
from awrsr.studies import Scan
from awrsr.training.checkpoint import read_config

MAX_COMPUTED = 5_000
"""Users that are scanned while a person waits; more need the command."""
MAX_ROWS = 1_000
AGREEMENTS = {"shared": ("shared", "{:.1f}"), "divergence": ("JS", "{:.3f}")} | {
    "correlation": ("rho", "{:+.2f}")
}
"""How alike A and B are, and two seeds of one model: titles and forms in the table of slices."""


def show(chosen: Chosen, inspector: Any) -> None:
    """The page.

    Args:
        chosen: the dataset and the models.
        inspector: the page on which a user is opened.
    """
    st.markdown("#### Which users to look at")
    found = find_scan(chosen)
    if found is None:
        return
    scan, noise, key = found
    st.segmented_control(
        "Map", list(KINDS), key=Session.map.name, format_func=KINDS.__getitem__, required=True
    )
    kind = session.map
    table = finding.pair_table(scan, noise, chosen.dataset, chosen.a, chosen.b, kind)
    say_what_is_compared(chosen, table, noise, kind)
    named = finding.slices(table, max_length(chosen))
    if session.slice not in named:
        session.slice = next(iter(named))
    show_slices(table, named, (*key, kind))
    part = table[named[session.slice].chosen]
    if part.empty:
        st.info(
            f"No user is in the slice \u201c{plain(named[session.slice].title)}\u201d: "
            "choose another one above."
        )
        return
    fitting = choose_limits(part)
    if fitting.empty:
        st.info(
            f"None of the slice's {len(part):,} users fits the filter. Widen a limit, or remove it."
        )
        st.button("Remove all limits", on_click=forget_limits)
        return
    if len(fitting) < len(part):
        inside = np.ones(len(fitting), dtype=bool)
        limited = {"limits": finding.Slice("Within the limits", inside)}
        metrics_table(finding.slice_metrics(fitting, limited), "within-limits")
    show_plot(chosen, fitting, inspector)
    show_table(chosen, fitting, len(part), inspector)


# --- what is read ---------------------------------------------------------------------------------


def find_scan(chosen: Chosen) -> tuple[Scan, Scan | None, tuple[Any, ...]] | None:
    """A scan that holds both models, one that holds two seeds, and what identifies them; or None,
    and the page says why."""
    names = list(dict.fromkeys((chosen.a, chosen.b)))
    command = (
        f"`python -m awrsr scan {folders.in_command(chosen.directory)} --attribution` scans all "
        "its models, and those in its seeds/ folder to see what a seed does"
    )
    written, why = None, "there is no scan of this dataset"
    try:
        for name in names:
            check_model(chosen.models[name], chosen.dataset)
        marks = {name: cache.fingerprint(chosen.models[name]) for name in names}
    except AwrsrError as error:
        st.error(plain(error))
        return None
    try:
        written = cache.get_scan(chosen.directory)
    except AwrsrError as error:
        why = str(error)
    if written is not None:
        why = finding.stale(written, chosen.dataset, marks)
    noise = None
    if written is not None and not finding.stale(written, chosen.dataset, {}):
        noise = written
    key = tuple(folders.model_key(chosen.models[name]) for name in names)
    if written is not None and not why:
        return written, noise, key
    if chosen.dataset.n_users > MAX_COMPUTED:
        st.warning(
            f"Nothing to show: {plain(why)}. With {chosen.dataset.n_users:,} users it is not "
            f"computed while you wait: {command}."
        )
        return None
    try:
        own = [chosen.models[name] for name in names]
        again = cache.seed_pair(own[0], own[-1]) or ()
        scan = cache.compute_scan(chosen.dataset, list(dict.fromkeys([*own, *again])))
    except AwrsrError as error:
        st.error(plain(error))
        return None
    st.caption(
        f":material/calculate: {plain(why[0].upper() + why[1:])}, so these two models were scanned "
        f"just now, without attributions. {command}."
    )
    return scan, noise or scan, key


def max_length(chosen: Chosen) -> int:
    """The longest history that either model sees whole."""
    return max(read_config(chosen.models[name])[0].max_length for name in (chosen.a, chosen.b))


def say_what_is_compared(
    chosen: Chosen, table: pd.DataFrame, noise: Scan | None, kind: str
) -> None:
    """Which rows, which protocol, and which two seeds the comparison is set against."""
    st.caption(
        f"{len(table):,} users, leave one out: the last item is the target, ranked among "
        f"{among(chosen.dataset)}. "
        "Attention is the last layer's last row, heads averaged: what the position that makes the "
        "prediction attends to."
    )
    seeds = finding.noise_pair(noise, chosen.a, chosen.b, kind) if noise is not None else None
    st.caption(f":material/graphic_eq: {what_seeds_say(chosen, noise, seeds, kind)}")
    if chosen.a == chosen.b:
        st.info("A and B are the same model: choose two to see how they differ.")
    elif table["divergence"].isna().all():
        lacking = [
            f"{side.upper()}, {model_title(getattr(chosen, side))}"
            for side in "ab"
            if table.get(f"entropy_{side}", pd.Series(dtype=float)).isna().all()
        ]
        st.info(
            f"No {KINDS[kind].lower()} map in {plain(' and in '.join(lacking))}: nothing to "
            "compare. First order and Refined exist in every model."
        )


def what_seeds_say(
    chosen: Chosen, noise: Scan | None, seeds: tuple[str, str] | None, kind: str
) -> str:
    """What the columns of seeds compare, and what they can and cannot tell."""
    if noise is None or seeds is None:
        backbones = {model_title(name).partition(" ")[0] for name in (chosen.a, chosen.b)}
        return (
            f"There are no two seeds of one {' or '.join(sorted(map(plain, backbones)))} to set "
            "this against: train one with another `--train.seed` into the dataset's seeds/ folder "
            "and scan again. Until then nobody can tell how much of a difference is noise."
        )
    words = (
        f"The columns of seeds compare {plain(seeds[0])} with {plain(seeds[1])}, two trainings "
        "that differ by their seed alone. It is one pair: a difference of A and B that is not "
        "clearly larger may be the seed's. A smoother map differs less by nature."
    )
    if not {chosen.a, chosen.b} & {*seeds}:
        words += " Of A's and B's own settings there is no second seed."
    if kind == "second_order" and not finding.has_second_order(noise, seeds[0]):
        words += " These two have no second order, so it is their refined maps that are compared."
    return words


# --- slices and limits ----------------------------------------------------------------------------


def metrics_table(rows: pd.DataFrame, key: str) -> None:
    """Slices with the metrics of both models, their paired intervals, and how alike they are."""

    def number(value: float, form: str = "{:.4f}") -> str:
        return "\u2013" if np.isnan(value) else form.format(value)

    def difference(row: pd.Series, metric: str) -> str:
        if np.isnan(row[f"{metric} low"]):
            return "\u2013"
        mean, low, high = (row[f"{metric} {part}"] for part in ("difference", "low", "high"))
        return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"

    def both(row: pd.Series, metric: str) -> str:
        if not row["users"]:
            return "\u2013"
        return f"{number(row[f'{metric} A'])}, {number(row[f'{metric} B'])}"

    agreements = {
        column: known for column, known in AGREEMENTS.items() if rows[column].notna().any()
    }
    shown = pd.DataFrame(
        {
            "slice": rows["title"],
            "users": rows["users"],
            **{
                column: [write(row, metric) for _, row in rows.iterrows()]
                for metric in ("NDCG@10", "HR@10")
                for column, write in {
                    f"{metric} of A, B": both,
                    f"{metric} of B minus A": difference,
                }.items()
            },
            **{
                f"{title}, seeds": [
                    f"{number(one, form)}, {number(seeds, form)}"
                    for one, seeds in zip(rows[column], rows[f"{column}_seeds"], strict=True)
                ]
                for column, (title, form) in agreements.items()
            },
        }
    )
    st.dataframe(
        shown,
        hide_index=True,
        key=key,
        height="content",
        column_config={
            "slice": st.column_config.TextColumn(width=222),
            "users": st.column_config.NumberColumn(width=55),
            **{
                f"{title}, seeds": st.column_config.TextColumn(width=95)
                for title, _ in agreements.values()
            },
        },
    )


def show_slices(table: pd.DataFrame, named: dict[str, finding.Slice], key: tuple[Any, ...]) -> None:
    """The slices with their metrics, and which one is looked at."""
    with st.expander("Slices and their metrics", expanded=True):
        metrics_table(cache.get_slice_metrics(key, table, named), "slices")
        st.caption(
            "In brackets the 95% paired bootstrap interval over the slice's users; where it holds "
            "0 the slice does not tell the models apart. Of A and B, and then of two seeds of one "
            "model, shared: items among the first ten of both; JS: Jensen-Shannon divergence of "
            "the rows in bits; rho: Spearman's rank correlation. Slices "
            "made by ranks or by attention were chosen by what they are measured on: read them as "
            "places to look, not as results."
        )
    st.selectbox(
        "Slice", list(named), key=Session.slice.name, format_func=lambda name: label_of(named[name])
    )


def label_of(part: finding.Slice) -> str:
    """A slice's title and how many users are in it."""
    return f"{part.title} \u00b7 {int(part.chosen.sum()):,}"


def choose_limits(table: pd.DataFrame) -> pd.DataFrame:
    """The users whose values lie within all limits."""
    offered = [name for name in COLUMNS if name in table and table[name].notna().any()]
    lacking = [limit.column for limit in session.where if limit.column not in table]
    if lacking:
        titles = ", ".join(COLUMNS[name].title for name in lacking)
        st.caption(f"Without effect: limits on {plain(titles)}, which this scan does not have.")
        session.where = [limit for limit in session.where if limit.column in table]
    session.limited = [limit.column for limit in session.where]
    for limit in session.where:
        session.low[limit.column], session.high[limit.column] = limit.low, limit.high
    with st.expander(filter_title(session.where), expanded=bool(session.where)):
        st.multiselect(
            "Limit",
            list(dict.fromkeys([*offered, *session.limited])),
            key=Session.limited.name,
            format_func=lambda name: COLUMNS[name].title,
            on_change=take_limits,
            placeholder="Length, a rank, evenness, ...",
        )
        for limit in session.where:
            title, meaning, form = COLUMNS[limit.column]
            values = table[limit.column].dropna()
            ends = f"{values.min():.4g} to {values.max():.4g}" if len(values) else "no values"
            with st.container(horizontal=True, gap="small"):
                for end, word in ((Session.low, "at least"), (Session.high, "at most")):
                    st.number_input(
                        f"{title} {word}",
                        value=None,
                        step=1.0 if form in ("%d", "%+d") else 0.05,
                        format="%g",
                        key=end.named(limit.column),
                        on_change=take_limits,
                        placeholder=ends,
                        help=meaning,
                    )
    fits = np.ones(len(table), dtype=bool)
    for limit in session.where:
        fits &= limit.fits(table).to_numpy()
    return table[fits]


def filter_title(limits: list[Limit]) -> str:
    """The filter in words."""
    if not limits:
        return "Filter"
    said = [
        COLUMNS[limit.column].title
        + (f" \u2265 {limit.low:g}" if limit.low is not None else "")
        + (f" \u2264 {limit.high:g}" if limit.high is not None else "")
        for limit in limits
    ]
    return f"Filter: {plain('; '.join(said))}"


def take_limits() -> None:
    """The limits as the widgets have them; a new column begins without any."""
    before = {limit.column: limit for limit in session.where}
    session.where = [
        replace(
            before.get(column, Limit(column=column)),
            low=session.low[column] if column in before else None,
            high=session.high[column] if column in before else None,
        )
        for column in session.limited
    ]


def forget_limits() -> None:
    """No limits."""
    session.where = []


# --- users ----------------------------------------------------------------------------------------


def show_plot(chosen: Chosen, table: pd.DataFrame, inspector: Any) -> None:
    """Any two columns against each other; a click on a point opens the user."""
    titles = {name: column.title for name, column in COLUMNS.items()}
    offered = [name for name in COLUMNS if name in table]
    if session.x not in offered:
        session.x = Session.x.default
    if session.y not in offered:
        session.y = Session.y.default
    with st.container(horizontal=True, gap="small"):
        for axis, words in ((Session.x, "Across"), (Session.y, "Up")):
            st.selectbox(words, offered, key=axis.name, format_func=titles.__getitem__)
    x, y = session.x, session.y
    drawn = table.dropna(subset=[x, y])
    if drawn.empty:
        lacking = COLUMNS[x if table[x].isna().all() else y].title
        st.info(f"No user has a value of \u201c{plain(lacking)}\u201d: choose another column.")
        return
    picked = st.plotly_chart(
        charts.scatter(drawn, x, y, titles),
        key=Session.scatter.named(session.find_picks),
        on_select="rerun",
        selection_mode="points",
        config={"displaylogo": False},
    )
    missing = len(table) - len(drawn)
    st.caption(
        f"{len(drawn):,} users"
        + (f", {missing:,} without a value left out" if missing else "")
        + ". Colour: blue where B ranks the held-out item better, orange where A does; full where "
        "the rank is an eighth or less. A click on a point opens the user."
    )
    points = picked["selection"]["point_indices"]
    if points and points[0] < len(drawn):
        open_user(str(drawn["user_id"].iloc[points[0]]), chosen, inspector)


def show_table(chosen: Chosen, table: pd.DataFrame, of: int, inspector: Any) -> None:
    """The users as rows; a click on one opens it."""
    offered = [name for name in COLUMNS if name in table]
    if session.sort not in offered:
        session.sort = Session.sort.default
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.selectbox(
            "Sort by", offered, key=Session.sort.name, format_func=lambda name: COLUMNS[name].title
        )
        st.segmented_control(
            "Order",
            [LARGEST, SMALLEST],
            key=Session.order.name,
            required=True,
            label_visibility="collapsed",
        )
    ordered = table.sort_values(
        session.sort, ascending=session.order == SMALLEST, kind="stable", na_position="last"
    ).head(MAX_ROWS)
    left_out = {*finding.LAGS} | ({*finding.OF_REPEATS} if not ordered["repeats"].any() else set())
    columns = [
        name
        for name in COLUMNS
        if name in ordered
        and (name == session.sort or (ordered[name].notna().any() and name not in left_out))
    ]
    shown = ordered[["user_id", *columns]]
    selected = st.dataframe(
        shown,
        hide_index=True,
        height=420,
        key=Session.found.named(session.find_picks, len(shown), session.sort, session.order),
        on_select="rerun",
        selection_mode="single-row",
        column_config={"user_id": st.column_config.TextColumn("user", pinned=True)}
        | {
            name: st.column_config.NumberColumn(
                COLUMNS[name].title, help=COLUMNS[name].meaning, format=COLUMNS[name].form
            )
            for name in columns
        },
    )["selection"]["rows"]
    counted = f"{len(table):,} of {of:,} users of the slice"
    if len(table) > MAX_ROWS:
        counted += f", the first {MAX_ROWS:,} shown"
    st.caption(
        f"{counted}. Select a row to open the user on Inspect with A, "
        f"{plain(model_title(chosen.a))}, and B, {plain(model_title(chosen.b))}."
    )
    if selected and selected[0] < len(shown):
        open_user(str(shown["user_id"].iloc[selected[0]]), chosen, inspector)


def open_user(user: str, chosen: Chosen, inspector: Any) -> None:
    """This user's history and held-out item, on Inspect, in the same two models."""
    session.find_picks += 1  # nothing is selected on coming back
    show_user(user)
    session.target = AUTOMATIC
    session.rival = None
    # With its whole address at once: each change of it is one more step for the browser to go back.
    offered = choices(offer(chosen.dataset, chosen.models), EVERY, INSPECT)
    st.switch_page(inspector, query_params=address.link(chosen.name, chosen.models, offered))
