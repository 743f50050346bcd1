"""The verb faithfulness: how well explanations find important items, over many users."""

import shlex
from pathlib import Path

import pandas as pd

from awrsr import explain, studies
from awrsr.config import Split
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.errors import ConfigError
from awrsr.experiments.card import dataset_of
from awrsr.io.progress import progress_bar
from awrsr.processes import this_process
from awrsr.ranking import recommendation
from awrsr.ranking.evaluation import candidates_words, seen_words
from awrsr.training.checkpoint import read_config


def faithfulness(
    model: Path,
    *,
    beside: Path | None = None,
    sample: int = 200,
    seed: int = 0,
    split: Split = "test",
    output: Path | None = None,
    resume: bool = False,
    dataset: Path | None = None,
    device: str = "auto",
) -> None:
    """Measure over many users whether attention and attribution find the items that matter.

    Items are removed and added in the order of each explanation. Prints the measures of
    awrsr/explain/faithfulness.py as means over users with 95% bootstrap intervals and, if the
    dataset records planted causes, how well these are found. The column next to each model is the
    difference of each explanation to its floor: random orders, with the newest item first if the
    explanation always ranks it first.

    Args:
        model: a model directory.
        beside: another model directory of the same dataset, for the same users.
        sample: number of users, drawn at random; 0 for all.
        seed: seed of the sample, the random orders, the randomised methods and the intervals.
        split: the split whose held-out items are explained.
        output: directory to write to; default: DATASET/faithfulness/MODEL or MODEL_BESIDE.
        resume: continue an unfinished study with the same settings.
        dataset: the model's dataset directory; default: the one whose models/ folder contains the
            model.
        device: auto, cpu, cuda, cuda:1, ...
    """
    data = load_dataset(dataset) if dataset else dataset_of(model)
    paths = [model, beside] if beside else [model]
    for path in paths:
        recommendation.check_catalogue(read_config(path)[1], data, f"{path}: ")
    directories = {path.resolve().name: path for path in paths}
    if len(directories) < len(paths):
        raise ConfigError(f"both models are called {model.resolve().name!r}; rename a directory")
    folder = dataset or model.parent.parent
    directory = output or folder / "faithfulness" / "_".join(directories)
    words = ["python", "-m", "awrsr", "faithfulness", str(model)]
    words += ["--beside", str(beside)] if beside else []
    words += ["--sample", str(sample), "--seed", str(seed)]
    words += ["--split", split] if split != "test" else []
    words += ["--output", str(output)] if output else []
    process = this_process()[0]
    with progress_bar(None, "user", disable=process > 0) as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        study = studies.write_study(
            directories,
            data,
            directory,
            split=split,
            sample=sample,
            seed=seed,
            device=device,
            resume=resume,
            command=shlex.join(words),
            progress=advance,
        )
    if process > 0:
        return
    _print_study(study, data)
    print(f"written to {directory}")


def _print_study(study: studies.Study, dataset: Dataset) -> None:
    """Print one table per measure and planted sort: explanations down, models across."""
    assert study.summary is not None
    titles = {**explain.MEASURES, **explain.CAUSE_MEASURES}
    for (sort, measure), rows in study.summary.groupby(["sort", "measure"], sort=False):
        better = "lower" if measure in explain.LOWER_IS_BETTER else "higher"
        heading = f"{titles[str(measure)]}; {better} is better; {int(rows['users'].max())} users"
        print(f"\n{heading}" + (f"; targets planted by {sort}" if sort != "all" else ""))
        sign = ["+" if studies.LESS in model else "" for model in rows["model"]]
        cells = [
            f"{mean:{s}.4f} ({low:{s}.4f} to {high:{s}.4f})"
            for s, mean, low, high in zip(
                sign, rows["mean"], rows["low"], rows["high"], strict=True
            )
        ]
        table = rows.assign(cell=cells).pivot(index="explanation", columns="model", values="cell")
        table = table[rows["model"].unique()]
        for place, (model, model_rows) in enumerate(rows.groupby("model", sort=False)):
            if studies.LESS not in str(model):
                table.insert(2 * place + 1, f"{model} minus floor", _minus_floor(model_rows))
        order = [name for name in explain.EXPLANATIONS if name in table.index]
        table.columns = [str(name).replace(studies.LESS, " minus ") for name in table]
        print(table.loc[order].fillna("-").to_string())
    about = study.about
    print(
        f"\nprotocol: {about['split']} item of {about['users']} of {about['of_users']} users"
        + (f" ({about['held_out']})" if "held_out" in about else "")
        + f", seed {about['seed']}; items removed from the newest n of a history; candidates: "
        f"{candidates_words(dataset.n_items, about['candidates'])}; "
        f"{seen_words(dataset, about['split'])}; ties count against the target; means over users, "
        "95% bootstrap intervals; floor: random orders, * with the newest item first, because the "
        f"explanation ranks it first for at least {studies.FORCED_SHARE:.0%} of the users"
        + (
            f"; {about['open_users']} users whose item nothing determines are left out"
            if about["open_users"]
            else ""
        )
    )


def _minus_floor(rows: pd.DataFrame) -> pd.Series:
    """Value minus floor with its interval, and the floor, by explanation."""
    rows = rows.set_index("explanation")
    forced = rows["newest_first"] >= studies.FORCED_SHARE
    cells = [
        f"{difference:+.4f} ({low:+.4f} to {high:+.4f}) {floor:.4f}{'*' * mark}"
        for difference, low, high, floor, mark in zip(
            rows["less_floor"],
            rows["less_floor_low"],
            rows["less_floor_high"],
            rows["floor"],
            forced,
            strict=True,
        )
    ]
    return pd.Series(cells, index=rows.index)
