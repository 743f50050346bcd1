"""Contributions of heads and maps to the prediction, and the effect of switches."""

import numpy as np
import pytest
from checking import read_model
from driving import (
    HOSTILE,
    add_dataset,
    add_model,
    choose,
    messages,
    open_page,
    run,
    tables,
    texts,
    titled,
)
from helpers import rank_of

import awrsr
from awrsr.explain import (
    Ablation,
    ablate,
    contributions,
)

ITEMS = [3, 1, 4, 1, 5, 9]
MODELS = ("sasrec-none", "sasrec-additive", "sasrec-value_weighted", "stosa-none")
OFFERED = (*MODELS, "sasrec-simple", "stosa-value_weighted", "stosa-stochastic")

TARGET = 7


def gains(**url):
    """The page with the section opened, and switches set by the ends of their keys."""
    page = open_page(
        source="own", items=".".join(map(str, ITEMS)), target=TARGET, panel="heads", **url
    )
    assert not tables(page, "replaced by") and not page.checkbox
    page.session_state["gains"] = True
    return run(page)


def switch(page, side, **switched):
    """Check boxes and pick heads of one side."""
    which = f"{side}-{page.session_state[side]}"
    for what, value in switched.items():
        if isinstance(value, bool):
            page.checkbox(key=f"gains_{what}-{which}").set_value(value)
        else:
            page.session_state[f"gains_{what}-{which}"] = value
    return run(page)


def check_switched(page, directory, side, changes, other=None):
    """Check the side's list and target against the library with these replacements."""
    model = read_model(directory / "models" / page.session_state[side])
    before, after = ablate(model, ITEMS, TARGET, [[], changes], other=other)
    shown = tables(page, "before", "moved")["ab".index(side)]
    titles = awrsr.load_dataset(directory).titles(after.best)
    assert [title.removeprefix("\u25c6 ") for title in shown["title"]] == titles
    np.testing.assert_allclose(shown["score"], after.best_scores, rtol=1e-5)
    scores = awrsr.trace(model, ITEMS).item_scores
    assert shown["before"].tolist() == [rank_of(scores, item, ITEMS) for item in after.best]
    assert (
        f"\u25c6 {side.upper()}: score {before.score:+.3f} \u2192 **{after.score:+.3f}** "
        f"({after.score - before.score:+.3f}), rank {before.rank} \u2192 **{after.rank}**"
    ) in texts(page)


@pytest.mark.parametrize("a", ["stosa-none", "stosa-identity", "sasrec-uniform"])
def test_contributions_of_both_models(directory, tiny_dataset, a):
    if a not in MODELS:
        add_model(directory, tiny_dataset, a)
    page = gains(a=a, b="sasrec-additive")
    for side, shown in zip("ab", tables(page, "replaced by"), strict=True):
        model = read_model(directory / "models" / page.session_state[side])
        found = contributions(model, ITEMS, TARGET)
        rows = [("equal weights", found.uniform, found.uniform_ranks)]
        if found.refinement is not None:
            rows.append(("first order", found.refinement, found.refinement_ranks))
            sentence = f"**{found.second_order:+.3f}**, rank {found.rank} with it, "
            assert any(sentence in text for text in texts(page))
        assert shown.to_numpy().tolist() == [
            [str(layer + 1), name]
            + [f"{values[layer, h]:+.3f}, rank {ranks[layer, h]}" for h in range(3)]
            for layer in range(2)
            for name, values, ranks in rows
        ]
    assert any("There is no second order to remove" in text for text in texts(page))
    evened = [each.proto.label for each in page.get("button_group") if "equal" in each.proto.label]
    assert len(evened) == (1 if a == "sasrec-uniform" else 2)  # no change if all weights are equal
    assert any(text.startswith("Nothing is switched") for text in texts(page))
    assert messages(page) == []


def test_switches_alone_and_together(directory):
    page = gains(a="sasrec-none", b="sasrec-additive")
    assert page.checkbox(key="gains_off-a-sasrec-none").disabled
    switch(page, "b", off=True)
    off = Ablation(change="first_order")
    check_switched(page, directory, "a", [])
    check_switched(page, directory, "b", [off])
    switch(page, "b", uniform=[(1, 0), (0, 1)])
    heads = [Ablation(change="uniform", layer=at[0], head=at[1]) for at in ((0, 1), (1, 0))]
    check_switched(page, directory, "b", [off, *heads])
    switch(page, "b", off=False, uniform=[], first=[(1, 1)])
    check_switched(page, directory, "b", [Ablation(change="first_order", layer=1, head=1)])
    switch(page, "a", other=True)
    other = awrsr.trace(read_model(directory / "models" / "sasrec-additive"), ITEMS)
    check_switched(page, directory, "a", [Ablation(change="other")], other)
    assert messages(page) == []


def test_maps_of_a_model_of_another_shape_cannot_be_used(directory, tiny_dataset):
    add_model(directory, tiny_dataset, "stosa-additive", n_layers=1, n_heads=1)
    add_model(directory, tiny_dataset, "stosa-simple", max_length=3)
    page = gains(a="sasrec-none", b="stosa-additive")
    for key in ("gains_other-a-sasrec-none", "gains_other-b-stosa-additive"):
        assert page.checkbox(key=key).disabled
        assert "layers of" in page.checkbox(key=key).help
    choose(page, b="stosa-simple")
    box = page.checkbox(key="gains_other-a-sasrec-none")
    assert box.disabled and "different numbers of items" in box.help
    assert messages(page) == []


def test_titles_of_the_lists_stay_text(directory, tmp_path):
    add_dataset(tmp_path, titled(HOSTILE), "sasrec-additive", "sasrec-value_weighted")
    page = open_page(
        dataset="titled",
        source="own",
        items="1",
        a="sasrec-value_weighted",
        target=2,
        panel="heads",
    )
    page.session_state["gains"] = True
    run(page)
    switch(page, "a", off=True)
    written = [element.value for element in [*page.markdown, *page.caption]]
    assert not any(title in text for title in HOSTILE for text in written)
    assert messages(page) == []
