"""Choices: each is restored from the address, and unusable parts are named."""

import pytest
from helpers import make_dataset

from app import forms, state
from app.escape import clipped
from app.forms import Choice, to_url
from app.pinned import MAX_VARIANTS, Variant
from app.state import EVERY, INSPECT, Offer, Session
from awrsr.data.dataset import Dataset

KEPT = Session.kept_choices.name
MODELS = ["sasrec-none", "stosa-simple"]
OTHER_THAN_DEFAULT = {
    "a": "stosa-simple",
    "b": "sasrec-none",
    "source": "own",
    "user": "1003",
    "items": [3, 1, 3],
    "origin": "1002",
    "variants": [Variant("A~B;C=%7E 100%", (3, 1)), Variant("\u00e9t\u00e9", (11,))],
    "compare": 2,
    "target": 5,
    "rival": 2,
    "methods": ["leave_one_out", "input_x_gradient"],
    "settings": {
        "integrated_gradients": {"n_steps": 64, "baseline": "mean"},
        "gradient_shap": {"tolerance": 0.001},
    },
    "epoch": 5,
    "k": 7,
    "panel": "Variants and removals",
}


ALWAYS = {"a": "sasrec-none", "b": "stosa-simple"}
"""Keys that every address has, because their defaults change with the models."""


@pytest.fixture
def offered(tiny_dataset) -> list[Choice]:
    return choices(tiny_dataset, MODELS)


def choices(dataset: Dataset, models: list[str]) -> list[Choice]:
    """The choices of the page Inspect."""
    return state.choices(Offer(dataset, models, epochs=(2, 5)), EVERY, INSPECT)


def restored(offered, url, **session):
    problems = Session(session).restore(url, offered)
    assert session.pop(KEPT) == {choice.name: session[choice.name] for choice in offered}
    return session, problems


def test_a_name_that_is_like_none_is_not_compared_with_any():
    accepted = ["lichess-openings", "ml-latest-small", "planted"]
    with pytest.raises(ValueError, match="planted.$"):
        forms.one_of(accepted)("nope")
    with pytest.raises(ValueError, match="Did you mean 'lichess-openings'"):
        forms.one_of(accepted)("lichess")


def test_what_streamlit_forgets_between_pages_is_kept(offered):
    session = {**OTHER_THAN_DEFAULT}
    Session(session).restore({}, offered)
    kept = {KEPT: session[KEPT]}
    Session(kept).restore({}, offered)
    assert kept == session
    kept = {KEPT: session[KEPT]}
    assert Session(kept).restore({"k": "5"}, offered) == []  # the address takes precedence
    assert kept == {**session, "k": 5}


def test_only_the_defaults_of_the_models_are_in_the_address(offered):
    session, problems = restored(offered, {})
    assert problems == []
    assert session == {choice.name: choice.default for choice in offered}
    assert to_url(session, offered) == ALWAYS


def test_every_choice_comes_back_from_the_address(offered):
    url = to_url(OTHER_THAN_DEFAULT, offered)
    assert list(url) == [choice.name for choice in offered] == list(OTHER_THAN_DEFAULT)
    assert all(isinstance(text, str) for text in url.values())
    assert restored(offered, url) == (OTHER_THAN_DEFAULT, [])


@pytest.mark.parametrize("name", OTHER_THAN_DEFAULT)
def test_a_choice_alone_leaves_the_others_at_their_default(offered, name):
    defaults, _ = restored(offered, {})
    session = {**defaults, name: OTHER_THAN_DEFAULT[name]}
    url = to_url(session, offered)
    assert set(url) == {name, *ALWAYS}
    assert restored(offered, url) == (session, [])


@pytest.mark.parametrize(
    ("text", "name", "weights"),
    [
        ("mine", "mine", ""),
        ("mine@", "mine", ""),
        ("mine@bd784149a52d", "mine", "bd784149a52d"),
        ("mine@home", "mine@home", ""),
        ("mine@home@bd784149a52d", "mine@home", "bd784149a52d"),
        ("mine@home@", "mine@home", ""),
        ("yours", "yours", ""),
    ],
)
def test_what_follows_a_model_tells_its_weights_apart(tiny_dataset, text, name, weights):
    models = ["mine", "mine@home"]
    assert forms.name_and_weights(text, models) == (name, weights)
    session, problems = restored(choices(tiny_dataset, models), {"b": text})
    assert (session["b"], len(problems)) == (("mine@home", 1) if name == "yours" else (name, 0))
    for choice in choices(tiny_dataset, models)[:2]:
        assert all(choice.accepts(model) for model in models)


