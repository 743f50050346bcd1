"""Weights written down, not trained: one layer of second order follows both planted rules.

    python -m experiments.occasion_by_hand

SASRec with one layer and one head, refinement `additive` with standardised rows, W_Q = W_K. What an
item is and where it stands are ones in a vector, and each of these attends in the first order:

    treasures, odds and ends   to the nearest market before them
    returns                    to their market
    people met again           to themselves, when they were met before
    everybody else             to the item before

So a treasure and the way back to its market attend to the same item, and so do somebody met again
and whoever stood next to them. Second-order attention relates the two, and the values carry
treasures to their claims and people to themselves. First order alone, the same weights see the
market and not what was found there: all claims score alike, and ties count against the target.

Prints HR@1 on the test items by sort, with and without the refinement, and the rows of A, S and M
that make the prediction for one user of either rule.
"""

import math
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

import awrsr
from awrsr.config import Catalogue, ModelConfig
from awrsr.data.batching import history_and_target
from awrsr.data.planted import load_causes
from awrsr.models import SASRec

DATASET = Path(__file__).resolve().parent.parent / "assets" / "planted"
SLOTS = 20
FOUND = ("treasure", "odds and ends")
"""Kinds of what is found at a market."""
MATCH, PREVIOUS, OWN = 24.0, 12.0, -48.0
"""First-order scores: of what an item looks for, of the item before it, of the item itself."""
MARKET, NEARER = 36.0, 6.0
"""First-order scores of what was found: of a market, and per slot that it is nearer."""
SECOND = 0.5
"""Second-order score per unit of the dot product of two standardised rows."""


class Layout:
    """Which dimensions say what, of an item and of a slot.

    An item has two ones and a slot has one; FILL and SLOT_FILL take their sum back. So all sums of
    an item and a slot have mean 0 and length sqrt(8), and layer normalisation only scales them.
    """

    WIDTH = 128
    IS_MARKET, IS_FOUND, IS_OTHER, FILL, SLOT_FILL = range(5)

    def __init__(self, items: pd.DataFrame) -> None:
        self.kinds = items["kind"].tolist()
        free = 5
        self.of: dict[str, list[int]] = {}  # dimensions of a kind, one an item, in their order
        for kind in dict.fromkeys(self.kinds):
            count = self.kinds.count(kind)
            self.of[kind] = list(range(free, free + count))
            free += count
        self.slots = list(range(free, free + SLOTS))

    def item_embeddings(self) -> Tensor:
        """(item, WIDTH), item i at index i - 1."""
        marks = {"market": self.IS_MARKET, **dict.fromkeys(FOUND, self.IS_FOUND)}
        own = {kind: iter(dimensions) for kind, dimensions in self.of.items()}
        table = torch.zeros(len(self.kinds), self.WIDTH)
        for row, kind in zip(table, self.kinds, strict=True):
            row[next(own[kind])] = row[marks.get(kind, self.IS_OTHER)] = 1
            row[self.FILL] = -2
        return table

    def slot_embeddings(self) -> Tensor:
        """(slot, WIDTH), the newest item's last."""
        table = torch.zeros(SLOTS, self.WIDTH)
        table[range(SLOTS), self.slots] = 1
        table[:, self.SLOT_FILL] = -1
        return table


