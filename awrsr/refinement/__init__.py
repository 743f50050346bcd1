"""The refinements, in the order of display. A new one is a file and a line here."""

from collections.abc import Mapping
from typing import Any

from awrsr.config import ModelConfig
from awrsr.errors import ConfigError
from awrsr.family import Family
from awrsr.refinement.additive import Additive
from awrsr.refinement.base import USUAL, Floor, Refined, Refinement, Terms
from awrsr.refinement.identity import Identity
from awrsr.refinement.none import NoRefinement
from awrsr.refinement.second_order import DotProducts, SecondOrder
from awrsr.refinement.simple import Simple
from awrsr.refinement.slots import SlotProjection
from awrsr.refinement.stochastic import Stochastic
from awrsr.refinement.uniform import Uniform
from awrsr.refinement.value_weighted import ValueWeighted

REFINEMENTS: Family[Refinement] = Family(
    "refinement",
    Refinement,
    group="awrsr.refinements",
    members=(
        *(NoRefinement, Simple, ValueWeighted, Additive, Stochastic),
        *(Uniform, Identity),
    ),
    facts=("formula",),
)
VANILLA = NoRefinement.name
EVEN = Uniform.name
"""The references of comparisons: the model without refinement, and the model without attention."""

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
"""The behaviour of refinements in files written before these were settings."""
FORMER_DEFAULTS: dict[str, Any] = {"rows": "plain", "similar_start": False, "mix": "halves"}
"""Former defaults: files of refinements that do not read these settings may contain them."""

__all__ = [
    "FORMER_DEFAULTS",
    "EVEN",
    "REFINEMENTS",
    "USUAL",
    "VANILLA",
    "DotProducts",
    "Floor",
    "Refined",
    "Refinement",
    "SecondOrder",
    "SlotProjection",
    "Terms",
    "build_refinement",
    "read_by",
    "with_former_settings",
    "with_unread_settings",
]


def read_by(setting: str) -> list[str]:
    """The refinements that read a setting of `USUAL`."""
    return [name for name, kind in REFINEMENTS.items() if setting in kind.settings]


def build_refinement(config: ModelConfig) -> Refinement:
    """A new refinement for one layer of the model that `config` describes.

    Raises:
        ConfigError: it is unknown or does not work with the backbone, or a setting that it does not
            read differs from its default.
    """
    kind = REFINEMENTS.named(config.refinement)
    if not kind.fits(config.backbone):
        raise ConfigError(
            f"refinement {kind.name!r} is for {', '.join(kind.backbones or ())}; "
            f"received backbone {config.backbone!r}"
        )
    for name, usual in USUAL.items():
        if name not in kind.settings and getattr(config, name) != usual:
            raise ConfigError(
                f"{name} is for refinement {', '.join(read_by(name))}; received {name} "
                f"{getattr(config, name)!r} with refinement {kind.name!r}"
            )
    return kind(config)


def with_former_settings(model: Mapping[str, Any]) -> dict[str, Any]:
    """A ModelConfig written before refinements had settings, as a dictionary, completed with the
    settings that describe its behaviour then."""
    name = model.get("refinement")
    settings = {
        setting: FORMER[setting] if name in read_by(setting) else usual
        for setting, usual in USUAL.items()
    }
    return with_unread_settings(settings | dict(model))


def with_unread_settings(model: Mapping[str, Any]) -> dict[str, Any]:
    """A ModelConfig as a dictionary in which former defaults of settings that its refinement does
    not read are replaced by the current defaults."""
    unread = {
        setting: USUAL[setting]
        for setting, former in FORMER_DEFAULTS.items()
        if model.get("refinement") not in read_by(setting) and _same(model.get(setting), former)
    }
    return {**model, **unread}


def _same(value: object, reference: object) -> bool:
    return type(value) is type(reference) and value == reference
