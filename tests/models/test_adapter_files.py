"""Models that were written elsewhere: saved, loaded, and refused."""

import pytest
import torch
from own_model import ITEMS, N_ITEMS, Plain, Whole, changed, wrapped
from torch import nn

import awrsr
from awrsr.board import show
from awrsr.errors import CheckpointError, ConfigError, DataError
from awrsr.explain import Cell, contributions, explanation_orders, first_order_split, score_flow
from awrsr.models import BACKBONES

# --- saved and loaded -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_saved_and_loaded_it_is_equal(own_module, tiny_dataset, tmp_path, dtype):
    model = wrapped(own_module.to(dtype), tiny_dataset)
    awrsr.save_model(model, tmp_path / "own_plain-none")
    loaded = awrsr.load_model(tmp_path / "own_plain-none", "cpu")
    assert loaded.config == model.config and type(loaded) is Whole and not loaded.training
    assert loaded(torch.tensor([ITEMS])).equal(model(torch.tensor([ITEMS])))
    assert awrsr.trace(loaded, ITEMS).item_scores.equal(awrsr.trace(model, ITEMS).item_scores)
    with pytest.raises(DataError, match="already exists and is not empty"):
        awrsr.save_model(model, tmp_path / "own_plain-none")


@pytest.mark.parametrize("pair", [("sasrec", "additive"), ("stosa", "stochastic")], ids="-".join)
def test_any_model_is_saved(make_model, tmp_path, pair):
    model = make_model(*pair)
    awrsr.save_model(model, tmp_path / "model")
    loaded = awrsr.load_model(tmp_path / "model", "cpu")
    for name, tensor in loaded.state_dict().items():
        assert tensor.equal(model.state_dict()[name]), name
    torch.testing.assert_close(loaded(torch.tensor([ITEMS])), model(torch.tensor([ITEMS])))


def test_a_module_that_shares_a_weight_is_saved(tiny_dataset, tmp_path):
    class Tied(Plain):
        def __init__(self, *sizes):
            super().__init__(*sizes)
            self.output = nn.Linear(8, N_ITEMS, bias=False)
            self.output.weight = self.items.weight

    adapter = changed(build=classmethod(lambda cls, config, catalogue: Tied()))
    model = wrapped(Tied(), tiny_dataset, adapter)
    awrsr.save_model(model, tmp_path / "changed-none")
    loaded = awrsr.load_model(tmp_path / "changed-none", "cpu")
    assert loaded.module.output.weight is loaded.module.items.weight
    assert loaded(torch.tensor([ITEMS])).equal(model(torch.tensor([ITEMS])))


def test_what_cannot_be_saved_says_why(own_module, tiny_dataset, tmp_path):
    def refusal(own_module, adapter):
        with pytest.raises(ConfigError) as caught:
            awrsr.save_model(wrapped(own_module, tiny_dataset, adapter), tmp_path / "new")
        assert not (tmp_path / "new").exists()
        return str(caught.value)

    parts = {name: vars(Whole)[name] for name in ("embed_items", "encode_items", "title")}
    bare = type("Bare", (awrsr.Adapter,), {"name": "bare", **parts})
    assert "Bare defines no build(config, catalogue), which makes" in refusal(own_module, bare)
    smaller = changed(build=classmethod(lambda cls, config, catalogue: Plain(width=4)))
    said = refusal(own_module, smaller)
    assert "module.items.weight is (11, 8) in the model, (11, 4) in one built from its con" in said
    failing = changed(build=classmethod(lambda cls, config, catalogue: 1 / 0))
    assert "Changed.build failed: ZeroDivisionError: division by zero" in refusal(
        own_module, failing
    )
    own_module.register_buffer("mask", torch.ones(2, dtype=torch.bool))
    assert "module.mask is torch.bool, a file holds floating-point numbers" in refusal(
        own_module, Whole
    )


def test_without_the_class_a_file_is_refused_by_name(own_module, tiny_dataset, tmp_path):
    awrsr.save_model(wrapped(own_module, tiny_dataset), tmp_path / "own_plain-none")
    BACKBONES._registered.clear()
    refusal = "unknown backbone 'own_plain'; accepted: sasrec, stosa"
    with pytest.raises(CheckpointError, match=refusal):
        awrsr.load_model(tmp_path / "own_plain-none", "cpu")


def test_it_can_be_trained_here(tiny_dataset, tmp_path):
    BACKBONES.register(Whole)
    config = awrsr.ModelConfig(backbone="own_plain", max_length=8, hidden_size=8)
    train = awrsr.TrainConfig(epochs=2, batch_size=4)
    awrsr.train(tiny_dataset, tmp_path / "run", config, train, device="cpu")
    model = awrsr.load_model(tmp_path / "run", "cpu")
    assert len(awrsr.trace(model, ITEMS).layers) == 2


# --- what is refused ------------------------------------------------------------------------------


