"""What the recorded results say, as tables and sentences; RESULTS.md is all of them."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from awrsr.board import KINDS, map_grid, save
from awrsr.config import (
    BACKBONE_TITLES,
    FORMER_TRAINING,
    Backbone,
    ModelConfig,
    TrainConfig,
    model_title,
)
from awrsr.errors import DataError, counted
from awrsr.experiments.comparison import (
    CLAIM_METRIC,
    LEVEL,
    MIN_SEEDS,
    MODEL,
    PAIRED_METRICS,
    SAMPLES,
    from_vanilla,
    records,
    verdict,
)
from awrsr.experiments.grid import OF_THE_GRID, read_grid
from awrsr.experiments.record import (
    Example,
    Results,
    epoch_means,
    in_order,
    means,
    read_examples,
    read_results,
    refresh_intervals,
)
from awrsr.experiments.verdict import (
    NO_VERDICT,
    VERDICT_KEY,
    Row,
    by_grid,
    corrected,
    mechanism_name,
    sentence,
    share,
    verdict_rows,
    verdict_table,
)
from awrsr.io.files import write_text
from awrsr.refinement import REFINEMENTS, with_former_settings

CUTOFFS = (1, 5, 10, 20)
EPOCHS = (1, 5, 10, 20, 40, 80, 160)
"""Of the tables that follow a training."""

FLOORS = {"uniform": "an even average over the history", "identity": "each item alone"}
"""What learned attention is compared with, in words."""
NO_FLOOR = (
    "What learned attention is worth here is not recorded: no `uniform` beside vanilla of its seed."
)
NOTHING_TO_PAIR = "No refined model is recorded beside vanilla of its seed."
HOW_PAIRED = (
    f"Paired with vanilla: every user's gain under a model minus the same user's gain "
    f"under vanilla SASRec or STOSA of the same loss, settings and seed, averaged over users and "
    f"over the seeds that both have. In brackets its {LEVEL:.0%} bootstrap interval: "
    f"{SAMPLES:,} samples, each drawing users and, apart from them, seeds, with replacement; with "
    f"one seed users only, and the interval then knows nothing of what another seed would do. "
    f"A seed gives the models of a backbone the same initial weights wherever they have the same "
    f"matrices: models of one seed move together, and few seeds show little of what others would "
    f"do; where seeds move a difference more than users do, an interval of {MIN_SEEDS} seeds is "
    f"still too narrow. These intervals stand each for itself. What is said of refinement goes by "
    f"the corrected ones: of the mechanisms of one dataset, backbone and loss together, from the "
    f"same samples, at a level of {LEVEL:.0%} for all m of them (Bonferroni: 1 - "
    f"{1 - LEVEL:.2f}/m each), and by p values corrected after Holm."
)


def part(table: pd.DataFrame, dataset: str, loss: str) -> pd.DataFrame:
    """The rows of one dataset and one loss: models are compared within these only."""
    return table[(table["dataset"] == dataset) & (table["loss"] == loss)]


def parts(results: Results) -> list[tuple[str, str]]:
    """The datasets and losses recorded."""
    found = results.runs[["dataset", "loss"]].drop_duplicates()
    return [(str(dataset), str(loss)) for dataset, loss in found.itertuples(index=False)]


# --- sentences ------------------------------------------------------------------------------------


def state(results: Results) -> str:
    """How much of the grid is there, and what to do about the rest."""
    planned = len(results.grid.runs)
    if not results.missing:
        return f"All {counted(planned, 'run')} of the grid are recorded."
    return (
        f"{planned - len(results.missing):,} of {counted(planned, 'run')} are recorded. Missing: "
        f"{_some(results.missing)}. `python -m awrsr experiment {results.grid.address}` trains "
        "what is missing and records it."
    )


def settings(results: Results) -> str:
    """What the recorded runs share beside what the grid varies."""
    losses: dict[str, list[str]] = {}
    for loss, runs in results.runs.groupby("loss", sort=False):
        models = [with_former_settings(json.loads(model)) for model in runs["model"].unique()]
        train = {**FORMER_TRAINING, **json.loads(runs["train"].iloc[0])}
        changed = [
            f"{name} {value}"
            for have, usual in (
                *((model, ModelConfig()) for model in models),
                (train, TrainConfig()),
            )
            for name, value in have.items()
            if name not in OF_THE_GRID
            and (value != usual.to_json()[name] or name in ("hidden_size", "n_layers", "n_heads"))
        ]
        losses.setdefault(", ".join(dict.fromkeys(changed)), []).append(f"`{loss}`")
    lines = [f"{', '.join(names)}: {changed}" for changed, names in losses.items()]
    return f"{'; '.join(lines)}; all else as `python -m awrsr train --help` says."


def protocol(results: Results, dataset: str) -> str:
    """How the numbers of a dataset's test split were measured, as the run that says most of it."""
    rows = results.test[results.test["dataset"] == dataset]
    row, candidates = rows.iloc[0], max(rows["candidates"], key=len)
    return (
        f"{row['held_out']} of each of {row['users']:,} users, ranked among {candidates}; "
        f"ties {row['ties']}."
    )


