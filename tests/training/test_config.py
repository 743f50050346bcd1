"""Settings: validated on construction, exact in JSON, and each with an effect."""

import json
import math
import re

import pytest
import torch
from helpers import plain
from pydantic import ValidationError

from awrsr import build_model, load_model, train
from awrsr.config import LAYOUT, Catalogue, ModelConfig, Settings, TrainConfig
from awrsr.errors import AwrsrError, ConfigError

CATALOGUE = Catalogue(name="films", fingerprint="0" * 16, n_items=11)
SETTINGS = [ModelConfig(backbone="stosa", correlation_rank=7), CATALOGUE, TrainConfig(seed=3)]
by_class = pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: type(s).__name__)


def names(settings: Settings) -> list[str]:
    return list(type(settings).model_fields)


@by_class
def test_settings_survive_json_and_are_frozen(settings: Settings):
    text = json.dumps(settings.to_json(), allow_nan=False)
    assert type(settings).from_json(json.loads(text), where="here") == settings
    with pytest.raises(ValidationError, match="frozen"):
        settings.__setattr__(names(settings)[0], None)


@by_class
def test_every_field_is_required(settings: Settings):
    for name in settings.to_json():
        values = settings.to_json()
        del values[name]
        with pytest.raises(ConfigError, match=f"^here: missing field '{name}'"):
            type(settings).from_json(values, where="here")


def test_only_a_foreign_layout_is_written():
    assert not {*LAYOUT} & ModelConfig().to_json().keys()
    other = ModelConfig(norms="before", padding="zero")
    assert {*LAYOUT} & other.to_json().keys() == {"norms", "padding"}
    assert ModelConfig.from_json(other.to_json(), where="here") == other


@by_class
def test_other_fields_are_refused(settings: Settings):
    name = names(settings)[0]
    with pytest.raises(ConfigError, match="^here: unknown field.*Did you mean") as caught:
        type(settings).from_json({**settings.to_json(), f"{name}s": 1}, where="here")
    assert f"unknown field '{name}s'; accepted: {name}, " in str(caught.value)
    assert f"Did you mean '{name}'" in str(caught.value)


@by_class
@pytest.mark.parametrize("values", [None, [], "sasrec", 1], ids=str)
def test_only_an_object_is_read(settings: Settings, values: object):
    with pytest.raises(ConfigError, match=f"expected an object, received {type(values).__name__}"):
        type(settings).from_json(values, where="here")


REFUSED = [
    (ModelConfig, "backbone", "sasrek", "unknown backbone 'sasrek'.*Did you mean 'sasrec'"),
    (ModelConfig, "backbone", 5, "backbone must be text; received 5"),
    (ModelConfig, "refinement", None, "refinement must be text; received None"),
    (ModelConfig, "mean_stream", "right", "unknown mean_stream 'right'; accepted: correct, publ"),
    (ModelConfig, "mean_stream", "published", "needs backbone 'stosa'; received 'sasrec'"),
    (ModelConfig, "max_length", 0, "max_length must be a whole number, 1 .*; received 0"),
    (ModelConfig, "max_length", 10**30, "max_length must be a whole number, 1 .*; received 1000"),
    (ModelConfig, "hidden_size", 8.0, "hidden_size must be a whole number, 1 .*; received 8.0"),
    (ModelConfig, "n_layers", True, "n_layers must be a whole number, 1 .*; received True"),
    (ModelConfig, "n_heads", 3, "n_heads must divide hidden_size; received 3 heads .* size of 64"),
    (ModelConfig, "inner_size", "64", "inner_size must be a whole number.*; received '64'"),
    (ModelConfig, "hidden_dropout", 1, "hidden_dropout must be a number, 0 to 0.99; received 1"),
    (ModelConfig, "attention_dropout", math.nan, "attention_dropout must be a number.*nan"),
    (ModelConfig, "correlation_rank", 0, "correlation_rank must be a whole number.*; received 0"),
    (ModelConfig, "norms", "pre", "unknown norms 'pre'; accepted: after, query, before"),
    (ModelConfig, "outer_norm", None, "unknown outer_norm None; accepted: embeddings, states"),
    (ModelConfig, "norm_epsilon", 0, "norm_epsilon must be a number, 1e-12 to 0.1; received 0"),
    (ModelConfig, "activation", "swish", "unknown activation 'swish'; accepted: gelu, relu, silu"),
    (ModelConfig, "scaled_embeddings", 1, "scaled_embeddings must be true or false; received 1"),
    (ModelConfig, "positions", "left", "unknown positions 'left'; accepted: newest, oldest"),
    (ModelConfig, "padding", "zeros", "unknown padding 'zeros'.*Did you mean 'zero'"),
    (ModelConfig, "output_embedding", "tied", "unknown output_embedding.*: shared, separate"),
    (ModelConfig, "rows", "even", "unknown rows 'even'; accepted: plain, standardised"),
    (ModelConfig, "gain", 1, "gain must be true or false; received 1"),
    (ModelConfig, "similar_start", None, "similar_start must be true or false; received None"),
    (ModelConfig, "matrices", "heads", "unknown matrices 'heads'.*Did you mean 'head'"),
    (ModelConfig, "refinement_dropout", 1, "refinement_dropout must be a number, 0 to 0.99; rec"),
    (ModelConfig, "tied", "yes", "tied must be true or false; received 'yes'"),
    (ModelConfig, "value_matrix", 0, "value_matrix must be true or false; received 0"),
    (ModelConfig, "mix", "gated", "unknown mix 'gated'.*Did you mean 'gate'"),
    (Catalogue, "name", None, "name must be text; received None"),
    (Catalogue, "fingerprint", 5, "fingerprint must be text; received 5"),
    (Catalogue, "n_items", 0, "n_items must be a whole number, 1 .*; received 0"),
    (Catalogue, "split", 3, "split must be text; received 3"),
    (TrainConfig, "loss", "cee", "unknown loss 'cee'; accepted: ce, .*Did you mean 'ce'"),
    (TrainConfig, "negatives", 0, "negatives must be a whole number, 1 or more; received 0"),
    (TrainConfig, "pvn_weight", -1, "pvn_weight must be a number, 0 or more; received -1"),
    (TrainConfig, "targets", "newest", "unknown targets 'newest'; accepted: all, last"),
    (TrainConfig, "initial_weights", 0.02, "unknown initial_weights 0.02; accepted: normal, xav"),
    (TrainConfig, "optimizer", "lazy", "unknown optimizer 'lazy'; accepted: adamw, lazy_adam"),
    (TrainConfig, "epochs", 1.5, "epochs must be a whole number, 1 or more; received 1.5"),
    (TrainConfig, "patience", 0, "patience must be a whole number, 1 or more; received 0"),
    (TrainConfig, "batch_size", None, "batch_size must be a whole number.*; received None"),
    (TrainConfig, "learning_rate", 0, "learning_rate must be a number, 1e-12 or more; received 0"),
    (TrainConfig, "learning_rate", math.inf, "learning_rate must be a number.*; received inf"),
    (TrainConfig, "weight_decay", math.inf, "weight_decay must be a number.*; received inf"),
    (TrainConfig, "seed", -1, "seed must be a whole number, 0 to 2147483647; received -1"),
    (TrainConfig, "seed", 2**31, "seed must be a whole number, 0 to .*; received 2147483648"),
    (TrainConfig, "precision", "32", "unknown precision '32'; accepted: 32-true, bf16-mixed"),
]


