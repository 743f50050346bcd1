"""Contribution of each item of the history to the target's score, by several methods."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, jobs
from app.case import Case
from app.escape import plain
from app.questions import AttributionQuestion, TimedAttribution, attribution_question
from app.sides import SIDES, Side
from app.state import Session
from app.views.inspect import agreement
from app.views.inspect.agreement import Results
from app.views.inspect.settings_form import show_settings
from awrsr import figures
from awrsr.attribution import METHODS
from awrsr.errors import AwrsrError

PLOT_CONFIG = {"displayModeBar": False}
POLL = 0.3
"""Seconds between two checks of running jobs."""
NOT_DEFINED, NONE = "not defined", "\u2013"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question that a job computes, with its name on the page."""

    key: str
    title: str


def show(case: Case) -> None:
    """Bars, facts and agreement with attention for the chosen methods."""
    sides = case.sides
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.pills(
            "Methods",
            list(METHODS),
            key=Session.methods.name,
            selection_mode="multi",
            wrap=True,
            format_func=method_label,
            help=":material/hourglass_top: slow; computed in the background.",
        )
        show_settings(case.methods)
    question = f"score of {case.target_title}"
    if case.rival:
        question += f" minus score of {case.title_of(case.rival)}"
    results, asked = computed(case)
    show_jobs(asked)
    if not case.methods:
        st.info("Choose at least one method.")
    if not results:
        return
    drawn = panels(sides, results)
    st.caption(
        f"Contribution of each item to the {plain(question)}. {scale_note(sides)}"
        + " Whiskers: \u00b1 one standard error." * any(panel.errors is not None for panel in drawn)
    )
    if notes := bound_notes(results):
        st.caption(":material/warning: " + plain(" ".join(notes)))
    with st.container(key=f"bars-{min(len(drawn), figures.PANELS_A_ROW)}"):
        st.plotly_chart(
            figures.attribution_bars(drawn, slot_titles(case)),
            config=PLOT_CONFIG,
            key="attribution",
            alt=f"Attributions of the {question} per item of the history",
        )
    show_facts(sides, results)
    agreement.show(sides, results)


def method_label(name: str) -> str:
    """A method's label on its pill."""
    return METHODS[name].title + (" :material/hourglass_top:" if METHODS[name].slow else "")


# --- results --------------------------------------------------------------------------------------


def computed(case: Case) -> tuple[Results, dict[AttributionQuestion, Asked]]:
    """Results that are known or quick to compute, and the questions left to jobs."""
    results: Results = {}
    asked: dict[AttributionQuestion, Asked] = {}
    owner = cache.job_owner()
    for name, settings in case.methods.items():
        for side in case.sides:
            question = attribution_question(
                side.directory, side.trace.items, case.target, name, case.rival, settings
            )
            try:
                if METHODS[name].slow:
                    result = cache.known_attribution(question) or from_job(owner, question)
                else:
                    result = cache.get_attribution(question)
            except AwrsrError as error:
                st.error(f"{METHODS[name].title}, {plain(side.title)}: {plain(error)}")
                continue
            if result is None:
                asked[question] = Asked(
                    key=f"{name}-{side.key}", title=f"{METHODS[name].title}, {side.title}"
                )
            else:
                results[name, side.key] = result
    owner.keep_only(set(asked))
    return results, asked


def from_job(owner: jobs.JobOwner, question: AttributionQuestion) -> TimedAttribution | None:
    """The result of the session's job for a question; it is then cached for all sessions."""
    job = owner.jobs.get(question)
    if job is None or job.state != jobs.DONE:
        return None
    result: TimedAttribution = job.result
    cache.keep_attribution(question, result)
    return result


def show_jobs(asked: dict[AttributionQuestion, Asked]) -> None:
    """Start jobs for these questions and show their progress until they end."""
    owner = cache.job_owner()
    problems: dict[AttributionQuestion, str] = {}
    for question in asked:
        if question in owner.jobs or question in owner.cancelled:
            continue
        try:
            owner.ask(question, cache.attribution_work(question))
        except AwrsrError as error:
            problems[question] = str(error)
    live = {question for question, job in owner.jobs.items() if job.live}

    def show() -> None:
        wanted = [job for question in asked if (job := owner.jobs.get(question))]
        # A job may have ended after the page looked for its result and before `live` was made.
        done = any(job.state == jobs.DONE for job in wanted)
        if done or live - {question for question, job in owner.jobs.items() if job.live}:
            st.rerun()  # the page draws the result; it polls again only if another job is live
        for question, what in asked.items():
            show_job(owner, question, what, problems.get(question))

    st.fragment(show, run_every=POLL if live else None, key="attribution-jobs")()