def findings(results: Results, dataset: str, loss: str) -> list[str]:
    """What attention is worth there and then what refinement adds, or what is not recorded."""
    return [
        *(worth(results, dataset, loss) or [NO_FLOOR]),
        *(claim(results, dataset, loss) or [NOTHING_TO_PAIR]),
    ]


def worth(results: Results, dataset: str, loss: str) -> list[str]:
    """What learned attention adds to an even average there, a sentence a backbone."""
    sentences = []
    for backbone, rows in _claim_rows(results, dataset, loss):
        over = {row["refinement"]: from_vanilla(row) for row in rows if row["refinement"] in FLOORS}
        if "uniform" not in over:
            continue
        first, *others = (over[name] for name in FLOORS if name in over)
        rest = "".join(
            f"; over {FLOORS[row['refinement']]}: {signed(row)}, {_seeds(row)}" for row in others
        )
        sentences.append(
            f"**Learned attention is worth {signed(first)} of {CLAIM_METRIC} over "
            f"{FLOORS['uniform']}** ({BACKBONE_TITLES[backbone]} on {dataset}, loss `{loss}`): "
            f"{_share(first)}{rest}."
        )
    return sentences


def claim(results: Results, dataset: str, loss: str) -> list[str]:
    """What refinement adds there, a paragraph a backbone and a line a mechanism."""
    paragraphs = []
    for row in verdict_rows([results]):
        if (row.dataset, row.loss) != (dataset, loss) or not row.mechanisms:
            continue
        each = "".join(f"\n- {_claim_of(of)}" for of in row.mechanisms)
        paragraphs.append(
            f"**Refinement: {row.verdict}** ({CLAIM_METRIC}, {BACKBONE_TITLES[row.backbone]} on "
            f"{dataset}, loss `{loss}`, {counted(len(row.mechanisms), 'mechanism')}):\n{each}"
        )
    return paragraphs


def _claim_rows(
    results: Results, dataset: str, loss: str
) -> list[tuple[Backbone, list[dict[str, Any]]]]:
    """The intervals of the claimed metric by backbone."""
    intervals = part(results.intervals, dataset, loss)
    intervals = intervals[intervals["metric"] == CLAIM_METRIC]
    return [
        (backbone, records(intervals[intervals["backbone"] == backbone]))
        for backbone in intervals["backbone"].unique()
    ]


def _claim_of(row: dict[str, Any]) -> str:
    return (
        f"{mechanism_name(row)} **{verdict([row])}**: {signed(row)}, corrected {corrected(row)} "
        f"and p {row['corrected_p']:.2g}; {_share(row)}."
    )


def _share(row: dict[str, Any]) -> str:
    return f"{share(row)} of vanilla's {row['vanilla']:.4f}; {_seeds(row)}"


def _seeds(row: dict[str, Any]) -> str:
    if row["seeds"] < MIN_SEEDS:
        return f"{counted(row['seeds'], 'seed')}, too few for more"
    return (
        f"{counted(row['seeds'], 'seed')}, {row['lowest_seed']:+.4f} to "
        f"{row['highest_seed']:+.4f} one by one"
    )


