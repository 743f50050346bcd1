"""The initial choices of a dataset: a user's history and two models."""

from typing import NamedTuple

from awrsr.data.dataset import Dataset

DEFAULT_MODELS = ("sasrec-none", "sasrec-additive")
DEFAULT_LENGTH = (15, 25)
"""Length of the first history: it fills a map and its titles stay readable."""


class Opening(NamedTuple):
    """The initial choices of a dataset; empty for the general default.

    Args:
        user: id of the user.
        a: name of model A.
        b: name of model B.
    """

    user: str = ""
    a: str = ""
    b: str = ""


def default_model(models: list[str], position: int) -> str | None:
    """The initial model A (0) or B (1); None if there is none."""
    wanted = DEFAULT_MODELS[position]
    if not models:
        return None
    return wanted if wanted in models else models[min(position, len(models) - 1)]


def default_user(dataset: Dataset) -> str:
    """The first user with a history of suitable length, else the first user with a test item."""
    low, high = DEFAULT_LENGTH
    lengths = dataset.parts.targets["test"]
    users = ((lengths >= low) & (lengths < high)).nonzero()[0]
    return dataset.user_ids[
        int(users[0]) if len(users) else int(dataset.has_target("test").argmax())
    ]
