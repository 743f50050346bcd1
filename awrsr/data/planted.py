"""A synthetic dataset in which known earlier items determine the next one, to test explanations.

The set of items in a history does not determine the next item: an average over the history cannot
predict it. Two rules do, one per user. Both depend on the items next to an earlier item:

    binding   People stand in a row. Later the user meets some of them again, in the same order:
              each person is followed by the neighbour in the row.
    occasion  The user visits markets and finds a treasure at each, before or after other small
              finds ("odds and ends"). Back at a market, the user claims the treasure that was found
              there. Market and treasure need not be adjacent: they are related because the finds at
              a market and the return to it belong to the same market.

One layer of first-order attention can learn neither rule: its scores depend on pairs of items, not
on the neighbours of a key. Two layers can. One layer of second-order attention can too: the item
that follows another, or is found at a market, attends to it, and so does the newest item.

A binding sequence ends with a walk of five people along the row; the last of them is the test item.
An occasion sequence ends with two returns, each followed by its claim; the last claim is the test
item. Its validation item is a return, which nothing determines. To have claims in validation too,
one in twenty of all users continues: then the last claim is the validation item, and the test item
is one of the odds and ends, which nothing determines (sort "open").

The causes are in causes.parquet of the dataset directory, two rows per user:

    user_id       as in sequences.parquet
    split         validation (the last item but one) or test (the last)
    sort          binding, occasion or open
    target        the held-out item
    target_place  its place in the user's sequence, 0 = oldest
    cause_places  places of the items that determine it, ascending. Binding: the item before the
                  target, and in the row that item and the target. Occasion: the return, the market
                  and the treasure. Open: none
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from awrsr.config import HELD_OUT, Split
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import write_dataset
from awrsr.errors import ConfigError, DataError
from awrsr.io.files import new_directory
from awrsr.io.parquet import read_parquet, write_parquet

BINDING: Final = "binding"
OCCASION: Final = "occasion"
OPEN: Final = "open"
"""The sort of a held-out item that nothing determines."""
CAUSES_FILE = "causes.parquet"
Sort = Literal["binding", "occasion", "open"]
SORTS: tuple[Sort, ...] = get_args(Sort)

PEOPLE = (
    "Ada Anton Bea Boris Cleo Carl Dora David Ella Emil Frida Felix Gita Georg Hana Hugo Ines Igor "
    "Jana Jonas Karla Kurt Lena Leo Mara Max Nora Nils Olga Oskar Petra Paul Rosa Rudi Sara Simon "
    "Tara Tom Vera Viktor"
).split()
MARKETS = "Bridge Castle Church Forest Harbour Hill Mill River School Tower".split()
TREASURES = (
    "amber brooch chalice crown dagger diamond goblet locket map medal mirror opal pearl ring "
    "sceptre vase"
).split()
ODDS = "acorn bottle button candle cork feather needle pebble ribbon thimble".split()

ROW = (9, 12)
"""Smallest and largest number of people in a row."""
WALK = 5
"""Number of people met again."""
VISITED = (3, 5)
"""Smallest and largest number of markets in a sequence."""
ODD = 0.5
"""Probability that one of the odds and ends is found next to a treasure."""
GOES_ON = 0.1
"""Share of the users of occasion that continue after the last claim."""


class Decided(NamedTuple):
    """The places of the items that determine an item of a sequence; empty if none does."""

    sort: Sort
    causes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sequence:
    """One user's items, and the causes of the last two, by their distance from the end."""

    items: list[int]
    held_out: dict[int, Decided]


class _World:
    """The catalogue."""

    def __init__(self) -> None:
        kinds = {
            "person": [(name.lower(), name) for name in PEOPLE],
            "market": [(f"market-{m.lower()}", f"{m} market") for m in MARKETS],
            "treasure": [(f"treasure-{t}", t.capitalize()) for t in TREASURES],
            "odds and ends": [(f"odd-{o}", o.capitalize()) for o in ODDS],
            "return": [(f"return-{m.lower()}", f"Back at {m} market") for m in MARKETS],
            "claim": [(f"claim-{t}", f"The {t} is claimed") for t in TREASURES],
        }
        rows = [(*row, kind) for kind, members in kinds.items() for row in members]
        self.items = pd.DataFrame(rows, columns=["item_id", "title", "kind"])
        self.items.insert(0, "item", range(1, len(rows) + 1))
        groups = self.items.groupby("kind")["item"]
        self.by_kind = {str(kind): items.tolist() for kind, items in groups}


