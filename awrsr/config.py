"""All settings of a model and of its training: frozen, validated, to and from JSON."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from awrsr.errors import ConfigError
from awrsr.family import FAMILIES, check_member
from awrsr.schema import Schema

PADDING = 0
"""The number that means no item. Items are 1 to n_items."""

MAX_SIZE = 1_000_000
MAX_LAYERS = 1_000
"""Far above any real model, so that a damaged config is refused before memory is allocated."""
Size = Annotated[int, Field(ge=1, le=MAX_SIZE)]
Count = Annotated[int, Field(ge=1)]
Dropout = Annotated[float, Field(ge=0, le=0.99)]
NotNegative = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]

MeanStream = Literal["correct", "published"]
Norms = Literal["after", "query", "before"]
OuterNorm = Literal["embeddings", "states"]
Activation = Literal["gelu", "relu", "silu"]
Positions = Literal["newest", "oldest"]
AttendedPadding = Literal["ignored", "zero", "carried"]
OutputEmbedding = Literal["shared", "separate"]
Rows = Literal["plain", "standardised"]
Matrices = Literal["layer", "head"]
Mix = Literal["gate", "halves", "scores"]
Targets = Literal["all", "last"]
InitialWeights = Literal["normal", "xavier"]
Optimizer = Literal["adamw", "lazy_adam"]
Precision = Literal["32-true", "bf16-mixed", "64-true"]
Candidates = Literal["unseen", "all"]
Split = Literal["validation", "test"]
HELD_OUT: dict[Split, int] = {"test": 1, "validation": 2}
"""The position of the target of a split, counted from the end of a sequence, in leave one out."""
LEAVE_ONE_OUT = "leave_one_out"
"""The rule of the default split, see `awrsr.data.splits`."""


LAYOUT = (
    *("norms", "outer_norm", "norm_epsilon", "activation", "scaled_embeddings"),
    *("positions", "padding", "output_embedding"),
)
"""The settings of a layout, see `ModelConfig`."""


class Settings(Schema):
    """Settings whose JSON form must contain every field."""

    all_required = True


class ModelConfig(Settings):
    """The architecture of a model.

    The settings named in `LAYOUT` define how the parts of a backbone are connected; their defaults
    are the layout trained here, other values are layouts of models trained elsewhere. The settings
    from `rows` on belong to refinements. Each backbone and each refinement reads only the settings
    named in its `settings`; the others must keep their defaults.

    Args:
        backbone: sasrec (deterministic) or stosa (each item a Gaussian).
        refinement: none (the vanilla model), simple, value_weighted, additive, stochastic (stosa
            only), or a floor that learns no attention: uniform or identity; see `awrsr.refinement`.
        max_length: n, the longest sequence in items; a longer one is cut to its newest n items.
        hidden_size: width d of an item embedding (for stosa, of its mean and of its covariance).
        n_layers: attention layers.
        n_heads: attention heads per layer; must divide hidden_size.
        inner_size: width of the feed-forward layer, 4 d in the published code.
        hidden_dropout: dropout on embeddings and layer outputs, in training only.
        attention_dropout: dropout on the refined weights, in training only.
        correlation_rank: r, the width of the correlation space; null means max_length.
        mean_stream: stosa only: correct, or published, which reproduces a defect of the published
            code: the mean never receives attention.
        norms: the place of the norms in a layer, where f is attention or the feed-forward layer:
            after, norm(x + f(x)); before, x + f(norm(x)); or query, as in SASRec's own code, where
            the residual path is normalised too, norm(x) + f(norm(x)), and keys and values are
            computed from x.
        outer_norm: the place of the layer norm outside the layers: embeddings, before the first
            layer; or states, after the last.
        norm_epsilon: the constant that every layer norm adds to the variance.
        activation: of the feed-forward layers.
        scaled_embeddings: whether item embeddings are multiplied by the root of hidden_size before
            positions are added; scores use them unscaled.
        positions: counted from the newest item, whose position is always the same; or from the
            oldest.
        padding: whether items attend to the max_length - m empty slots before them: ignored, they
            do not; zero, they do, and the slots are zeros in every layer; carried, they do, and the
            layers transform the empty slots, which begin as zeros, like items.
        output_embedding: the embeddings that states are compared with: shared, the item embeddings;
            or separate, a second table.
        rows: the rows that the second attention compares: plain, the rows of first-order weights;
            or standardised, each row centred and scaled over its allowed keys.
        gain: whether second-order scores are multiplied by a learned positive number per head, with
            initial value 1.
        similar_start: whether W_K is initialised as a copy of W_Q, so that items with similar
            attention are related from the first step; the two are learned separately.
        matrices: layer, W_Q and W_K (and V) are shared by the heads of a layer; or head, every head
            has its own.
        refinement_dropout: dropout on the rows that are compared, in training only.
        tied: stochastic only: whether queries and keys share one pair of matrices; then every
            item's largest second-order weight is on itself, whatever is learned, and similar_start
            has no effect.
        value_matrix: value_weighted only: whether a learned row-stochastic matrix V over slots is
            applied last, M = S A V.
        mix: additive only: gate, M = (1 - g) A + g S, g learned per head, initially 0.1; halves,
            M = (A + S) / 2; or scores, first- and second-order scores are added before one softmax.
    """

    may_lack = LAYOUT

    backbone: str = "sasrec"
    refinement: str = "none"
    max_length: Size = 50
    hidden_size: Size = 64
    n_layers: int = Field(default=2, ge=1, le=MAX_LAYERS)
    n_heads: Size = 2
    inner_size: Size = 256
    hidden_dropout: Dropout = 0.5
    attention_dropout: Dropout = 0.5
    correlation_rank: int | None = Field(default=None, ge=1, le=MAX_SIZE)
    mean_stream: MeanStream = "correct"
    norms: Norms = "after"
    outer_norm: OuterNorm = "embeddings"
    norm_epsilon: float = Field(default=1e-12, ge=1e-12, le=0.1)
    activation: Activation = "gelu"
    scaled_embeddings: bool = False
    positions: Positions = "newest"
    padding: AttendedPadding = "ignored"
    output_embedding: OutputEmbedding = "shared"
    rows: Rows = "standardised"
    gain: bool = False
    similar_start: bool = True
    matrices: Matrices = "layer"
    refinement_dropout: Dropout = 0.0
    tied: bool = False
    value_matrix: bool = False
    mix: Mix = "gate"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_member("backbone", self.backbone)
        if self.hidden_size % self.n_heads:
            raise ConfigError(
                f"n_heads must divide hidden_size; received {self.n_heads} heads "
                f"for a hidden size of {self.hidden_size}"
            )
        backbones = FAMILIES["backbone"]
        for name in ("mean_stream", *LAYOUT):
            value = getattr(self, name)
            if value != self._default(name) and name not in backbones[self.backbone].settings:
                accepted = [repr(each) for each, kind in backbones.items() if name in kind.settings]
                raise ConfigError(
                    f"{name} {value!r} needs backbone {' or '.join(accepted)}; "
                    f"received {self.backbone!r}"
                )
        return self

    @property
    def rank(self) -> int:
        """Width r of the correlation space."""
        return self.max_length if self.correlation_rank is None else self.correlation_rank


class Catalogue(Settings):
    """The dataset that a model's item numbers refer to.

    Args:
        name: the dataset's name.
        fingerprint: the dataset's fingerprint, see `awrsr.data.dataset`.
        n_items: items in the catalogue, without padding.
        split: the rule of the dataset's split, see `awrsr.data.splits`.
    """

    may_lack = ("split",)

    name: str
    fingerprint: str
    n_items: int = Field(ge=1, le=2**31 - 1)
    split: str = LEAVE_ONE_OUT


class TrainConfig(Settings):
    """How a model is trained.

    Args:
        loss: ce (full softmax), sampled_ce (softmax over sampled negatives), bce (one negative
            outside the user's training items, as in SASRec) or bpr_pvn (stosa only, also with one
            negative).
        negatives: sampled_ce only: uniform negatives per sequence.
        pvn_weight: bpr_pvn only: weight of the term that keeps positives closer to the sequence
            than to negatives.
        targets: all, every item of a sequence is predicted from the items before it; or last, only
            the newest item, for data in which only that item can be predicted.
        initial_weights: distribution for dense layers: normal, standard deviation 0.02 as in BERT
            and S3-Rec; or xavier, scaled by the size of each layer as in SASRec's own code (Glorot
            and Bengio 2010): five times larger for a layer of 64 by 64.
        optimizer: adamw; or lazy_adam, which changes only those rows of the item table that are in
            the batch: the time of a step does not grow with the catalogue. It needs a loss that
            samples items, and no weight decay; see `awrsr.training.optimizers`.
        epochs: largest number of passes over the training sequences.
        patience: stop after this many epochs without a better validation NDCG@10.
        batch_size: sequences per step.
        learning_rate: Adam's learning rate.
        weight_decay: Adam's decoupled weight decay.
        seed: seed of initial weights, order, dropout and negatives. All models of one backbone get
            the same initial weights in the matrices that they share.
        precision: numerical precision, in the notation of Lightning Fabric.
    """

    may_lack = ("optimizer",)

    loss: str = "ce"
    negatives: Count = 256
    pvn_weight: NotNegative = 0.005
    targets: Targets = "all"
    initial_weights: InitialWeights = "xavier"
    optimizer: Optimizer = "adamw"
    epochs: Count = 200
    patience: Count = 10
    batch_size: Count = 256
    learning_rate: float = Field(default=1e-3, ge=1e-12)
    weight_decay: NotNegative = 0.0
    seed: Seed = 0
    precision: Precision = "32-true"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_member("loss", self.loss)
        if self.optimizer == "lazy_adam":
            losses = FAMILIES["loss"]
            if losses[self.loss].whole_catalogue:
                accepted = [repr(name) for name, kind in losses.items() if not kind.whole_catalogue]
                raise ConfigError(
                    f"optimizer 'lazy_adam' needs loss {' or '.join(accepted)}, which sample "
                    f"items; received {self.loss!r}, which changes every item in every step"
                )
            if self.weight_decay:
                raise ConfigError(
                    "optimizer 'lazy_adam' needs weight_decay 0, because decay changes every item "
                    f"in every step; received {self.weight_decay:g}"
                )
        return self


FORMER_TRAINING = {"targets": "all", "initial_weights": "normal"}
"""The values of these two fields in files written before they were settings."""
