"""Inspect with odd catalogues: titles with markup, shared titles, columns of any kind."""

import dataclasses
import json
import re

import pandas as pd
import pytest
from checking import check_numbers, escaped
from driving import (
    HOSTILE,
    add_dataset,
    add_model,
    choose,
    figures,
    messages,
    open_page,
    run,
    say,
    sent,
    texts,
    titled,
    unescaped,
)

from app.folders import ASSETS_VARIABLE
from awrsr.data.planted import CAUSES_FILE, plant
from awrsr.data.prepare import prepare
from awrsr.explain import remove_each
from awrsr.training.checkpoint import load_model, save_weights

pytestmark = pytest.mark.usefixtures("all_tabs")

PANEL = {"layer": 1, "head": 0, "kind": "second"}
OFFERED = ("sasrec-none", "sasrec-additive", "stosa-value_weighted", "stosa-stochastic")


def test_a_history_of_the_whole_catalogue_leaves_nothing_to_recommend(directory):
    page = open_page(source="own", items=".".join(map(str, range(1, 12))))
    assert messages(page) == []
    assert [len(table.value) for table in page.dataframe][:2] == [0, 0]
    assert len(sent(page, "board")["items"]) == 8  # the items that the models see
    assert any("target \u25c6 **Film K (2001)** (newest item)" in text for text in texts(page))
    choose(page, target=4)
    check_numbers(page, directory)


@pytest.mark.slow
def test_shared_and_blank_titles_and_columns_of_our_own_names(directory, tmp_path):
    """Streamlit finds an option by its label: the requested item must be the selected one."""
    titles = ["Same", "Same", "", "", "\u25c6 Diamond", "", "Same", "A", "B"]
    nested = {
        "details": [{"pages": [1], "of": {"a": 1}}] * 9,
        "tags": [["new"], []] * 4 + [["old"]],
    }
    odd = titled(titles, position="nowhere", genres="Drama|War", **nested)
    path = add_dataset(tmp_path, odd, "sasrec-none", "stosa-simple")
    page = open_page(dataset="titled", source="own", items="8.9")
    for item in (1, 2, 3):
        choose(page, target=item, added=item)
        assert page.session_state["target"] == page.session_state["items"][-1] == item
        check_numbers(page, path)


def test_items_with_the_same_title_are_shown_with_their_ids_everywhere(directory, tmp_path):
    path = add_dataset(tmp_path, titled(["Same"] * 9), "sasrec-none", "sasrec-additive")
    page = open_page(
        dataset="titled", source="own", items="7.8.7.8", target=3, rival=2, variants="v~8.7;w~9"
    )
    page.session_state["compare"] = 1
    for opened in ("gains", "each_removed", "smallest"):
        page.session_state[opened] = True
    board = {"query": 3, "key": 0, "panels": [{**PANEL, "source": s} for s in ("A", "B")]}
    page.session_state["board"] = {"lock": board}
    run(page)
    check_numbers(page, path)
    everything = [
        *messages(page),
        *texts(page),
        json.dumps(figures(page), default=str),
        *(
            json.dumps(sent(page, name))
            for name in ("board", "history_list", "search-target", "search-rival")
        ),
        *(table.value.to_csv() for table in page.dataframe),
    ]
    named = [text for text in everything if "Same" in text]
    assert len(named) > 20 and any("which the query weighs" in text for text in named)
    for text in named:
        assert not re.search(r"Same(?! \[10[1-9]\])", text), text


@pytest.mark.slow
def test_lists_and_structs_of_items_are_shown(directory, tmp_path):
    """As written by `prepare`, and in a directory written by other software."""
    nested = pd.DataFrame({"item": list("12345678"), "title": [f"Thing {n}" for n in range(8)]})
    nested["categories"] = [["Beauty", f"c{n}"] if n % 2 else ["Home"] for n in range(8)]
    nested["details"] = [{"brand": f"b{n}", "sizes": [n, None]} for n in range(8)]
    nested.to_parquet(tmp_path / "titles.parquet")
    lines = [f"{user} {' '.join(nested['item'])}" for user in "abc"]
    (tmp_path / "raw.txt").write_text("\n".join(lines))
    dataset = prepare(
        tmp_path / "raw.txt",
        format="s3rec",
        name="prepared",
        k_core=1,
        titles=tmp_path / "titles.parquet",
    )
    assert dataset.items["categories"].tolist()[:2] == ["Home", "Beauty|c1"]
    assert dataset.items["details"][0] == '{"brand": "b0", "sizes": [0, null]}'
    further = {name: nested[name] for name in ("categories", "details")}
    for shown_dataset in (dataset, titled(nested["title"].tolist(), **further)):
        path = add_dataset(tmp_path, shown_dataset, "sasrec-none", "stosa-simple")
        page = open_page(dataset=shown_dataset.name, source="own", items="8.3.1")
        assert messages(page) == []
        assert sent(page, "board")["titles"] == ["Thing 7", "Thing 2", "Thing 0"]
        check_numbers(page, path)
        if shown_dataset is dataset:
            groups = sent(page, "board")["groups"]
            assert (groups["name"], groups["each"]) == ("categories", ["Beauty", "Home", "Home"])


