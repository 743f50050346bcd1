"""Checks of a loaded model, one line each."""

from pathlib import Path

import streamlit as st

from app import cache
from app.escape import plain, with_commands
from app.shell import Chosen
from app.views.models.card import recorded_metrics

ICONS = {
    True: ":green[:material/check_circle:]",
    False: ":red[:material/cancel:]",
    None: ":material/help:",
}
VERDICTS = {True: "pass", False: "fail", None: "not checked"}


def show_checks(directory: Path, chosen: Chosen) -> list[bool | None]:
    """One line per check: the verdict and the measured number. Folded if all pass.

    Returns:
        Whether each check passes; None: not checked.
    """
    _, why = cache.get_ranks(directory, chosen.dataset)
    recorded = recorded_metrics(directory)
    ndcg = None if isinstance(recorded, str) else recorded.test.metrics["NDCG@10"]
    checks = cache.get_checks(directory, chosen.dataset, ndcg)
    passed = sum(check.passed is True for check in checks)
    title = f"Checks of the loaded model: {passed} of {len(checks)} pass"
    with st.expander(title, expanded=passed < len(checks)):
        for check in checks:
            measured = check.measured
            if check.passed is None and why:
                measured = f"{measured} ({why})"
            st.markdown(
                f"{ICONS[check.passed]} {plain(check.name)}: {VERDICTS[check.passed]}  \n"
                f":small[{with_commands(measured)}]"
            )
    return [check.passed for check in checks]
