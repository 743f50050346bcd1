"""Inspect: one history through two models side by side."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st
import torch

import awrsr
from app import figures, loaders, state
from app.history import choose_history, show_history
from app.text import item_labels, plain
from awrsr.attribution import METHODS
from awrsr.config import BACKBONE_TITLES
from awrsr.dataset import Dataset
from awrsr.errors import AwrsrError
from awrsr.models import SequentialModel
from awrsr.recommendation import check_same_catalogue, rank_of, ranked_catalogue
from awrsr.refinement import REFINEMENTS
from awrsr.tracing import Trace

PLOT_CONFIG = {"displayModeBar": False}
MAPS = {"first_order": "First order", "second_order": "Second order", "refined": "Refined"}
SIDES = ("a", "b")
SCORE_UNITS = {
    "sasrec": "Item score: the state's dot product with the item",
    "stosa": "Item score: minus the squared Wasserstein distance of state and item",
}


@dataclass(frozen=True)
class Side:
    """One of the two models and what it makes of the history."""

    key: str
    title: str
    directory: Path
    model: SequentialModel
    trace: Trace


def show() -> None:
    """The page."""
    torch.set_num_threads(1)  # more threads help one person and slow down several
    directories = loaders.dataset_directories()
    if not directories:
        st.error(f"No dataset in {loaders.ASSETS}. Make one with `python -m awrsr prepare`.")
        return
    problems = restore_dataset(directories)
    with st.sidebar:
        st.markdown("### :material/grid_on: AWRSR Inspector")
        name = st.selectbox("Dataset", list(directories), key="dataset", on_change=forget_choices)
    try:
        dataset = loaders.get_dataset(directories[name])
    except AwrsrError as error:
        st.error(plain(error))
        return
    models = loaders.model_directories(directories[name])
    offered = state.choices(dataset, list(models))
    problems += state.restore(st.session_state, st.query_params, offered)
    for problem in problems:
        st.warning(f"{plain(problem)}. The default is shown.", icon=":material/link_off:")
    show_sidebar(dataset, models)
    history, held_out = choose_history(dataset)
    if history and models:
        show_results(dataset, models, history, held_out)
    elif not history:
        st.info("The history is empty: search for an item to add, or paste titles or ids.")
    else:
        st.info(f"{plain(name)} has no models yet: `python -m awrsr train {directories[name]}`.")
    remember(name, directories, offered)


def show_results(
    dataset: Dataset, models: dict[str, Path], history: list[int], held_out: int | None
) -> None:
    """Everything that follows from a history: lists, maps, attributions."""
    outcomes = [run_model(key, models[st.session_state[key]], dataset, history) for key in SIDES]
    sides = [outcome for outcome in outcomes if isinstance(outcome, Side)]
    target = choose_target(dataset, sides, history, held_out) if sides else None
    left, *columns = st.columns([1.15, 1, 1], gap="medium")
    with left:
        show_history(dataset, history)
    for outcome, column in zip(outcomes, columns, strict=True):
        with column:
            if isinstance(outcome, AwrsrError):
                st.error(plain(outcome))
            elif target is not None:
                other = next((side for side in sides if side is not outcome), None)
                show_recommendations(dataset, outcome, other, history, target)
    if target is None:
        return
    for side in sides:
        if side.trace.dropped:
            st.caption(
                f":material/content_cut: The history has {len(history)} items; {plain(side.title)} "
                f"sees the newest {len(side.trace.items)}. Its recommendations leave out all "
                f"{len(history)}."
            )
    show_maps(dataset, sides)
    show_attributions(dataset, sides, target)


# --- choices --------------------------------------------------------------------------------------


def restore_dataset(directories: dict[str, Path]) -> list[str]:
    """The dataset of the URL, before anything that depends on it."""
    choice = state.Choice("dataset", next(iter(directories)), state.one_of(list(directories)))
    return state.restore(st.session_state, st.query_params, [choice])


def forget_choices() -> None:
    """Another dataset has other users, items and models."""
    for key in ("a", "b", "user", "items", "target", "rival"):
        st.session_state.pop(key, None)
    st.query_params.clear()


def remember(name: str, directories: dict[str, Path], offered: list[state.Choice]) -> None:
    """Put the choices into the URL."""
    url = state.to_url(st.session_state, offered)
    if name != next(iter(directories)):
        url["dataset"] = name
    if dict(st.query_params) != url:
        st.query_params.from_dict(url)


def show_sidebar(dataset: Dataset, models: dict[str, Path]) -> None:
    """Models, list length, device, and what the numbers are."""
    with st.sidebar:
        if models:
            for key, label in zip(SIDES, ("Model A", "Model B"), strict=True):
                st.selectbox(label, list(models), key=key, format_func=model_title)
                st.caption(model_note(models[st.session_state[key]]))
        st.slider("Recommendations shown", 1, state.MAX_LISTED, key="k")
        st.divider()
        st.caption(f":material/memory: {loaders.device_name()}")
        st.caption(
            f"{plain(dataset.name)}: {dataset.n_users:,} users, {dataset.n_items:,} items, "
            f"{dataset.n_interactions:,} interactions. {plain(dataset.about.get('citation', ''))}"
        )


def model_title(name: str) -> str:
    """A model directory's name as people say it."""
    backbone, _, refinement = name.partition("-")
    if backbone not in BACKBONE_TITLES:
        return name
    kind = "vanilla" if refinement == "none" else refinement.replace("_", "-")
    return f"{BACKBONE_TITLES[backbone]} \u00b7 {kind}"


