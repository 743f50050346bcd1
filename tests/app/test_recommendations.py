"""Recommendation lists: overlap, the target's rank, a row selected as target."""

import pytest
from checking import check_lists, history_and_target, read_dataset, read_model
from driving import (
    HOSTILE,
    MARK,
    add_dataset,
    add_model,
    choose,
    messages,
    open_page,
    run,
    select_row,
    texts,
    titled,
)
from helpers import EMBEDDED, make_dataset

import awrsr
from app.views.inspect.recommendations import arrow
from awrsr.ranking.overlap import rank_biased_overlap
from awrsr.training.checkpoint import load_model, save_weights

OFFERED = ("sasrec-none", "sasrec-additive")


def table(page, side):
    return next(t for t in page.dataframe if (t.key or "").startswith(f"listed-{side}-"))


def listed(page, side):
    """Items of a list."""
    dataset = read_dataset(EMBEDDED)
    return dataset.encode([title.removeprefix(MARK) for title in table(page, side).value["title"]])


def lines(page):
    return [text for text in texts(page) if text.startswith(MARK)]


def check(page, directory):
    dataset, chosen = read_dataset(directory), page.session_state
    models = {side: read_model(directory / "models" / chosen[side]) for side in "ab"}
    history, target = history_and_target(page, dataset)
    check_lists(page, dataset, models, history, target)


@pytest.mark.parametrize("k", [5, 10, 50])
def test_lists_of_every_length(k):
    page = open_page(k=k, user=20, b="stosa-none")
    assert [len(table(page, side).value) for side in "ab"] == [k, k]
    check(page, EMBEDDED)


def test_what_the_rankings_share():
    page = open_page()
    dataset = read_dataset(EMBEDDED)
    history, _ = history_and_target(page, dataset)
    size = dataset.n_items
    rankings = [
        awrsr.recommend(read_model(EMBEDDED / "models" / page.session_state[side]), history, size)
        for side in "ab"
    ]
    expected = rank_biased_overlap(*(ranking["item"] for ranking in rankings))
    (said,) = (text for text in texts(page) if text.startswith("In both lists"))
    assert said.endswith(f"rank-biased overlap **{expected:.3f}**")
    assert 0.1 < expected < 1


@pytest.mark.few(1)
@pytest.mark.parametrize("a", ["sasrec-none", "sasrec-simple"])
def test_the_overlap_of_two_seeds_is_shown_next_to_that_of_two_models(a):
    """Two seeds of A if it was trained twice, else of B."""
    page = open_page(a=a, b="sasrec-additive", k=7)
    twice = "sasrec-none" if a == "sasrec-none" else "sasrec-additive"
    dataset = read_dataset(EMBEDDED)
    history, _ = history_and_target(page, dataset)
    one, other = (
        awrsr.recommend(read_model(path), history, dataset.n_items)["item"].tolist()
        for path in (EMBEDDED / "models" / twice, EMBEDDED / "seeds" / f"{twice}-seed1")
    )
    shared = len({*one[:7]} & {*other[:7]})
    overlap = rank_biased_overlap(one, other)
    title = {"sasrec-none": "SASRec \u00b7 vanilla"}.get(twice, "SASRec \u00b7 additive")
    assert (
        f"Effect of the seed alone, two seeds of {title} on this history: {shared} of 7 in both "
        f"lists, rank-biased overlap {overlap:.3f}."
    ) in texts(page)


@pytest.mark.slow
def test_other_models_are_compared_with_seeds_of_their_backbone(directory):
    said = texts(open_page(dataset="lichess-openings", a="stosa-simple", b="stosa-additive"))
    assert any("two seeds of STOSA \u00b7 vanilla on this history: " in text for text in said)
    said = texts(open_page(dataset="tiny"))
    assert any("The effect of the seed alone is not known" in text for text in said)


def test_a_model_beside_itself_shares_everything():
    page = open_page(a="sasrec-none", b="sasrec-none", k=5)
    assert "In both lists: **5 of 5** (100%) \u00b7 rank-biased overlap **1.000**" in texts(page)
    assert set(table(page, "a").value["both"]) == {"\u25cf"}
    assert set(table(page, "a").value["change"]) == {0}


