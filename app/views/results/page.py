"""Results: recorded experiments on attention and refinement, read from their files."""

import os
from pathlib import Path

import pandas as pd
import streamlit as st

from app import address, folders
from app.escape import plain, with_commands
from app.figures import results as figures
from app.forms import Choice
from app.keys import Key
from app.sentences import results_sentence
from app.state import RESULTS, Session, session
from app.views.results.example import show_example
from awrsr.errors import AwrsrError, counted
from awrsr.experiments import report, sentences, tables
from awrsr.experiments.averages import in_order, means, minus_vanilla
from awrsr.experiments.comparison import MARGIN, MIN_SEEDS, PAIRED_METRICS
from awrsr.experiments.grid import Grid, read_grid
from awrsr.experiments.record import Results, read_results
from awrsr.experiments.verdict import NO_VERDICT, VERDICT_KEY, by_grid, verdict_rows
from awrsr.experiments.verdict_words import sentence, verdict_table
from awrsr.models import BACKBONES

EXPERIMENTS = folders.ASSETS.parent / "experiments"
EXPERIMENTS_VARIABLE = "AWRSR_EXPERIMENTS"
"""Environment variable: another folder with grids and their recorded results."""

AS_MEASURED = ["As measured", "Minus vanilla"]
LESS = ", minus vanilla of the same seed"


def show() -> None:
    """The page."""
    st.subheader("What is attention worth, and does refinement improve recommendations?")
    folder = Path(os.environ.get(EXPERIMENTS_VARIABLE, EXPERIMENTS))
    if folder == EXPERIMENTS and not folder.is_dir():  # an installed package has no results
        st.info(
            "No results are recorded here. Record some with `python -m awrsr experiment "
            f"experiments/GRID.toml` and name their folder in {EXPERIMENTS_VARIABLE}."
        )
        return
    recorded, planned = read_folder(folder)
    if not recorded:
        st.info(
            f"No results are recorded in {plain(folder)}. Run a grid, or record finished "
            "runs: `python -m awrsr experiment experiments/GRID.toml [--record]`."
        )
        show_planned(planned)
        return
    show_verdict(recorded)
    results, dataset, loss = choose(recorded)
    if results.missing:
        st.info(sentences.state(results), icon=":material/hourglass_empty:")
    show_claim(results, dataset, loss)
    show_intervals(results, dataset, loss)
    show_models(results, dataset, loss)
    compared = st.segmented_control(
        "Lines",
        AS_MEASURED,
        default=AS_MEASURED[0],
        required=True,
        key=Session.lines.name,
        help="For the curves below. Minus vanilla: each other model minus vanilla of the same "
        "seed, to make small differences visible.",
    )
    differences = compared == AS_MEASURED[1]
    show_cutoffs(results, dataset, loss, differences)
    show_training(results, dataset, loss, differences)
    show_example(results, dataset, loss)
    show_data(recorded)
    show_planned(planned)


def read_folder(folder: Path) -> tuple[list[Results], list[Grid]]:
    """The grids with results and those without; one error box per unreadable grid."""
    recorded, planned = [], []
    try:
        files = report.grid_files(folder)
    except AwrsrError as error:
        st.error(with_commands(error))
        return [], []
    for file in files:
        try:
            found = read_results(file)
            if found is not None:
                recorded.append(found)
            else:
                planned.append(read_grid(file))
        except AwrsrError as error:
            st.error(with_commands(error))
    return recorded, planned


def choose(recorded: list[Results]) -> tuple[Results, str, str]:
    """The chosen grid, dataset and loss; a choice is shown only if there are several options."""
    grids = {results.grid.name: results for results in recorded}
    columns = st.columns(3)
    address.follow(RESULTS)
    with columns[0]:
        chosen = [choose_one("Experiment", Session.grid, list(grids))]
    results = grids[session.grid]
    seeds = results.test.groupby(["dataset", "loss"])["seed"].nunique()
    parts = sorted(tables.parts(results), key=lambda part: -seeds[part])  # most seeds first
    with columns[1]:
        chosen.append(
            choose_one("Dataset", Session.data, list(dict.fromkeys(name for name, _ in parts)))
        )
    with columns[2]:
        losses = [loss for name, loss in parts if name == session.data]
        chosen.append(choose_one("Loss", Session.loss, losses))
    address.write(session.to_url(chosen))
    if results.grid.about:
        st.caption(plain(results.grid.about))
    return results, session.data, session.loss


