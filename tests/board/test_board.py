"""The data of the attention board, and its offline page."""

import base64
import dataclasses
import html
import json
import re
import runpy
import warnings

import numpy as np
import pytest
import torch
from helpers import PAIRS, ROOT, make_dataset

from awrsr import board
from awrsr.board import ItemNames, Source, schema, show
from awrsr.errors import DataError
from awrsr.ranking.recommendation import trace
from awrsr.refinement import REFINEMENTS

NAMES = ItemNames(titles=[f"Title {item}" for item in range(1, 12)])
KINDS = {"first": "first_order", "second": "second_order", "refined": "refined"}


def unpacked(text: str, n_maps: int, m: int):
    """(map, query, key) from the board's packing, cell by cell."""
    packed = base64.b64decode(text)
    maps = np.zeros((n_maps, m, m))
    for of_map in maps:
        for query in range(m):
            for key in range(query + 1):
                step, packed = packed[:3], packed[3:]
                of_map[query, key] = int.from_bytes(step, "little") / (2**24 - 1)
    assert packed == b""
    return maps


@pytest.mark.parametrize("backbone, refinement", PAIRS)
def test_the_board_gets_the_traced_maps(make_model, backbone, refinement):
    items = [3, 1, 4, 1, 5]
    traced = trace(make_model(backbone, refinement), items)
    content = board.payload([Source(name="A", title="a model", trace=traced)], NAMES)
    assert json.loads(json.dumps(content)) == content
    (source,) = content["sources"]
    assert content["items"] == items
    assert content["titles"] == [f"Title {item}" for item in items]
    assert content["slots"] == ["1", "2", "3", "4", "5"]
    assert (source["layers"], source["heads"]) == (2, 2)
    norms = np.frombuffer(base64.b64decode(source["norms"]), dtype="<f4").reshape(2, 2, 5)
    for number, layer in enumerate(traced.layers):
        np.testing.assert_allclose(norms[number], layer.transformed_value_norm, rtol=1e-6)
    for kind, field in KINDS.items():
        maps, sent = traced.maps(field), source["maps"][kind]
        if maps[0] is None:
            assert sent is None and not REFINEMENTS[refinement].has_second_order()
            continue
        if sent in KINDS:  # an equal map is sent only once
            assert (refinement, kind, sent) in {
                *((name, "refined", "first") for name in ("none", "uniform", "identity")),
                ("simple", "refined", "second"),
                ("stochastic", "refined", "second"),
            }
            sent = source["maps"][sent]
        heads = unpacked(sent, 4, 5).reshape(2, 2, 5, 5)
        np.testing.assert_allclose(heads, torch.stack(maps), rtol=0, atol=1e-7)


def test_equal_boards_have_equal_signatures_and_other_boards_others(make_model):
    model = make_model("sasrec", "additive")

    def signature(items, name="A", names=NAMES):
        source = Source(name=name, title="", trace=trace(model, items))
        return board.payload([source], names)["signature"]

    assert signature([1, 2]) == signature([1, 2])
    retitled = dataclasses.replace(NAMES, titles=[f"Other {i}" for i in range(11)])
    others = {
        signature([1, 2]),
        signature([2, 1]),
        signature([1, 2], name="B"),
        signature([1, 2], names=retitled),
    }
    assert len(others) == 4


def test_a_board_without_sources_is_refused():
    with pytest.raises(DataError, match="one trace or more; received none"):
        board.payload([], NAMES)


def test_the_band_shows_the_first_entry_of_the_first_column_that_groups():
    dataset = make_dataset(n_items=11)
    items = dataset.items.assign(
        code=[f"x{number}" for number in range(11)],  # all different: forms no groups
        genres=["Comedy|Drama", "Drama", "Comedy"] * 3 + ["Drama", "Comedy"],
    )
    names = board.item_names(dataclasses.replace(dataset, items=items))
    assert names.group_name == "genres"
    assert list(names.groups or [])[:3] == ["Comedy", "Drama", "Comedy"]
    assert names.coloured == ["Comedy", "Drama"]
    assert board.item_names(dataset).groups is None


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_missing_cells_are_a_group_without_a_name(missing):
    dataset = make_dataset(n_items=12)
    items = dataset.items.assign(category=["Hair", missing, "Skin", "Hair"] * 3)
    names = board.item_names(dataclasses.replace(dataset, items=items))
    assert list(names.groups or []) == ["Hair", "", "Skin", "Hair"] * 3


@pytest.mark.parametrize("form", [list, tuple, np.array], ids=["list", "tuple", "array"])
def test_a_column_of_lists_groups_by_their_first_entry(form):
    dataset = make_dataset(n_items=12)
    genres = [form(genres) for genres in (["Comedy", "Drama"], ["Drama"], [], ["Drama"]) * 3]
    items = dataset.items.assign(
        details=[{"pages": [1, 2], "of": {"a": number % 2}} for number in range(12)], genres=genres
    )
    names = board.item_names(dataclasses.replace(dataset, items=items))
    assert names.group_name == "genres"
    assert list(names.groups or []) == ["Comedy", "Drama", "", "Drama"] * 3


