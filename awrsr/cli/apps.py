"""The verb that starts the app: app."""

import os
import sys
from pathlib import Path

from awrsr.errors import DataError

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = PACKAGE / "_inspector" / "app" / "main.py"
"""Where a wheel has the app."""
IN_REPOSITORY = PACKAGE.parent / "app" / "main.py"


def app(paths: list[str] | None = None) -> None:
    """Start the app with the data and models at these paths, in addition to the shipped datasets.

    The same as `streamlit run app/main.py -- PATHS`; settings of Streamlit are environment
    variables, such as STREAMLIT_SERVER_PORT.

    Args:
        paths: dataset directories, folders of them, model directories, files of other code bases;
            the page names paths that cannot be opened.

    Raises:
        DataError: the app does not exist: a part of the package is missing.
    """
    main = INSTALLED if INSTALLED.is_file() else IN_REPOSITORY
    if not main.is_file():
        raise DataError(
            f"the app is neither in {INSTALLED.parent} nor in {IN_REPOSITORY.parent}; install the "
            "package again"
        )
    sys.stdout.flush()
    command = [sys.executable, "-m", "streamlit", "run", str(main), "--", *(paths or [])]
    os.execv(sys.executable, command)  # its signals and exit code are Streamlit's
