"""Start here: a few users who are instructive examples of two models, one click each."""

import streamlit as st

from app import cache
from app.epochs import FINAL
from app.escape import plain, with_commands
from app.examples import recorded_examples
from app.shell import Chosen
from app.state import AUTOMATIC, USER, Session, session
from app.users import show_user
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError
from awrsr.studies import TITLES, Example, line_of, sentence_of

CHOSEN, OTHER = ":material/radio_button_checked:", ":material/radio_button_unchecked:"


def show(chosen: Chosen) -> None:
    """The recorded examples, or, if there are none, examples chosen when it is opened."""
    if not chosen.models:
        return
    examples, why = recorded_examples(chosen.dataset, chosen.models)
    if examples:
        # The form for an own history needs the space.
        with st.expander("Start here", expanded=session.source == USER, type="compact"):
            show_examples(chosen.dataset, examples)
        return
    opened = st.expander(
        "Start here", type="compact", key=Session.start_here.name, on_change="rerun"
    )
    with opened:
        if opened.open:
            if why:
                st.caption(f"No recorded examples: {with_commands(why)}.")
            show_chosen_now(chosen)


def show_chosen_now(chosen: Chosen) -> None:
    """Examples for the two models on the page, chosen among a sample of users."""
    if chosen.a == chosen.b:
        st.caption("Examples compare two models: choose another model for A or B.")
        return
    a, b = (chosen.models[name] for name in (chosen.a, chosen.b))
    try:
        examples = cache.choose_examples(chosen.dataset, a, b)
    except AwrsrError as error:
        st.caption(f"No examples: {plain(error)}")
        return
    if examples:
        show_examples(chosen.dataset, examples)
    else:
        st.caption("No example for these two models among the users searched.")


def show_examples(dataset: Dataset, examples: list[Example]) -> None:
    """One button per example, and below them the sentence of the example on the page."""
    sentences = {example.sort: plain(sentence_of(example, dataset)) for example in examples}
    with st.container(key="examples", gap="xxsmall"):
        for example in examples:
            st.button(
                f"**{TITLES[example.sort]}**  \n{plain(line_of(example))}",
                key=f"example_{example.sort}",
                icon=CHOSEN if is_on_page(example) else OTHER,
                help=sentences[example.sort],
                width="stretch",
                on_click=start_with,
                args=(example,),
            )
    for example in filter(is_on_page, examples):
        st.caption(sentences[example.sort])
    show_tour(examples)


def show_tour(examples: list[Example]) -> None:
    """Steps through the examples, also by keyboard, for a presentation."""
    if len(examples) < 2:
        return
    now = next((place for place, example in enumerate(examples) if is_on_page(example)), None)
    steps = {
        "Previous": ("P", -1 if now is None else now - 1),
        "Next": ("N", 0 if now is None else now + 1),
    }
    with st.container(key="tour", horizontal=True, gap="xsmall", vertical_alignment="center"):
        for name, (shortcut, place) in steps.items():
            st.button(
                name,
                key=f"tour_{name.lower()}",
                shortcut=shortcut,
                on_click=start_with,
                args=(examples[place % len(examples)],),
            )
        if now is not None:
            st.caption(f"{now + 1} of {len(examples)}")


def is_on_page(example: Example) -> bool:
    """Whether the page shows this user's unchanged history and held-out item in these models, with
    their final weights."""
    shown = (session.source, session.user, session.a, session.b, session.target, session.rival)
    on_page = shown == (USER, example.user_id, example.a, example.b, AUTOMATIC, None)
    return on_page and session.epoch == FINAL


def start_with(example: Example) -> None:
    """Show an example: its user, its two models, and the held-out item as the target."""
    show_user(example.user_id)
    session.a, session.b = example.a, example.b
    session.target, session.rival, session.compare = AUTOMATIC, None, None
    session.epoch = FINAL
