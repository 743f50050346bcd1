"""The settings of the attribution methods, and their form in the URL.

Only values that differ from a method's defaults are kept, by method and name of the setting.
"""

from typing import Any

from awrsr.attribution import METHODS

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
        ConfigError, ValueError: the text is not such settings.
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
