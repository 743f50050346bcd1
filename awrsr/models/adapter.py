"""Models that were written elsewhere: an adapter of three methods makes one a `SequentialModel`."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from awrsr.config import PADDING, Catalogue, ModelConfig
from awrsr.data.dataset import Dataset
from awrsr.errors import AwrsrError, ConfigError, counted
from awrsr.family import FAMILIES
from awrsr.models.base import Intervention, SequentialModel
from awrsr.models.recorder import Recorder, Recording
from awrsr.models.trace import LayerTrace
from awrsr.refinement import Refinement, build_refinement


class Adapter(SequentialModel):
    """The base class of adapters: a subclass says how a module of your own embeds, encodes, scores.

    The module is `self.module`. A subclass has a `name` (lower-case letters, digits, underscores),
    a `title` for people, and the methods `embed_items`, `encode_items` and, unless scores are dot
    products, `score_items`. `awrsr.wrap` makes a model of it. There is no padding: `encode_items`
    receives histories of one length, oldest item first, so a module that pads adds its own.

    Attention must be causal: a map is a lower triangle everywhere in this package. A model without
    attention, or with attention to later items, is refused when it is wrapped.

    Raises:
        ConfigError: the refinement is not none, or `build` fails.
    """

    score_meaning = "as the model defines it"
    built_on_meta = False  # a module may hold more tensors than its weights, and may share some
    replaceable: ClassVar[bool] = False
    """Whether `encode_items` mixes values with the weights that `record` returns. Then the weights
    of heads can be replaced, and connections cut; without it, that is refused."""

    def __init__(
        self, config: ModelConfig, catalogue: Catalogue, module: nn.Module | None = None
    ) -> None:
        super().__init__(config, catalogue)
        self.vanilla = build_refinement(config)
        if self.vanilla.has_second_order() or not self.vanilla.learns_attention:
            raise ConfigError(
                f"backbone {self.name!r} is a module of its own, into which refinement "
                f"{config.refinement!r} cannot be put; accepted: 'none'"
            )
        self.module = self._built() if module is None else module

    def _built(self) -> nn.Module:
        try:
            return self.build(self.config, self.catalogue)
        except AwrsrError:
            raise
        except Exception as error:  # code of another package may raise anything
            raise ConfigError(
                f"{type(self).__qualname__}.build failed: {type(error).__name__}: {error}"
            ) from error

    # --- what a subclass defines ------------------------------------------------------------------

    @classmethod
    def build(cls, config: ModelConfig, catalogue: Catalogue) -> nn.Module:
        """A new module; only saved models need it, since their files hold no code.

        It may read `config.max_length`, `hidden_size`, `n_layers`, `n_heads`, `inner_size`,
        `hidden_dropout`, `attention_dropout` and `catalogue.n_items`; other constants are
        attributes of the class. It is first called on torch's meta device, to compare shapes.
        """
        raise ConfigError(
            f"{cls.__qualname__} defines no build(config, catalogue), which makes the module that "
            "the weights of a file are put into"
        )

    def embed_items(self, items: Int[Tensor, "*axes"]) -> Float[Tensor, "*axes embedding"]:
        """The embeddings of items, numbers from 1 to n_items. All that scores need of an item, such
        as an output table or a bias, is part of its embedding."""
        raise NotImplementedError

    def encode_items(
        self, embeddings: Float[Tensor, "batch slot embedding"], record: Recorder
    ) -> Float[Tensor, "batch slot state"]:
        """A state for every item of histories of one length, oldest first; the state of the newest
        item predicts the next one. Calls `record` once per attention layer. A history without any
        item is one embedding of zeros, and so are absent items in attributions."""
        raise NotImplementedError

    def score_items(
        self,
        states: Float[Tensor, "*axes query state"],
        embeddings: Float[Tensor, "*others key embedding"],
    ) -> Float[Tensor, "*axes query key"]:
        """Scores of all pairs of a state and an item; dot products unless a subclass differs."""
        return states @ embeddings.transpose(-2, -1)

    # --- the interface of a backbone --------------------------------------------------------------

    def refinement(self, layer: int) -> Refinement:
        """None: the first-order weights mix the values."""
        return self.vanilla

    def embed(self, items: Int[Tensor, "*axes"]) -> Float[Tensor, "*axes embedding"]:
        """Item embeddings; zeros for padding, which `embed_items` never receives."""
        embeddings = self.embed_items(items.clamp(min=1))
        if embeddings.shape[:-1] != items.shape:
            raise ConfigError(
                f"{type(self).__qualname__}.embed_items must return a vector per item; received "
                f"shape {tuple(embeddings.shape)} for items of shape {tuple(items.shape)}"
            )
        return embeddings.masked_fill((items == PADDING)[..., None], 0.0)

    def catalogue_embeddings(self) -> Float[Tensor, "item embedding"]:
        """Embeddings of all items, item i at index i - 1."""
        return self.embed(torch.arange(1, self.catalogue.n_items + 1, device=self.device))

    def as_states(
        self, embeddings: Float[Tensor, "*axes embedding"]
    ) -> Float[Tensor, "*axes embedding"]:
        """The embeddings themselves, as `score_items` receives them."""
        return embeddings

    def compare(
        self,
        states: Float[Tensor, "*axes query state"],
        items: Float[Tensor, "*others key embedding"],
    ) -> Float[Tensor, "*axes query key"]:
        """Item scores of all pairs of a state and an item; symmetric only if `score_items` is."""
        return self.score_items(states, items)

    def encode(
        self,
        embeddings: Float[Tensor, "batch slot embedding"],
        present: Bool[Tensor, "batch slot"],
        *,
        recording: list[LayerTrace] | None = None,
        interventions: Mapping[int, Intervention] | None = None,
    ) -> Float[Tensor, "batch slot state"]:
        """States of every slot, zeros for padding; histories of one length are encoded together.

        Raises:
            ConfigError: a result of the subclass has another form than described, or weights are to
                be replaced in a model where that is not possible, or in histories of several
                lengths.
        """
        batch, slots = present.shape
        lengths = present.sum(1).clamp(min=1)
        distinct = sorted(set(lengths.tolist()))
        if interventions:
            self._check_interventions(len(distinct))
        whole = None if recording is None else Recording(batch, slots)
        states: Tensor | None = None
        for length in distinct:
            rows = (lengths == length).nonzero()[:, 0]
            recorder = Recorder(
                type(self).__qualname__,
                (len(rows), length),
                checked=whole is not None,
                interventions=interventions or {},
            )
            found = self._encoded(embeddings[rows, slots - length :], recorder)
            if states is None:
                states = found.new_zeros(batch, slots, found.shape[-1])
            states[rows, slots - length :] = found
            if whole is not None:
                self._check_layers(recorder)
                whole.add(recorder, rows)
        assert states is not None  # a batch has a row
        if recording is not None and whole is not None:
            for layer in whole.layers():  # a recording may keep a part of what is appended
                recording.append(layer)
        return states

    def _encoded(self, embeddings: Tensor, recorder: Recorder) -> Tensor:
        found = self.encode_items(embeddings, recorder)
        accepted = tuple(embeddings.shape[:2])
        if found.dim() != 3 or tuple(found.shape[:2]) != accepted:
            raise ConfigError(
                f"{type(self).__qualname__}.encode_items must return a state for every item, shape "
                f"({accepted[0]}, {accepted[1]}, state); received {tuple(found.shape)}"
            )
        return found

    def _check_layers(self, recorder: Recorder) -> None:
        asked = self.config.n_layers, self.config.n_heads
        if (len(recorder.layers), recorder.heads) != asked:
            raise ConfigError(
                f"{type(self).__qualname__}.encode_items recorded {recorder.words}; the model's "
                f"config has {counted(asked[0], 'layer')} of {counted(asked[1], 'head')}"
            )

    def _check_interventions(self, n_lengths: int) -> None:
        if not self.replaceable:
            raise ConfigError(
                f"attention weights of {self.title} cannot be replaced: its adapter "
                f"{type(self).__qualname__} does not mix values with the weights that `record` "
                "returns; one that does has replaceable = True"
            )
        if n_lengths > 1:
            raise ConfigError(
                "weights are replaced in histories of one length; received "
                f"{counted(n_lengths, 'length')} in one batch"
            )

    @torch.no_grad()
    def measured(self) -> dict[str, int]:
        """Layers, heads and width of the module, found by encoding a short history.

        Raises:
            ConfigError: a method of the subclass gives another form than described; there is no
                attention, or the numbers of heads differ.
        """
        length = min(2, self.config.max_length)
        items = torch.full((1, length), 1, device=self.device)
        embeddings = self.embed(items)
        recorder = Recorder(type(self).__qualname__, (1, length), checked=True)
        self._encoded(embeddings, recorder)
        if recorder.heads is None:
            raise ConfigError(
                f"{type(self).__qualname__}.encode_items recorded {recorder.words}; accepted: one "
                "attention layer or more, all with the same number of heads"
            )
        return {
            "n_layers": len(recorder.layers),
            "n_heads": recorder.heads,
            "hidden_size": embeddings.shape[-1],
        }


def wrap(
    module: nn.Module,
    adapter: type[Adapter],
    dataset: Dataset,
    *,
    max_length: int,
    **settings: Any,
) -> Adapter:
    """A module of your own as a model of this package: traced, evaluated, explained, saved.

    The module is used as it is, not copied, and is set to eval mode; call `module.train()` before
    you train it further. The adapter becomes a member of the family of backbones in this process.

    Args:
        module: the trained module.
        adapter: the class that describes it, see `Adapter`.
        dataset: the dataset whose items the module knows, in the order of `embed_items`.
        max_length: the longest history in items; a longer one is cut to its newest items.
        settings: further fields of `awrsr.ModelConfig` that `Adapter.build` reads, such as
            inner_size. Layers, heads and width are measured.

    Raises:
        ConfigError: the adapter is not a subclass of Adapter or its name is taken, a setting does
            not exist, or a method of the adapter gives another form than described; the message
            names both.
    """
    if not (isinstance(adapter, type) and issubclass(adapter, Adapter)):
        raise ConfigError(
            f"adapter must be a subclass of {Adapter.__module__}.Adapter; received {adapter!r}"
        )
    FAMILIES["backbone"].register(adapter)
    catalogue = dataset.catalogue
    known = {
        "backbone": adapter.name,
        "max_length": max_length,
        "hidden_dropout": 0.0,
        "attention_dropout": 0.0,
    }
    module.eval()
    small = ModelConfig.from_json({**ModelConfig().to_json(), **known}, where="wrap")
    found = adapter(small, catalogue, module).measured()
    values = {**ModelConfig().to_json(), **known, **found, **settings}
    model = adapter(ModelConfig.from_json(values, where="settings of wrap"), catalogue, module)
    return model.eval()
