"""Sentences about recorded results, for RESULTS.md and the page Results."""

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
)
from awrsr.experiments.grid import OF_THE_GRID
from awrsr.experiments.record import Results
from awrsr.experiments.tables import part, signed
from awrsr.experiments.verdict import mechanism_name, verdict_rows, verdict_word
from awrsr.experiments.verdict_words import corrected, share
from awrsr.models import BACKBONES
from awrsr.refinement import EVEN, REFINEMENTS, Floor, with_former_settings

NO_FLOOR = (
    f"What learned attention is worth here is not recorded: vanilla and `{EVEN}` have no common "
    "seed."
)
NOTHING_TO_PAIR = "No refined model is recorded with the same seed as vanilla."
HOW_PAIRED = (
    f"Differences are paired: each user's gain under a model minus the same user's gain under "
    f"vanilla SASRec or STOSA with the same loss, settings and seed, averaged over users and over "
    f"the common seeds. Brackets hold the {LEVEL:.0%} bootstrap interval: {SAMPLES:,} samples, "
    f"each of which draws users and, independently, seeds, with replacement. With one seed only "
    f"users are drawn, and the interval says nothing about other seeds. All models of a backbone "
    f"with the same seed share the initial weights of their common matrices, so their results are "
    f"correlated, and few seeds say little about others: if seeds vary more than users, an "
    f"interval from {MIN_SEEDS} seeds is still too narrow. These intervals are not corrected for "
    f"multiple comparisons. Verdicts on refinement use corrected values: intervals of all m "
    f"mechanisms of one dataset, backbone and loss at a joint level of {LEVEL:.0%} (Bonferroni: "
    f"1 - {1 - LEVEL:.2f}/m each), from the same samples, and p values corrected by Holm's method."
)


def state(results: Results) -> str:
    """The recorded share of the grid, and the command for the missing runs."""
    planned = len(results.grid.runs)
    if not results.missing:
        return f"All {counted(planned, 'run')} of the grid are recorded."
    return (
        f"{planned - len(results.missing):,} of {counted(planned, 'run')} are recorded. Missing: "
        f"{_first(results.missing)}. `python -m awrsr experiment {results.grid.address}` trains "
        "and records the missing runs."
    )


def settings(results: Results) -> str:
    """The common settings of the recorded runs that differ from the defaults."""
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
            and (value != dict(usual)[name] or name in ("hidden_size", "n_layers", "n_heads"))
        ]
        losses.setdefault(", ".join(dict.fromkeys(changed)), []).append(f"`{loss}`")
    lines = [f"{', '.join(names)}: {changed}" for changed, names in losses.items()]
    return f"{'; '.join(lines)}; all others at their defaults (`python -m awrsr train --help`)."


def protocol(results: Results, dataset: str) -> str:
    """The protocol of a dataset's test metrics, from the most detailed record."""
    rows = results.test[results.test["dataset"] == dataset]
    row, candidates = rows.iloc[0], max(rows["candidates"], key=len)
    return (
        f"{row['held_out']} of each of {row['users']:,} users, ranked among {candidates}; "
        f"ties {row['ties']}."
    )


def validated_on(results: Results, dataset: str) -> str:
    """The split and the item of each user that is the target of validation."""
    rows = results.runs[results.runs["dataset"] == dataset]
    return str(rows[rows["split"] == "validation"]["held_out"].iloc[0])


def findings(results: Results, dataset: str, loss: str) -> list[str]:
    """Sentences on what attention is worth and what refinement adds, or that it is not recorded."""
    return [
        *(worth(results, dataset, loss) or [NO_FLOOR]),
        *(claim(results, dataset, loss) or [NOTHING_TO_PAIR]),
    ]


def worth(results: Results, dataset: str, loss: str) -> list[str]:
    """The gain of learned attention over an even average, one sentence per backbone."""
    sentences = []
    floors = {name: kind.words for name, kind in REFINEMENTS.items() if issubclass(kind, Floor)}
    for backbone, rows in _claim_rows(results, dataset, loss):
        gains = {
            row["refinement"]: from_vanilla(row) for row in rows if row["refinement"] in floors
        }
        if EVEN not in gains:
            continue
        first = gains.pop(EVEN)
        further = "".join(
            f"; over {words}: {signed(gains[name])}, {_seeds(gains[name])}"
            for name, words in floors.items()
            if name in gains
        )
        sentences.append(
            f"**Learned attention is worth {signed(first)} {CLAIM_METRIC} over {floors[EVEN]}** "
            f"({BACKBONES[backbone].title} on {dataset}, loss `{loss}`): {_share(first)}{further}."
        )
    return sentences


def claim(results: Results, dataset: str, loss: str) -> list[str]:
    """What refinement adds, one paragraph per backbone with one line per mechanism."""
    paragraphs = []
    for row in verdict_rows([results]):
        if (row.dataset, row.loss) != (dataset, loss) or not row.mechanisms:
            continue
        lines = "".join(f"\n- {_claim_of(mechanism)}" for mechanism in row.mechanisms)
        paragraphs.append(
            f"**Refinement: {row.verdict}** ({CLAIM_METRIC}, {BACKBONES[row.backbone].title} on "
            f"{dataset}, loss `{loss}`, {counted(len(row.mechanisms), 'mechanism')}):\n{lines}"
        )
    return paragraphs


def _claim_rows(
    results: Results, dataset: str, loss: str
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The intervals of `CLAIM_METRIC` by backbone."""
    intervals = part(results.intervals, dataset, loss)
    intervals = intervals[intervals["metric"] == CLAIM_METRIC]
    return [
        (backbone, records(intervals[intervals["backbone"] == backbone]))
        for backbone in intervals["backbone"].unique()
    ]


def _claim_of(row: dict[str, Any]) -> str:
    return (
        f"{mechanism_name(row)} **{verdict_word([row])}**: {signed(row)}, corrected "
        f"{corrected(row)} and p {row['corrected_p']:.2g}; {_share(row)}."
    )


def _share(row: dict[str, Any]) -> str:
    return f"{share(row)} of vanilla's {row['vanilla']:.4f}; {_seeds(row)}"


def _seeds(row: dict[str, Any]) -> str:
    if row["seeds"] < MIN_SEEDS:
        return f"{counted(row['seeds'], 'seed')}, too few for a range"
    return (
        f"{counted(row['seeds'], 'seed')}, {row['lowest_seed']:+.4f} to "
        f"{row['highest_seed']:+.4f} per seed"
    )


def _first(names: list[str], limit: int = 4) -> str:
    hidden = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {hidden} more" if hidden > 0 else "")