@pytest.mark.parametrize(
    ("kind", "name", "value", "text"), REFUSED, ids=[f"{r[1]}={r[2]!r:.12}" for r in REFUSED]
)
def test_a_wrong_value_is_refused_by_name(kind, name, value, text):
    good = next(s for s in [ModelConfig(), CATALOGUE, TrainConfig()] if type(s) is kind)
    with pytest.raises(ConfigError, match=text):
        good.replace(**{name: value})
    with pytest.raises(ConfigError, match=f"^here: .*{text}"):
        kind.from_json({**good.to_json(), name: value}, where="here")


@pytest.mark.parametrize("name", LAYOUT)
def test_a_backbone_that_does_not_read_a_layout_refuses_it(name):
    value = MODEL_KNOBS[name]
    said = f"^{name} {value!r} needs backbone 'sasrec'.*; received 'stosa'"
    with pytest.raises(ConfigError, match=said):
        ModelConfig(backbone="stosa", **{name: value})


@pytest.mark.parametrize("refinement", ["uniform", "identity"])
def test_padding_is_attended_to_only_if_attention_is_learned(refinement):
    config = ModelConfig(refinement=refinement, padding="zero")
    with pytest.raises(ConfigError, match=f"padding 'zero' needs learned .* '{refinement}' learns"):
        build_model(config, CATALOGUE)


def test_every_field_has_a_value_that_is_refused():
    refused = {(kind, name) for kind, name, _, _ in REFUSED}
    assert refused == {(type(s), name) for s in SETTINGS for name in names(s)}


def test_a_refusal_is_also_a_value_error():
    assert issubclass(ConfigError, AwrsrError) and issubclass(ConfigError, ValueError)


@by_class
def test_every_field_is_explained(settings: Settings):
    for name in names(settings):
        assert re.search(rf"^ +{name}: \w", type(settings).__doc__ or "", re.MULTILINE)


def test_the_rank_is_the_length_unless_set():
    assert ModelConfig(max_length=20).rank == 20
    assert ModelConfig(max_length=20, correlation_rank=5).rank == 5


# Every setting has an effect: each field is changed alone, and the result must differ.

