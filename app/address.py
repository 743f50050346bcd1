"""The address: it fills choices that are not made yet, and every choice is written to it.

The only file that reads and writes URL parameters.
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
    """After the browser's Back or Forward, take the choices of these pages from the address instead
    of the session."""
    context = get_script_run_ctx()
    if st.query_params and context is not None and context.is_history_navigation:
        session.let_go(st.query_params, *pages)


def restore(offered: list[Choice]) -> list[str]:
    """Fill the choices not made yet, from the address or by default; one sentence per problem."""
    return session.restore(st.query_params, offered)


def leave_dataset() -> None:
    """Forget choices of the dataset in the address, because another dataset was chosen."""
    session.leave_dataset(st.query_params)


def write(url: dict[str, str]) -> None:
    """Set the parameters of the address."""
    if dict(st.query_params) != url:
        st.query_params.from_dict(url)


def link(name: str, models: dict[str, Path], offered: list[Choice]) -> dict[str, str]:
    """The choices in a dataset as address parameters, models with the fingerprint of their
    weights."""
    url = {"dataset": name} | session.to_url(offered)
    for key in SIDES:
        if key in url:
            url[key] = with_weights(key, url[key], models)
    return url


def with_weights(key: str, name: str, models: dict[str, Path]) -> str:
    """A side's model as an address parameter, with the fingerprint of its weights."""
    _, asked = session.asked_weights.get(key, ("", ""))
    with suppress(OSError, AwrsrError):
        return f"{name}@{asked or cache.fingerprint(models[name])}"
    return name


def other_weights(models: dict[str, Path]) -> list[str]:
    """A sentence for each model in a link whose weights differ from those here.

    The sentence stays, and the address keeps the link's model, until another model is chosen.
    """
    problems = []
    asked_of = dict(session.asked_weights)
    url = session.unless_left(st.query_params)
    for key, chosen in (("a", session.a), ("b", session.b)):
        name, asked = name_and_weights(url.get(key, ""), models)
        if chosen is None and asked and name in models:  # a link was just opened
            with suppress(OSError, AwrsrError):
                if cache.fingerprint(models[name]) != asked:
                    asked_of[key] = name, clipped(asked)
        name, asked = asked_of.get(key, ("", ""))
        if name not in models or chosen not in (None, name):
            asked_of.pop(key, None)
            continue
        with suppress(OSError, AwrsrError):
            problems.append(
                f"The link was made with other weights of {name}: {asked}; the weights here are "
                f"{cache.fingerprint(models[name])}, so numbers differ from those of the sender"
            )
    session.asked_weights = asked_of
    return problems


def show_problems(problems: list[str]) -> None:
    """Show the parts of the address that could not be used, in one box. Those of the first screen
    stay when the rest is drawn, because the browser asks for the rest, not a person."""
    if session.rest_asked:
        problems = list(dict.fromkeys([*session.problems, *problems]))
    session.problems = problems
    session.rest_asked = False
    if not problems:
        return
    shown = "\n".join(f"- {plain(problem.rstrip('.'))}" for problem in problems)
    st.warning(
        f"Some parts of the address could not be used:\n\n{shown}",
        icon=":material/link_off:",
    )
