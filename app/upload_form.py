"""The upload of a model in the sidebar: files, options that they lack, and the uploaded models."""

import re
from collections.abc import Collection
from typing import get_args

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import cache
from app.elsewhere import ACCEPTED, KINDS
from app.escape import plain
from app.state import Session, session
from app.uploads import MAX_OF_SESSION, MAX_UPLOADED, allowed
from awrsr.config import MeanStream
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, ConfigError
from awrsr.importers import Layout

LINKS = "A link to this page does not carry an uploaded model."
CHOICES = {"mean_stream": get_args(MeanStream), "layout": get_args(Layout)}
"""Options of importers with few values."""
FILES = {"items": ".txt", "interactions": ".inter"}
"""Options of importers that are files."""
LABELS = {
    "heads": "Attention heads per layer",
    "mean_stream": "The mean stream of STOSA",
    "layout": "Year of the code",
    "items": "a .txt file of item ids, one per line in the model's order",
    "interactions": "the .inter file that the model was trained on",
}


def show(dataset: Dataset, taken: Collection[str]) -> None:
    """Draw the form, initially closed.

    Args:
        dataset: the dataset on the page.
        taken: names of all models on offer.
    """
    if not allowed():
        return
    uploads = cache.session_uploads()
    uploaded = uploads.models(dataset)
    with st.container():  # always present, so that the form below stays open
        if {session.a, session.b} & uploaded.keys():
            st.caption(f":material/link_off: {LINKS}")
    with st.expander("Upload a model", icon=":material/upload:"):
        st.file_uploader(
            "A model of this dataset",
            type=[end.removeprefix(".") for end in KINDS],
            accept_multiple_files=True,
            max_upload_size=MAX_UPLOADED // 2**20,
            key=Session.model_files.named(session.uploads_taken),
            on_change=take,
            args=(dataset, taken),
            help=f"{plain(ACCEPTED)}. No code in a file is run. At most "
            f"{MAX_UPLOADED // 2**20} MB. Only this session sees it, and at most {MAX_OF_SESSION} "
            f"are kept, until it ends. {LINKS}",
        )
        if session.upload_problem:
            show_words = st.info if session.upload_asks else st.error
            show_words(plain(session.upload_problem))
        if session.upload_asks:
            ask(dataset, taken)
        for name in uploaded:
            st.button(
                f"Remove {plain(name)}",
                key=f"remove-upload-{name}",
                icon=":material/delete:",
                type="tertiary",
                on_click=remove,
                args=(name, [one for one in taken if one != name]),
            )


def ask(dataset: Dataset, taken: Collection[str]) -> None:
    """Inputs for options that the file lacks."""
    waiting = cache.session_uploads().waiting
    files = waiting.files if waiting is not None else {}
    for name in session.upload_asks:
        key = Session.told.named(name)
        label = LABELS.get(name, name)
        if name == "heads":
            st.number_input(label, min_value=1, max_value=512, value=None, step=1, key=key)
        elif name in CHOICES:
            st.selectbox(label, CHOICES[name], index=None, placeholder="Not given", key=key)
        elif name in FILES and name not in files:
            st.caption(f"If it is needed, upload the file again together with {plain(label)}.")
    st.button("Open the model", on_click=open_model, args=(dataset, taken), type="primary")


# --- actions --------------------------------------------------------------------------------------


def take(dataset: Dataset, taken: Collection[str]) -> None:
    """Make a model from the uploaded files, or ask for options that they lack."""
    files = session.model_files[session.uploads_taken] or []
    if not files:
        return
    uploads = cache.session_uploads()
    session.upload_problem, session.upload_asks = "", []
    try:
        uploads.receive([(file.name, file.getvalue()) for file in files])
    except AwrsrError as error:
        session.upload_problem = str(error)
    session.uploads_taken += 1  # an empty uploader
    let_go([file.file_id for file in files])
    if uploads.waiting is not None:
        open_model(dataset, taken)


def open_model(dataset: Dataset, taken: Collection[str]) -> None:
    """Make model B from the waiting files."""
    uploads = cache.session_uploads()
    if uploads.waiting is None:
        return
    given = {name: session.told[name] for name in session.upload_asks if name not in FILES}
    session.upload_problem = ""
    try:
        name = uploads.open(
            dataset, taken, **{name: value for name, value in given.items() if value is not None}
        )
    except AwrsrError as error:
        session.upload_problem = re.sub(r"give --(\w+)", r"give \1", str(error))
        session.upload_asks = asked(error)
        if not session.upload_asks:
            uploads.drop_waiting()
        return
    for option in session.upload_asks:
        del session.told[option]
    session.b, session.upload_asks = name, []


def asked(error: AwrsrError) -> list[str]:
    """The options of the waiting file, if one of them may be the remedy."""
    if not isinstance(error, ConfigError):
        return []
    try:
        return cache.session_uploads().options()
    except AwrsrError:
        return []


def remove(name: str, others: Collection[str]) -> None:
    """Remove an uploaded model."""
    cache.session_uploads().remove(name)
    for key in ("a", "b"):
        if getattr(session, key) == name:
            setattr(session, key, next(iter(others), None))


def let_go(file_ids: Collection[str]) -> None:
    """Free the memory of uploaded files, which Streamlit keeps until the session ends."""
    context = get_script_run_ctx()
    manager = None if context is None else context.uploaded_file_mgr
    if context is not None and isinstance(manager, MemoryUploadedFileManager):
        for file_id in file_ids:
            manager.remove_file(context.session_id, file_id)
