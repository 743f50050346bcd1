"""The card of a model: settings, training, metrics."""

from contextlib import suppress
from pathlib import Path

import pandas as pd
import streamlit as st

from app import cache, folders
from app.escape import plain, with_commands
from app.folders import evaluation_command
from app.sides import model_title
from awrsr.config import HELD_OUT, ModelConfig, TrainConfig
from awrsr.errors import AwrsrError
from awrsr.experiments.card import Metrics, Training
from awrsr.training.checkpoint import read_config

RECORDED = ("HR@5", "HR@10", "NDCG@5", "NDCG@10", "MRR")


def show_card(directory: Path) -> None:
    """Weights, metrics with their protocol, settings, training command."""
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
        words = "; ".join(f"{name}: {value}" for name, value in protocol.items())
        st.caption(f"Recorded by `awrsr evaluate`. {plain(words)}.")
        if source := recorded.source:
            words = "; ".join([source.format, f"sha256 {source.sha256[:12]}", *source.notes])
            st.caption(f"Trained elsewhere, imported from {plain(source.file)}. {plain(words)}.")
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
    """The recorded metrics of these weights, or the reason why there are none."""
    try:
        found = folders.get_metrics(directory)
    except AwrsrError as error:
        return f"metrics.json of {directory.name} is not readable: {error}"
    if found is None:
        return f"No metrics.json: `{evaluation_command(directory)}` writes one."
    if found.weights_sha256 != cache.fingerprint(directory):
        return (
            f"metrics.json of {directory.name} is for other weights: "
            f"`{evaluation_command(directory)}` evaluates these."
        )
    return found


def training_record(directory: Path) -> Training | None:
    """The training record in metrics.json, or None."""
    with suppress(AwrsrError):
        found = folders.get_metrics(directory)
        return found.training if found else None
    return None


def settings_table(model: ModelConfig, training: TrainConfig | None) -> pd.DataFrame:
    """One row per setting."""
    rows = [
        (section, name, "default" if value is None else str(value))
        for section, settings in (("model", model), ("training", training))
        if settings is not None
        for name, value in settings.to_json().items()
    ]
    return pd.DataFrame(rows, columns=["part", "setting", "value"])


def label(side: str, directory: Path) -> str:
    """A model's letter and name."""
    return f"{side.upper()}: {plain(model_title(directory.name))}"
