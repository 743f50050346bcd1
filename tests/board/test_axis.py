"""The axis of the board: it holds every history in order, and matches slots of the same item."""

from collections import Counter

import numpy as np
import pytest

from awrsr import board
from awrsr.board import ItemNames, Source
from awrsr.ranking.recommendation import trace

NAMES = ItemNames(titles=[f"Title {item}" for item in range(1, 12)])


def test_slots_are_numbered_as_in_the_whole_history(make_model):
    traced = trace(make_model("sasrec", "none"), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    content = board.payload([Source(name="A", title="", trace=traced)], NAMES)
    assert content["items"] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert content["slots"] == [str(number) for number in range(3, 11)]


@pytest.mark.parametrize("lengths", [(3, 8), (8, 3), (3, 8, 3)])
def test_a_history_seen_to_different_lengths_is_one_axis(make_model, lengths):
    items = [5, 1, 2, 1, 1, 2, 1]
    sources = [
        Source(name=name, title="", trace=trace(make_model(max_length=length), items))
        for name, length in zip("ABC", lengths, strict=False)
    ]
    content = board.payload(sources, NAMES)
    assert content["items"] == items
    assert content["slots"] == ["1", "2", "3", "4", "5", "6", "7"]
    for source, length in zip(content["sources"], lengths, strict=True):
        assert source["places"] == list(range(7))[-length:]


def test_a_variant_with_the_same_end_is_another_history(make_model):
    sources = [
        Source(name=name, title="", trace=trace(make_model(max_length=length), items))
        for name, length, items in (
            ("A", 2, [1, 2, 3, 4]),
            ("B", 8, [1, 2, 3, 4]),
            ("A'", 2, [2, 3, 4]),
            ("B'", 8, [2, 3, 4]),
        )
    ]
    content = board.payload(sources, NAMES)
    assert content["slots"] == ["1", "2", "3", "4"]
    places = [source["places"] for source in content["sources"]]
    assert places == [[2, 3], [0, 1, 2, 3], [2, 3], [1, 2, 3]]


@pytest.mark.parametrize(
    "histories",
    [
        [[1, 2, 3]],
        [[1, 2, 3], [1, 3]],
        [[1, 3], [1, 2, 3]],
        [[1, 2, 3, 4], [4, 3, 2, 1]],
        [[1, 1, 2, 1], [1, 2, 1, 1]],
        [[1, 2, 3], [4, 5]],
        [[1, 2, 3, 4], [2, 3], [1, 2, 9, 4]],
    ],
)
def test_an_axis_holds_every_history_in_order(histories):
    axis, places = board.align(histories)
    for history, positions in zip(histories, places, strict=True):
        assert positions == sorted(set(positions))
        assert [axis[place] for place in positions] == history
    assert set().union(*places) == set(range(len(axis)))
    assert len(axis) <= sum(map(len, histories))


def test_what_a_variant_leaves_out_keeps_its_place():
    assert board.align([[1, 2, 3, 4], [1, 2, 4]]) == ([1, 2, 3, 4], [[0, 1, 2, 3], [0, 1, 3]])


def test_an_item_is_followed_to_where_another_history_has_it():
    axis, places = board.align([[1, 2, 3, 4], [4, 1, 2, 3]])
    assert axis == [4, 1, 2, 3, 4]
    first, second = (board.counterparts(axis, places, positions) for positions in places)
    assert first == [4, 1, 2, 3, 4] and second == [0, 1, 2, 3, 0]
    axis, places = board.align([[7, 8, 7, 9], [8, 7, 7]])
    assert axis == [7, 8, 7, 9, 7]  # the first 7 is matched with the last place
    assert board.counterparts(axis, places, places[1]) == [4, 1, 2, -1, 4]


@pytest.mark.parametrize("seed", range(6))
def test_matched_items_are_the_same_and_no_two_entries_become_one(seed: int):
    generator = np.random.default_rng(seed)
    histories = [generator.integers(1, 5, generator.integers(1, 9)).tolist() for _ in range(2)]
    axis, places = board.align(histories)
    for positions in places:
        for seen in (positions, positions[-3:]):  # a model that sees fewer items
            where = board.counterparts(axis, places, seen)
            assert {place for place in where if place >= 0} <= set(seen)
            assert all(where[place] == place for place in seen)
            for history in places:
                followed = [where[place] for place in history if where[place] >= 0]
                assert len(followed) == len(set(followed))
                assert [axis[place] for place in followed] == [
                    axis[place] for place in history if where[place] >= 0
                ]
                if seen == positions:  # every item that the other history has is matched
                    both = Counter(axis[p] for p in history) & Counter(axis[p] for p in positions)
                    assert Counter(axis[place] for place in followed) == both
                strangers = [p for p in history if where[p] not in (p, -1)]
                for item in {axis[place] for place in strangers}:  # in order, from the newest
                    matched = [where[p] for p in strangers if axis[p] == item]
                    others = [p for p in seen if p not in history and axis[p] == item]
                    assert matched == others[-len(matched) :]


def test_a_slot_that_only_a_variant_has_keeps_the_variants_number(make_model):
    model = make_model("sasrec", "none")
    sources = [
        Source(name=name, title="", trace=trace(model, items))
        for name, items in (("A", [1, 2, 3]), ("A'", [1, 7, 2, 3]))
    ]
    content = board.payload(sources, NAMES)
    assert content["slots"] == ["1", "2\u2032", "2", "3"]
    assert [source["places"] for source in content["sources"]] == [[0, 2, 3], [0, 1, 2, 3]]
