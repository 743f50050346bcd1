"""The refinements, in the order in which they are shown. A new one is a file and a line here."""

from awrsr.config import ModelConfig
from awrsr.errors import ConfigError, check_choice
from awrsr.refinement.additive import Additive
from awrsr.refinement.base import Refined, Refinement, Terms
from awrsr.refinement.identity import Identity
from awrsr.refinement.none import NoRefinement
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

__all__ = ["REFINEMENTS", "Refined", "Refinement", "Terms", "build_refinement"]


def build_refinement(config: ModelConfig) -> Refinement:
    """A new refinement for one layer of the model that `config` describes."""
    check_choice("refinement", config.refinement, REFINEMENTS)
    kind = REFINEMENTS[config.refinement]
    if config.backbone not in kind.backbones:
        raise ConfigError(
            f"refinement {kind.name!r} is for {', '.join(kind.backbones)}; "
            f"received backbone {config.backbone!r}"
        )
    return kind(config)