def test_titles_are_text_everywhere(directory, tmp_path):
    path = add_dataset(tmp_path, titled(HOSTILE), "sasrec-none", "stosa-simple")
    page = open_page(
        dataset="titled", source="own", items=".".join(map(str, range(1, 9))), target=3, rival=1
    )
    choose(page, added=1)
    check_numbers(page, path)
    said = [f"score of {HOSTILE[2]} minus score of {HOSTILE[0]}", f"\u25c6 {HOSTILE[2]}: rank"]
    assert all(any(words in text for text in texts(page)) for words in said)
    written = [element.value for element in [*page.markdown, *page.caption]]
    assert not any(title in text for title in HOSTILE for text in written)
    rows = [f"{slot}. {escaped(title)}" for slot, title in enumerate([*HOSTILE, HOSTILE[0]], 1)]
    assert [bars["y"] for bars in figures(page)["attribution"]] == [rows[1:]] * 2
    # options, table cells, the board and the list draw their data as text
    say(page, target={"sought": {"number": 1, "text": ""}})
    assert [title for _, title in sent(page, "search-target")["answer"]["found"]] == HOSTILE
    assert sent(page, "search-target")["value"] == HOSTILE[2]
    assert sent(page, "board")["titles"] == [*HOSTILE[1:], HOSTILE[0]]
    assert [title for _, title in sent(page, "history_list")["rows"]] == [*HOSTILE, HOSTILE[0]]


def test_names_of_a_dataset_and_of_a_model_are_text_too(tmp_path, monkeypatch, tiny_dataset):
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    name = "<b>*x*"
    hostile = dataclasses.replace(tiny_dataset, name=name, about={"citation": "[me](http://x)"})
    path = add_dataset(tmp_path, hostile, "sasrec-none", "stosa-simple")
    (path / "models" / "stosa-simple").rename(path / "models" / "stosa-<i>*y*")
    page = open_page(dataset=name)
    assert messages(page) == []
    check_numbers(page, path)
    boxes = [*page.markdown, *page.caption]
    assert not any("<b>*" in box.value or "<i>*" in box.value for box in boxes)
    assert any("STOSA \u00b7 <i>*y*" in unescaped(box.value) for box in boxes)
    assert any(f"{name}: 12 users, 11 items" in text for text in texts(page))
    assert any("[me](http://x)" in text for text in texts(page))
    for chart in page.get("plotly_chart"):
        assert "<i>" not in chart.proto.spec
        assert "<b>*" not in chart.proto.spec


def test_equal_scores_rank_as_in_the_evaluation(directory, tiny_dataset):
    """With equal scores, all other candidates rank before the target."""
    path = add_model(directory, tiny_dataset, "sasrec-simple")
    model = load_model(path, "cpu")
    model.item_embedding.weight.zero_()
    save_weights(path, model)
    page = open_page(a="sasrec-simple", b="sasrec-simple", source="own", items="1.2.3", target=5)
    assert sum("rank **8** of 8" in text for text in texts(page)) == 2
    assert page.dataframe[0].value["other"].tolist() == [8] * 8
    check_numbers(page, directory)


@pytest.mark.slow
def test_planted_causes_are_named_for_a_users_own_history_alone(tmp_path, monkeypatch):
    dataset, causes = plant(60, seed=1)
    path = add_dataset(tmp_path, dataset, *OFFERED)
    causes.to_parquet(path / CAUSES_FILE)
    monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
    of_test = causes[causes["split"] == "test"]
    row = of_test[of_test["sort"] == "occasion"].iloc[0]
    page = open_page(user=row["user_id"])
    titles = dataset.titles(dataset.sequence(dataset.user_index(row["user_id"])).tolist())
    market, treasure, back = (f"#{place + 1} {titles[place]}" for place in row["cause_places"])
    said = f"{market}, {treasure} and {back} together determine the held-out item."
    (note,) = [text for text in texts(page) if f"Planted (occasion): {said}" in text]
    items = dataset.sequence(dataset.user_index(row["user_id"])).tolist()
    found = []
    for side, name in zip("AB", OFFERED, strict=False):
        scores = remove_each(
            load_model(path / "models" / name, "cpu"), items[:-1], items[-1]
        ).scores
        found.append(f"{side} has {len({*scores.argsort()[:3]} & {*row['cause_places']})}")
    assert note.endswith(f"Of these, {' and '.join(found)} among the 3 items it rests on most.")
    choose(page, source="own")
    assert not any("Planted" in text for text in texts(page))
    undecided = str(of_test.loc[of_test["sort"] == "open", "user_id"].iloc[0])
    page = open_page(user=undecided)
    nothing = "Planted: no item determines the held-out item."
    assert any(text.endswith(nothing) for text in texts(page))
    (path / CAUSES_FILE).unlink()
    assert not any("Planted" in text for text in texts(open_page(user=undecided)))