@pytest.mark.slow
def test_a_selected_row_becomes_the_target_and_leaves_no_selection_behind():
    page = open_page()
    wanted = listed(page, "b")[3]
    before = table(page, "b").key
    select_row(page, "listed-b", 3)
    assert page.session_state["target"] == wanted
    assert table(page, "b").key != before
    assert table(page, "b").value["title"][3].startswith(MARK)
    assert page.query_params["target"] == str(wanted)
    check(page, EMBEDDED)
    choose(page, target=99)  # the selection is gone
    assert run(page).session_state["target"] == 99
    check(page, EMBEDDED)
    select_row(page, "listed-a", 0)
    assert page.session_state["target"] == listed(page, "a")[0]
    select_row(page, "listed-a", 0)  # the same row again
    assert page.session_state["target"] == listed(page, "a")[0]
    select_row(page, "listed-a", None)
    assert page.session_state["target"] == listed(page, "a")[0]


@pytest.mark.slow
def test_the_held_out_item_is_called_so_and_only_it():
    page = open_page(user=20)
    assert [" (held out): rank **" in line for line in lines(page)] == [True, True]
    assert all(line.endswith("of 3,411") for line in lines(page))
    choose(page, target=99)
    assert not any("held out" in line for line in lines(page))


def test_one_model_alone_has_a_list_of_its_own(directory):
    (directory / "models" / "sasrec-none" / "config.json").write_text("{")
    page = open_page(a="sasrec-none", b="sasrec-additive")
    assert table(page, "b").value.columns.tolist() == ["rank", "title", "score"]
    assert not any(text.startswith("In both lists") for text in texts(page))
    assert len(lines(page)) == len(messages(page)) == 1


def test_nothing_left_to_recommend(directory):
    page = open_page(source="own", items=".".join(map(str, range(1, 12))))
    assert messages(page) == []
    assert [len(table(page, side).value) for side in "ab"] == [0, 0]
    assert "The history contains the whole catalogue: nothing is left to recommend." in texts(page)


def test_a_list_longer_than_what_is_left(directory):
    page = open_page(source="own", items="1.2.3.4.5.6.7", k=50)
    assert [len(table(page, side).value) for side in "ab"] == [4, 4]
    assert any(text.startswith("In both lists: **4 of 4** (100%)") for text in texts(page))


def test_equal_scores_count_against_the_target(directory, tiny_dataset):
    path = add_model(directory, tiny_dataset, "sasrec-simple")
    model = load_model(path, "cpu")
    model.item_embedding.weight.zero_()
    save_weights(path, model)
    page = open_page(a="sasrec-simple", b="sasrec-simple", source="own", items="1.2.3", target=5)
    assert [line.split(": ")[1] for line in lines(page)] == ["rank **8** of 8"] * 2
    assert table(page, "a").value["other"].tolist() == [8] * 8


@pytest.mark.slow
def test_titles_are_text(directory, tmp_path):
    add_dataset(tmp_path, titled(HOSTILE), "sasrec-none", "stosa-simple")
    for target in range(1, len(HOSTILE) + 1):
        page = open_page(dataset="titled", source="own", items="1.2", target=target)
        title = HOSTILE[target - 1]
        assert all(line.startswith(f"{MARK}{title}: rank **") for line in lines(page))
        assert not any(title in box.value for box in [*page.markdown, *page.caption])


@pytest.mark.parametrize(("change", "text"), [(3, "\u25b2 3"), (-1200, "\u25bc 1,200"), (0, "=")])
def test_a_change_of_rank_has_its_direction(change, text):
    assert arrow(change) == text


def test_a_dataset_of_people_who_repeat_leaves_nothing_out(tmp_path, monkeypatch):
    dataset = make_dataset(people_repeat=True)
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    directory = add_dataset(tmp_path, dataset, "sasrec-none", "sasrec-additive")
    page = open_page(k=50)
    history, target = history_and_target(page, dataset)
    for side in "ab":
        model = read_model(directory / "models" / page.session_state[side])
        expected = awrsr.recommend(model, history, dataset.n_items, candidates="all")
        shown = [title.removeprefix(MARK) for title in table(page, side).value["title"]]
        assert shown == dataset.titles(expected["item"])
        rank = expected["rank"][expected["item"] == target].item()
        assert any(text.endswith(f"rank **{rank}** of 11") for text in lines(page))
    said = f"{dataset.seen_share():.1%} of test targets stand in the history before them"
    assert any("items of the history included" in text and said in text for text in texts(page))