def record_as(change):
    """An adapter that records other weights."""

    def encode_items(self, embeddings, record):
        return self.module.hidden(embeddings, lambda weights, norms: record(*change(weights)))

    return changed(encode_items=encode_items)


def states_as(change):
    def encode_items(self, embeddings, record):
        return change(self.module.hidden(embeddings, record))

    return changed(encode_items=encode_items)


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        (
            record_as(lambda w: (w.mean(1),)),
            "Changed.encode_items, layer 0: attention weights must be (batch, head, query, key), "
            "here (1, heads, 2, 2); received (1, 2, 2). Weights without an axis of heads",
        ),
        (record_as(lambda w: (2 * w,)), "sum to one, after the softmax and without dropout; rec"),
        (record_as(lambda w: (w.nan_to_num() * torch.nan,)), "rows of attention weights must be"),
        (
            record_as(lambda w: (torch.full_like(w, 0.5),)),
            "an item attends to a later one, with weight 0.5; accepted: causal attention. Maps",
        ),
        (
            record_as(lambda w: (w, w)),
            "norms of values must be (batch, head, key), here (1, 2, 2); received (1, 2, 2, 2)",
        ),
        (
            changed(encode_items=lambda self, embeddings, record: embeddings),
            "recorded no attention; accepted: one attention layer or more",
        ),
        (
            states_as(lambda states: states[:, -1]),
            "Changed.encode_items must return a state for every item, shape (1, 2, state); "
            "received (1, 8)",
        ),
        (
            changed(embed_items=lambda self, items: self.module.items.weight),
            "Changed.embed_items must return a vector per item; received shape (11, 8) for items "
            "of shape (1, 2)",
        ),
        (changed(name="sasrec"), "backbone 'sasrec' exists already"),
        (changed(name="My model"), "the name of a backbone must be lower-case letters"),
    ],
)
def test_a_wrong_adapter_is_refused_with_what_it_gave(own_module, tiny_dataset, adapter, said):
    with pytest.raises(ConfigError) as caught:
        wrapped(own_module, tiny_dataset, adapter)
    assert said in str(caught.value)


def test_a_wrong_setting_is_refused(own_module, tiny_dataset):
    with pytest.raises(ConfigError, match="inner_sise"):
        wrapped(own_module, tiny_dataset, inner_sise=3)
    with pytest.raises(ConfigError, match="max_length"):
        awrsr.wrap(own_module, Whole, tiny_dataset, max_length=0)
    with pytest.raises(ConfigError, match="into which refinement 'additive' cannot be put; accep"):
        wrapped(own_module, tiny_dataset, refinement="additive")


def test_layers_that_change_are_refused(own_module, tiny_dataset):
    model = wrapped(own_module, tiny_dataset)
    own_module.layers.append(nn.Linear(8, 24, bias=False))
    with pytest.raises(ConfigError, match="recorded 3 layers of 2 heads; the model's config has 2"):
        awrsr.trace(model, ITEMS)


def test_weights_that_nobody_returns_cannot_be_replaced(own_module, tiny_dataset):
    model = wrapped(own_module, tiny_dataset, changed(replaceable=False, title="Fixed"))
    with pytest.raises(ConfigError, match="attention weights of Fixed cannot be replaced: its ada"):
        contributions(model, ITEMS, 6)
    names = [check.name for check in awrsr.check_model(model, tiny_dataset)]
    assert "Replaced weights mix the values" not in names


def test_what_is_not_recorded_is_not_decomposed(own_module, tiny_dataset):
    model = wrapped(own_module, tiny_dataset)
    trace = awrsr.trace(model, ITEMS)
    with pytest.raises(
        DataError, match="Whole \u00b7 vanilla records attention weights alone; acc"
    ):
        first_order_split(trace, Cell(layer=0, head=0, query=2, key=1))
    with pytest.raises(
        ConfigError, match="the score of Whole is as the model defines it; accepted"
    ):
        score_flow(model, ITEMS, 6)


def test_without_norms_of_values_only_weights_are_offered(own_module, tiny_dataset):
    model = wrapped(own_module, tiny_dataset, record_as(lambda w: (w,)))
    trace = awrsr.trace(model, ITEMS)
    assert "transformed_value_norm" not in trace.arrays()
    assert "weight_x_value_norm" not in explanation_orders(model, trace, 6)
    page = show(trace, dataset=tiny_dataset).page
    assert '"norms":null' in page.replace(" ", "")


def test_a_class_that_is_defined_again_takes_the_place_of_the_first(own_module, tiny_dataset):
    """As in a notebook whose cell is run again."""
    first, second = changed(), changed(score_items=lambda self, states, items: states @ items.mT)
    wrapped(own_module, tiny_dataset, first)
    model = wrapped(own_module, tiny_dataset, second)
    assert BACKBONES["changed"] is second and type(model) is second
