"""The same interactions and titles in every format, for the tests of all readers."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from raw_files import write_csv

USERS = ["A1AAAAAAAAAAA", "A2BBBBBBBBBBB", "A3CCCCCCCCCCC"]
ITEMS = ["0000000004", "B000000001", "B000000002", "B000000003"]
"""Ids that are accepted in every format; they have the forms of Amazon's ids."""
TITLES = ["Café, The (1995)", 'The "Great" One', "A | B : C", "Plain"]
GENRES = ["Comedy|Drama", "Drama", "Drama", "Comedy|Sci-Fi"]
VISITS = [(0, [0, 1, 2, 3]), (1, [3, 2, 1, 0, 3]), (2, [1, 3, 0])]
START = 1_400_000_000
ROWS = [
    (USERS[user], ITEMS[item], 3 + at % 3, START + 100 * at + user)
    for user, items in VISITS
    for at, item in enumerate(items)
]
"""user, item, rating from 3 to 5, seconds."""
EXPECTED = {USERS[user]: [ITEMS[item] for item in items] for user, items in VISITS}


def lines(path: Path, texts: list[str], encoding: str = "utf-8") -> Path:
    content = "".join(f"{text}\n" for text in texts).encode(encoding)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def movielens(folder: Path) -> Path:
    header = ["userId", "movieId", "rating", "timestamp"]
    write_csv(folder / "ratings.csv", header, ROWS)
    described = zip(ITEMS, TITLES, GENRES, strict=True)
    write_csv(folder / "movies.csv", ["movieId", "title", "genres"], described)
    return folder


FLAGS = {"Comedy": 5, "Drama": 8, "Sci-Fi": 15}


def movielens_100k(folder: Path) -> Path:
    lines(folder / "u.data", ["\t".join(map(str, row)) for row in ROWS])
    described = []
    for item, title, genres in zip(ITEMS, TITLES, GENRES, strict=True):
        flags = ["0"] * 19
        for genre in genres.split("|"):
            flags[FLAGS[genre]] = "1"
        described.append("|".join([item, title.replace("|", "/"), "01-Jan-1995", "", "", *flags]))
    lines(folder / "u.item", described, "latin-1")
    return folder


def movielens_dat(folder: Path) -> Path:
    lines(folder / "ratings.dat", ["::".join(map(str, row)) for row in ROWS])
    described = zip(ITEMS, TITLES, GENRES, strict=True)
    lines(folder / "movies.dat", ["::".join(each) for each in described], "latin-1")
    return folder


def recbole(folder: Path) -> Path:
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
    rows = [f"{user}\t{item}\t{rating}\t{time}.0" for user, item, rating, time in ROWS]
    lines(folder / "made.inter", [header, *rows])
    described = ["item_id:token\tmovie_title:token_seq\tgenres:token_seq\tprice:float"]
    for item, title, genres in zip(ITEMS, TITLES, GENRES, strict=True):
        described.append(f"{item}\t{title}\t{genres.replace('|', ' ')}\t1.5")
    lines(folder / "made.item", described)
    return folder


def amazon_reviews(folder: Path) -> Path:
    fields = ("reviewerID", "asin", "overall", "unixReviewTime")
    reviews = [json.dumps(dict(zip(fields, row, strict=True)) | {"summary": "x"}) for row in ROWS]
    described = [
        repr({"asin": item, "title": title, "categories": [["All", *genres.split("|")]]})
        for item, title, genres in zip(ITEMS, TITLES, GENRES, strict=True)
    ]
    lines(folder / "meta_Made.json.gz", described)
    return lines(folder / "reviews_Made_5.json.gz", reviews)


def amazon_ratings(folder: Path) -> Path:
    described = [
        json.dumps({"parent_asin": item, "title": title, "categories": ["All", *genres.split("|")]})
        for item, title, genres in zip(ITEMS, TITLES, GENRES, strict=True)
    ]
    lines(folder / "meta_Made.jsonl.gz", described)
    return lines(folder / "ratings_Made.csv", [",".join(map(str, row)) for row in ROWS])


def s3rec(folder: Path) -> Path:
    return lines(folder / "raw.txt", [" ".join([user, *EXPECTED[user]]) for user in EXPECTED])


def p5(folder: Path) -> Path:
    numbered = [" ".join(str(n + 1) for n in (user, *items)) for user, items in VISITS]
    lines(folder / "sequential_data.txt", numbered)
    maps = {
        "id2user": {str(n): user for n, user in enumerate(USERS, start=1)},
        "id2item": {str(n): item for n, item in enumerate(ITEMS, start=1)},
    }
    lines(folder / "datamaps.json", [json.dumps(maps)])
    return folder


def lcrec(folder: Path) -> Path:
    lines(folder / "Made.inter.json", [json.dumps({str(user): items for user, items in VISITS})])
    described = {
        str(n): {"title": title, "description": "long", "categories": genres}
        for n, (title, genres) in enumerate(zip(TITLES, GENRES, strict=True))
    }
    lines(folder / "Made.item.json", [json.dumps(described)])
    for name, ids in (("user2id", USERS), ("item2id", ITEMS)):
        lines(folder / f"Made.{name}", [f"{id_}\t{n}" for n, id_ in enumerate(ids)])
    return folder


def table(folder: Path) -> Path:
    return write_csv(folder / "raw.csv", ["user", "item", "rating", "timestamp"], ROWS)


def table_tsv(folder: Path) -> Path:
    frame = pd.DataFrame(ROWS, columns=["user", "item", "rating", "timestamp"])
    frame.to_csv(folder / "raw.tsv.gz", sep="\t", index=False)
    return folder / "raw.tsv.gz"


def table_jsonl(folder: Path) -> Path:
    names = ("user", "item", "rating", "timestamp")
    return lines(
        folder / "raw.jsonl", [json.dumps(dict(zip(names, row, strict=True))) for row in ROWS]
    )


def table_parquet(folder: Path) -> Path:
    frame = pd.DataFrame(ROWS, columns=["user", "item", "rating", "timestamp"])
    frame.to_parquet(folder / "raw.parquet")
    return folder / "raw.parquet"


SOURCES: dict[str, Callable[[Path], Path]] = {
    each.__name__: each
    for each in (
        *(movielens, movielens_100k, movielens_dat, amazon_reviews, amazon_ratings, recbole),
        *(s3rec, p5, lcrec, table, table_tsv, table_jsonl, table_parquet),
    )
}
"""Writers of sources by name of the format; names of further forms have a word after it."""
UNTITLED = ("s3rec", "p5", "table", "table_tsv", "table_jsonl", "table_parquet")
UNTIMED = ("s3rec", "p5", "lcrec")
