"""Pinned variants of a history: a name, items, and their form in the URL."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

MAX_VARIANTS = 12
MAX_NAME = 60
MAX_PINNED_ITEMS = 3_000
"""Items of all variants together: about 15 kB of an address."""


@dataclass(frozen=True)
class Variant:
    """A saved history with a name."""

    name: str
    items: tuple[int, ...]


def clean_name(text: str) -> str:
    """A name of printable characters on one line, cut to length; may be empty."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    words = " ".join(kept.split())
    return words if len(words) <= MAX_NAME else words[: MAX_NAME - 1].rstrip() + "\u2026"


def check_variants(variants: Sequence[Variant]) -> None:
    """Refuse variants that a page and its address cannot hold.

    Raises:
        ValueError: too many, too long, without items, or with an invalid or repeated name.
    """
    if len(variants) > MAX_VARIANTS:
        raise ValueError(f"{len(variants)} variants; accepted: at most {MAX_VARIANTS}")
    total = sum(len(variant.items) for variant in variants)
    if total > MAX_PINNED_ITEMS:
        raise ValueError(
            f"the variants have {total:,} items in total; accepted: at most {MAX_PINNED_ITEMS:,}"
        )
    for variant in variants:
        if not variant.name or clean_name(variant.name) != variant.name:
            raise ValueError(
                f"a variant's name is 1 to {MAX_NAME} printable characters on one line"
            )
        if not variant.items:
            raise ValueError(f"the variant {variant.name!r} has no items")
    name, count = Counter(v.name for v in variants).most_common(1)[0] if variants else ("", 1)
    if count > 1:
        raise ValueError(f"{count} variants have the name {name!r}")


def variants_text(variants: Sequence[Variant]) -> str:
    """Variants as one parameter of the URL: `name~1.2.3;other%20name~4.5`."""
    return ";".join(
        quote(variant.name, safe="").replace("~", "%7E") + "~" + ".".join(map(str, variant.items))
        for variant in variants
    )


def parse_variants(text: str, parse_items: Callable[[str], list[int]]) -> list[Variant]:
    """The variants that `variants_text` wrote.

    Args:
        text: the parameter, decoded once by the browser.
        parse_items: `1.2.3` to items.

    Raises:
        AwrsrError, ValueError: the text is not such variants.
    """
    parts = text.split(";", MAX_VARIANTS + 1)  # further parts are refused unread
    variants = []
    for part in parts:
        name, mark, items = part.partition("~")
        if not mark:
            raise ValueError("accepted: name~items;name~items, the items as numbers with dots")
        variants.append(Variant(unquote(name, errors="strict"), tuple(parse_items(items))))
    check_variants(variants)
    return variants


def free_name(name: str, taken: Sequence[str]) -> str:
    """The name, with a number appended if it is taken."""
    name = clean_name(name) or "variant"
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        mark = f" ({number})"
        candidate = clean_name(name[: MAX_NAME - len(mark)]) + mark
    return candidate


def describe(
    original: Sequence[int], items: Sequence[int], titles: Callable[..., list[str]]
) -> str:
    """The difference between a history and its original, in a few words.

    Args:
        original: the original items; empty if there is no original.
        items: the history.
        titles: items to their titles.
    """
    original, items = list(original), list(items)
    if not original:
        return f"{len(items)} items"
    if items == original:
        return "original"
    if Counter(items) == Counter(original):
        return moved(original, items, titles)
    if len(items) > 1 and items == original[-len(items) :]:
        return f"newest {len(items)}"
    gone = list((Counter(original) - Counter(items)).elements())
    added = list((Counter(items) - Counter(original)).elements())
    if len(gone) == len(added) == 1 and original.index(gone[0]) == items.index(added[0]):
        return f"{titles(added)[0]} for {titles(gone)[0]}"
    words = [
        f"{word} {listed(titles(changed))}"
        for word, changed in (("without", gone), ("with", added))
        if changed
    ]
    return ", ".join(words)


def moved(original: list[int], items: list[int], titles: Callable[..., list[str]]) -> str:
    """The difference between two orders of the same items, in a few words."""
    for item in dict.fromkeys(original):
        if original.count(item) == 1:
            rest = [other for other in original if other != item]
            if [other for other in items if other != item] == rest:
                return f"{titles([item])[0]} as {items.index(item) + 1}."
    return "reordered"


def listed(names: list[str]) -> str:
    """One or two names, or the first and the number of others."""
    return " and ".join(names) if len(names) <= 2 else f"{names[0]} and {len(names) - 1} more"
