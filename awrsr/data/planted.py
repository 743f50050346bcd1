"""A made-up dataset whose next items are decided by known earlier ones, to test explanations on.

Which items are in a history does not decide: an average over it cannot know the next one. Two rules
do, one a user, and both ask what an item stood by when it was last seen:

    binding   People stand in a row. Then somebody is met again, and after each comes whoever
              stood next to them in the row.
    occasion  Markets are visited; at each a treasure is found, among odds and ends or before them.
              Back at a market, the treasure that was found there is claimed. Market and treasure
              need not be neighbours: what relates them is that the goods of a market and the way
              back to it belong to the same market.

One layer of first-order attention can do neither, as the newest item knows what it is and not what
the others stood by; two layers can. One layer of second-order attention can: what follows an item,
or is found at a market, attends to it, and so does the newest item.

The sequences of binding end with the last five of the walk along the row, of which the last is the
test item. Those of occasion end with two returns, each followed by its claim, the last one the test
item; so there the validation item is a return, which nothing decides. That validation sees claims
too, one user in twenty goes on: the last claim is the validation item, and the test item is one of
the odds and ends, which nothing decides (sort "open").

The causes are in causes.parquet of the dataset directory, two rows a user:

    user_id       as in sequences.parquet
    split         validation (the last item but one) or test (the last)
    sort          binding, occasion or open
    target        the held-out item
    target_place  its place in the user's sequence, 0 = oldest
    cause_places  places of the items that decide it, increasing: for binding the item before the
                  target, and in the row that item and the target; for occasion the return, the
                  market and the treasure; none where the sort is open
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
from awrsr.io.parquet import read_parquet

OPEN: Final = "open"
"""The sort of a held-out item that nothing decides."""
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
"""Fewest and most people in a row."""
WALK = 5
"""How many of them are met again."""
VISITED = (3, 5)
"""Fewest and most markets of a sequence."""
ODD = 0.5
"""How often one of the odds and ends is found beside a treasure."""
GOES_ON = 0.1
"""How many users of occasion go on after the last claim."""


class Decided(NamedTuple):
    """The places that decide an item of a sequence; none where nothing does."""

    sort: Sort
    causes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sequence:
    """One user's items, and what decides the last two by how far they stand from the end."""

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
        rows = [(*row, kind) for kind, of_kind in kinds.items() for row in of_kind]
        self.items = pd.DataFrame(rows, columns=["item_id", "title", "kind"])
        self.items.insert(0, "item", range(1, len(rows) + 1))
        of_kind = self.items.groupby("kind")["item"]
        self.of = {str(kind): items.tolist() for kind, items in of_kind}


def plant(
    n_users: int = 10_000, *, seed: int = 0, name: str = "planted"
) -> tuple[Dataset, pd.DataFrame]:
    """The dataset and the causes of its held-out items, see above.

    Args:
        n_users: sequences, 2 or more; each of 20 items at most, half of them of either rule.
        seed: the same seed and number of users give the same dataset.
        name: of the dataset.

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
        made = _occasion(world, random) if user % 2 else _binding(world, random)
        sequences.append(made.items)
        for split, from_end in HELD_OUT.items():
            place = len(made.items) - from_end
            decided = made.held_out[from_end]
            causes.append(
                {
                    "user_id": str(user + 1),
                    "split": split,
                    "sort": decided.sort,
                    "target": made.items[place],
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
    """People in a row, no one twice, and a walk along a part of it that does not reach its end."""
    length = int(random.integers(ROW[0], ROW[1] + 1))
    row = random.permutation(world.of["person"])[:length].tolist()
    first = int(random.integers(length - WALK))
    items = row + row[first : first + WALK]
    held_out = {}
    for from_end in HELD_OUT.values():
        met = first + WALK - from_end
        held_out[from_end] = Decided("binding", (met - 1, met, len(items) - from_end - 1))
    return Sequence(items, held_out)


def _occasion(world: _World, random: np.random.Generator) -> Sequence:
    """Markets with what was found there, no item twice, and two returns with their claims."""
    visited = int(random.integers(VISITED[0], VISITED[1] + 1))
    markets = random.permutation(len(MARKETS))[:visited]
    treasures = random.permutation(len(TREASURES))[:visited]
    odds = random.permutation(world.of["odds and ends"]).tolist()
    items: list[int] = []
    places: list[tuple[int, int]] = []  # of each market and of its treasure
    for market, treasure in zip(markets, treasures, strict=True):
        found = [world.of["treasure"][treasure]]
        if random.random() < ODD:
            found.insert(int(random.integers(2)), odds.pop())
        items.append(world.of["market"][market])
        at = len(items) - 1
        items += found
        places.append((at, items.index(world.of["treasure"][treasure])))
    for again in random.permutation(visited)[:2]:
        items += [world.of["return"][markets[again]], world.of["claim"][treasures[again]]]
    claimed = Decided("occasion", (*places[again], len(items) - 2))
    if random.random() < GOES_ON:
        return Sequence([*items, odds.pop()], {1: Decided(OPEN), 2: claimed})
    return Sequence(items, {1: claimed, 2: Decided(OPEN)})


def save_planted(dataset: Dataset, causes: pd.DataFrame, directory: str | Path) -> None:
    """Write a dataset directory with its causes; it appears only when it is whole.

    Raises:
        DataError: the directory exists and is not empty.
        AwrsrError: it could not be written.
    """
    with new_directory(Path(directory)) as temporary:
        write_dataset(dataset, temporary)
        causes.to_parquet(temporary / CAUSES_FILE, index=False, compression="zstd")


def load_causes(dataset: Dataset, split: Split) -> pd.DataFrame | None:
    """The causes of a split's held-out items, one row a user in the dataset's order.

    Returns:
        None where the dataset was not read from a directory that records causes.

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
        raise DataError(f"{path} is not a readable file of causes: {error}") from error
    ends = dataset.offsets[1:] - HELD_OUT[split]
    if (
        users != dataset.user_ids
        or targets != dataset.flat_items[ends].tolist()
        or not sorts <= set(SORTS)
        or any(
            (not here) != (sort == OPEN)
            or any(not 0 <= place < length - HELD_OUT[split] for place in here)
            for here, sort, length in zip(
                places, causes["sort"], dataset.lengths().tolist(), strict=True
            )
        )
    ):
        raise DataError(f"{path} does not belong to the sequences of {dataset.name}")
    return causes.assign(cause_places=pd.Series(places, dtype=object))