def test_what_is_let_go_comes_from_the_address(offered):
    """After the browser's Back, choices that are not in the address are reset."""
    session = {"dataset": "tiny", **OTHER_THAN_DEFAULT, "undo": ["before"], "pasted": "text"}
    session |= {"reading": "of another history", "refused": "said of it"}
    Session(session).let_go({"dataset": "tiny", "k": "5"}, EVERY, INSPECT)
    assert session == {"undo": ["before"], "pasted": "text"}
    assert restored(offered, {"k": "5"}, **session)[0]["k"] == 5
    session = {"dataset": "tiny", **OTHER_THAN_DEFAULT, "undo": ["before"], "history_of": "x"}
    Session(session).let_go({"dataset": "other"}, EVERY, INSPECT)
    assert session == {}


def test_the_address_of_a_dataset_just_left_is_not_read(offered):
    url = {"dataset": "other", "a": "stosa-simple", "k": "7"}
    for part in (url, {"a": "stosa-simple"}):
        session, problems = restored(offered, part, left=url)
        assert (session["a"], session["k"], problems) == ("sasrec-none", 10, [])
    assert restored(offered, {"dataset": "tiny", "k": "7"}, left=url)[0]["k"] == 7


def test_the_session_wins_over_the_address(offered):
    session, problems = restored(offered, {"k": "7", "rival": "4"}, k=5, rival=None)
    assert (session["k"], session["rival"], problems) == (5, None, [])


@pytest.mark.parametrize(
    ("name", "gone"), [("a", "deleted"), ("a", None), ("user", "7"), ("items", [1, 12])]
)
def test_choices_that_no_longer_exist_are_dropped(offered, name, gone):
    """A model may be deleted, or the first one appear, while a page is open."""
    session, problems = restored(offered, {}, **{name: gone})
    assert problems == []
    assert session[name] == next(choice.default for choice in offered if choice.name == name)


