"""Pinned variants: their names, and their form in the address."""

import pytest
from driving import HOSTILE

from app.pinned import (
    MAX_NAME,
    Variant,
    check_variants,
    clean_name,
    describe,
    free_name,
    parse_variants,
    variants_text,
)

ODD_NAMES = ["A~B;C=%7E 100%", "\u00e9t\u00e9 \u2192 \U0001f600", "+&?#/", "1.2.3", *HOSTILE]


def parse_items(text: str) -> list[int]:
    return [int(part) for part in text.split(".") if part]


def test_variants_come_back_from_their_text_whatever_their_names():
    for names in (ODD_NAMES[:6], ODD_NAMES[6:]):
        variants = [Variant(clean_name(name), (1, 22, 3)) for name in names]
        text = variants_text(variants)
        assert parse_variants(text, parse_items) == variants
        assert set(";~") & set(text.replace("~1.22.3", "").replace(";", "")) == set()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x00", "a\u202eb", "x" * 1000, " a  b "])
def test_a_clean_name_is_one_a_variant_may_have(name):
    clean = clean_name(name)
    assert clean_name(clean) == clean
    assert len(clean) <= MAX_NAME
    if clean:
        check_variants([Variant(clean, (1,))])


def test_a_taken_name_gets_a_number():
    taken: list[str] = []
    for _ in range(3):
        taken.append(free_name("shuffled", taken))
    assert taken == ["shuffled", "shuffled (2)", "shuffled (3)"]
    long = "x" * MAX_NAME
    numbered = free_name(long, [long])
    assert numbered.endswith(" (2)") and clean_name(numbered) == numbered


def letters(chosen) -> list[str]:
    return list(chosen)


@pytest.mark.parametrize(
    ("original", "items", "words"),
    [
        ("ABCD", "ABCD", "original"),
        ("ABCD", "ABD", "without C"),
        ("ABCD", "AD", "without B and C"),
        ("ABCDE", "AE", "without B and 2 more"),
        ("ABCD", "CD", "newest 2"),
        ("ABCD", "BCD", "newest 3"),
        ("ABCD", "D", "without A and 2 more"),
        ("ABCD", "ABCDE", "with E"),
        ("ABCD", "ABXD", "X for C"),
        ("ABCD", "BCDA", "A as 4."),
        ("ABCD", "DBCA", "reordered"),
        ("ABAB", "ABA", "without B"),
        ("", "AB", "2 items"),
    ],
)
def test_automatic_names(original, items, words):
    assert describe(original, items, letters) == words
