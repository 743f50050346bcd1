"""Hand-made weights: one layer of second order follows both rules, one of first order neither."""

import pytest
import torch

from awrsr.data.planted import plant
from experiments.occasion_by_hand import Layout, build, hits_by_sort, rows_of


@pytest.fixture(scope="module")
def planted():
    dataset, causes = plant(200, seed=2)
    return dataset, causes[causes["split"] == "test"].reset_index(drop=True)


def test_layer_normalisation_only_scales(planted):
    layout = Layout(planted[0].items)
    sums = layout.item_embeddings()[:, None] + layout.slot_embeddings()
    assert (sums.sum(-1) == 0).all() and (sums.square().sum(-1) == 8).all()
    embedded = build(planted[0]).norm(sums)
    torch.testing.assert_close(embedded, sums)


def test_the_second_order_follows_both_rules_and_the_first_order_neither(planted):
    with_second = hits_by_sort(build(planted[0]), *planted)
    assert with_second["occasion"] > 0.9 and with_second["binding"] > 0.9
    assert with_second["open"] < 0.5  # no item determines these targets
    without = hits_by_sort(build(planted[0], "none"), *planted)
    assert without["occasion"] < 0.5 and without["binding"] < 0.5


@pytest.mark.parametrize("sort", ["occasion", "binding"])
def test_the_maps_show_the_causes(planted, sort):
    """A attends to the item that the newest item belongs to, S to items that also attend to it."""
    dataset, causes = planted
    model = build(dataset)
    for user in causes.index[causes["sort"] == sort]:
        rows = rows_of(model, dataset, user)
        place, decides, newest = causes["cause_places"][user]
        assert newest == len(rows) - 1
        assert rows["A"].idxmax() == place and rows["A"].max() > 0.9
        others = rows["S"].drop([decides, newest])
        if sort == "occasion":  # the other finds of the market attend to it, too
            found = dataset.items.set_index("title")["kind"].loc[rows["item"]].to_numpy()
            others = others[found[others.index] == "treasure"]
        assert rows["S"][decides] > others.max()
