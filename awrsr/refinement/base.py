"""The contract of a refinement.

A refinement sees the first-order weights of one layer and gives back the weights that mix the
values. Whatever it does, three laws hold: every row with an allowed key sums to one, no weight
falls on a key that is not allowed, and without second-order weights the first-order weights are
given back. It may learn matrices over slots; these have n = max_length rows of which a sequence of
m items uses the last m, so that the newest item always meets the same row and padding none.
"""

from itertools import dropwhile
from typing import Any, ClassVar, Literal, NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn

from awrsr.config import ModelConfig
from awrsr.errors import ConfigError
from awrsr.family import OfBackbones

USUAL: dict[str, Any] = {
    name: field.default
    for name, field in dropwhile(lambda one: one[0] != "rows", ModelConfig.model_fields.items())
}
"""The settings that belong to refinements, see `ModelConfig`, and their defaults."""


class Refined(NamedTuple):
    """What a refinement gives back, all of shape (batch, head, query_pos, key_pos).

    Args:
        weights: the refined weights M, the ones that mix the values.
        second_order: the second-order weights S, or None where the mechanism has none.
        second_order_scores: S before its softmax, or None.
    """

    weights: Float[Tensor, "batch head query_pos key_pos"]
    second_order: Float[Tensor, "batch head query_pos key_pos"] | None = None
    second_order_scores: Float[Tensor, "batch head query_pos key_pos"] | None = None


Terms = Literal["whole", "first order", "second order", "shares", "product", "intermediate items"]
"""What a refined weight is made of: of no parts that are told apart; A_ij alone; S_ij alone; the
sum of a share of each, see `shares`; A_ij times the factor by which the second order raises or
lowers it, exp(s_ij) / sum over k of A_ik exp(s_ik); or the sum of S_ik (A V)_kj over items k, V the
identity unless it is learned, see `values`."""


class Refinement(nn.Module, OfBackbones):
    """One mechanism; a subclass says in a few facts what it is, and computes in `forward`."""

    title: ClassVar[str]
    """As people say it after a backbone's title; its name with dashes where it states none."""
    formula: ClassVar[str]
    """What M is, "M = ..."; for people, who get it from `formula_of`."""
    settings: ClassVar[tuple[str, ...]] = ()
    """The fields of ModelConfig that it reads and others may not; names of `USUAL`."""
    terms: ClassVar[Terms] = "whole"
    """What each of its weights is made of; asked for by `terms_of`."""
    no_second_order: ClassVar[str] = ""
    """Where there is no second order, what mixes the values instead, a sentence; else empty."""
    even: ClassVar[bool] = False
    """Whether every weight is that of an even average, whatever is learned."""
    learns_attention: ClassVar[bool] = True
    """Whether the layer compares queries with keys. Where it does not, it has no matrices for them,
    and its first-order weights are even over the keys of `attended`."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if isinstance(vars(cls).get("name"), str) and "title" not in vars(cls):
            cls.title = cls.name.replace("_", "-")

    @classmethod
    def check_facts(cls) -> None:
        """Raise ConfigError where it reads what is no setting of refinements."""
        for setting in cls.settings:
            if setting not in USUAL:
                raise ConfigError(
                    f"refinement {cls.name!r} reads {setting!r}, which is no setting of "
                    f"refinements; accepted: {', '.join(USUAL)}"
                )

    @classmethod
    def formula_of(cls, config: ModelConfig) -> str:
        """What M is under these settings, "M = ..."."""
        return cls.formula

    @classmethod
    def terms_of(cls, config: ModelConfig) -> Terms:
        """What each of its weights is made of under these settings."""
        return cls.terms

    @classmethod
    def has_second_order(cls) -> bool:
        """Whether rows of first-order weights are compared."""
        return False

    def attended(
        self, allowed: Bool[Tensor, "batch 1 query_pos key_pos"]
    ) -> Bool[Tensor, "batch 1 query_pos key_pos"]:
        """The keys that first-order attention may fall on: by default all that are allowed."""
        return allowed

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Refined:
        """Refine the first-order weights A of one layer."""
        raise NotImplementedError

    def shares(self) -> Float[Tensor, "head 1 1"]:
        """Where M is made of shares of A and S, the second order's share by head."""
        raise NotImplementedError

    def values(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """Where M is made of intermediate items, what S mixes: A, or A V."""
        return first_order


class Floor(Refinement):
    """A member that learns no attention: what attention is worth is what a model has over it.

    M = A, and A is even over the keys of `attended`: nothing is compared.
    """

    words: ClassVar[str]
    """What it is, in words that follow "over"."""
    terms = "first order"
    learns_attention = False

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Refined:
        """Give the first-order weights back."""
        return Refined(first_order)
