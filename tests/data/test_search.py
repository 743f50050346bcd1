"""The search of items while a person types, beside a slow reference."""

import numpy as np
import pytest
from test_titles import titled

from awrsr.data.texts import Texts
from awrsr.data.titles import MAX_SOUGHT
from awrsr.data.word_index import WordIndex

FILMS = (
    *("Toy Story (1995)", "Toy Story 2 (1999)", "Story of Toys", "Heat (1995)", "Amélie (2001)"),
    *(
        "Schindler's List (1993)",
        "Same",
        "Same",
        "",
        "???",
        "千と千尋の神隠し",
        "toy",
        "Spider-Man",
    ),
)


def found(dataset, text: str, limit: int = 20) -> list[str]:
    return dataset.titles(dataset.search(text, limit).items)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("toy", ["toy", "Toy Story (1995)", "Toy Story 2 (1999)", "Story of Toys"]),
        ("TOY sto", ["Toy Story (1995)", "Toy Story 2 (1999)", "Story of Toys"]),
        ("sto toy", ["Toy Story (1995)", "Toy Story 2 (1999)", "Story of Toys"]),
        ("story 2", ["Toy Story 2 (1999)"]),
        ("1995", ["Toy Story (1995)", "Heat (1995)"]),
        ("ameli", ["Amélie (2001)"]),
        ("schindlers", ["Schindler's List (1993)"]),
        ("spider man", ["Spider-Man"]),
        ("same", ["Same [107]", "Same [108]"]),
        ("same [108]", ["Same [108]"]),
        ("104", ["Heat (1995)"]),
        ("千と", ["千と千尋の神隠し"]),
    ],
)
def test_words_are_sought_by_their_beginnings(text, first):
    dataset = titled(*FILMS)
    assert found(dataset, text) == first
    assert found(dataset, text, 1) == first[:1]
    hits = dataset.search(text, 1)
    assert hits.total == len(first)


@pytest.mark.parametrize(
    ("text", "first"),
    [("toi story 2", "Toy Story 2 (1999)"), ("spidrman", "Spider-Man"), ("haet", "Heat (1995)")],
)
def test_similar_titles_are_found_if_no_title_has_the_words(text, first):
    dataset = titled(*FILMS)
    assert found(dataset, text)[0] == first and dataset.search(text).near
    assert not dataset.search("toy").near


def test_without_a_text_the_first_items_are_found_and_nothing_for_signs():
    dataset = titled(*FILMS)
    hits = dataset.search("  ", 3)
    assert (hits.items, hits.total) == ([1, 2, 3], len(FILMS))
    assert dataset.search("zzzzqqq").items == dataset.search("x" * (MAX_SOUGHT + 1)).items == []
    assert dataset.search("\ud800").items == [] and found(dataset, "toy\ud800")[0] == "toy"
    assert found(dataset, "???") == ["???"]  # a title without any word


def test_frequent_items_come_first():
    dataset = titled("Blue Sea", "Blue Sky", "A Blue", "Blue Sun")
    flat = np.array([2, 2, 2, 4, 4, 3, 3, 3, 3, 1], dtype=np.int32)
    dataset.flat_items[:] = np.resize(flat, len(dataset.flat_items))
    counts = np.bincount(dataset.flat_items, minlength=5)[1:]
    beginning = sorted((1, 2, 4), key=lambda item: (-counts[item - 1], item))
    assert dataset.search("blue").items == [*beginning, 3]


@pytest.mark.parametrize("seed", range(5))
def test_the_index_finds_what_a_loop_finds(seed):
    generator = np.random.default_rng(seed)
    words = ["".join(generator.choice(list("abc"), n)) for n in generator.integers(1, 6, 60)]
    titles = [" ".join(generator.choice(words, n)) for n in generator.integers(0, 5, 400)]
    index = WordIndex(Texts.of(titles))
    assert index.words.to_pylist() == sorted(
        {word for title in titles for word in title.split(" ")}
    )
    for sought in ([w[:n] for w, n in zip(words[:k], (1, 2, 3), strict=False)] for k in (1, 2, 3)):
        expected = [
            place
            for place, title in enumerate(titles)
            if all(any(word.startswith(each) for word in title.split()) for each in sought)
        ]
        assert index.containing(sought).tolist() == expected
    assert index.containing([]).tolist() == []
    near = index.similar(words[:2], 10)
    assert len(near) == 10 and set(near) <= set(index.similar(words[:2], len(titles)))
    both = index.containing(words[:2])
    assert set(index.similar(words[:2], max(1, len(both)))) <= set(both) or not len(both)
