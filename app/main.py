"""Entry point of the app, `streamlit run app/main.py` from any directory: settings and pages."""

import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # this file runs again for every interaction
    sys.path.insert(0, str(HERE.parent))  # awrsr and app, installed or not

import streamlit as st  # noqa: E402

st.set_page_config(page_title="AWRSR Inspector", page_icon=str(HERE / "icon.svg"), layout="wide")

from app.styling import add_style  # noqa: E402

add_style((HERE / "style.css").read_text(encoding="utf-8"))

from app import shell  # noqa: E402  (page settings first: these imports take seconds)
from app.cache import start_server  # noqa: E402
from app.state import FIND, INSPECT, MODELS, STUDIES, session  # noqa: E402
from app.views import faithfulness, find, inspect, models, results  # noqa: E402

start_server()
session.keep()
inspector = st.Page(
    partial(shell.run, inspect.show, INSPECT, without_models=True),
    title="Inspect",
    url_path="inspect",
    default=True,
)
find_users = partial(find.show, inspector=inspector)
st.navigation(
    [
        inspector,
        st.Page(partial(shell.run, find_users, FIND), title="Find", url_path="find"),
        st.Page(
            partial(shell.run, faithfulness.show, STUDIES),
            title="Faithfulness",
            url_path="faithfulness",
        ),
        st.Page(partial(shell.run, models.show, MODELS), title="Models", url_path="models"),
        st.Page(results.show, title="Results", url_path="results"),
    ],
    position="top",
).run()
