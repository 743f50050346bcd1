"""The verb app: it starts Streamlit with the installed app, or with that of the repository."""

import os
import sys

from helpers import ROOT


def test_app_starts_streamlit_with_the_paths(monkeypatch, call):
    started = []
    monkeypatch.setattr(os, "execv", lambda program, words: started.append(words))
    assert call("app")[0] == call("app data 'a model' -- -x")[0] == 0
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "main.py"), "--"]
    assert started == [command, [*command, "data", "a model", "-x"]]
    installed = ROOT / "app" / "shell.py"  # any file that exists
    monkeypatch.setattr("awrsr.cli.apps.INSTALLED", installed)
    assert call("app")[0] == 0 and started[2][4] == str(installed)  # before any folder beside it
    monkeypatch.setattr("awrsr.cli.apps.INSTALLED", ROOT / "elsewhere" / "main.py")
    monkeypatch.setattr("awrsr.cli.apps.IN_REPOSITORY", ROOT / "nowhere" / "main.py")
    code, _, said = call("app data")
    assert code == 2 and "the app is neither in" in said and "install the package again" in said