def model_note(directory: Path) -> str:
    """The model's recorded test metrics with their protocol, or why there are none."""
    try:
        test = loaders.get_metrics(directory)["test"]
        return (
            f"Test NDCG@10 {test['metrics']['NDCG@10']:.4f}, HR@10 {test['metrics']['HR@10']:.4f} "
            f"(last item, ranked among {plain(test['protocol']['candidates'])}; "
            f"{plain(test['protocol']['users'])} users)"
        )
    except (AwrsrError, KeyError, TypeError, ValueError):
        return "No readable metrics.json: run `python -m awrsr evaluate` on it."


def choose_target(
    dataset: Dataset, sides: list[Side], history: list[int], held_out: int | None
) -> int:
    """The item whose rank and attributions are shown, one for both models."""
    if held_out is not None:
        automatic, why = held_out, "Held out"
    elif len(first := ranked_catalogue(sides[0].trace.item_scores, history)):
        automatic, why = (
            int(first["item"].iloc[0]),
            f"First recommendation of {sides[0].key.upper()}",
        )
    else:  # the whole catalogue is in the history
        automatic, why = history[-1], "Newest item"
    labels = item_labels(dataset)

    def label(item: int) -> str:
        if item == state.AUTOMATIC:
            return f"{why}: {labels[automatic - 1]}"
        return labels[item - 1]

    st.selectbox(
        "Target",
        range(state.AUTOMATIC, dataset.n_items + 1),
        key="target",
        format_func=label,
        help="Whose rank and attributions are shown, for both models. Any item of the catalogue.",
    )
    return automatic if st.session_state.target == state.AUTOMATIC else st.session_state.target


# --- results --------------------------------------------------------------------------------------


def run_model(key: str, directory: Path, dataset: Dataset, history: list[int]) -> Side | AwrsrError:
    """What a model makes of the history, or why it makes nothing."""
    try:
        model = loaders.get_model(directory)
        check_same_catalogue(model, dataset)
        trace = awrsr.trace(model, history)
    except AwrsrError as error:
        return error
    title = f"{key.upper()}: {model_title(directory.name)}"
    return Side(key=key, title=title, directory=directory, model=model, trace=trace)


def show_recommendations(
    dataset: Dataset, side: Side, other: Side | None, history: list[int], target: int
) -> None:
    """The model's list, each item with its rank in the other model, and the target's rank."""
    ranked = ranked_catalogue(side.trace.item_scores, history)
    top = ranked.head(st.session_state.k)
    place = rank_of(side.trace.item_scores, target, history)
    st.markdown(f"**{plain(side.title)}** \u00b7 recommendations")
    table = pd.DataFrame(
        {
            "rank": top["rank"],
            "title": [
                f"\u25c6 {title}" if item == target else title
                for item, title in zip(top["item"], dataset.titles(top["item"]), strict=True)
            ],
            "score": top["score"],
        }
    )
    if other is not None:
        scores = other.trace.item_scores
        table["other"] = [rank_of(scores, int(item), history) for item in top["item"]]
    mark = "background-color: rgba(240, 180, 40, 0.28)"
    st.dataframe(
        table.style.apply(
            lambda row: [mark if top["item"][row.name] == target else ""] * len(row), axis=1
        ).format({"score": "{:.3f}"}),
        hide_index=True,
        column_config={
            "rank": st.column_config.NumberColumn("#", width=36),
            "title": st.column_config.TextColumn("title", width=158),
            "score": st.column_config.NumberColumn(
                "score", width=58, help=SCORE_UNITS[side.model.config.backbone]
            ),
            "other": st.column_config.NumberColumn(
                f"in {other.key.upper()}" if other else None,
                width=46,
                help=f"Rank in {plain(other.title)}" if other else None,
            ),
        },
    )
    st.markdown(
        f"\u25c6 {plain(dataset.titles([target])[0])}: rank **{place:,}** of "
        f"{len(ranked) + (target in history):,}",
        help="Among the whole catalogue, items of the history left out unless the target; "
        "ties count against it.",
    )


