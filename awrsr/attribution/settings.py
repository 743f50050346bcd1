"""Declared settings of a method, read by the help of the command line and the form of the app."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Option:
    """A declared setting.

    Args:
        name: the name of the field.
        default: int, float or str, which is also the type of the setting.
        choices: the accepted names; empty for a number.
        help: one line that describes it.
        low: smallest accepted number.
        high: largest accepted number.
    """

    name: str
    default: Any
    choices: tuple[str, ...]
    help: str
    low: int
    high: int

    @classmethod
    def of(cls, name: str, field: Mapping[str, Any]) -> "Option":
        """The setting of this name, from the JSON schema of the field."""
        return cls(
            name=name,
            default=field["default"],
            choices=tuple(field.get("enum", ())),
            help=field["description"],
            low=field.get("minimum", 0),
            high=field.get("maximum", 0),
        )

    @property
    def accepted(self) -> str:
        """The accepted values, in words."""
        return " or ".join(self.choices) or f"{self.low:g} to {self.high:g}"

    def read(self, text: str) -> int | float | str:
        """The value of a text; if it has none, the text itself, which validation then refuses."""
        if not self.choices:
            with suppress(ValueError):
                return type(self.default)(text)  # type: ignore[no-any-return]
        return text
