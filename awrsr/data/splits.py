"""Splits: which items of a sequence are for training, and which items are held out.

Leave one out holds out the last item of every user for the test and the last but one for
validation; the items before them are for training. Test items of some users are then older than
training items of others: a model knows something of the future.

A split by time has two times for all users. All before `validation_from` is for training. The
validation target of a user is the first item from `validation_from` on, if it is before
`test_from`; the test target is the first item from `test_from` on. The history of a target is all
of the user's items before the part: no history and no training item is as late as the target. A
user without a target in a part, or without an item before it, is not evaluated there.

The rule `time:0.9` puts the test after the first 90% of all interactions, `time:2015-06-01` on that
day. The interactions before the test are divided again at the same share (of a date: at the share
that is before it). Interactions of one second are never divided.
"""

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from awrsr.config import HELD_OUT, LEAVE_ONE_OUT, Split
from awrsr.errors import ConfigError, DataError, counted, shown
from awrsr.schema import Schema

BY_TIME = "time:"
NONE = -1
"""The place of a target that a user does not have."""

Times = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]


class TimeSplit(Schema):
    """A split by time, see the module.

    Args:
        rule: the rule, such as time:0.9.
        validation_from: the first second of validation, since 1970; all before is for training.
        test_from: the first second of the test.
    """

    rule: str
    validation_from: int
    test_from: int

    def start(self, split: Split) -> int:
        """The first second of a part."""
        return self.test_from if split == "test" else self.validation_from


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Where the sequences of all users are divided.

    Args:
        training: the number of training items of every user, the oldest ones.
        targets: the place of every user's target in the sequence, by split; NONE where there is
            none.
        newcomers: the number of users with items in a part and none before it, by split.
    """

    training: Places
    targets: dict[Split, Places]
    newcomers: dict[Split, int]


def leave_one_out(lengths: Places) -> Parts:
    """The parts of leave one out, for sequences of these lengths."""
    return Parts(
        training=np.maximum(lengths - max(HELD_OUT.values()), 0),
        targets={
            split: np.maximum(lengths - from_end, NONE) for split, from_end in HELD_OUT.items()
        },
        newcomers=dict.fromkeys(HELD_OUT, 0),
    )


def by_time(offsets: Places, timestamps: Times | None, split: TimeSplit) -> Parts:
    """The parts of a split by time.

    Args:
        offsets: user u's times are timestamps[offsets[u]:offsets[u + 1]].
        timestamps: seconds since 1970.
        split: the two times.

    Raises:
        DataError: there are no times, or those of a user do not ascend.
    """
    if timestamps is None:
        raise DataError("no timestamps: a split by time is impossible")
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    if ((np.diff(timestamps) < 0) & (np.diff(owner) == 0)).any():
        raise DataError("the timestamps of a user do not ascend: a split by time is impossible")

    def earlier(than: int) -> Places:
        return np.bincount(owner[timestamps < than], minlength=len(offsets) - 1).astype(np.int64)

    training, before = earlier(split.validation_from), earlier(split.test_from)
    ends: dict[Split, tuple[Places, Places]] = {
        "test": (before, np.diff(offsets)),
        "validation": (training, before),
    }
    return Parts(
        training=training,
        targets={
            part: np.where((start > 0) & (start < end), start, NONE)
            for part, (start, end) in ends.items()
        },
        newcomers={
            part: int(((start == 0) & (end > 0)).sum()) for part, (start, end) in ends.items()
        },
    )


def check_rule(rule: str) -> None:
    """Refuse a rule that cannot be read.

    Raises:
        ConfigError: it is neither leave_one_out nor a split by time with a share or a date.
    """
    if rule != LEAVE_ONE_OUT:
        _cut(rule)


def _cut(rule: str) -> float | int:
    """A share of the interactions, or a second since 1970."""
    share = date = None
    if rule.startswith(BY_TIME):
        text = rule.removeprefix(BY_TIME)
        with suppress(ValueError):
            share = float(text)
        with suppress(ValueError):
            date = datetime.fromisoformat(text)
    if share is not None:
        if not 0 < share < 1:
            raise ConfigError(
                f"split {shown(rule)}: the share of interactions before the test must be above 0 "
                "and below 1; a date is written time:2015-06-01"
            )
        return share
    if date is None:
        raise ConfigError(
            f"there is no split {shown(rule)}; accepted: {LEAVE_ONE_OUT}, a share of the "
            "interactions such as time:0.9, or a date such as time:2015-06-01"
        )
    return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())


def time_split(rule: str, timestamps: Times) -> TimeSplit:
    """The two times of a rule.

    Args:
        rule: time:SHARE or time:DATE; a date without an offset is in UTC.
        timestamps: seconds since 1970 of all interactions, in any order.

    Raises:
        ConfigError: the rule cannot be read, its date is not after the first and up to the last
            interaction, or no interaction is left for training or validation.
    """
    cut, ordered = _cut(rule), np.sort(timestamps)
    if isinstance(cut, int):
        if not ordered[0] < cut <= ordered[-1]:
            raise ConfigError(
                f"split {shown(rule)} is outside the interactions, which are from "
                f"{moment(int(ordered[0]))} to {moment(int(ordered[-1]))}"
            )
        test_from, share = cut, float((ordered < cut).mean())
    else:
        test_from, share = _at(ordered, cut), cut
    before = ordered[ordered < test_from]
    validation_from = _at(before, share) if len(before) else test_from
    if not len(before) or validation_from == before[0]:
        raise ConfigError(
            f"split {shown(rule)} leaves no interaction before validation, which would be from "
            f"{moment(validation_from)} on, and before the test, from {moment(test_from)} on"
        )
    return TimeSplit(rule=rule, validation_from=validation_from, test_from=test_from)


def _at(ordered: Times, share: float) -> int:
    """The time of the first interaction after this share of them."""
    place = math.ceil(round(share * len(ordered), 6))  # 0.7 * 10 is a little above 7
    return int(ordered[min(place, len(ordered) - 1)])


def moment(seconds: int) -> str:
    """A time as text, in UTC."""
    return str(np.datetime64(seconds, "s")).replace("T", " ") + " UTC"


def held_out_words(split: TimeSplit | None, part: Split) -> str:
    """Which item of a user is the target, in words that follow the name of the split."""
    if split is None:
        held_out = "last" if part == "test" else "last but one"
        return f"leave-one-out, {part}: the {held_out} item"
    end = f" and before {moment(split.test_from)}" if part == "validation" else ""
    return (
        f"split by time ({split.rule}), {part}: the first item from "
        f"{moment(split.start(part))} on{end}"
    )


def left_out_words(parts: Parts, part: Split) -> str:
    """How many users have no target, and why, in words; an empty text if all have one."""
    without = int((parts.targets[part] == NONE).sum())
    if not without:
        return ""
    new = parts.newcomers[part]
    reasons = [f"{without - new:,} without an item in this part"] * (without > new)
    reasons += [f"{new:,} without an item before it"] * (new > 0)
    return f"{counted(without, 'user')} left out: {', '.join(reasons)}"
