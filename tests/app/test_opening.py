"""The initial choices of a dataset: its models and a user."""

import numpy as np
import pandas as pd
import pytest

from app import opening, state
from app.state import EVERY, INSPECT, Offer, Session
from awrsr.data.dataset import Dataset


@pytest.mark.parametrize(
    ("models", "a", "b"),
    [
        (["sasrec-none", "sasrec-simple", "sasrec-additive"], "sasrec-none", "sasrec-additive"),
        (["mine", "yours", "ours"], "mine", "yours"),
        (["sasrec-additive", "sasrec-none-recbole"], "sasrec-none-recbole", "sasrec-additive"),
        (["sasrec-none", "sasrec-simple"], "sasrec-none", "sasrec-simple"),
        (["mine"], "mine", "mine"),
        ([], None, None),
    ],
    ids=["preferred", "first two", "imported", "no additive", "one", "none"],
)
def test_default_models(tiny_dataset, models, a, b):
    session = {}
    offered = state.choices(Offer(tiny_dataset, models), EVERY, INSPECT)
    assert Session(session).restore({}, offered) == []
    assert (session["a"], session["b"]) == (a, b)


@pytest.mark.parametrize(
    ("lengths", "user"), [([40, 16, 26, 17], "1001"), ([3, 40], "1000")], ids=["suitable", "none"]
)
def test_default_user_has_a_history_that_fills_a_map(lengths, user):
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    dataset = Dataset(
        name="lengths",
        about={},
        items=pd.DataFrame({"item": [1], "item_id": ["a"], "title": ["A"]}),
        user_ids=[str(1000 + index) for index in range(len(lengths))],
        offsets=offsets,
        flat_items=np.ones(offsets[-1], dtype=np.int32),
        flat_timestamps=None,
    )
    assert opening.default_user(dataset) == user