# --- tables ---------------------------------------------------------------------------------------


def data_table(all_results: Iterable[Results]) -> pd.DataFrame:
    """The datasets, each once."""
    table = pd.concat([results.datasets for results in all_results]).drop_duplicates("fingerprint")
    return pd.DataFrame(
        {
            "dataset": table["dataset"],
            **{
                name: [f"{value:,}" for value in table[name]]
                for name in ("users", "items", "interactions")
            },
            "density": [f"{value:.3%}" for value in table["density"]],
            "sequence, median": [f"{value:g}" for value in table["median sequence"]],
            "mean": [f"{value:.1f}" for value in table["mean sequence"]],
            "longest": [f"{value:,}" for value in table["longest sequence"]],
            "popularity HR@10": [f"{value:.4f}" for value in table["popularity HR@10"]],
            "popularity NDCG@10": [f"{value:.4f}" for value in table["popularity NDCG@10"]],
            "fingerprint": [f"`{value}`" for value in table["fingerprint"]],
        }
    )


def main_table(results: Results, dataset: str, loss: str) -> pd.DataFrame:
    """Each model's means and spreads over seeds, and its paired difference to vanilla."""
    differences = {
        (*(row[name] for name in MODEL), row["metric"]): signed(row)
        for row in records(results.intervals)
    }
    rows = []
    for row in records(means(part(results.test, dataset, loss), PAIRED_METRICS)):
        cells = {"model": _model(row), "seeds": str(row["seeds"])}
        for metric in PAIRED_METRICS:
            cells[f"{metric}, mean (min to max)"] = (
                f"{row[metric]:.4f} ({row[f'{metric} min']:.4f} to {row[f'{metric} max']:.4f})"
                if row["seeds"] > 1
                else f"{row[metric]:.4f}"
            )
        for metric in PAIRED_METRICS:
            key = (*(row[name] for name in MODEL), metric)
            cells[f"{metric} minus vanilla"] = differences.get(key, "")
        rows.append(cells)
    return pd.DataFrame(rows)


def mechanism_table(results: Results, dataset: str, loss: str) -> pd.DataFrame:
    """Per mechanism what it computes and costs, and the metrics that the main table lacks."""
    columns = ("NDCG@5", "NDCG@20", "MRR", "parameters", "best_epoch", "epochs")
    table = means(part(results.test, dataset, loss), columns)
    vanilla = table[table["refinement"] == "none"].set_index("backbone")
    configs = {(run.model.backbone, run.model.refinement): run.model for run in results.grid.runs}
    rows = []
    for row in records(table):
        base = vanilla["parameters"].get(row["backbone"])
        config = configs[row["backbone"], row["refinement"]]
        rows.append(
            {
                "model": _model(row),
                "mixes values with": REFINEMENTS[row["refinement"]].formula_of(config),
                "parameters": f"{row['parameters']:,.0f}",
                "more than vanilla": "" if base is None else f"{row['parameters'] - base:+,.0f}",
                "best epoch of": f"{row['best_epoch']:.0f} of {row['epochs']:.0f}",
                **{name: f"{row[name]:.4f}" for name in ("NDCG@5", "NDCG@20", "MRR")},
            }
        )
    return pd.DataFrame(rows)


def cutoff_table(results: Results, dataset: str, loss: str) -> pd.DataFrame:
    """NDCG@N against N, means over seeds."""
    names = [f"NDCG@{cutoff}" for cutoff in CUTOFFS]
    table = means(part(results.test, dataset, loss), names)
    return pd.DataFrame(
        [
            {"model": _model(row), **{name: f"{row[name]:.4f}" for name in names}}
            for row in records(table)
        ]
    )


