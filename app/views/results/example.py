"""One example: the attention of one test user, as recorded by every run."""

import streamlit as st

from app.components.board import show_board
from app.escape import plain, with_commands
from app.state import Session
from awrsr import board
from awrsr.errors import AwrsrError
from awrsr.experiments import examples
from awrsr.experiments.record import Results
from awrsr.experiments.recorded_examples import Example, RecordedTrace
from awrsr.models import model_title
from awrsr.refinement import VANILLA


def show_example(results: Results, dataset: str, loss: str) -> None:
    """The recorded maps of one history in vanilla and another model of the experiment."""
    st.markdown("##### Attention maps of one example")
    try:
        example = examples.example_of(results, dataset, loss)
    except AwrsrError as error:
        st.error(with_commands(error))
        return
    pairs = {} if example is None else pairs_with_vanilla(example)
    if example is None or not pairs:
        st.info(
            "No example with vanilla and another model is recorded: "
            f"`python -m awrsr experiment {results.grid.address} --record` records one "
            "on the machine with the runs."
        )
        return
    chosen = st.selectbox(
        "Beside vanilla",
        list(pairs),
        format_func=lambda run: titled(example.traces[run]),
        key=Session.example.named(results.grid.name, dataset, loss),
    )
    names = [""] * max(example.items)
    for item, title in zip(example.items, example.titles, strict=True):
        names[item - 1] = title
    sources = [
        board.Source(name=name, title=titled(example.traces[run]), trace=example.traces[run])
        for name, run in (("A", pairs[chosen]), ("B", chosen))
    ]
    caption = examples.example_caption(example, results)
    show_board(board.payload(sources, board.ItemNames(titles=names), title=caption))
    st.caption(f"{plain(caption)} Recorded with the experiment.")


def pairs_with_vanilla(example: Example) -> dict[str, str]:
    """The runs of all other models, each with the vanilla run of the same backbone."""
    vanilla = {
        trace.config.backbone: run
        for run, trace in example.traces.items()
        if trace.config.refinement == VANILLA
    }
    return {
        run: vanilla[trace.config.backbone]
        for run, trace in example.traces.items()
        if trace.config.refinement != VANILLA and trace.config.backbone in vanilla
    }


def titled(trace: RecordedTrace) -> str:
    """The title of the model."""
    return model_title(trace.config.backbone, trace.config.refinement)