BASE_MODEL = ModelConfig(
    backbone="stosa",
    refinement="additive",
    max_length=6,
    hidden_size=8,
    n_layers=1,
    n_heads=2,
    inner_size=16,
    hidden_dropout=0.0,
    attention_dropout=0.0,
)
MODEL_KNOBS = {
    "backbone": "sasrec",
    "refinement": "simple",
    "max_length": 4,
    "hidden_size": 4,
    "n_layers": 2,
    "n_heads": 4,
    "inner_size": 8,
    "hidden_dropout": 0.5,
    "attention_dropout": 0.5,
    "correlation_rank": 3,
    "mean_stream": "published",
    "norms": "before",
    "outer_norm": "states",
    "norm_epsilon": 0.1,
    "activation": "relu",
    "scaled_embeddings": True,
    "positions": "oldest",
    "padding": "carried",
    "output_embedding": "separate",
    "rows": "standardised",
    "gain": True,
    "similar_start": True,
    "matrices": "head",
    "refinement_dropout": 0.5,
    "tied": True,
    "value_matrix": True,
    "mix": "scores",
}
READER = {"value_matrix": "value_weighted", "tied": "stochastic"}
"""For a setting that additive refinement does not read, a refinement that reads it."""
SAME_WEIGHTS = {
    *("n_heads", "hidden_dropout", "attention_dropout", "mean_stream"),
    *(name for name in LAYOUT if name != "output_embedding"),
    *("rows", "similar_start", "refinement_dropout", "mix"),
}
"""Settings that change only the computation; the others change the shapes of the weights."""


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        (backbone, name)
        for backbone in ("sasrec", "stosa")
        for name in ModelConfig.model_fields
        if (backbone, name) not in (("sasrec", "mean_stream"), ("sasrec", "tied"))
        and (name not in LAYOUT or backbone == "sasrec")
    ],
)
def test_every_model_setting_has_an_effect(make_model, backbone, name):
    refinement = READER.get(name, BASE_MODEL.refinement)
    settings = {} if name == "refinement" else plain(refinement)
    settings |= {"tied": False} if name == "tied" else {}
    base = BASE_MODEL.replace(backbone=backbone, refinement=refinement, **settings)
    value = "stosa" if (backbone, name) == ("sasrec", "backbone") else MODEL_KNOBS[name]

    def outcome(config: ModelConfig):
        model = make_model(**config.to_json()).train()
        torch.manual_seed(1)
        state = model(torch.tensor([[3, 1, 4, 1]]))[0, -1]
        return {key: value.shape for key, value in model.state_dict().items()}, state

    shapes, state = outcome(base)
    other_shapes, other_state = outcome(base.replace(**{name: value}))
    # Whether refinements have the same matrices depends on their settings' defaults.
    assert (shapes == other_shapes) == (name in SAME_WEIGHTS) or name == "refinement"
    assert state.shape != other_state.shape or not torch.allclose(state, other_state)


TRAIN_KNOBS = {
    "loss": ("ce", "bce"),
    "negatives": (8, 9),
    "pvn_weight": (0.005, 0.5),
    "targets": ("all", "last"),
    "initial_weights": ("normal", "xavier"),
    "optimizer": ("adamw", "lazy_adam"),
    "epochs": (1, 2),
    "patience": (1, 3),
    "batch_size": (4, 5),
    "learning_rate": (1e-3, 2e-3),
    "weight_decay": (0.0, 1.0),
    "seed": (0, 1),
    "precision": ("32-true", "bf16-mixed"),
}
CONTEXT = {
    "negatives": {"loss": "sampled_ce"},
    "pvn_weight": {"loss": "bpr_pvn"},
    # One negative a sequence: some steps leave out some items.
    "optimizer": {"loss": "sampled_ce", "negatives": 1},
    # With this rate nothing is learned: validation is best after the first epoch.
    "patience": {"epochs": 4, "learning_rate": 1e-12},
}
"""Other settings that a field needs to have an effect."""


@pytest.mark.few(5)
@pytest.mark.parametrize("name", TrainConfig.model_fields)
def test_every_training_setting_has_an_effect(tiny_dataset, tmp_path, name):
    runs = []
    for number, value in enumerate(TRAIN_KNOBS[name]):
        config = TrainConfig(**{"epochs": 1, "batch_size": 4, **CONTEXT.get(name, {}), name: value})
        history = train(tiny_dataset, tmp_path / str(number), BASE_MODEL, config, device="cpu")
        model = load_model(tmp_path / str(number), "cpu")
        runs.append((len(history), history["loss"].iloc[0], model.state_dict()))
    (epochs, loss, weights), (other_epochs, other_loss, other_weights) = runs
    if name in ("epochs", "patience"):
        assert (epochs, other_epochs) == {"epochs": (1, 2), "patience": (2, 4)}[name]
        assert loss == other_loss
    else:
        assert any(not torch.equal(weights[key], other_weights[key]) for key in weights)


def test_double_precision_trains_double_weights(tiny_dataset, tmp_path):
    config = TrainConfig(epochs=1, precision="64-true")
    train(tiny_dataset, tmp_path / "model", BASE_MODEL, config, device="cpu")
    model = load_model(tmp_path / "model", "cpu")
    assert {value.dtype for value in model.state_dict().values()} == {torch.float64}