def trend_table(results: Results, dataset: str, loss: str, column: str) -> pd.DataFrame:
    """A column of the histories at some epochs, means over seeds; blank where a seed had ended."""
    history = part(results.history, dataset, loss)
    table = in_order(epoch_means(history, [column]))
    digits = 4 if column.startswith(("NDCG", "HR")) else 2
    rows: list[dict[str, str]] = []
    for _, group in table.groupby(MODEL, sort=False):
        whole = group[group["seeds"] == group["seeds"].max()].set_index("epoch")[column]
        cells = {"model": _model(records(group)[0])}
        for epoch in EPOCHS:
            if epoch <= table["epoch"].max():
                cells[f"epoch {epoch}"] = f"{whole[epoch]:.{digits}f}" if epoch in whole else ""
        rows.append(cells)
    return pd.DataFrame(rows)


def signed(row: dict[str, Any]) -> str:
    """A row of the intervals as text."""
    return f"{row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]"


def _model(row: dict[str, Any]) -> str:
    return model_title(row["backbone"], row["refinement"])


def _some(names: list[str], limit: int = 4) -> str:
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")


# --- one example ----------------------------------------------------------------------------------


def example_of(results: Results, dataset: str, loss: str) -> Example | None:
    """The recorded example of a dataset with the models of one loss, in the refinements' order.

    Raises:
        DataError: the recorded examples are damaged.
    """
    example = read_examples(results.grid.file).get(dataset)
    if example is None:
        return None
    rows = in_order(part(results.test, dataset, loss))
    traces = {run: example.traces[run] for run in rows["run"] if run in example.traces}
    return replace(example, traces=traces) if traces else None


def example_caption(example: Example, results: Results) -> str:
    """What an example's maps are of."""
    seed = results.grid.runs[0].train.seed
    return (
        f"User {example.user}, {counted(len(example.items), 'item')} before the held-out one; "
        f"models of seed {seed}. One history is an illustration and no evidence."
    )


def example_picture(example: Example) -> str:
    """A row a model, a column a kind of map: last layer, mean over its heads; SVG."""
    maps, rows = [], []
    for run in example.traces.values():
        arrays = run.arrays()
        kinds = [arrays.get(kind) for kind in KINDS]  # M is A in a vanilla model
        maps.append([None if kind is None else kind[-1].mean(axis=0) for kind in kinds])
        rows.append(model_title(run.config.backbone, run.config.refinement))
    seen = min(m.shape[-1] for row in maps for m in row if m is not None)
    figure = map_grid(
        [[None if m is None else m[-seen:, -seen:] for m in row] for row in maps],
        rows=rows,
        columns=list(KINDS.values()),
        titles=example.titles[-seen:],
        first_slot=len(example.titles) - seen + 1,
        title="Last layer, mean over heads",
    )
    return save(figure, "svg").decode()


def example_file(dataset: str, loss: str) -> str:
    """The name of the picture in the grid's folder."""
    return f"example-{dataset}-{loss}.svg"


# --- RESULTS.md -----------------------------------------------------------------------------------


def grid_files(folder: str | Path) -> list[Path]:
    """The grids of a folder in the order of their names, a name before a longer one.

    Raises:
        DataError: there is none.
    """
    files = sorted(Path(folder).glob("*.toml"), key=lambda file: file.stem)
    if not files:
        raise DataError(f"{folder} holds no grid; a grid is a TOML file")
    return files


def write_report(folder: str | Path, output: Path) -> None:
    """Write RESULTS.md from a folder of grids and their recorded results, and its pictures.

    Raises:
        ConfigError: a grid cannot be read.
        DataError: recorded results are damaged, or there are no grids.
    """
    files = grid_files(folder)
    for file in files:
        refresh_intervals(file)
    text = report(folder)  # refuses what is damaged before pictures are written
    for file in files:
        if (results := read_results(file)) is None:
            continue
        for dataset, loss in parts(results):
            if example := example_of(results, dataset, loss):
                path = results.grid.results / example_file(dataset, loss)
                write_text(path, example_picture(example))
    write_text(output, text)


