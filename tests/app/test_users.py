"""Users as a table: how they are found, and the recorded ranks of their held-out items."""

import shutil

import numpy as np
import pandas as pd
from helpers import EMBEDDED, make_dataset

from app.folders import read_ranks
from app.users import matching_users, reasons_found, user_table
from awrsr import load_dataset


def test_users_are_found_by_id_and_by_the_titles_of_their_items(tiny_dataset):
    for text in ("", "10", "1003", " FILM  c ", "(1999)", "nothing"):
        sought = " ".join(text.split()).casefold()
        expected = [
            index
            for index, user in enumerate(tiny_dataset.user_ids)
            if sought in user
            or any(
                sought in title.casefold()
                for title in tiny_dataset.titles(tiny_dataset.sequence(index))
            )
        ]
        assert matching_users(tiny_dataset, text).tolist() == expected, text


def test_table_of_users(tiny_dataset):
    table = user_table(tiny_dataset, np.array([3, 0]), {"a": {"1003": 7}, "b": {}})
    assert table.columns.tolist() == ["user", "items", "last", "then", "a", "b"]
    *history, then = tiny_dataset.titles(tiny_dataset.sequence(3))
    row = table.iloc[0]
    assert row[["user", "items", "then", "a"]].tolist() == ["1003", len(history), then, 7]
    assert row["last"] == " \u00b7 ".join(history[:-4:-1])
    assert table["b"].isna().all() and table["a"].isna().tolist() == [False, True]
    assert user_table(tiny_dataset, np.array([], dtype=int), {"a": {}}).empty


def test_recorded_ranks_are_read_or_refused_with_a_reason(tmp_path):
    dataset = load_dataset(EMBEDDED)
    shipped = EMBEDDED / "models" / "sasrec-none"
    ranks, why = read_ranks(shipped, dataset)
    assert (len(ranks), why) == (671, "")
    stored = pd.read_parquet(shipped / "ranks.parquet").query("split == 'test'")
    assert ranks == dict(zip(stored["user_id"], stored["rank"], strict=True))
    command = f"python -m awrsr evaluate {tmp_path} --output {tmp_path}"
    assert read_ranks(tmp_path, dataset) == ({}, f"no metrics.json: run `{command}`")
    shutil.copy(shipped / "metrics.json", tmp_path)
    assert read_ranks(tmp_path, dataset) == ({}, f"no ranks.parquet: run `{command}`")
    other = make_dataset()
    assert read_ranks(shipped, other)[1].startswith("ranks.parquet is for another dataset")
    copy = tmp_path / "copy"
    shutil.copytree(shipped, copy)
    (copy / "model.safetensors").write_bytes(b"others")
    assert read_ranks(copy, dataset)[1].startswith("ranks.parquet is for other weights")
    (copy / "ranks.parquet").write_bytes(b"nonsense")
    assert "ranks.parquet or metrics.json is not readable" in read_ranks(copy, dataset)[1]


def test_a_found_user_has_the_reason(tiny_dataset):
    text = " FILM  c "
    users = matching_users(tiny_dataset, text)
    for user, why in zip(users, reasons_found(tiny_dataset, users, text), strict=True):
        assert 3 in tiny_dataset.sequence(user) and why == "Film C (1993)"
    users = matching_users(tiny_dataset, "100")
    assert reasons_found(tiny_dataset, users, "100")[0] == "the id"
    (why,) = reasons_found(tiny_dataset, users[:1], "film")
    titles = tiny_dataset.titles(dict.fromkeys(tiny_dataset.sequence(0).tolist()))
    assert why == f"{titles[0]} \u00b7 {titles[1]} and {len(titles) - 2} more"
