"""Every setting of a model and of its training: frozen, checked when made, to and from JSON."""

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from awrsr.errors import ConfigError, check_choice, did_you_mean
from awrsr.family import FAMILIES, check_member

PADDING = 0
"""The item number that is no item. Real items are 1 to n_items."""

MAX_SIZE = 1_000_000
MAX_LAYERS = 1_000
"""Beyond any model; a damaged config is refused before anything of its size is made."""

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


@dataclass(frozen=True)
class Settings:
    """What the frozen settings below share: exact conversion from and to a JSON object."""

    def to_json(self) -> dict[str, Any]:
        """The fields by name, as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: object, *, where: str) -> Self:
        """The settings a JSON object describes; every field must be there and no other.

        Args:
            where: the file and section, for messages.

        Raises:
            ConfigError: a field is missing, unknown, of the wrong type or out of range.
        """
        if not isinstance(values, Mapping):
            raise ConfigError(f"{where}: expected an object, received {type(values).__name__}")
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in names:
                raise ConfigError(
                    f"{where}: unknown field {name!r}; accepted: {', '.join(names)}."
                    f"{did_you_mean(str(name), names)}"
                )
        missing = [name for name in names if name not in values]
        if missing:
            raise ConfigError(f"{where}: missing field {', '.join(repr(n) for n in missing)}")
        try:
            return cls(**values)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None


UNLIMITED = sys.float_info.max
"""What is finite; a number written as Infinity is not."""


def check_number(name: str, value: object, kind: type, low: float, high: float = UNLIMITED) -> None:
    """Raise ConfigError unless `value` is a number of this kind, int or float, within bounds."""
    accepted = int if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, accepted) or not low <= value <= high:
        accepted_range = f"{low:g} or more" if high == UNLIMITED else f"{low:g} to {high}"
        raise ConfigError(
            f"{name} must be {'a whole number' if kind is int else 'a number'}, {accepted_range}; "
            f"received {value!r}"
        )


def check_flag(name: str, value: object) -> None:
    """Raise ConfigError unless `value` is true or false."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be true or false; received {value!r}")


@dataclass(frozen=True, kw_only=True)
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
    max_length: int = 50
    hidden_size: int = 64
    n_layers: int = 2
    n_heads: int = 2
    inner_size: int = 256
    hidden_dropout: float = 0.5
    attention_dropout: float = 0.5
    correlation_rank: int | None = None
    mean_stream: MeanStream = "correct"
    rows: Rows = "standardised"
    gain: bool = False
    similar_start: bool = True
    matrices: Matrices = "layer"
    refinement_dropout: float = 0.0
    tied: bool = False
    value_matrix: bool = False
    mix: Mix = "halves"

    def __post_init__(self) -> None:
        check_member("backbone", self.backbone)
        if not isinstance(self.refinement, str):
            raise ConfigError(f"refinement must be a name; received {self.refinement!r}")
        check_choice("mean_stream", self.mean_stream, get_args(MeanStream))
        check_choice("rows", self.rows, get_args(Rows))
        check_choice("matrices", self.matrices, get_args(Matrices))
        check_choice("mix", self.mix, get_args(Mix))
        for name in ("gain", "similar_start", "tied", "value_matrix"):
            check_flag(name, getattr(self, name))
        for name in ("max_length", "hidden_size", "n_heads", "inner_size"):
            check_number(name, getattr(self, name), int, 1, MAX_SIZE)
        check_number("n_layers", self.n_layers, int, 1, MAX_LAYERS)
        for name in ("hidden_dropout", "attention_dropout", "refinement_dropout"):
            check_number(name, getattr(self, name), float, 0, 0.99)
        if self.correlation_rank is not None:
            check_number("correlation_rank", self.correlation_rank, int, 1, MAX_SIZE)
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

    @property
    def rank(self) -> int:
        """Width r of the correlation space."""
        return self.max_length if self.correlation_rank is None else self.correlation_rank


@dataclass(frozen=True, kw_only=True)
class Catalogue(Settings):
    """Which dataset a model's item numbers belong to.

    Args:
        name: the dataset's name.
        fingerprint: the dataset's fingerprint, see `awrsr.data.dataset`.
        n_items: items in the catalogue, padding not counted.
    """

    name: str
    fingerprint: str
    n_items: int

    def __post_init__(self) -> None:
        for name in ("name", "fingerprint"):
            if not isinstance(getattr(self, name), str):
                raise ConfigError(f"{name} must be text; received {getattr(self, name)!r}")
        check_number("n_items", self.n_items, int, 1, 2**31 - 1)


@dataclass(frozen=True, kw_only=True)
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
    negatives: int = 256
    pvn_weight: float = 0.005
    targets: Targets = "all"
    initial_weights: InitialWeights = "xavier"
    epochs: int = 200
    patience: int = 10
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    seed: int = 0
    precision: Precision = "32-true"

    def __post_init__(self) -> None:
        check_member("loss", self.loss)
        check_choice("precision", self.precision, get_args(Precision))
        check_choice("targets", self.targets, get_args(Targets))
        check_choice("initial_weights", self.initial_weights, get_args(InitialWeights))
        for name in ("negatives", "epochs", "patience", "batch_size"):
            check_number(name, getattr(self, name), int, 1)
        check_number("seed", self.seed, int, 0, 2**31 - 1)
        for name in ("pvn_weight", "weight_decay"):
            check_number(name, getattr(self, name), float, 0)
        check_number("learning_rate", self.learning_rate, float, 1e-12)


FORMER_TRAINING = {"targets": "all", "initial_weights": "normal"}
"""Fields of a TrainConfig that was written before these were settings."""
