"""The address: what it says that was not chosen here yet, and every choice written back to it.

The only file that reads and writes the URL's parameters.
"""

from contextlib import suppress
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import cache
from app.escape import clipped, plain
from app.forms import Choice, name_and_weights
from app.sides import SIDES
from app.state import session
from awrsr.errors import AwrsrError


def follow(*pages: str) -> None:
    """After the browser's back or forward, the address decides on these pages' choices, and not the
    session."""
    context = get_script_run_ctx()
    if st.query_params and context is not None and context.is_history_navigation:
        session.let_go(st.query_params, *pages)


def restore(offered: list[Choice]) -> list[str]:
    """The choices not made yet, from the address or by default; a sentence for every problem."""
    return session.restore(st.query_params, offered)


def leave_dataset() -> None:
    """Forget what belongs to the dataset of the address: another one was chosen."""
    session.leave_dataset(st.query_params)


def write(url: dict[str, str]) -> None:
    """Make these the address's parameters."""
    if dict(st.query_params) != url:
        st.query_params.from_dict(url)


def link(name: str, models: dict[str, Path], offered: list[Choice]) -> dict[str, str]:
    """The choices in a dataset as the address has them, models with what tells their weights
    apart."""
    url = {"dataset": name} | session.to_url(offered)
    for key in SIDES:
        if key in url:
            url[key] = with_weights(key, url[key], models)
    return url


def with_weights(key: str, name: str, models: dict[str, Path]) -> str:
    """A side's model as the address has it, with what tells its weights apart."""
    _, asked = session.asked_weights.get(key, ("", ""))
    with suppress(OSError, AwrsrError):
        return f"{name}@{asked or cache.fingerprint(models[name])}"
    return name


def other_weights(models: dict[str, Path]) -> list[str]:
    """A sentence for each model that a link asked for with other weights than it has here.

    It stands, and the address keeps what the link asked for, until another model is chosen.
    """
    problems = []
    asked_of = dict(session.asked_weights)
    url = session.unless_left(st.query_params)
    for key, chosen in (("a", session.a), ("b", session.b)):
        name, asked = name_and_weights(url.get(key, ""), models)
        if chosen is None and asked and name in models:  # a link just opened
            with suppress(OSError, AwrsrError):
                if cache.fingerprint(models[name]) != asked:
                    asked_of[key] = name, clipped(asked)
        name, asked = asked_of.get(key, ("", ""))
        if name not in models or chosen not in (None, name):
            asked_of.pop(key, None)
            continue
        with suppress(OSError, AwrsrError):
            problems.append(
                f"The link was made with other weights of {name}: {asked}; here they are "
                f"{cache.fingerprint(models[name])}, so numbers differ from those its sender saw"
            )
    session.asked_weights = asked_of
    return problems


def show_problems(problems: list[str]) -> None:
    """What of the address could not be used, in one box."""
    if not problems:
        return
    shown = "\n".join(f"- {plain(problem.rstrip('.'))}" for problem in problems)
    st.warning(
        f"Not everything in the address could be used; the rest is.\n\n{shown}",
        icon=":material/link_off:",
    )
