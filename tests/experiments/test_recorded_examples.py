"""The recorded example of a grid: its contents, and its drawing in the report."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from grids import NAMES

import awrsr
from awrsr.cli.main import main
from awrsr.data.dataset_files import load_dataset
from awrsr.experiments.recorded_examples import read_examples
from awrsr.experiments.recording import example_user


@pytest.mark.slow
def test_the_example_has_the_maps_of_the_first_seeds_models(place: Path):
    data = load_dataset("tiny")
    example = read_examples("small.toml")["tiny"]
    user = data.user_index(example.user)
    assert user == example_user(data)
    assert example.items == data.sequence(user)[:-1].tolist()
    assert example.titles == data.titles(example.items)
    assert list(example.traces) == [name for name in NAMES if name.endswith("seed0")]
    for name, recorded in example.traces.items():
        trace = awrsr.trace(awrsr.load_model(place / "runs" / "small" / name), example.items)
        assert (recorded.items, recorded.dropped) == (trace.items, trace.dropped)
        expected = {kind: a for kind, a in trace.arrays().items() if a.ndim > 1}
        assert recorded.arrays().keys() == expected.keys()
        for kind, maps in expected.items():
            np.testing.assert_allclose(recorded.maps[kind], maps, atol=1e-6)


def test_an_example_recorded_elsewhere_stays(place: Path):
    before = read_examples("small.toml")["tiny"]
    shutil.rmtree(place / "runs" / "small" / NAMES[0])
    assert main(["experiment", "small.toml", "--record"]) == 0
    after = read_examples("small.toml")["tiny"]
    assert list(after.traces) == list(before.traces)
    np.testing.assert_array_equal(
        after.traces[NAMES[0]].maps["refined"], before.traces[NAMES[0]].maps["refined"]
    )


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
def test_damaged_examples_are_refused_by_the_report(damage: bytes, place: Path, capsys):
    (place / "small" / "examples.npz").write_bytes(damage)
    code = main(["report", "--experiments", ".", "--output", "R.md"])
    if damage.endswith(bytes(18)):  # an empty archive is not damaged: nothing is recorded
        assert code == 0 and "one example" not in (place / "R.md").read_text()
        return
    assert code == 2
    assert "examples.npz is not a readable examples file" in capsys.readouterr().err
    assert not (place / "R.md").exists()


def test_the_report_draws_the_example(place: Path):
    assert main(["report", "--experiments", ".", "--output", "R.md"]) == 0
    picture = place / "small" / "example-tiny-ce.svg"
    assert f"](small/{picture.name})" in (place / "R.md").read_text()
    before = picture.read_bytes()
    assert main(["report", "--experiments", ".", "--output", "R.md"]) == 0
    assert picture.read_bytes() == before
