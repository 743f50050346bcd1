"""The base class of importers, and the result of an import."""

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from awrsr.config import Candidates, ModelConfig
from awrsr.errors import CheckpointError, ConfigError, shown
from awrsr.family import Member
from awrsr.importers.stored import Stored


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A model in the form of this package, its items still in the order of the source.

    Args:
        config: its settings.
        weights: its weights by our names, without the tables.
        tables: the weights with a row per item, by our names: row 0 is padding, row i item i of the
            source.
        item_ids: the ids of the source's items, in its order.
        notes: facts found or guessed, one sentence without a full stop each.
    """

    config: ModelConfig
    weights: Mapping[str, Tensor]
    tables: Mapping[str, Tensor]
    item_ids: list[str]
    notes: list[str] = field(default_factory=list)


class Importer(Member, ABC):
    """The importer of one layout of files: facts about it, `recognises` and `convert`.

    The keyword-only parameters of `convert` are its options; `awrsr.importers.read_model` describes
    them.
    """

    title: ClassVar[str]
    """The displayed name of the code bases whose files it reads."""
    marks: ClassVar[tuple[str, ...]]
    """Names of tensors by which the layout is recognised; all of them must be in the file."""
    candidates: ClassVar[Candidates | None] = "unseen"
    """The candidates among which the source ranks; None if it ranks among a few sampled items."""

    @classmethod
    def recognises(cls, stored: Stored) -> bool:
        """Whether a file has this layout."""
        return set(cls.marks) <= stored.tensors.keys()

    @staticmethod
    @abstractmethod
    def convert(stored: Stored) -> Converted:
        """The model in a file.

        Raises:
            ConfigError: an option that the file does not replace is missing or not acceptable.
            CheckpointError: the file lacks a tensor, or has one that is not of the layout.
            DataError: a further file is not readable.
        """

    @classmethod
    def options(cls) -> list[str]:
        """The names of its options."""
        parameters = inspect.signature(cls.convert).parameters.values()
        return [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]


class Tensors:
    """The tensors of a file under one prefix; each is taken once."""

    def __init__(self, stored: Stored, prefix: str = "") -> None:
        self.path = stored.path
        self.left = {
            name.removeprefix(prefix): tensor.detach()
            for name, tensor in stored.tensors.items()
            if name.startswith(prefix)
        }

    def take(self, name: str, dimensions: int = 2) -> Tensor:
        """A tensor.

        Raises:
            CheckpointError: the tensor does not exist or has other dimensions.
        """
        if name not in self.left:
            raise CheckpointError(f"{self.path} lacks the tensor {name}")
        tensor = self.left.pop(name)
        if tensor.dim() != dimensions:
            raise CheckpointError(
                f"{self.path}: {name} is {tuple(tensor.shape)}, expected {dimensions} dimensions"
            )
        return tensor

    def pair(self, ours: str, theirs: str) -> dict[str, Tensor]:
        """Weight and bias of a dense layer or a norm, under our name. A convolution over one slot
        is a dense layer."""
        weight = self.left.get(f"{theirs}.weight", torch.empty(0))
        weight = self.take(f"{theirs}.weight", weight.dim())
        weight = weight.squeeze(-1) if weight.dim() == 3 else weight
        return {f"{ours}.weight": weight, f"{ours}.bias": self.take(f"{theirs}.bias", 1)}

    def pairs(self, names: Mapping[str, str]) -> dict[str, Tensor]:
        """Several `pair`s: our names and theirs."""
        found: dict[str, Tensor] = {}
        for ours, theirs in names.items():
            found |= self.pair(ours, theirs)
        return found

    def stacked(self, ours: Iterable[str], theirs: str) -> dict[str, Tensor]:
        """Dense layers whose weights are stacked in one, as in torch's MultiheadAttention."""
        ours = list(ours)
        weights = self.take(f"{theirs}_weight").chunk(len(ours))
        biases = self.take(f"{theirs}_bias", 1).chunk(len(ours))
        found: dict[str, Tensor] = {}
        for name, weight, bias in zip(ours, weights, biases, strict=True):
            found |= {f"{name}.weight": weight, f"{name}.bias": bias}
        return found

    def count(self, pattern: str) -> int:
        """The number of layers: the distinct numbers that a pattern's group matches in names."""
        return len({found[1] for name in self.left if (found := re.match(pattern, name))})

    def finish(self, ignored: str = "$^") -> None:
        """Refuse tensors that were not taken, unless their names begin with a pattern.

        Raises:
            CheckpointError: a tensor is left that is not of the layout.
        """
        unknown = sorted(name for name in self.left if not re.match(ignored, name))
        if unknown:
            more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
            raise CheckpointError(
                f"{self.path} has tensors that are not of this layout: "
                f"{', '.join(unknown[:3])}{more}; it is another model"
            )


def given(value: Any, name: str, what: str) -> Any:
    """A value that the file does not contain.

    Raises:
        ConfigError: it was not given.
    """
    if value is None:
        raise ConfigError(f"the file does not say {what}; give --{name}")
    return value


def check_heads(heads: object, width: int) -> int:
    """The number of heads, which the shapes of the layers do not reveal.

    Raises:
        ConfigError: it was not given, or does not divide the width.
    """
    number = given(heads, "heads", f"the number of heads, which divides {width}")
    if type(number) is not int or number < 1 or width % number:
        raise ConfigError(f"heads must divide the width {width}; received {number!r}")
    return number


def number_of(stored: Stored, settings: Mapping[str, Any], name: str, default: float) -> float:
    """A number of a file's settings, which may be written as text.

    Raises:
        CheckpointError: it is something else.
    """
    value = settings.get(name, default)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise CheckpointError(
            f"{stored.path}: {name} must be a number; received {shown(value)}"
        ) from None


def sasrec(
    weights: Mapping[str, Tensor],
    position_table: Tensor,
    tables: Mapping[str, Tensor],
    item_ids: list[str],
    *,
    heads: object,
    notes: Iterable[str] = (),
    **settings: Any,
) -> Converted:
    """A SASRec model, whose sizes are those of its tensors.

    Args:
        weights: the weights without a row per item or position, by our names.
        position_table: a row per position, in our order.
        tables: see `Converted`.
        item_ids: see `Converted`.
        heads: the number of heads, see `check_heads`.
        notes: see `Converted`.
        settings: further settings of the model; dropout is 0 unless given.

    Raises:
        ConfigError: see `check_heads`.
    """
    width = position_table.shape[1]
    return Converted(
        config=ModelConfig(
            max_length=len(position_table),
            hidden_size=width,
            n_layers=sum(name.endswith(".expand.bias") for name in weights),
            n_heads=check_heads(heads, width),
            inner_size=len(weights["feed_forward.0.expand.bias"]),
            **{"hidden_dropout": 0.0, "attention_dropout": 0.0, **settings},
        ),
        weights={**weights, "position_embedding.weight": position_table},
        tables=tables,
        item_ids=item_ids,
        notes=list(notes),
    )


def blank(table: Tensor) -> Tensor:
    """A table of items with zeros for padding, as in our models; padding is never looked up."""
    return torch.cat([torch.zeros_like(table[:1]), table[1:]])
