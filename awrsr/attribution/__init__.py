"""Attribution methods, in the order of display. A new one is a file and a line here."""

from collections.abc import Callable, Sequence
from typing import Any

from awrsr.attribution.base import (
    ABSENT,
    Attribution,
    AttributionMethod,
    Estimate,
    Question,
    over_embedding,
)
from awrsr.attribution.doubling import Effort
from awrsr.attribution.feature_ablation import FeatureAblation
from awrsr.attribution.gradient_shap import GradientShap
from awrsr.attribution.input_x_gradient import InputXGradient
from awrsr.attribution.integrated_gradients import IntegratedGradients
from awrsr.attribution.leave_one_out import LeaveOneOut
from awrsr.attribution.scorer import Scorer, to_captum
from awrsr.attribution.settings import Option
from awrsr.attribution.shapley_value_sampling import ShapleyValueSampling
from awrsr.errors import ConfigError
from awrsr.family import Family
from awrsr.models import SequentialModel
from awrsr.ranking.recommendation import check_item, check_items

METHODS: Family[AttributionMethod] = Family(
    "attribution method",
    AttributionMethod,
    group="awrsr.attribution_methods",
    members=(
        IntegratedGradients,
        InputXGradient,
        GradientShap,
        FeatureAblation,
        LeaveOneOut,
        ShapleyValueSampling,
    ),
    facts=("title", "source", "complete"),
)

__all__ = [
    "ABSENT",
    "METHODS",
    "Attribution",
    "AttributionMethod",
    "Effort",
    "Estimate",
    "Option",
    "Question",
    "Scorer",
    "attribute",
    "over_embedding",
    "settings_help",
    "to_captum",
]


def settings_help() -> str:
    """The settings of all methods: name, default, accepted values, meaning."""
    return " ".join(
        f"{name}: "
        + "; ".join(f"{o.name} ({o.default}; {o.accepted}) {o.help}" for o in method.options())
        + "."
        for name, method in METHODS.items()
        if method.options()
    )


def attribute(
    model: SequentialModel,
    items: Sequence[int],
    target: int,
    method: str = "integrated_gradients",
    contrast: int | None = None,
    *,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    **settings: Any,
) -> Attribution:
    """The contribution of each item of a history to the score of a target, in item score units.

    Args:
        model: in eval mode; it is not changed.
        items: the history, oldest first; a history longer than n is cut to its newest n items.
        target: any item of the catalogue.
        method: one of METHODS.
        contrast: explain the score of the target minus the score of this item.
        seed: seed of randomised methods; the same seed gives the same values.
        progress: called with the share of work done, 0 to 1; an exception that it raises ends the
            work and is raised to the caller.
        settings: settings of the method, such as `n_steps=64`; `METHODS[method].options()` lists
            them.

    Raises:
        DataError: the history is empty, or an entry, the target or the contrast is not an item.
        ConfigError: no such method or setting, or a value or the seed is not accepted.
    """
    chosen = METHODS.named(method).with_settings(settings)
    kept = check_items(model, items)[-model.config.max_length :]
    target = check_item(model, target, "the target ")
    if contrast is not None:
        contrast = check_item(model, contrast, "the contrast ")
    if not 0 <= seed < 2**32:
        raise ConfigError(f"seed must be a whole number, 0 to {2**32 - 1}; received {seed!r}")
    question = Question(model, kept, target, contrast, seed=seed, progress=progress)
    question.progress(0.0)
    found = chosen.estimate(question)
    delta = None
    if chosen.complete and found.baseline_score is not None:
        delta = question.gap(found.values, found.baseline_score)
    question.progress(1.0)
    return Attribution(
        method=method,
        items=kept,
        values=found.values,
        target=target,
        contrast=contrast,
        score=question.full_score,
        baseline_score=found.baseline_score,
        baseline=chosen.absent,
        delta=delta,
        settings={**chosen.to_json(), **({"seed": seed} if chosen.randomised else {})},
        standard_errors=found.standard_errors,
        effort=found.effort,
    )
