"""Columns of text: the same as lists of str."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from awrsr.data.texts import BLOCK, Texts

WORDS = ["a", "b ", "ß", "", " A\u2003", "a", "千と千尋"]


def test_a_column_is_a_sequence_of_its_texts():
    texts = Texts.of(WORDS)
    assert list(texts) == WORDS == texts and texts == WORDS and texts == Texts.of(WORDS)
    assert texts != WORDS[1:] and texts != ["x"] * len(WORDS) and texts != "a"
    assert (len(texts), texts[2], texts[-1]) == (7, "ß", WORDS[-1])
    assert list(texts[1:3]) == WORDS[1:3] and list(texts[::-1]) == WORDS[::-1]
    assert "ß" in texts and "x" not in texts and 3 not in texts
    assert (texts.index("a"), texts.place("a"), texts.place("x")) == (0, 0, -1)
    assert texts.at([3, 0, 3]) == ["", "a", ""] and texts.at([]) == []
    assert list(texts.stripped()) == [word.strip() for word in WORDS]
    assert list(texts.mapped(str.casefold)) == [word.casefold() for word in WORDS]
    assert texts.containing("a").tolist() == ["a" in word for word in WORDS]
    half = "\ud800"
    assert half not in texts and texts.places([half]) == {} and not texts.containing(half).any()
    with pytest.raises(IndexError):
        texts[len(WORDS)]


def test_places_are_those_of_a_dictionary():
    generator = np.random.default_rng(0)
    words = generator.choice(["a", "b", "c", "d "], size=BLOCK + 100).tolist()
    found = Texts.of(words).places(["b", "x", "d ", "b"])
    assert found.keys() == {"b", "d "}
    for word, places in found.items():
        assert places.tolist() == [place for place, each in enumerate(words) if each == word]
    assert Texts.of(words).places([]) == {} and Texts.of([]).places(["a"]) == {}
    assert list(Texts.of(words).mapped(str.strip)) == [word.strip() for word in words]


@pytest.mark.parametrize("words", [[], ["a"], [""], WORDS])
def test_joined_texts_are_the_bytes_of_str_join(words):
    for texts in (Texts.of(words), Texts.of(["other", *words])[1:]):
        assert bytes(texts.joined("\n")) == "\n".join(words).encode()


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5, "x"],
        pd.Series(["x", None]),
        pd.Series([3, 4]),
        pd.Series(["x", 3], dtype=object),
        pd.Series(["x", "y"]),
        pd.Series(["x", "y"], dtype="category"),
    ],
)
def test_values_of_any_kind_are_texts_by_str(values):
    assert list(Texts.of(values)) == [str(value) for value in values]


def test_arrow_columns_are_taken_as_they_are():
    chunks = pa.chunked_array([["a"], ["b", "c"]])
    assert list(Texts.of(chunks)) == ["a", "b", "c"]
    assert pa.array(Texts.of(chunks), type=pa.string()).to_pylist() == ["a", "b", "c"]
    assert np.array(Texts.of(chunks), dtype=object).tolist() == ["a", "b", "c"]
