"""The verb that starts the app: app."""

import os
import sys
from pathlib import Path

from awrsr.errors import DataError

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"


def app(paths: list[str] | None = None) -> None:
    """Start the app with the data and models at these paths, in addition to the shipped datasets.

    The same as `streamlit run app/main.py -- PATHS`; settings of Streamlit are environment
    variables, such as STREAMLIT_SERVER_PORT.

    Args:
        paths: dataset directories, folders of them, model directories, files of other code bases;
            the page names paths that cannot be opened.

    Raises:
        DataError: the app does not exist: only the package is installed.
    """
    if not MAIN.is_file():
        raise DataError(
            f"{MAIN} does not exist: the app is part of the repository, not of the installed "
            "package; run this verb in the repository's folder"
        )
    sys.stdout.flush()
    command = [sys.executable, "-m", "streamlit", "run", str(MAIN), "--", *(paths or [])]
    os.execv(sys.executable, command)  # its signals and exit code are Streamlit's