def report(folder: str | Path) -> str:
    """RESULTS.md, see `write_report`."""
    files = grid_files(folder)
    recorded = [found for file in files if (found := read_results(file)) is not None]
    planned = [grid for file in files if not (grid := read_grid(file)).results.is_dir()]
    text = [
        "# Results",
        *verdict_section(verdict_rows(recorded)),
        "## How this was measured",
        "Written by `python -m awrsr report` from the recorded files in "
        f"`{Path(folder).name}/`; nothing "
        "here is typed by hand, and a test compares. The page Results of the app "
        "(`streamlit run app/main.py`, then `/results`) draws the same with figures: intervals, "
        "NDCG against N, validation and gradient norms epoch by epoch. What did not work, and "
        "why settings are as they are: [EXPERIMENTS.md](EXPERIMENTS.md).",
        "Models are compared under one loss only: the loss moves NDCG more than any attention. "
        f"{HOW_PAIRED}",
    ]
    if recorded:
        text += ["## Data", markdown(data_table(recorded))]
        text.append(
            "After the filters that `awrsr prepare` applied. Popularity: the test metrics of a "
            "baseline that scores each item by how often it occurs in the training parts."
        )
    for results in recorded:
        text += _grid_section(results)
    if planned:
        text.append("## Planned, nothing recorded")
        text.append(
            "\n".join(
                f"- {grid.title}: {counted(len(grid.runs), 'run')}, "
                f"`python -m awrsr experiment {grid.address}`"
                for grid in planned
            )
        )
    return "\n\n".join(text) + "\n"


def verdict_section(rows: list[Row]) -> list[str]:
    """What documents lead with: the table, how to read it, a sentence a row."""
    if not rows:
        return [NO_VERDICT]
    text = [markdown(verdict_table(rows)), VERDICT_KEY]
    for results, of in by_grid(rows):
        said = "\n".join(f"- {sentence(row)}" for row in of)
        text += [
            said,
            *([f"{results.grid.title}: {results.grid.about}"] if results.grid.about else []),
        ]
    return text


def _grid_section(results: Results) -> list[str]:
    grid = results.grid
    text = [f"## {grid.title}"]
    if grid.about:
        text.append(grid.about)
    text.append(f"{state(results)} Recorded in `{grid.address.removesuffix('.toml')}/`.")
    text.append(f"Settings: {settings(results)}")
    text.append("Software: " + " / ".join(sorted(set(results.runs["software"]))) + ".")
    for dataset, loss in parts(results):
        name = f"{dataset}, {loss}"
        text += [
            f"### {name}: what is attention worth, and does refinement improve NDCG?",
            *findings(results, dataset, loss),
            markdown(main_table(results, dataset, loss)),
            f"Protocol: {protocol(results, dataset)}",
            f"### {name}: mechanisms",
            markdown(mechanism_table(results, dataset, loss)),
            "Means over seeds. M mixes the values, A are first-order, S second-order weights.",
            f"### {name}: NDCG@N against N",
            markdown(cutoff_table(results, dataset, loss)),
            *_example_section(results, dataset, loss),
            f"### {name}: validation NDCG@10 while training",
            markdown(trend_table(results, dataset, loss, "NDCG@10")),
            "Means over seeds; blank once a seed had stopped. Validation: the last but one item.",
            f"### {name}: gradient norm",
            markdown(trend_table(results, dataset, loss, "grad_norm")),
            "Global norm over all parameters, mean over an epoch's steps and over seeds.",
        ]
    return text


def _example_section(results: Results, dataset: str, loss: str) -> list[str]:
    example = example_of(results, dataset, loss)
    if example is None:
        return []
    place = f"{results.grid.address.removesuffix('.toml')}/{example_file(dataset, loss)}"
    return [
        f"### {dataset}, {loss}: attention maps of one example",
        f"![Attention maps of one history of {dataset} in every model]({place})",
        f"{example_caption(example, results)} Last layer, mean over heads, one scale.",
    ]


def markdown(table: pd.DataFrame) -> str:
    """A table of texts in Markdown."""
    rows: list[Any] = [
        list(table),
        ["---"] * len(table.columns),
        *table.astype(str).to_numpy().tolist(),
    ]
    return "\n".join(
        f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows
    )