def choose_one(label: str, key: Key[str], options: list[str]) -> Choice:
    """A selectbox with its value in the address, or the only option."""
    choice = key.among(options)
    address.show_problems(address.restore([choice]))
    st.selectbox(label, options, key=key.name, disabled=len(options) == 1)
    return choice


# --- recorded results -----------------------------------------------------------------------------


def show_verdict(recorded: list[Results]) -> None:
    """The table over all grids, one sentence per row, and a figure."""
    rows = verdict_rows(recorded)
    if not rows:
        st.info(NO_VERDICT)
        return
    st.markdown(plain(results_sentence(rows)))
    cells = verdict_table(rows)
    commands = cells.columns[-1]
    first = ["dataset", "verdict"]
    others = [name for name in cells.columns if name not in (*first, commands)]
    st.dataframe(
        cells[[*first, *others]],
        hide_index=True,
        key="results-verdict",
        height="content",
        column_config={"dataset": st.column_config.TextColumn(width=185)},
    )
    with st.expander("How to read the table"):
        st.markdown(VERDICT_KEY)
    with st.expander("Commands to repeat each row"):
        st.code("\n".join(cells[commands].str.strip("`")), language=None)
    with st.expander("The rows in words"):
        st.markdown("\n".join(f"- {with_commands(sentence(row))}" for row in rows))
    if abouts := [results.grid for results, _ in by_grid(rows) if results.grid.about]:
        with st.expander("About these recordings"):
            for grid in abouts:
                st.caption(f"**{plain(grid.title)}**: {plain(grid.about)}")
    st.markdown("##### Shares of vanilla's NDCG@10", help=VERDICT_KEY)
    st.plotly_chart(
        figures.verdict_figure(rows),
        key="results-verdict-figure",
        config={"displayModeBar": False},
    )
    st.caption(
        "Attention: vanilla minus `uniform`. Mechanisms: minus vanilla, intervals corrected for "
        f"their number. Hollow: fewer than {MIN_SEEDS} seeds. Shaded: a gain below {MARGIN:.0%}, "
        "which counts as no gain."
    )


def show_claim(results: Results, dataset: str, loss: str) -> None:
    """The gain of attention, then the paper's claim, judged by the intervals."""
    for paragraph in sentences.findings(results, dataset, loss):
        st.markdown(paragraph)


def show_intervals(results: Results, dataset: str, loss: str) -> None:
    """Paired differences to vanilla, one figure per metric."""
    intervals = tables.part(results.intervals, dataset, loss)
    if intervals.empty:
        return
    st.markdown("##### Minus vanilla, with 95% intervals", help=sentences.HOW_PAIRED)
    for column, metric in zip(st.columns(2), reversed(PAIRED_METRICS), strict=True):
        with column:
            st.markdown(f"**{metric}**, difference to vanilla")
            st.plotly_chart(
                figures.interval_figure(intervals, metric),
                key=f"results-interval-{metric}",
                config={"displayModeBar": False},
            )
    st.caption("Dot and bar: all seeds. Small vertical marks: lowest and highest single seed.")


def show_models(results: Results, dataset: str, loss: str) -> None:
    """The main table and the table of mechanisms."""
    st.markdown("##### Models")
    table(tables.main_table(results, dataset, loss), "results-models")
    st.caption(f"Protocol: {plain(sentences.protocol(results, dataset))}")
    with st.expander("Mechanisms, sizes and further metrics"):
        table(tables.mechanism_table(results, dataset, loss), "results-mechanisms")
        st.caption(
            "Means over seeds. A: first-order weights; S: second-order weights; M mixes the values."
        )
        st.caption(f"Settings: {sentences.settings(results)}")
        st.caption("Software: " + plain(" / ".join(sorted(set(results.runs["software"])))))


