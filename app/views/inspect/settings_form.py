"""A form for the settings of the attribution methods."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.method_settings import with_setting
from app.state import Session, session
from awrsr.attribution import METHODS, Option


def show_settings(methods: Mapping[str, Mapping[str, Any]]) -> None:
    """A popover with the settings of these methods.

    Args:
        methods: method names to the settings that differ from the defaults.
    """
    with st.popover("Settings", icon=":material/tune:", key="method-settings"):
        declared = {name: options for name in methods if (options := METHODS[name].options())}
        for name, options in declared.items():
            st.markdown(f"**{METHODS[name].title}**")
            for start in range(0, len(options), 2):
                for column, option in zip(st.columns(2), options[start:], strict=False):
                    with column:
                        show_setting(name, option)
        if not declared:
            st.caption("The chosen methods have no settings.")
        st.button(
            "Reset to defaults",
            key="default-settings",
            on_click=forget_settings,
            disabled=not any(methods.values()),
        )


def show_setting(method: str, option: Option) -> None:
    """The widget of one setting; it shows and changes the session's choice."""
    key = Session.setting.named(method, option.name)
    chosen = session.settings.get(method, {})
    session.setting[method, option.name] = chosen.get(option.name, option.default)
    common: dict[str, Any] = {
        "label": option.name,
        "help": f"{option.help}: {option.accepted}, default {option.default}",
        "on_change": keep_setting,
        "args": (method, option.name),
    }
    if option.choices:
        st.selectbox(options=option.choices, key=key, **common)
        return
    kind = type(option.default)
    st.number_input(
        min_value=kind(option.low),
        max_value=kind(option.high),
        step=max(1, option.default // 4) if kind is int else option.default / 5,
        format="%d" if kind is int else "%g",
        key=key,
        **common,
    )


def keep_setting(method: str, name: str) -> None:
    """Store a widget's value in the session's choices."""
    value = session.setting[method, name]
    session.settings = with_setting(session.settings, method, name, value)


def forget_settings() -> None:
    """Reset all methods to their defaults."""
    session.settings = {}
