"""The recorded maps of one history in all models of a grid, as a picture with a caption."""

from dataclasses import replace

from awrsr.board import KINDS, map_grid, save
from awrsr.errors import counted
from awrsr.experiments.averages import in_order
from awrsr.experiments.record import Results
from awrsr.experiments.recorded_examples import Example, read_examples
from awrsr.experiments.tables import part
from awrsr.models import model_title


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
    """The caption of an example's maps."""
    seed = results.grid.runs[0].train.seed
    return (
        f"User {example.user}, {counted(len(example.items), 'item')} before the held-out item; "
        f"models with seed {seed}. One history is an illustration, not evidence."
    )


def example_picture(example: Example) -> str:
    """A row per model, a column per kind of map: last layer, mean over heads; SVG."""
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
