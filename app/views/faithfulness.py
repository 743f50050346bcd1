"""Faithfulness: recorded studies of explanations over many users."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.escape import plain
from app.figures import faithfulness as figures
from app.folders import in_command
from app.sentences import study_sentence
from app.shell import Chosen
from app.sides import model_title
from app.state import Session, session
from awrsr.config import Split
from awrsr.data.dataset import Dataset
from awrsr.data.planted import BINDING, OCCASION
from awrsr.errors import AwrsrError
from awrsr.experiments.comparison import records
from awrsr.explain import CAUSE_MEASURES, EXPLANATIONS, LOWER_IS_BETTER, MEASURES, RANDOM
from awrsr.figures import MODEL_COLORS
from awrsr.io.listing import passed_over, visible_directories
from awrsr.ranking.evaluation import candidates_words, seen_words
from awrsr.studies import FORCED_SHARE, LESS, STUDY_FILE, Study, against_floor, read_study

FOLDER = "faithfulness"
"""Folder of a dataset directory with its recorded studies, one folder each."""
SORTS = {"all": "All", BINDING: "Binding", OCCASION: "Occasion"}
STANDINGS = {"standard_score": "standard score", "ndcg": "NDCG"}
TITLES = {**CAUSE_MEASURES, **MEASURES}


def show(chosen: Chosen) -> None:
    """The page."""
    st.subheader("Do explanations find the items that recommendations rest on?")
    if words := passed_over(chosen.directory / FOLDER):
        st.caption(f":material/visibility_off: {plain(words)}")
    finished = {}
    for directory in visible_directories(chosen.directory / FOLDER, STUDY_FILE):
        study = read(directory, chosen)
        if study is not None:
            finished[directory.name] = study
    if not finished:
        st.info(
            f"No finished study of {plain(chosen.name)} is recorded. This command makes "
            "one for the chosen models:"
        )
        st.code(command(chosen), language=None)
        return
    wanted = f"{chosen.a}_{chosen.b}"
    if session.study not in finished or session.study_of != (chosen.name, wanted):
        session.study = wanted if wanted in finished else next(iter(finished))
    session.study_of = chosen.name, wanted  # another pair in the sidebar selects its own study
    name = st.selectbox(
        "Study",
        list(finished),
        key=Session.study.name,
        format_func=lambda name: " and ".join(map(model_title, finished[name].about["models"])),
    )
    if set(finished[name].about["models"]) != {chosen.a, chosen.b}:
        st.caption(
            ":material/info: This study is about other models than those chosen in the sidebar."
        )
    show_study(finished[name], chosen.dataset)
    if wanted not in finished:
        with st.expander("Another pair of models"):
            st.markdown("This command makes a study of the models chosen in the sidebar:")
            st.code(command(chosen), language=None)


def read(directory: Path, chosen: Chosen) -> Study | None:
    """A finished study of this dataset; otherwise a box with the reason, and None."""
    try:
        study = read_study(directory)
    except AwrsrError as error:
        st.error(plain(error))
        return None
    if study.about.get("dataset", {}).get("fingerprint") != chosen.dataset.fingerprint:
        st.error(f"{plain(directory)} is a study of other data; run it again.")
        return None
    if not study.finished:
        st.info(
            f"{plain(directory.name)} is unfinished: {study.done} of {study.about['users']} users. "
            "This command continues it:",
            icon=":material/hourglass_empty:",
        )
        st.code(f"{study.about.get('command', '')} --resume", language=None)
        return None
    return study


def command(chosen: Chosen) -> str:
    """The command that makes a study of the chosen models."""
    a, b = (in_command(chosen.models[name]) for name in (chosen.a, chosen.b))
    beside = f" --beside {b}" if chosen.a != chosen.b else ""
    return f"python -m awrsr faithfulness {a}{beside} --sample 200 --seed 0"


def show_study(study: Study, dataset: Dataset) -> None:
    """Differences to floors, the table of means, and the mean curves."""
    assert study.summary is not None and study.curves is not None
    models = {name: model_title(name) for name in study.about["models"]}
    measures = [name for name in TITLES if name in set(study.summary["measure"])]
    sorts = [sort for sort in SORTS if sort in set(study.summary["sort"])]
    with st.container(horizontal=True, gap="medium"):
        measure = st.selectbox(
            "Measure", measures, format_func=titled, key=Session.study_measure.name
        )
        sort = sorts[0]
        if len(sorts) > 1:
            sort = st.segmented_control(
                "Planted causes",
                sorts,
                default=sort,
                required=True,
                format_func=lambda name: SORTS[name],
                key=Session.study_sort.name,
                help="Binding: a person is met again, and the item that was next to that person "
                "follows. Occasion: on return to a market, the treasure found there is claimed.",
            )
    rows = study.summary[(study.summary["sort"] == sort) & (study.summary["measure"] == measure)]
    for name, title in models.items():
        if words := study_sentence(rows[rows["model"] == name], measure, title):
            st.markdown(plain(words))
    st.markdown(f"##### {titled(measure)}, minus its floor")
    st.plotly_chart(
        figures.less_floor(rows, models, MODEL_COLORS),
        key="faithful-less-floor",
        config={"displayModeBar": False},
        alt=f"{titled(measure)} of every explanation minus its floor",
    )
    st.caption(FLOOR if "floor" in rows else "Floor: random orders.")
    with st.expander("All explanations, with their means"):
        show_verdict(rows, models, SORTS[sort] if sort != "all" else "")
        st.markdown("##### Means over users")
        st.dataframe(means(rows, models), hide_index=True, key="study-means", height="content")
    show_curves(study, sort, models)
    about = study.about
    split: Split = "validation" if about["split"] == "validation" else "test"
    held_out = f" ({plain(rule)})" if (rule := about.get("held_out")) else ""
    st.caption(
        f"Protocol: the {plain(about['split'])} item of {plain(about['users'])} of "
        f"{plain(about['of_users'])} users{held_out}, drawn by seed {plain(about['seed'])}; "
        f"{int(rows['users'].max()) if len(rows) else 0} in this table{open_users(about)}. Means "
        "over users, 95% "
        f"bootstrap intervals. {figures.HOW} Ranks and NDCG: among "
        f"{plain(candidates_words(dataset.n_items, about['candidates']))}; "
        f"{plain(seen_words(dataset, split))}; ties count against the target."
    )
    st.code(str(about.get("command", "")), language=None)


FLOOR = (
    "Floor: the mean of random orders. For an explanation that ranks the newest item first for at "
    f"least {FORCED_SHARE:.0%} of the users, random orders that do the same (marked *)."
)
VERDICT_WORDS = {
    "better": "better than its floor",
    "undecided": "not distinguishable from its floor",
    "worse": "worse than its floor",
}


def open_users(about: Mapping[str, Any]) -> str:
    """The number of users left out because no item determines their held-out item."""
    left_out = plain(about["open_users"])
    return f"; {left_out} users without a planted cause are left out" * bool(about["open_users"])


def show_verdict(rows: pd.DataFrame, models: dict[str, str], sort: str) -> None:
    """The explanations that are better than their floors, and those that are not, per model."""
    lines = []
    for name, title in models.items():
        part = rows[rows["model"] == name]
        if part.empty:
            continue
        means_of = part.set_index("explanation")["mean"]
        cells = {row["explanation"]: beside_floor(row) for row in records(part)}
        parts = [
            f"**{VERDICT_WORDS[side]}** "
            + ", ".join(f"{plain(_title(e))} {cells[e]}" for e in explanations)
            for side, explanations in against_floor(part).items()
            if explanations
        ]
        where = f", {sort.lower()} causes" if sort else ""
        lines.append(f"- {plain(title)}{where}: {'; '.join(parts)} (random {means_of[RANDOM]:.3f})")
    if lines:
        st.markdown("\n".join(lines))
        st.caption("By the 95% intervals above. Recency and popularity do not depend on the model.")


def beside_floor(row: Mapping[str, Any]) -> str:
    """A mean, with its floor if that is not the one of plain random orders."""
    floor = f" (its floor {row['floor']:.3f}*)" if figures.has_own_floor(row) else ""
    return f"{row['mean']:.3f}{floor}"


def titled(measure: str) -> str:
    """A measure with its better direction."""
    better = "lower" if measure in LOWER_IS_BETTER else "higher"
    return f"{TITLES[measure]} ({better} is better)"


def means(rows: pd.DataFrame, models: dict[str, str]) -> pd.DataFrame:
    """One row per explanation; per model a mean and its difference to the floor; one column for the
    difference of the models."""
    headings = models | {
        LESS.join(
            reversed(models)
        ): f"{list(models.values())[-1]} minus {next(iter(models.values()))}"
    }
    cells: dict[str, dict[str, str]] = {}
    for row in records(rows):
        name, line = row["model"], cells.setdefault(row["explanation"], {})
        sign = "+" if LESS in name else ""
        line[headings.get(name, name)] = (
            f"{row['mean']:{sign}.3f} ({row['low']:{sign}.3f} to {row['high']:{sign}.3f})"
        )
        if name in models and "floor" in row:
            mark = "*" if figures.has_own_floor(row) else ""
            line[f"{models[name]}, minus floor"] = (
                f"{row['less_floor']:+.3f} ({row['less_floor_low']:+.3f} to "
                f"{row['less_floor_high']:+.3f}); floor {row['floor']:.3f}{mark}"
            )
    return pd.DataFrame(
        [
            {"explanation": EXPLANATIONS[name].title, **cells[name]}
            for name in EXPLANATIONS
            if name in cells
        ]
    ).fillna("\u2013")


def show_curves(study: Study, sort: str, models: dict[str, str]) -> None:
    """Mean deletion and insertion curves, one figure per model."""
    assert study.curves is not None
    st.markdown("##### Mean curves")
    curves = study.curves[study.curves["sort"] == sort]
    offered = [name for name in EXPLANATIONS if name in set(curves["explanation"])]
    chosen = st.multiselect(
        "Explanations",
        offered,
        default=[name for name in offered if EXPLANATIONS[name].shown_first],
        format_func=lambda name: EXPLANATIONS[name].title,
        key=Session.study_chosen.name,
    )
    standing = st.segmented_control(
        "Height",
        list(STANDINGS),
        default=next(iter(STANDINGS)),
        required=True,
        format_func=lambda name: STANDINGS[name],
        key=Session.study_standing.name,
    )
    for column, (name, title) in zip(st.columns(len(models)), models.items(), strict=True):
        with column:
            st.markdown(f"**{plain(title)}**")
            st.plotly_chart(
                figures.mean_curves(curves, name, chosen, standing),
                key=f"faithful-mean-{name}",
                config={"displayModeBar": False},
                alt=f"Mean deletion and insertion curves of {title}",
            )


def _title(explanation: str) -> str:
    """The title of a recorded explanation, which may be unknown here."""
    known = EXPLANATIONS.get(explanation)
    return explanation if known is None else known.title
