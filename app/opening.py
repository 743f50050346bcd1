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
    """The initial model A (0) or B (1), two different ones where there are two; None if there is
    none."""
    other = DEFAULT_MODELS[1] if position == 0 else default_model(models, 0)
    wanted = [DEFAULT_MODELS[position], *(name for name in models if name != other), *models]
    return next((name for name in wanted if name in models), None)


def default_user(dataset: Dataset) -> str:
    """The first user with a history of suitable length, else the first user with a test item."""
    low, high = DEFAULT_LENGTH
    lengths = dataset.parts.targets["test"]
    users = ((lengths >= low) & (lengths < high)).nonzero()[0]
    return dataset.user_ids[
        int(users[0]) if len(users) else int(dataset.has_target("test").argmax())
    ]
