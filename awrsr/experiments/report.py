"""RESULTS.md: all recorded grids in one document, made from a template."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from awrsr.errors import DataError, counted
from awrsr.experiments.examples import example_caption, example_file, example_of, example_picture
from awrsr.experiments.grid import read_grid
from awrsr.experiments.record import read_results, refresh_intervals
from awrsr.experiments.sentences import (
    HOW_PAIRED,
    findings,
    protocol,
    settings,
    state,
    validated_on,
)
from awrsr.experiments.tables import (
    cutoff_table,
    data_table,
    main_table,
    mechanism_table,
    parts,
    trend_table,
)
from awrsr.experiments.verdict import NO_VERDICT, VERDICT_KEY, by_grid, verdict_rows
from awrsr.experiments.verdict_words import sentence, verdict_table
from awrsr.io.files import write_text
from awrsr.io.templates import render

TEMPLATE = Path(__file__).with_name("templates") / "RESULTS.md.j2"


def grid_files(folder: str | Path) -> list[Path]:
    """The grids of a folder, sorted by name.

    Raises:
        DataError: there are none.
    """
    files = sorted(Path(folder).glob("*.toml"), key=lambda file: file.stem)
    if not files:
        raise DataError(f"{folder} has no grid; a grid is a TOML file")
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
    text = report(folder)  # finds damaged files before any picture is written
    for file in files:
        if (results := read_results(file)) is None:
            continue
        for dataset, loss in parts(results):
            if example := example_of(results, dataset, loss):
                path = results.grid.results / example_file(dataset, loss)
                write_text(path, example_picture(example))
    write_text(output, text)


def report(folder: str | Path) -> str:
    """The text of RESULTS.md, see `write_report`."""
    files = grid_files(folder)
    recorded = [found for file in files if (found := read_results(file)) is not None]
    tables = (verdict_table, data_table, main_table, mechanism_table, cutoff_table, trend_table)
    words = (by_grid, sentence, state, settings, findings, protocol, validated_on, parts, counted)
    example = (example_of, example_file, example_caption)
    return render(
        TEMPLATE,
        folder=Path(folder).name,
        verdicts=verdict_rows(recorded),
        recorded=recorded,
        planned=[grid for file in files if not (grid := read_grid(file)).results.is_dir()],
        no_verdict=NO_VERDICT,
        verdict_key=VERDICT_KEY,
        how_paired=HOW_PAIRED,
        place=lambda results: results.grid.address.removesuffix(".toml"),
        **{table.__name__: _in_markdown(table) for table in tables},
        **{function.__name__: function for function in (*words, *example)},
    )


def _in_markdown(table: Callable[..., pd.DataFrame]) -> Callable[..., str]:
    return lambda *arguments: markdown(table(*arguments))


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