def show_job(
    owner: jobs.JobOwner, question: AttributionQuestion, what: Asked, problem: str | None
) -> None:
    """One line: progress and Cancel, or why there is no result and Compute."""
    name = what.title
    job = owner.jobs.get(question)
    said, button = st.columns([5, 1], vertical_alignment="center")
    if job is not None and (job.live or job.state == jobs.DONE):
        with said:
            waiting = " \u00b7 waiting" if job.state == jobs.WAITING else ""
            st.progress(min(1.0, job.share), f"{plain(name)}{waiting}")
        call: Callable[..., None] = owner.cancel
        label, icon = "Cancel", ":material/close:"
    else:
        problem = problem or (job.problem if job is not None else "")
        with said:
            if problem:
                st.error(f"{plain(name)}: {plain(problem)}")
            else:
                st.info(f"{plain(name)}: cancelled.")
        call, label, icon = owner.forget, "Compute", ":material/play_arrow:"
    with button:
        if st.button(
            label,
            icon=icon,
            key=f"{label}-{what.key}",
            on_click=call,
            args=(question,),
            width="stretch",
            help=f"{label}: {plain(name)}",
        ):
            st.rerun()


# --- bars -----------------------------------------------------------------------------------------


def slots(side: Side) -> list[int]:
    """Slots of the items that a model saw; slot 1 is the oldest item of the whole history."""
    first = side.trace.dropped + 1
    return list(range(first, first + len(side.trace.items)))


def slot_titles(case: Case) -> dict[int, str]:
    """The titles of all slots that at least one model saw."""
    return {
        slot: title
        for side in case.sides
        for slot, title in zip(slots(side), case.dataset.titles(side.trace.items), strict=True)
    }


def panels(sides: Sequence[Side], results: Results) -> list[figures.BarPanel]:
    """One panel per method and model; models with the same unit share a method's scale."""
    by_key = {side.key: side for side in sides}
    return [
        figures.BarPanel(
            title=METHODS[name].title,
            model=key.upper(),
            slots=slots(by_key[key]),
            values=result.attribution.values.cpu().numpy(),
            errors=errors_of(result),
            scale=f"{name} {by_key[key].model.config.backbone}",
            color=figures.MODEL_COLORS[SIDES.index(key)],
        )
        for (name, key), result in results.items()
    ]


def errors_of(result: TimedAttribution) -> np.ndarray | None:
    """The standard errors of an attribution, or None."""
    errors = result.attribution.standard_errors
    return None if errors is None else errors.cpu().numpy()


def bound_notes(results: Results) -> list[str]:
    """A sentence for every method that reached its limit before the requested accuracy."""
    return [
        f"{METHODS[name].title}, {key.upper()}: {effort}."
        for (name, key), result in results.items()
        if (effort := result.attribution.effort) is not None and not effort.enough
    ]


def scale_note(sides: Sequence[Side]) -> str:
    """The unit, and which axes can be compared."""
    if len({side.model.config.backbone for side in sides}) > 1:
        return (
            "In item score units; they differ between backbones, so each model has its own scale."
        )
    if len(sides) > 1:
        return "In item score units; the two panels of a method share one scale."
    return "In item score units."


# --- facts ----------------------------------------------------------------------------------------


def show_facts(sides: Sequence[Side], results: Results) -> None:
    """Settings, completeness gap and cost of each method."""
    st.dataframe(
        pd.DataFrame([facts(name, key, result) for (name, key), result in results.items()]),
        hide_index=True,
        key="attribution-facts",
        height="content",
        column_config={
            "score": st.column_config.TextColumn(
                help="Score of the target, minus the rival's if there is one; in item score units"
            ),
            "gap": st.column_config.TextColumn(help="score - baseline score - sum", width=170),
            "method": st.column_config.TextColumn(width=170),
            "model": st.column_config.TextColumn(width=55),
            "time": st.column_config.TextColumn(width=80),
            "took": st.column_config.TextColumn(
                help="Steps or samples of a method that stops when it is accurate enough", width=360
            ),
            "settings": st.column_config.TextColumn(width=150),
            "baseline": st.column_config.TextColumn(width=260),
            "source": st.column_config.TextColumn(width=260),
        },
    )


def facts(name: str, key: str, timed: TimedAttribution) -> dict[str, str]:
    """One row of the table of facts."""
    method, result = METHODS[name], timed.attribution
    return {
        "method": method.title,
        "model": key.upper(),
        "sum": f"{float(result.values.sum()):+.3f}",
        "score": f"{result.score:+.3f}",
        "baseline score": (
            "none" if result.baseline_score is None else f"{result.baseline_score:+.3f}"
        ),
        "gap": (
            "no completeness"
            if result.delta is None
            else f"{result.delta:+.3g} ({method.gap_meaning})"
        ),
        "time": f"{timed.seconds * 1000:,.0f} ms",
        "took": NONE if result.effort is None else str(result.effort),
        "settings": ", ".join(f"{key} {value}" for key, value in result.settings.items()),
        "baseline": result.baseline,
        "source": method.source,
    }