@torch.no_grad()
def build(dataset: awrsr.Dataset, refinement: str = "additive") -> SASRec:
    """The model, in eval mode.

    Args:
        dataset: planted.
        refinement: additive, or none for the same weights without a second order.
    """
    layout = Layout(dataset.items)
    additive = {"rows": "standardised"} if refinement == "additive" else {}
    config = ModelConfig(
        backbone="sasrec",
        refinement=refinement,
        max_length=SLOTS,
        hidden_size=layout.WIDTH,
        n_layers=1,
        n_heads=1,
        inner_size=1,
        **additive,
    )
    catalogue = Catalogue(
        name=dataset.name, fingerprint=dataset.fingerprint, n_items=dataset.n_items
    )
    model = SASRec(config, catalogue).eval()
    for name, weight in model.named_parameters():
        weight.fill_(1 if name.endswith("norm.weight") else 0)
    model.item_embedding.weight[1:] = layout.item_embeddings()
    model.position_embedding.weight.copy_(layout.slot_embeddings())
    model.norm.weight.fill_(math.sqrt(8 / layout.WIDTH))  # undoes the scaling

    attention = model.attention[0]
    query, key = _first_order(layout)
    attention.query.weight.copy_(query * math.sqrt(layout.WIDTH))
    attention.key.weight.copy_(key)
    if refinement == "additive":
        second = attention.refinement.second_order
        for matrix in (second.query, second.key):
            matrix.weight.copy_(torch.eye(SLOTS) * math.sqrt(SECOND * math.sqrt(SLOTS)))

    value, claims, people = attention.value.weight, layout.of["claim"], layout.of["person"]
    value[claims, layout.of["treasure"]] = 1
    value[people, people] = -1
    value[layout.FILL, layout.of["treasure"]] = -1  # the sum stays 0
    value[layout.FILL, people] = 1
    attention.output.weight.copy_(torch.eye(layout.WIDTH))
    # What the newest item is stays in its state with a plus: what comes again, with a minus, is
    # turned round with it, so that the person just met is the last to be expected.
    last = model.feed_forward[0].norm.weight
    last.zero_()
    last[claims], last[people] = 1, -1
    return model


def _first_order(layout: Layout) -> tuple[Tensor, Tensor]:
    """Queries and keys: (channel, WIDTH) each; a score is the sum over the channels."""
    query, key = torch.zeros(2, layout.WIDTH, layout.WIDTH)
    looked_for = [
        *zip(layout.of["return"], layout.of["market"], strict=True),
        *zip(layout.of["person"], layout.of["person"], strict=True),
    ]
    channel = 0
    for channel, (of_query, of_key) in enumerate(looked_for):
        query[channel, of_query], key[channel, of_key] = MATCH, 1
    query[channel + 1, layout.IS_FOUND], key[channel + 1, layout.IS_MARKET] = MARKET, 1
    query[channel + 2, layout.IS_FOUND] = NEARER
    key[channel + 2, layout.slots] = torch.arange(SLOTS, dtype=torch.float32)
    for slot, dimension in enumerate(layout.slots):
        key[channel + 3 + slot, dimension] = 1
        query[channel + 3 + slot, dimension] = OWN
        if slot + 1 < SLOTS:
            query[channel + 3 + slot, layout.slots[slot + 1]] = PREVIOUS
    return query, key


def hits_by_sort(model: SASRec, dataset: awrsr.Dataset, causes: pd.DataFrame) -> pd.Series:
    """HR@1 on the test items, by sort.

    Args:
        causes: of the test items.
    """
    ranks = awrsr.evaluate(model, dataset, split="test").ranks
    ranks = ranks.merge(causes, on=["user_id", "target"])
    hits: pd.Series = (ranks["rank"] == 1).groupby(ranks["sort"]).mean()
    return hits


def rows_of(model: SASRec, dataset: awrsr.Dataset, user: int) -> pd.DataFrame:
    """The rows of A, S and M that make the prediction of a user's test item, item by item."""
    history, _ = history_and_target(dataset, user, "test")
    layer = awrsr.trace(model, history.tolist()).layers[0]
    maps = {"A": layer.first_order, "S": layer.second_order, "M": layer.refined}
    rows = {name: each[0, -1].tolist() for name, each in maps.items() if each is not None}
    return pd.DataFrame({"item": dataset.titles(history.tolist()), **rows})


def main() -> None:
    """Print the table and the rows."""
    dataset = awrsr.load_dataset(DATASET)
    causes = load_causes(dataset, "test")
    assert causes is not None
    models = {name: build(dataset, name) for name in ("additive", "none")}
    hits = {name: hits_by_sort(model, dataset, causes) for name, model in models.items()}
    print("HR@1 by sort:\n" + pd.DataFrame(hits).T.to_string(float_format="{:.3f}".format))
    for sort in ("occasion", "binding"):
        user = int((causes["sort"] == sort).idxmax())
        row = causes.iloc[user]
        target = dataset.titles([row["target"]])[0]
        print(f"\nuser {row['user_id']}, {sort}, then {target}; decided by {row['cause_places']}")
        table = rows_of(models["additive"], dataset, user)
        print(table.to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
