"""Parts of only some layouts of SASRec: attention on empty slots, a second table of items."""

import numpy as np
import pytest
import torch
from helpers import LAYOUTS

import awrsr
from awrsr.attribution import METHODS
from awrsr.explain import remove_each, without

ITEMS = [3, 1, 4, 1, 5, 9, 2, 6]


@pytest.fixture(params=LAYOUTS)
def model(request, make_model):
    return make_model("sasrec", "additive", max_length=8, **LAYOUTS[request.param])


def test_a_trace_has_the_share_on_empty_slots_if_they_are_attended_to(model):
    """It is 0 for a full history."""
    short, full = (awrsr.trace(model, items) for items in (ITEMS[:3], ITEMS))
    if model.config.padding == "ignored":
        assert "on_padding" not in short.arrays() and short.padding_share() == 0
        return
    shares = short.arrays()["on_padding"]
    assert shares.shape == (2, 2, 3) and ((shares > 0) & (shares < 1)).all()
    np.testing.assert_allclose(short.padding_share(), shares[:, :, -1].mean())
    assert full.padding_share() == 0 and (full.arrays()["on_padding"] == 0).all()


def test_a_removal_is_the_score_of_the_shorter_history(model):
    """It has one more empty slot, and positions are counted again."""
    found = remove_each(model, ITEMS[:6], 7)
    for place, score in enumerate(found.scores):
        alone = awrsr.trace(model, without(ITEMS[:6], [place])).item_scores[6]
        np.testing.assert_allclose(score, float(alone), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_every_attribution_has_a_value_per_item(model, method):
    found = awrsr.attribute(model, ITEMS[:5], 7, method=method)
    assert found.values.shape == (5,) and found.values.isfinite().all()
    assert (found.values != 0).any()


def test_integrated_gradients_sum_to_the_difference_of_scores(model):
    found = awrsr.attribute(model, ITEMS[:5], 7, method="integrated_gradients")
    assert found.delta is not None and abs(found.delta) < 0.01 * max(1.0, abs(found.score))


def test_a_model_of_any_layout_trains(model, tiny_dataset, tmp_path):
    settings = awrsr.TrainConfig(epochs=1, batch_size=4)
    awrsr.train(tiny_dataset, tmp_path / "model", model.config, settings, device="cpu")
    loaded = awrsr.load_model(tmp_path / "model", "cpu")
    assert loaded.config == model.config
    assert loaded(torch.tensor([ITEMS])).isfinite().all()
