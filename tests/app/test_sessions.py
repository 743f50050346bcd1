"""Sessions: two datasets never mix, another starts afresh, the process stays as it was."""

import dataclasses
import sys

import pytest
from checking import check_numbers
from driving import add_dataset, address, choose, messages, named, open_page, run
from helpers import make_dataset

pytestmark = pytest.mark.usefixtures("all_tabs")

OFFERED = ("sasrec-none", "sasrec-additive", "stosa-value_weighted", "stosa-stochastic")


def test_interleaved_sessions_of_two_datasets_never_mix(directory, tmp_path):
    other = dataclasses.replace(make_dataset(n_items=9, seed=3), name="other")
    elsewhere = add_dataset(tmp_path, other, "sasrec-none", "stosa-stochastic")
    first, second = open_page(dataset="tiny"), open_page(dataset="other", source="own", items="1.2")
    for change, other_change in (
        ({"user": "1002"}, {"added": 9}),
        ({"b": "stosa-stochastic", "target": 11}, {"b": "stosa-stochastic", "target": 9}),
        ({"methods": ["leave_one_out"]}, {"k": 6}),
    ):
        choose(first, **change)
        choose(second, **other_change)
        check_numbers(first, directory)
        check_numbers(second, elsewhere)
    assert address(first)["target"] == "11"


@pytest.mark.slow
def test_another_dataset_starts_from_its_own_defaults(directory, tmp_path):
    other = dataclasses.replace(make_dataset(n_items=9, seed=3), name="other")
    elsewhere = add_dataset(tmp_path, other, "stosa-stochastic")
    page = open_page(
        dataset="tiny",
        user="1007",
        target=11,
        rival=10,
        b="stosa-value_weighted",
        k=6,
        variants="mine~11.10",
        compare=1,
    )
    choose(page, dataset="other")
    assert messages(page) == []
    only = named(elsewhere, "stosa-stochastic")
    assert address(page) == {"dataset": "other", "a": only, "b": only, "k": "6"}
    check_numbers(page, elsewhere)
    choose(choose(page, dataset="tiny"), user="1001")
    assert messages(page) == []
    assert address(page) == address(open_page(dataset="tiny", user="1001", k=6))
    check_numbers(page, directory)


def test_runs_leave_the_import_path_as_it_was(directory):
    page = open_page()
    before = list(sys.path)
    run(run(page))
    assert sys.path == before
