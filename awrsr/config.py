"""Every setting of a model and of its training: frozen, checked when made, to and from JSON."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from awrsr.errors import ConfigError
from awrsr.family import FAMILIES, check_member
from awrsr.schema import Schema

PADDING = 0
"""The item number that is no item. Real items are 1 to n_items."""

MAX_SIZE = 1_000_000
MAX_LAYERS = 1_000
"""Beyond any model; a damaged config is refused before anything of its size is made."""
Size = Annotated[int, Field(ge=1, le=MAX_SIZE)]
Count = Annotated[int, Field(ge=1)]
Dropout = Annotated[float, Field(ge=0, le=0.99)]
NotNegative = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]

MeanStream = Literal["correct", "published"]
Rows = Literal["plain", "standardised"]
Matrices = Literal["layer", "head"]
Mix = Literal["halves", "gate", "scores"]
Targets = Literal["all", "last"]
InitialWeights = Literal["normal", "xavier"]
Precision = Literal["32-true", "bf16-mixed", "64-true"]
Candidates = Literal["unseen", "all"]
Split = Literal["validation", "test"]
HELD_OUT: dict[Split, int] = {"test": 1, "validation": 2}
"""How far from a sequence's end the target stands."""


class Settings(Schema):
    """What the settings below share: a file says all of them."""

    whole = True


class ModelConfig(Settings):
    """The architecture of a model.

    The settings from `rows` on belong to refinements. Each is read by some of them only, see their
    `settings`; for others it stays at its default.

    Args:
        backbone: sasrec (deterministic) or stosa (each item a Gaussian).
        refinement: none (the vanilla model), simple, value_weighted, additive, stochastic (stosa
            only), or a floor that learns no attention, uniform or identity; see `awrsr.refinement`.
        max_length: n, the longest sequence in items; a longer one keeps its newest n.
        hidden_size: width d of an item embedding (of the mean and of the covariance each, for
            stosa).
        n_layers: attention layers.
        n_heads: attention heads per layer; must divide hidden_size.
        inner_size: width of the feed-forward layer, 4 d in the published code.
        hidden_dropout: dropout on embeddings and layer outputs, in training only.
        attention_dropout: dropout on the refined weights, in training only.
        correlation_rank: r, the width of the correlation space; null means max_length.
        mean_stream: stosa only: correct, or published, which reproduces the defect of the published
            code by which the mean never receives attention.
        rows: what the second attention compares: plain, rows of first-order weights as they are, or
            standardised, each centred and scaled over the items that it may attend to.
        gain: whether second-order scores are multiplied by a learned positive number per head,
            begun at 1.
        similar_start: whether W_K begins as a copy of W_Q, so that from the first step items that
            attend alike are related; they are learned separately.
        matrices: layer, W_Q and W_K (and V) are shared by the heads of a layer, or head, every head
            has its own.
        refinement_dropout: dropout on the rows that are compared, in training only.
        tied: stochastic only: whether one pair of matrices makes the Gaussians of queries and of
            keys; then every item's largest second-order weight is on itself, whatever is learned,
            and similar_start changes nothing.
        value_matrix: value_weighted only: whether a learned row-stochastic matrix V over slots
            follows, M = S A V.
        mix: additive only: halves, M = (A + S) / 2; gate, M = (1 - g) A + g S with g learned per
            head; or scores, first- and second-order scores are added before one softmax.
    """

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
    rows: Rows = "standardised"
    gain: bool = False
    similar_start: bool = True
    matrices: Matrices = "layer"
    refinement_dropout: Dropout = 0.0
    tied: bool = False
    value_matrix: bool = False
    mix: Mix = "halves"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_member("backbone", self.backbone)
        if self.hidden_size % self.n_heads:
            raise ConfigError(
                f"n_heads must divide hidden_size; received {self.n_heads} heads "
                f"for a hidden size of {self.hidden_size}"
            )
        backbones = FAMILIES["backbone"]
        if self.mean_stream == "published" and not backbones[self.backbone].has_mean_stream:
            accepted = [repr(name) for name, kind in backbones.items() if kind.has_mean_stream]
            raise ConfigError(
                f"mean_stream 'published' needs backbone {' or '.join(accepted)}; "
                f"received {self.backbone!r}"
            )
        return self

    @property
    def rank(self) -> int:
        """Width r of the correlation space."""
        return self.max_length if self.correlation_rank is None else self.correlation_rank


class Catalogue(Settings):
    """Which dataset a model's item numbers belong to.

    Args:
        name: the dataset's name.
        fingerprint: the dataset's fingerprint, see `awrsr.data.dataset`.
        n_items: items in the catalogue, padding not counted.
    """

    name: str
    fingerprint: str
    n_items: int = Field(ge=1, le=2**31 - 1)


class TrainConfig(Settings):
    """How a model is trained.

    Args:
        loss: ce (full softmax), sampled_ce (softmax over sampled negatives), bce (one negative that
            the user was not trained on, as SASRec) or bpr_pvn (stosa only, likewise one).
        negatives: sampled_ce only: uniform negatives per sequence.
        pvn_weight: bpr_pvn only: weight of the term that keeps positives nearer to the sequence
            than to negatives.
        targets: all, every item of a sequence is predicted from those before it; or last, only the
            newest one, where nothing else can be known.
        initial_weights: of dense layers: normal, with deviation 0.02 as in BERT and S3-Rec; or
            xavier, with a deviation by the size of each layer as in SASRec's own code (Glorot and
            Bengio 2010): five times larger in a layer of 64 by 64.
        epochs: at most this many passes over the training sequences.
        patience: stop after this many epochs without a better validation NDCG@10.
        batch_size: sequences per step.
        learning_rate: of Adam.
        weight_decay: of Adam, decoupled.
        seed: of initial weights, order, dropout and negatives. Models of a backbone have the same
            initial weights wherever they have the same matrices.
        precision: of Lightning Fabric.
    """

    loss: str = "ce"
    negatives: Count = 256
    pvn_weight: NotNegative = 0.005
    targets: Targets = "all"
    initial_weights: InitialWeights = "xavier"
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
        return self


FORMER_TRAINING = {"targets": "all", "initial_weights": "normal"}
"""Fields of a TrainConfig that was written before these were settings."""
