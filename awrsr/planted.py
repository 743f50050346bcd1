"""A made-up dataset whose next items are decided by known earlier ones, to test explanations on.

Two sorts of rules, told apart by how many earlier items decide:

    first_order   The key to a door is found; later that door opens.
    second_order  The left and the right half of one seal are found; later the vault opens that
                  bears the seal's metal and both of its marks. Either half alone leaves two
                  vaults possible, and halves of two different seals open nothing.

Everything else is noise: odds and ends that decide nothing, halves that lack their other half, and
now and then, never at a held-out place, something else opens than what was due.

A sequence is two rounds. In each, the causes of some events lie about in random order among noise,
then the bell rings, then all that is due opens, in random order: one or two openings in the first
round, two to four in the second. The bell says when, not what. The last two openings of the second
round are the held-out items. So after the validation item's history two openings are due, after the
test item's history one (but where something else opened before): a perfect recommender ranks every
test item first, half of the validation items first and the others second.

The causes are in causes.parquet of the dataset directory, two rows a user:

    user_id       as in sequences.parquet
    split         validation (the last item but one) or test (the last)
    sort          first_order or second_order
    target        the held-out item
    target_place  its place in the user's sequence, 0 = oldest
    cause_places  places of the items that decide it, one or two, increasing
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from awrsr.config import HELD_OUT, Split
from awrsr.dataset import Dataset, write_dataset
from awrsr.errors import ConfigError, DataError
from awrsr.files import new_directory
from awrsr.parquet import read_parquet

CAUSES_FILE = "causes.parquet"
Sort = Literal["first_order", "second_order"]
SORTS: tuple[Sort, ...] = get_args(Sort)

COLOURS = "red orange yellow green blue violet white black grey brown pink turquoise".split()
METALS = "copper silver gold iron tin lead".split()
LEFT_MARKS = "lion eagle".split()
RIGHT_MARKS = "moon star".split()
ODDS = (
    "acorn anchor apple basket bone bottle brush bucket button candle coin comb cork cup "
    "feather fork hammer hat horn jar kettle ladle lamp leaf mirror nail needle nut pebble pipe "
    "plate ribbon ring rope saw shell spoon thimble whistle"
).split()

LONGEST = 20
WRONG = 0.05
"""How often something else opens than what is due."""
LONE = 0.4
"""How much of the noise is halves without their other half; the rest is odds and ends."""
EARLY = 0.3
"""How often one half of a seal whose vault opens in the second round lies in the first."""


@dataclass(frozen=True)
class Event:
    """One rule applied: what opens, and the items that decide it."""

    sort: Sort
    target: int
    causes: tuple[int, ...]
    metal: str | None


class _World:
    """The catalogue, and what opens what."""

    def __init__(self) -> None:
        rows: list[tuple[str, str, str]] = []  # item_id, title, kind
        rows += [(f"key-{c}", f"Key to the {c} door", "key") for c in COLOURS]
        rows += [(f"door-{c}", f"The {c} door", "door") for c in COLOURS]
        for side, marks in (("left", LEFT_MARKS), ("right", RIGHT_MARKS)):
            rows += [
                (
                    f"{side}-{metal}-{mark}",
                    f"{metal.capitalize()} seal, {side} half: {mark}",
                    f"{side} half",
                )
                for metal in METALS
                for mark in marks
            ]
        rows += [
            (
                f"vault-{metal}-{left}-{right}",
                f"{metal.capitalize()} vault: {left}, {right}",
                "vault",
            )
            for metal in METALS
            for left in LEFT_MARKS
            for right in RIGHT_MARKS
        ]
        rows.append(("bell", "The bell rings", "bell"))
        rows += [(f"odd-{name}", name.capitalize(), "odds and ends") for name in ODDS]
        self.items = pd.DataFrame(rows, columns=["item_id", "title", "kind"])
        self.items.insert(0, "item", range(1, len(rows) + 1))
        self.item = dict(zip(self.items["item_id"], self.items["item"].tolist(), strict=True))
        self.odds = [self.item[f"odd-{name}"] for name in ODDS]
        opening = self.items["kind"].isin(["door", "vault"])
        self.openings = self.items.loc[opening, "item"].tolist()

    def door(self, colour: str) -> Event:
        key, door = self.item[f"key-{colour}"], self.item[f"door-{colour}"]
        return Event("first_order", door, (key,), None)

    def vault(self, metal: str, left: str, right: str) -> Event:
        halves = self.item[f"left-{metal}-{left}"], self.item[f"right-{metal}-{right}"]
        return Event("second_order", self.item[f"vault-{metal}-{left}-{right}"], halves, metal)


def plant(
    n_users: int = 4000, *, seed: int = 0, name: str = "planted"
) -> tuple[Dataset, pd.DataFrame]:
    """The dataset and the causes of its held-out items, see above.

    Args:
        n_users: sequences, 2 or more; each of 20 items at most.
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
        sequence, held_out = _sequence(world, random, SORTS[user % 2])
        sequences.append(sequence)
        for (split, from_end), event in zip(HELD_OUT.items(), held_out, strict=True):
            place = len(sequence) - from_end
            causes.append(
                {
                    "user_id": str(user + 1),
                    "split": split,
                    "sort": event.sort,
                    "target": event.target,
                    "target_place": place,
                    "cause_places": sorted(sequence.index(cause) for cause in event.causes),
                }
            )
    about = {
        "source": "made up by `python -m awrsr plant`, see awrsr/planted.py",
        "licence": "Apache-2.0, as the code that makes it",
        "planted": {"users": n_users, "seed": seed, "wrong": WRONG, "lone": LONE, "early": EARLY},
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


def _sequence(
    world: _World, random: np.random.Generator, last_sort: Sort
) -> tuple[list[int], tuple[Event, Event]]:
    """One user's items, and the events of the test and the validation item (in HELD_OUT's order).

    No item but the bell stands in a sequence twice.
    """
    colours = random.permutation(COLOURS).tolist()
    metals = random.permutation(METALS).tolist()
    odds = random.permutation(world.odds).tolist()

    def event(sort: Sort | None = None) -> Event:
        if (sort or SORTS[random.integers(2)]) == "first_order" or len(metals) < 2:
            return world.door(colours.pop())
        return world.vault(metals.pop(), random.choice(LEFT_MARKS), random.choice(RIGHT_MARKS))

    held_out = (event(last_sort), event())
    rounds = [
        [event() for _ in range(random.integers(1, 3))],
        [*held_out, *(event() for _ in range(random.integers(3)))],
    ]
    stretches = [[cause for each in events for cause in each.causes] for events in rounds]
    for each in rounds[1]:
        if each.sort == "second_order" and random.random() < EARLY:
            early = each.causes[random.integers(2)]
            stretches[1].remove(early)
            stretches[0].append(early)
    taken = sum(len(each.causes) + 1 for events in rounds for each in events) + len(rounds)
    for _ in range(min(int(random.integers(1, 5)), max(0, LONGEST - taken))):
        stretch = stretches[random.integers(2)]
        if len(metals) and random.random() < LONE:  # of a metal that nothing else here is made of
            side, marks = (("left", LEFT_MARKS), ("right", RIGHT_MARKS))[random.integers(2)]
            stretch.append(world.item[f"{side}-{metals.pop()}-{random.choice(marks)}"])
        else:
            stretch.append(odds.pop())

    due = {each.target for events in rounds for each in events}
    never_due = random.permutation([item for item in world.openings if item not in due]).tolist()
    sequence: list[int] = []
    for stretch, events in zip(stretches, rounds, strict=True):
        opening = [each for each in events if each not in held_out]
        sequence += [stretch[place] for place in random.permutation(len(stretch))]
        sequence.append(world.item["bell"])
        for place in random.permutation(len(opening)):
            wrong = random.random() < WRONG
            sequence.append(never_due.pop() if wrong else opening[place].target)
    return [*sequence, held_out[1].target, held_out[0].target], held_out


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
            not here or not 0 <= here[0] <= here[-1] < length - HELD_OUT[split]
            for here, length in zip(places, dataset.lengths().tolist(), strict=True)
        )
    ):
        raise DataError(f"{path} does not belong to the sequences of {dataset.name}")
    return causes.assign(cause_places=pd.Series(places, dtype=object))
