"""The app opens an imported model beside a refined one."""

import importlib

import pytest
from foreign_files import CASES, dataset
from helpers import ROOT

import awrsr
from awrsr.cli.main import main

DATA = dataset()


@pytest.mark.parametrize("name", ["recbole", "pmixer-2024", "stosa-published"])
def test_an_imported_model_opens_beside_a_refined_one(name, tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / "tests" / "app")
    driving = importlib.import_module("driving")
    directory = driving.add_dataset(tmp_path, DATA, "sasrec-additive")
    with monkeypatch.context() as patched:
        options = CASES[name].write(tmp_path / "model.pt", patched)
    words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    asked = ["import", str(tmp_path / "model.pt"), "--dataset", str(directory), *words]
    assert main([*asked, "--device", "cpu"]) == 0
    (imported,) = (path for path in (directory / "models").iterdir() if "additive" not in path.name)

    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    page = driving.finish(
        driving.open_page(
            dataset=DATA.name, a="sasrec-additive", b=imported.name, source="own", items="3.1.4"
        )
    )
    assert driving.messages(page) == []
    board = driving.sent(page, "board")
    assert [bool(source["maps"]["second"]) for source in board["sources"]] == [True, False]
    said = [text for text in driving.texts(page) if "attend to the empty slots" in text]
    share = awrsr.trace(awrsr.load_model(imported, "cpu"), [3, 1, 4]).padding_share()
    assert len(said) == (name == "pmixer-2024") == (share > 0)
    if said:
        assert said[0].startswith(":material/padding: In model B") and f"{share:.0%} of" in said[0]

    page = driving.finish(
        driving.open_models(dataset=DATA.name, a="sasrec-additive", b=imported.name)
    )
    assert driving.messages(page) == []
    assert any("imported from model.pt" in text for text in driving.texts(page))
