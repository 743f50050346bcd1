"""The order of a source's items, and its conversion to the order of a dataset."""

from pathlib import Path

import torch
from torch import Tensor

from awrsr.data.dataset import Dataset
from awrsr.errors import DataError, counted, shown
from awrsr.importers.base import Converted
from awrsr.io.files import reading


def numbered(count: int, items: Path | None) -> list[str]:
    """The ids of items that a source only numbers: the lines of a file or, without one, the numbers
    from 1.

    Raises:
        DataError: the file cannot be read or has another number of lines.
    """
    if items is None:
        return [str(number) for number in range(1, count + 1)]
    try:
        with reading(items, DataError):
            lines = items.read_text(encoding="utf-8").splitlines()
    except UnicodeError as error:
        raise DataError(f"{items} is not text in UTF-8") from error
    ids = [line.strip() for line in lines]
    if len(ids) != count:
        raise DataError(
            f"{items} has {counted(len(ids), 'line')}, the model has {counted(count, 'item')}; "
            "line i must hold the id of the model's item i"
        )
    return ids


def in_order_of(dataset: Dataset, converted: Converted, where: Path) -> dict[str, Tensor]:
    """The weights of a model with the rows of its tables in the order of a dataset's items.

    Args:
        dataset: the dataset.
        converted: the model.
        where: the model's file, for messages.

    Raises:
        DataError: its items are not those of the dataset.
    """
    theirs = {item_id: row for row, item_id in enumerate(converted.item_ids, start=1)}
    ours = dataset.item_ids
    counts = (
        f"{where} has {counted(len(converted.item_ids), 'item')}, {dataset.name!r} has "
        f"{counted(dataset.n_items, 'item')}"
    )
    example = next(iter(theirs), "")
    if lacking := [item for item in ours if item not in theirs]:
        raise DataError(
            f"{counts}: {counted(len(lacking), 'item')} of the dataset "
            f"{'is' if len(lacking) == 1 else 'are'} not in the model, such as "
            f"{shown(lacking[0])}; the model's ids are like {shown(example)}. "
            "Prepare the dataset from the files that the model was trained on, or name the order "
            "of its items with --items"
        )
    if len(theirs) != len(ours):
        known = set(ours)
        other = next(item for item in theirs if item not in known)
        raise DataError(
            f"{counts}: the model has items that are not in the dataset, such as {shown(other)}. "
            "Prepare the dataset with the filters that the model was trained with; --k_core 1 "
            "keeps all users and items"
        )
    rows = torch.tensor([0, *(theirs[item] for item in ours)])
    return {
        **converted.weights,
        **{name: table[rows] for name, table in converted.tables.items()},
    }
