"""The settings of the attribution methods: a form for them, and their form in the URL.

Only what differs from a method's default is kept: by method, by name of the setting.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from awrsr.attribution import METHODS, Option

Settings = dict[str, dict[str, Any]]


def settings_text(settings: Settings) -> str:
    """Settings as one parameter of the URL: `gradient_shap:n_samples:128,...`."""
    return ",".join(
        f"{method}:{name}:{value}"
        for method, chosen in settings.items()
        for name, value in chosen.items()
    )


def parse_settings(text: str) -> Settings:
    """The settings that `settings_text` wrote.

    Raises:
        ConfigError, ValueError: it is something else.
    """
    found: Settings = {}
    for part in text.split(","):
        method, *rest = part.split(":")
        if len(rest) != 2:
            raise ValueError("accepted: method:setting:value,method:setting:value")
        options = {option.name: option for option in METHODS.named(method).options()}
        name, value = rest
        known = options.get(name)
        found = with_setting(found, method, name, known.read(value) if known else value)
    return found


def with_setting(settings: Settings, method: str, name: str, value: Any) -> Settings:
    """The settings with one of them changed, in the methods' order."""
    chosen = {**settings.get(method, {}), name: value}
    changed = {**settings, method: METHODS[method].with_settings(chosen).changed()}
    return {name: changed[name] for name in METHODS if changed.get(name)}


def show_settings(methods: Mapping[str, Mapping[str, Any]]) -> None:
    """A popover with the settings of these methods.

    Args:
        methods: by name, the settings that differ from their default.
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
            "Back to the defaults",
            key="default-settings",
            on_click=forget_settings,
            disabled=not any(methods.values()),
        )


def show_setting(method: str, option: Option) -> None:
    """One setting's widget; it shows the session's choice and changes it."""
    key = f"{method}-{option.name}"
    chosen = st.session_state.settings.get(method, {})
    st.session_state[key] = chosen.get(option.name, option.default)
    common: dict[str, Any] = {
        "label": option.name,
        "key": key,
        "help": f"{option.help}: {option.accepted}, {option.default} by default",
        "on_change": keep_setting,
        "args": (method, option.name),
    }
    if option.choices:
        st.selectbox(options=option.choices, **common)
        return
    kind = type(option.default)
    st.number_input(
        min_value=kind(option.low),
        max_value=kind(option.high),
        step=max(1, option.default // 4) if kind is int else option.default / 5,
        format="%d" if kind is int else "%g",
        **common,
    )


def keep_setting(method: str, name: str) -> None:
    """Put a widget's value among the session's choices."""
    value = st.session_state[f"{method}-{name}"]
    st.session_state.settings = with_setting(st.session_state.settings, method, name, value)


def forget_settings() -> None:
    """All methods as they are by default."""
    st.session_state.settings = {}