def test_items_with_the_same_title_have_their_ids_on_the_axis(make_model):
    dataset = make_dataset(n_items=11)
    dataset = dataclasses.replace(dataset, items=dataset.items.assign(title=["Same"] * 11))
    source = Source(name="A", title="", trace=trace(make_model(), [7, 8, 7]))
    titles = board.payload([source], board.item_names(dataset))["titles"]
    assert titles == ["Same [107]", "Same [108]", "Same [107]"]


def test_a_groups_colour_is_the_same_for_every_history(make_model):
    groups = ["x", *"aabbbccdde"]
    names = dataclasses.replace(NAMES, groups=groups, group_name="of")
    for items in ([1, 11], [2, 4, 5, 6]):
        source = Source(name="A", title="", trace=trace(make_model(), items))
        given = board.payload([source], names)["groups"]
        assert given["coloured"] == ["b", "a", "c", "d", "x", "e"]
        assert given["each"] == [groups[item - 1] for item in items]


@pytest.mark.parametrize("refinement", REFINEMENTS)
def test_a_model_that_learns_no_attention_has_its_own_name(make_model, refinement):
    kind = REFINEMENTS[refinement]
    backbone = (kind.backbones or ("sasrec",))[0]
    source = Source(name="A", title="", trace=trace(make_model(backbone, refinement), [1, 2]))
    (packed,) = board.payload([source], NAMES)["sources"]
    assert packed["floor"] == (None if kind.learns_attention else kind.title)
    assert bool(packed["noSecondOrder"]) == (packed["maps"]["second"] is None)


def test_the_script_has_the_types_of_the_schema(make_model):
    """src/payload.ts agrees with the schema, and a payload has exactly these fields."""
    write = runpy.run_path(str(ROOT / "tools" / "board_types.py"))
    assert write["FILE"].read_text(encoding="utf-8") == write["typescript"]()
    source = Source(name="A", title="", trace=trace(make_model(), [1, 2]))
    content = board.payload([source], dataclasses.replace(NAMES, groups=["x"] * 11))
    assert content["groups"] is not None
    for made, kind in (
        (content, schema.Payload),
        (content["groups"], schema.Groups),
        (content["sources"][0], schema.PackedSource),
        (content["sources"][0]["maps"], schema.PackedMaps),
    ):
        assert set(made) == kind.__required_keys__


def test_no_script_can_end_before_its_end():
    assert not re.search(r"</script|<!--", board.script())


def hostile_page(make_model) -> str:
    titles = ["</script><script>alert(1)</script>", "{{data}} <!-- <b>&amp;", "\u2028 'x' \"y\""]
    names = ItemNames(titles=titles + [""] * 8)
    traced = trace(make_model("sasrec", "additive"), [1, 2, 3])
    content = board.payload([Source(name="A", title="<b>", trace=traced)], names, title="</title>")
    return board.page(content)


def test_a_page_holds_titles_as_data_only(make_model):
    page = hostile_page(make_model)
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert json.loads(data)["titles"][0] == "</script><script>alert(1)</script>"
    assert page.count("<script") == page.count("</script>") == 2
    assert "alert(1)</script>" not in page
    assert "<title>&lt;/title&gt;</title>" in page


def test_a_page_asks_the_network_for_nothing(make_model):
    page = hostile_page(make_model)
    addresses = set(re.findall(r"\w+://[^\s\"'`<)]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name space, not an address
    assert "default-src 'none'" in page
    assert not re.search(r"\b(import\s*\(|fetch\(|XMLHttpRequest|@import|src=)", page)


def test_a_notebook_shows_one_trace_or_two(make_model):
    dataset = make_dataset(n_items=11)
    first, second = (trace(make_model("sasrec", name), [3, 1, 4]) for name in ("none", "additive"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = show(first)
    frame = shown._repr_html_()
    assert frame.startswith("<iframe") and 'sandbox="allow-scripts allow-downloads"' in frame
    (page,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(page) == shown.page and "item 3" in shown.page
    both = show(first, second, dataset=dataset).page
    assert json.dumps(dataset.titles([3])[0]) in both
    assert '"title": "SASRec \\u00b7 vanilla and SASRec \\u00b7 additive"' in both


def test_what_a_notebook_cannot_show_is_refused(make_model):
    traced = trace(make_model("sasrec", "none"), [3, 1, 4])
    for traces in ((), (traced,) * 3):
        with pytest.raises(DataError, match=f"1 or 2 traces; received {len(traces)}"):
            show(*traces)
    with pytest.raises(DataError, match="have different catalogues: 11 items; tiny has 12"):
        show(traced, dataset=make_dataset(n_items=12))
