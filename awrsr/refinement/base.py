"""The contract of a refinement.

A refinement receives the first-order weights of one layer and returns the weights that mix the
values. Three laws hold for every refinement: each row with an allowed key sums to one; keys that
are not allowed get weight zero; without second-order weights it returns the first-order weights.
It may learn matrices over slots. These have n = max_length rows, and a sequence of m items uses the
last m rows: the newest item always uses the same row, and padding uses none.
"""

from itertools import dropwhile
from typing import Any, ClassVar, Literal, NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn

from awrsr.config import ModelConfig
from awrsr.errors import ConfigError
from awrsr.family import BackboneMember

USUAL: dict[str, Any] = {
    name: field.default
    for name, field in dropwhile(lambda pair: pair[0] != "rows", ModelConfig.model_fields.items())
}
"""The settings that belong to refinements, see `ModelConfig`, and their defaults."""


class Refined(NamedTuple):
    """The result of a refinement; all of shape (batch, head, query_pos, key_pos).

    Args:
        weights: the refined weights M, which mix the values.
        second_order: the second-order weights S, or None if the mechanism has none.
        second_order_scores: the scores whose softmax is S, or None.
    """

    weights: Float[Tensor, "batch head query_pos key_pos"]
    second_order: Float[Tensor, "batch head query_pos key_pos"] | None = None
    second_order_scores: Float[Tensor, "batch head query_pos key_pos"] | None = None


Terms = Literal["whole", "first order", "second order", "shares", "product", "intermediate items"]
"""The decomposition of a refined weight, in this order: none; A_ij alone; S_ij alone; the sum of a
share of A_ij and a share of S_ij, see `shares`; A_ij times the factor by which the second order
raises or lowers it, exp(s_ij) / sum over k of A_ik exp(s_ik); or the sum over items k of
S_ik (A V)_kj, where V is the identity unless it is learned, see `values`."""


class Refinement(nn.Module, BackboneMember):
    """One mechanism: facts that describe it, and the computation in `forward`."""

    title: ClassVar[str]
    """Its displayed name, after the backbone's title; by default its name with dashes."""
    formula: ClassVar[str]
    """The formula of M, "M = ..."; read through `formula_of`."""
    settings: ClassVar[tuple[str, ...]] = ()
    """The fields of ModelConfig that it reads; names of `USUAL`."""
    terms: ClassVar[Terms] = "whole"
    """The decomposition of its weights; read through `terms_of`."""
    no_second_order: ClassVar[str] = ""
    """If it has no second order: a sentence that says what mixes the values instead."""
    even: ClassVar[bool] = False
    """Whether its weights are always those of an even average, whatever is learned."""
    learns_attention: ClassVar[bool] = True
    """Whether the layer compares queries with keys. If not, it has no matrices for them, and its
    first-order weights are even over the keys of `attended`."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if isinstance(vars(cls).get("name"), str) and "title" not in vars(cls):
            cls.title = cls.name.replace("_", "-")

    @classmethod
    def check_facts(cls) -> None:
        """Raise ConfigError if the class declares a setting that refinements do not have."""
        for setting in cls.settings:
            if setting not in USUAL:
                raise ConfigError(
                    f"refinement {cls.name!r} reads {setting!r}, which is not a setting of "
                    f"refinements; accepted: {', '.join(USUAL)}"
                )

    @classmethod
    def formula_of(cls, config: ModelConfig) -> str:
        """The formula of M under these settings, "M = ..."."""
        return cls.formula

    @classmethod
    def terms_of(cls, config: ModelConfig) -> Terms:
        """The terms of each refined weight under these settings."""
        return cls.terms

    @classmethod
    def has_second_order(cls) -> bool:
        """Whether rows of first-order weights are compared."""
        return False

    def attended(
        self, allowed: Bool[Tensor, "batch 1 query_pos key_pos"]
    ) -> Bool[Tensor, "batch 1 query_pos key_pos"]:
        """The keys that may have first-order weight: by default all allowed keys."""
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
        """For M made of shares of A and S: the share of S, by head."""
        raise NotImplementedError

    def values(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """For M made of intermediate items: the matrix that S mixes, A or A V."""
        return first_order


class Floor(Refinement):
    """A baseline that learns no attention; the gain over it measures what attention is worth.

    M = A, and A is even over the keys of `attended`: nothing is compared.
    """

    words: ClassVar[str]
    """Its description, in words that follow "over"."""
    terms = "first order"
    learns_attention = False

    def forward(
        self,
        first_order: Float[Tensor, "batch head query_pos key_pos"],
        allowed: Bool[Tensor, "batch 1 query_pos key_pos"],
    ) -> Refined:
        """Return the first-order weights."""
        return Refined(first_order)