def plant(
    n_users: int = 10_000, *, seed: int = 0, name: str = "planted"
) -> tuple[Dataset, pd.DataFrame]:
    """The dataset and the causes of its held-out items, see the module's docstring.

    Args:
        n_users: number of sequences, 2 or more, half of them for each rule; a sequence has 20 items
            at most.
        seed: the same seed and number of users give the same dataset.
        name: the name of the dataset.

    Raises:
        ConfigError: too few users, or the seed is out of range.
    """
    if n_users < 2:
        raise ConfigError(f"users must be 2 or more; received {n_users}")
    if not 0 <= seed < 2**32:
        raise ConfigError(f"seed must be a whole number, 0 to {2**32 - 1}; received {seed!r}")
    world, random = _World(), np.random.default_rng(seed)
    sequences: list[list[int]] = []
    causes: list[dict[str, Any]] = []
    for user in range(n_users):
        sequence = _occasion(world, random) if user % 2 else _binding(world, random)
        sequences.append(sequence.items)
        for split, from_end in HELD_OUT.items():
            place = len(sequence.items) - from_end
            decided = sequence.held_out[from_end]
            causes.append(
                {
                    "user_id": str(user + 1),
                    "split": split,
                    "sort": decided.sort,
                    "target": sequence.items[place],
                    "target_place": place,
                    "cause_places": sorted(decided.causes),
                }
            )
    about = {
        "source": "made up by `python -m awrsr plant`, see awrsr/data/planted.py",
        "licence": "Apache-2.0, as the code that makes it",
        "planted": {"users": n_users, "seed": seed},
    }
    dataset = Dataset(
        name=name,
        about=about,
        items=world.items,
        user_ids=[str(user + 1) for user in range(n_users)],
        offsets=np.cumsum([0, *map(len, sequences)]).astype(np.int64),
        flat_items=np.concatenate(sequences).astype(np.int32),
        flat_timestamps=None,
    )
    return dataset, pd.DataFrame(causes)


def _binding(world: _World, random: np.random.Generator) -> Sequence:
    """A row of people, each once, and a walk along a part of it that does not reach its end."""
    length = int(random.integers(ROW[0], ROW[1] + 1))
    row = random.permutation(world.by_kind["person"])[:length].tolist()
    first = int(random.integers(length - WALK))
    items = row + row[first : first + WALK]
    held_out = {}
    for from_end in HELD_OUT.values():
        place = first + WALK - from_end
        held_out[from_end] = Decided(BINDING, (place - 1, place, len(items) - from_end - 1))
    return Sequence(items, held_out)


def _occasion(world: _World, random: np.random.Generator) -> Sequence:
    """Markets and the finds at each, no item twice, and two returns with their claims."""
    visited = int(random.integers(VISITED[0], VISITED[1] + 1))
    markets = random.permutation(len(MARKETS))[:visited]
    treasures = random.permutation(len(TREASURES))[:visited]
    odds = random.permutation(world.by_kind["odds and ends"]).tolist()
    items: list[int] = []
    places: list[tuple[int, int]] = []  # of each market and of its treasure
    for market, treasure in zip(markets, treasures, strict=True):
        found = [world.by_kind["treasure"][treasure]]
        if random.random() < ODD:
            found.insert(int(random.integers(2)), odds.pop())
        items.append(world.by_kind["market"][market])
        market_place = len(items) - 1
        items += found
        places.append((market_place, items.index(world.by_kind["treasure"][treasure])))
    for visit in random.permutation(visited)[:2]:
        items += [world.by_kind["return"][markets[visit]], world.by_kind["claim"][treasures[visit]]]
    claimed = Decided(OCCASION, (*places[visit], len(items) - 2))
    if random.random() < GOES_ON:
        return Sequence([*items, odds.pop()], {1: Decided(OPEN), 2: claimed})
    return Sequence(items, {1: claimed, 2: Decided(OPEN)})


def save_planted(dataset: Dataset, causes: pd.DataFrame, directory: str | Path) -> None:
    """Write a dataset directory with its causes; it appears only when it is complete.

    Raises:
        DataError: the directory exists and is not empty.
        AwrsrError: it could not be written.
    """
    with new_directory(Path(directory)) as temporary:
        write_dataset(dataset, temporary)
        write_parquet(temporary / CAUSES_FILE, causes)


def load_causes(dataset: Dataset, split: Split) -> pd.DataFrame | None:
    """The causes of a split's held-out items, one row per user in the dataset's order.

    Returns:
        None if the dataset was not read from a directory that records causes.

    Raises:
        DataError: the file is damaged, or does not belong to the dataset's sequences.
    """
    path = None if dataset.directory is None else dataset.directory / CAUSES_FILE
    if path is None or not path.is_file():
        return None
    try:
        causes = read_parquet(path)
        causes = causes[causes["split"] == split].reset_index(drop=True)
        users, targets = causes["user_id"].tolist(), causes["target"].tolist()
        places = [sorted(map(int, places)) for places in causes["cause_places"]]
        sorts = set(causes["sort"])
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path} is not a readable causes file: {error}") from error
    ends = dataset.offsets[1:] - HELD_OUT[split]
    if (
        users != dataset.user_ids
        or targets != dataset.flat_items[ends].tolist()
        or not sorts <= set(SORTS)
        or any(
            (not causing) != (sort == OPEN)
            or any(not 0 <= place < length - HELD_OUT[split] for place in causing)
            for causing, sort, length in zip(
                places, causes["sort"], dataset.lengths().tolist(), strict=True
            )
        )
    ):
        raise DataError(f"{path} does not belong to the sequences of {dataset.name}")
    return causes.assign(cause_places=pd.Series(places, dtype=object))