def show_cutoffs(results: Results, dataset: str, loss: str, differences: bool) -> None:
    """NDCG@N against N, one figure per backbone."""
    st.markdown(f"##### NDCG@N against N, test{LESS * differences}")
    names = [f"NDCG@{cutoff}" for cutoff in tables.CUTOFFS]
    test = tables.part(results.test, dataset, loss)
    rows = means(minus_vanilla(test, names) if differences else test, names)
    if rows.empty:
        st.info(sentences.NOTHING_TO_PAIR)
    for place, backbone in zip(st.columns(2), rows["backbone"].unique(), strict=False):
        with place:
            st.markdown(f"**NDCG@N**, {BACKBONES[backbone].title}")
            st.plotly_chart(
                figures.cutoff_figure(
                    rows[rows["backbone"] == backbone], tables.CUTOFFS, differences=differences
                ),
                key=f"results-cutoff-{backbone}",
                config={"displayModeBar": False},
            )
    st.caption("Mean over seeds; thin bars from the lowest to the highest seed.")


def show_training(results: Results, dataset: str, loss: str, differences: bool) -> None:
    """Validation metric and gradient norm by epoch, with and without refinement."""
    st.markdown(f"##### Training curves{LESS * differences}")
    metric = st.segmented_control(
        "Validation metric", ["NDCG@5", "NDCG@10"], default="NDCG@10", key=Session.trend.name
    )
    history = in_order(tables.part(results.history, dataset, loss))
    if differences:
        history = in_order(minus_vanilla(history, ["NDCG@5", "NDCG@10", "grad_norm"]))
    panels = [
        (kind, name, column, backbone)
        for kind, name, column in (
            ("trend", f"Validation {metric or 'NDCG@10'}", metric or "NDCG@10"),
            ("gradient", "Gradient norm", "grad_norm"),
        )
        for backbone in history["backbone"].unique()
    ]
    for start in range(0, len(panels), 2):
        row = zip(st.columns(2), panels[start : start + 2], strict=True)
        for place, (kind, name, column, backbone) in row:
            with place:
                st.markdown(f"**{name}**, {BACKBONES[backbone].title}")
                st.plotly_chart(
                    figures.trend_figure(
                        history[history["backbone"] == backbone], column, differences=differences
                    ),
                    key=f"results-{kind}-{backbone}",
                    config={"displayModeBar": False},
                )
    runs = results.runs[results.runs["dataset"] == dataset]
    held_out = runs.loc[runs["split"] == "validation", "held_out"].iloc[0].partition(": ")[2]
    st.caption(
        "Thick: mean over seeds, up to the last epoch of all; thin: each seed. Validation: "
        f"{plain(held_out)}. Gradient norm: global, mean over the steps of an epoch."
    )


def show_data(recorded: list[Results]) -> None:
    """The datasets."""
    st.markdown("##### Data")
    rows = tables.data_table(recorded)
    table(rows.assign(fingerprint=rows["fingerprint"].str.strip("`")), "results-data")
    st.caption(
        "After the filters of `awrsr prepare`. Popularity scores each item by its number of "
        "occurrences in the training parts."
    )


def show_planned(planned: list[Grid]) -> None:
    """Grids without recorded results."""
    if not planned:
        return
    st.markdown("##### Planned, not recorded")
    for grid in planned:
        st.markdown(
            f"- {plain(grid.title)}: {counted(len(grid.runs), 'run')}, "
            f"`python -m awrsr experiment {grid.address}`"
        )


def table(rows: pd.DataFrame, key: str) -> None:
    """A table of texts in its full height."""
    st.dataframe(rows, hide_index=True, key=key, height="content")
