"""What the recorded results say, in sentences: of RESULTS.md and of the page Results."""

import json
from typing import Any

from awrsr.config import FORMER_TRAINING, ModelConfig, TrainConfig
from awrsr.errors import counted
from awrsr.experiments.comparison import (
    CLAIM_METRIC,
    LEVEL,
    MIN_SEEDS,
    SAMPLES,
    from_vanilla,
    records,
    verdict,
)
from awrsr.experiments.grid import OF_THE_GRID
from awrsr.experiments.record import Results
from awrsr.experiments.tables import part, signed
from awrsr.experiments.verdict import mechanism_name, verdict_rows
from awrsr.experiments.verdict_words import corrected, share
from awrsr.models import BACKBONES
from awrsr.refinement import EVEN, REFINEMENTS, Floor, with_former_settings

NO_FLOOR = (
    f"What learned attention is worth here is not recorded: no `{EVEN}` beside vanilla of its seed."
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
    floors = {name: kind.words for name, kind in REFINEMENTS.items() if issubclass(kind, Floor)}
    for backbone, rows in _claim_rows(results, dataset, loss):
        over = {row["refinement"]: from_vanilla(row) for row in rows if row["refinement"] in floors}
        if EVEN not in over:
            continue
        first = over.pop(EVEN)
        rest = "".join(
            f"; over {words}: {signed(over[name])}, {_seeds(over[name])}"
            for name, words in floors.items()
            if name in over
        )
        sentences.append(
            f"**Learned attention is worth {signed(first)} of {CLAIM_METRIC} over "
            f"{floors[EVEN]}** ({BACKBONES[backbone].title} on {dataset}, loss `{loss}`): "
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
            f"**Refinement: {row.verdict}** ({CLAIM_METRIC}, {BACKBONES[row.backbone].title} on "
            f"{dataset}, loss `{loss}`, {counted(len(row.mechanisms), 'mechanism')}):\n{each}"
        )
    return paragraphs


def _claim_rows(
    results: Results, dataset: str, loss: str
) -> list[tuple[str, list[dict[str, Any]]]]:
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


def _some(names: list[str], limit: int = 4) -> str:
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