def show_maps(dataset: Dataset, sides: list[Side]) -> None:
    """First-order, second-order and refined map of one layer and head, model beside model."""
    st.divider()
    layers = max(side.model.config.n_layers for side in sides)
    heads = max(side.model.config.n_heads for side in sides)
    for name, most in (("layer", layers), ("head", heads)):
        if st.session_state[name] > most:
            st.warning(f"There is no {name} {st.session_state[name]}; {name} {most} is shown.")
            st.session_state[name] = most
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.markdown("#### Attention", width="content")
        for name, most in (("layer", layers), ("head", heads)):
            st.segmented_control(name.capitalize(), range(1, most + 1), key=name, required=True)
        st.segmented_control(
            "Colour scale",
            list(figures.SCALES),
            key="scale",
            required=True,
            help="How a weight becomes a colour, the same for all maps. Read-outs are weights.",
        )
    st.caption(
        "Each row is one item attending to itself and to older ones; it sums to 1. Rows run "
        "downwards and keys to the right, from older to newer. The last row of the last layer "
        "makes the prediction. "
        "Later items can hold no weight and are left out."
    )
    for kind, title in MAPS.items():
        columns = st.columns(len(sides), gap="medium")
        for side, column in zip(sides, columns, strict=True):
            with column:
                show_map(dataset, side, kind, title)


def show_map(dataset: Dataset, side: Side, kind: str, title: str) -> None:
    """One map, or why there is none."""
    layer, head = st.session_state.layer - 1, st.session_state.head - 1
    where = f"layer {layer + 1}, head {head + 1}"
    refinement = REFINEMENTS[side.model.config.refinement]
    formula = f" \u00b7 {refinement.formula}" if kind == "refined" else ""
    st.markdown(f"**{title}** \u00b7 {plain(side.title)}, {where}{plain(formula)}")
    if layer >= side.model.config.n_layers or head >= side.model.config.n_heads:
        st.info(f"This model has no {where}.")
        return
    weights = getattr(side.trace.layers[layer], kind)
    if weights is None:
        st.info("The vanilla model has no second order: its first-order weights mix the values.")
        return
    st.plotly_chart(
        figures.attention_map(
            weights[head].cpu().numpy(),
            dataset.titles(side.trace.items),
            name=f"{title}, {side.title}, {where}",
            scale=st.session_state.scale,
        ),
        config=PLOT_CONFIG,
        key=f"map-{side.key}-{kind}",
        alt=f"{title} attention weights of {side.title}, {where}",
    )


def show_attributions(dataset: Dataset, sides: list[Side], target: int) -> None:
    """What each item adds to the target's score, in both models, by one method."""
    st.divider()
    labels = item_labels(dataset)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.markdown("#### Attribution", width="content")
        st.selectbox(
            "Method",
            list(METHODS),
            key="method",
            format_func=lambda name: METHODS[name].title,
            width=260,
        )
        st.selectbox(
            "Rather than (optional)",
            range(1, dataset.n_items + 1),
            index=None,
            key="rival",
            placeholder="No rival",
            format_func=lambda item: labels[item - 1],
            help="Explain the target's score less this item's score.",
            width=340,
        )
    method, rival = METHODS[st.session_state.method], st.session_state.rival
    question = f"score of {dataset.titles([target])[0]}"
    if rival:
        question += f" less score of {dataset.titles([rival])[0]}"
    st.caption(
        f"{plain(method.title)} of the {plain(question)}, in item score units, each panel on its "
        f"own scale. "
        f"Baseline: {plain(method.baseline)}. {plain(method.source)}."
    )
    results = [
        loaders.get_attribution(side.directory, tuple(side.trace.items), target, method.name, rival)
        for side in sides
    ]
    for side, result, column in zip(sides, results, st.columns(len(sides)), strict=True):
        with column:
            st.markdown(f"**{plain(side.title)}**")
            st.plotly_chart(
                figures.attribution_bars(
                    result.attribution.values.cpu().numpy(),
                    dataset.titles(side.trace.items),
                    color=figures.MODEL_COLORS[SIDES.index(side.key)],
                ),
                config=PLOT_CONFIG,
                key=f"attribution-{side.key}",
                alt=f"{method.title} of {side.title} per item of the history",
            )
            st.caption(attribution_facts(result))


def attribution_facts(timed: loaders.TimedAttribution) -> str:
    """Sum, score, baseline score, gap and time of one attribution."""
    result = timed.attribution
    facts = [f"sum {float(result.values.sum()):+.3f}", f"score {result.score:+.3f}"]
    if result.baseline_score is not None:
        facts.append(f"baseline score {result.baseline_score:+.3f}")
    if result.delta is not None:
        facts.append(f"completeness gap {result.delta:+.4f}")
    else:
        facts.append("no sum is promised by this method")
    facts += [f"{name} {value}" for name, value in result.settings.items()]
    return plain(" \u00b7 ".join([*facts, f"computed in {timed.seconds * 1000:.0f} ms"]))
