"""The refinements, in the order in which they are shown. A new one is a file and a line here."""

from collections.abc import Mapping
from typing import Any

from awrsr.config import ModelConfig
from awrsr.errors import ConfigError, check_choice
from awrsr.refinement.additive import Additive
from awrsr.refinement.base import Refined, Refinement, Terms
from awrsr.refinement.identity import Identity
from awrsr.refinement.none import NoRefinement
from awrsr.refinement.second_order import DotProducts, SecondOrder
from awrsr.refinement.simple import Simple
from awrsr.refinement.stochastic import Stochastic
from awrsr.refinement.uniform import Uniform
from awrsr.refinement.value_weighted import ValueWeighted

REFINEMENTS: dict[str, type[Refinement]] = {
    refinement.name: refinement
    for refinement in (
        *(NoRefinement, Simple, ValueWeighted, Additive, Stochastic),
        *(Uniform, Identity),
    )
}

READ_BY: dict[str, list[str]] = {
    field: readers
    for field in ModelConfig.model_fields
    if (readers := [name for name, kind in REFINEMENTS.items() if field in kind.settings])
}
"""The settings of refinements and which read them."""
USUAL: dict[str, Any] = {name: ModelConfig.model_fields[name].default for name in READ_BY}
"""Their defaults."""
FORMER: dict[str, Any] = {
    "rows": "plain",
    "gain": False,
    "similar_start": False,
    "matrices": "layer",
    "refinement_dropout": 0.0,
    "tied": True,
    "value_matrix": False,
    "mix": "halves",
}
"""What refinements did that were trained before these were settings."""
FORMER_DEFAULTS: dict[str, Any] = {"rows": "plain", "similar_start": False}
"""What other refinements, which do not read them, may have recorded."""

__all__ = [
    "FORMER_DEFAULTS",
    "READ_BY",
    "REFINEMENTS",
    "Additive",
    "DotProducts",
    "Refined",
    "Refinement",
    "SecondOrder",
    "Stochastic",
    "Terms",
    "ValueWeighted",
    "build_refinement",
    "with_former_settings",
    "with_unread_settings",
]


def build_refinement(config: ModelConfig) -> Refinement:
    """A new refinement for one layer of the model that `config` describes.

    Raises:
        ConfigError: it is unknown or not for the backbone, or a setting that it does not read is
            not at its default.
    """
    check_choice("refinement", config.refinement, REFINEMENTS)
    kind = REFINEMENTS[config.refinement]
    if config.backbone not in kind.backbones:
        raise ConfigError(
            f"refinement {kind.name!r} is for {', '.join(kind.backbones)}; "
            f"received backbone {config.backbone!r}"
        )
    for name, readers in READ_BY.items():
        if kind.name not in readers and getattr(config, name) != USUAL[name]:
            raise ConfigError(
                f"{name} is for refinement {', '.join(readers)}; received {name} "
                f"{getattr(config, name)!r} with refinement {kind.name!r}"
            )
    return kind(config)


def with_former_settings(model: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ModelConfig that was written before refinements had settings, with those that
    its refinement had then."""
    name = model.get("refinement")
    settings = {
        setting: FORMER[setting] if name in readers else USUAL[setting]
        for setting, readers in READ_BY.items()
    }
    return with_unread_settings(settings | dict(model))


def with_unread_settings(model: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ModelConfig with settings that its refinement does not read at their
    defaults, if they were recorded as former defaults."""
    unread = {
        setting: USUAL[setting]
        for setting, former in FORMER_DEFAULTS.items()
        if model.get("refinement") not in READ_BY[setting] and _same(model.get(setting), former)
    }
    return {**model, **unread}


def _same(value: object, other: object) -> bool:
    return type(value) is type(other) and value == other
