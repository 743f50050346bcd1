"""Cut connections: the scores are those of a forward pass with exactly these weights replaced."""

from functools import partial

import numpy as np
import pytest
import torch
from helpers import PAIRS, rank_of

from awrsr import trace
from awrsr.errors import ConfigError, DataError
from awrsr.explain import Connection, cut_connections
from awrsr.refinement import REFINEMENTS

ITEMS = [3, 1, 4, 1, 5, 9, 2, 6]
TARGET = 7
close = partial(np.testing.assert_allclose, rtol=0, atol=1e-11)


@pytest.fixture(params=PAIRS, ids="-".join)
def model(request, make_model):
    return make_model(*request.param, max_length=len(ITEMS))


def scores_with(model, connection: Connection) -> torch.Tensor:
    """The catalogue's scores of one forward pass, the weights replaced one by one."""

    def replace(first_order, refined, allowed):
        weights = refined.clone()
        for head in range(weights.shape[1]):
            cut = first_order[0, head, connection.query, connection.key]
            weights[0, head, connection.query, connection.key] = (
                0 if connection.part == "attention" else cut
            )
        return weights

    with torch.no_grad():
        states = model(torch.tensor([ITEMS]), interventions={connection.layer: replace})
        return model.item_scores(states[:, -1])[0]


def test_each_cut_is_a_forward_pass_with_that_weight_replaced(model):
    last = len(ITEMS) - 1
    asked = [
        Connection(layer=layer, query=query, key=key, part=part)
        for layer in range(model.config.n_layers)
        for query, key in ((last, last), (last, 0), (4, 2), (0, 0))
        for part in ("attention", "refinement")
    ]
    for connection, found in zip(asked, cut_connections(model, ITEMS, TARGET, asked), strict=True):
        scores = scores_with(model, connection)
        close(found.score, float(scores[TARGET - 1]))
        assert found.rank == rank_of(scores, TARGET, ITEMS)


def test_connections_that_do_not_reach_the_prediction_change_nothing(model):
    score = float(trace(model, ITEMS).item_scores[TARGET - 1])
    deep = Connection(layer=model.config.n_layers - 1, query=3, key=1)
    (found,) = cut_connections(model, ITEMS, TARGET, [deep])
    close(found.score, score)
    if not REFINEMENTS[model.config.refinement].has_second_order():
        undone = Connection(layer=0, query=7, key=1, part="refinement")
        (found,) = cut_connections(model, ITEMS, TARGET, [undone])
        close(found.score, score)


@pytest.mark.parametrize(
    "changes, error, words",
    [
        ({"layer": 2}, DataError, "asked for layer 2; the model has 2 layers"),
        ({"query": 8}, DataError, "asked for query 8 and key 1; the model sees 8 items"),
        ({"key": 7, "query": 6}, DataError, "a key is not later than its query"),
        ({"key": -1}, DataError, "key -1"),
        ({"part": "all"}, ConfigError, "part"),
    ],
)
def test_a_connection_that_does_not_exist_is_refused(make_model, changes, error, words):
    model = make_model("sasrec", "none", max_length=8)
    connection = Connection(**{"layer": 0, "query": 3, "key": 1} | changes)
    with pytest.raises(error, match=words):
        cut_connections(model, ITEMS, TARGET, [connection])
