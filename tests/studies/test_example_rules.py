"""The rules for each sort of example, on artificial numbers."""

from typing import Any

import pytest

from awrsr.errors import ConfigError
from awrsr.studies import Example
from awrsr.studies.examples import RULES, Again, InModel


def said(**changes: Any) -> InModel:
    """A model that ranks the target first after any removal, and attends to the decisive items."""
    ranks = "rank rank_without rank_without_other worst_of_rest rank_without_attended".split()
    values = dict.fromkeys(ranks, 1) | {"entry": 3, "attended": 3, "place": 1, "seen": 10}
    return InModel(**{"again": None, "causes_found": None, **values, **changes})


def example_with(a: dict[str, Any], b: dict[str, Any], causes: list[int] | None = None) -> Example:
    return Example(
        sort="b_finds",
        user_id="7",
        a="sasrec-none",
        b="sasrec-additive",
        target=5,
        causes=causes or [],
        in_a=said(**a),
        in_b=said(**b),
    )


def seed(rank: int) -> Again:
    return Again(model="again", rank=rank)


FALLS = {"rank_without": 40}
ALL, SOME = {"causes_found": 2, "attended": 1}, {"causes_found": 1, "attended": 1}


@pytest.mark.parametrize(
    ("sort", "a", "b", "causes", "worth"),
    [
        ("b_finds", {"rank": 64}, {"rank": 2}, [], 5),
        ("b_finds", {"rank": 64, "again": seed(32)}, {"rank": 2, "again": seed(4)}, [], 3),
        ("b_finds", {"rank": 10}, {"rank": 2}, [], 0),  # A finds it too
        ("b_finds", {"rank": 64, "again": seed(9)}, {"rank": 2}, [], 0),  # with another seed
        ("b_finds", {"rank": 64}, {"rank": 2, "again": seed(11)}, [], 0),
        ("b_finds", {"rank": 15}, {"rank": 10}, [], 0),  # not enough better
        ("other_reasons", FALLS, FALLS | {"entry": 4, "rank_without": 8}, [], 3),
        ("other_reasons", FALLS, FALLS | {"rank_without_other": 40}, [], 0),  # the same reason
        ("other_reasons", FALLS, {"rank_without": 1}, [], 0),  # B does not rest on it
        ("other_reasons", FALLS | {"rank": 11}, FALLS, [], 0),  # A does not find it
        ("one_decides", FALLS | {"worst_of_rest": 5}, FALLS | {"rank": 10}, [], 2),
        ("one_decides", FALLS, FALLS | {"entry": 4}, [], 0),  # another item in B
        ("one_decides", FALLS, FALLS | {"worst_of_rest": 11}, [], 0),  # another item decides, too
        ("one_decides", FALLS, {"rank_without": 10}, [], 0),  # B still finds it
        ("attention_misleads", {}, {"rank_without": 16, "place": 6}, [], 4),
        ("attention_misleads", {}, {"rank_without": 16, "place": 5}, [], 0),  # the upper half
        ("attention_misleads", {}, {"rank_without": 10, "place": 6}, [], 0),  # still found
        (
            "attention_misleads",
            {},
            {"rank_without": 16, "place": 6, "rank_without_attended": 11},
            [],
            0,  # what it attends to matters
        ),
        ("binding_found", {"rank": 64}, ALL, [1, 8], 6),
        ("binding_found", {"rank": 64}, SOME, [1, 8], 0),
        ("binding_found", {"rank": 64}, ALL | {"attended": 2}, [1, 8], 0),
        ("binding_found", {"rank": 1}, ALL, [1, 8], 0),
        ("occasion_found", {"rank": 8}, ALL | {"rank": 1}, [1, 8], 3),
        ("occasion_found", {"rank": 8}, ALL | {"rank": 2}, [1, 8], 0),  # not first
        ("occasion_found", {"rank": 8}, SOME | {"rank": 1}, [1, 8], 0),
        ("occasion_found", {"rank": 8}, ALL | {"rank": 1, "attended": 2}, [1, 8], 0),
        ("planted_missed", {}, SOME | {"rank": 80}, [1, 8], 3),
        ("planted_missed", {}, SOME | {"rank": 19}, [1, 8], 0),
        ("planted_missed", {}, ALL | {"rank": 80}, [1, 8], 0),
    ],
)
def test_a_rule_on_artificial_numbers(sort, a, b, causes, worth):
    assert RULES[sort].worth(example_with(a, b, causes)) == pytest.approx(worth)


PAIR = ("sasrec-none", "sasrec-additive")


def test_an_example_is_frozen_and_checked():
    example = example_with({}, {})
    with pytest.raises(ConfigError, match="rank must be a whole number, 1 or more; received 0"):
        said(rank=0)
    assert example.replace(target=6).target == 6 and example.entries == {3}
    assert example_with({"again": seed(2)}, {}).models == {*PAIR, "again"}