@pytest.mark.parametrize(
    ("name", "text", "accepted"),
    [
        ("a", "nonsense", "unknown; accepted: sasrec-none, stosa-simple"),
        ("a", "", "accepted: sasrec-none, stosa-simple"),
        ("b", "sasrec-nome", "Did you mean 'sasrec-none'?"),
        ("a", "nonsense@bd784149a52d", "accepted: sasrec-none, stosa-simple"),
        ("a", "@bd784149a52d", "accepted: sasrec-none, stosa-simple"),
        ("b", "sasrec-none@1@2", "Did you mean 'sasrec-none'?"),
        ("b", "../../etc", "accepted: sasrec-none, stosa-simple"),
        ("source", "mine", "unknown; accepted: user, own"),
        ("user", "7", "unknown user '7' in tiny; it has 12 users, from '1000' to '1011'"),
        ("items", "12", "accepted: an integer from 1 to 11"),
        ("items", "x.0", "accepted: an integer from 1 to 11"),
        ("origin", "7", "unknown user '7' in tiny; it has 12 users, from '1000' to '1011'"),
        ("variants", "name", "accepted: name~items;name~items"),
        ("variants", "a~", "the variant 'a' has no items"),
        ("variants", "~1", "a variant's name is 1 to 60 printable characters on one line"),
        ("variants", "%00~1", "a variant's name is 1 to 60 printable characters on one line"),
        ("variants", "%FF~1", "can't decode byte 0xff"),
        ("variants", "x" * 61 + "~1", "a variant's name is 1 to 60 printable characters"),
        ("variants", "a~12", "accepted: an integer from 1 to 11"),
        ("variants", "a~1;a~2", "2 variants have the name 'a'"),
        ("variants", "a~1;" * 5000, "accepted: "),
        ("variants", ";".join(f"{i}~1" for i in range(13)), "13 variants; accepted: at most 12"),
        ("variants", "a~" + ".".join(["1"] * 501), "501 items; accepted: at most 500"),
        (
            "variants",
            ";".join(f"{i}~" + ".".join(["1"] * 500) for i in range(7)),
            "the variants have 3,500 items in total; accepted: at most 3,000",
        ),
        ("compare", str(MAX_VARIANTS + 1), "accepted: an integer from 0 to 12"),
        ("target", "0", "accepted: an integer from 1 to 11"),
        ("rival", "-3", "accepted: an integer from 1 to 11"),
        ("methods", "leave_one_out.magic", "accepted: integrated_gradients, input_x_gradient"),
        ("settings", "n_steps:3", "accepted: method:setting:value,method:setting:value"),
        ("settings", "x:n_steps:3", "unknown attribution method 'x'; accepted: integrated_gradi"),
        (
            "settings",
            "gradient_shap:n_sample:3",
            "settings of gradient_shap: unknown field 'n_sample'; accepted: n_samples, max_",
        ),
        (
            "settings",
            "leave_one_out:n:3",
            "settings of leave_one_out: unknown field 'n'; accepted: none",
        ),
        (
            "settings",
            "gradient_shap:n_samples:64,gradient_shap:tolerance:nan",
            "settings of gradient_shap: tolerance must be a number, 0 to 1; received nan",
        ),
        (
            "settings",
            "gradient_shap:n_samples:6.5",
            "settings of gradient_shap: n_samples must be a whole number, 2 to 100000; received",
        ),
        (
            "settings",
            "feature_ablation:baseline:men",
            "settings of feature_ablation: unknown baseline 'men'; accepted: zero, mean. Did you ",
        ),
        ("target", "2.0", "accepted: an integer from 1 to 11"),
        ("rival", "1e1", "accepted: an integer from 1 to 11"),
        ("k", "51", "accepted: an integer from 5 to 50"),
        ("k", "\u0663", "accepted: an integer from 5 to 50"),
        ("k", " 3", "accepted: an integer from 5 to 50"),
    ],
)
def test_nonsense_gives_one_sentence_and_the_default(offered, name, text, accepted):
    session, (problem,) = restored(offered, {name: text})
    assert problem.startswith(f"{name}={clipped(text)} in the address: ")
    assert accepted in problem
    assert to_url(session, offered) == ALWAYS


@pytest.mark.parametrize(
    ("text", "kept", "named"),
    [
        ("1.x", [1], "'x' left out; accepted: integers from 1 to 11"),
        ("12.3.x.3", [3, 3], "'12', 'x' left out; accepted"),
        (
            "2." + "1." * 600 + "3",
            [1] * 499 + [3],
            "602 items; accepted: at most 500, of which the newest are kept",
        ),
        ("0.1.a.b.c", [1], "'0', 'a', 'b' and more left out; accepted"),
        ("1." + "\u202e" * 99, [1], "'" + "\ufffd" * 20 + "\u2026' left out; accepted"),
    ],
)
def test_valid_items_are_kept_and_the_others_named(offered, text, kept, named):
    session, (problem,) = restored(offered, {"items": text})
    assert session["items"] == kept
    assert problem.startswith(f"items={clipped(text)} in the address: {named}")


def test_a_setting_at_its_default_is_not_in_the_address(offered):
    text = "gradient_shap:n_samples:64,integrated_gradients:n_steps:32"
    session, problems = restored(offered, {"settings": text})
    assert (session["settings"], problems) == ({}, [])
    assert to_url(session, offered) == ALWAYS


def test_each_nonsense_has_its_own_sentence_however_long(offered):
    url = {name: "\u2603" * 100_000 for name in OTHER_THAN_DEFAULT}
    session, problems = restored(offered, url)
    assert [problem.partition("=")[0] for problem in problems] == list(OTHER_THAN_DEFAULT)
    assert max(map(len, problems)) < 500
    assert to_url(session, offered) == ALWAYS


def test_choices_belong_to_their_dataset(tiny_dataset):
    """In another dataset the same address means other users and items, or none."""
    other = make_dataset(n_users=3, n_items=7)
    url = {"user": "1003", "items": "9"}
    assert restored(choices(tiny_dataset, MODELS), url)[1] == []
    _, problems = restored(choices(other, MODELS), url)
    assert [problem.partition("=")[0] for problem in problems] == ["user", "items"]
