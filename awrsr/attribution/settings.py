"""What a method declares of its settings: the command line's help and the app's form read it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Option:
    """A declared setting.

    Args:
        name: of the field.
        default: int, float or str, which is the setting's type.
        choices: the names accepted; empty for a number.
        help: one line on what it decides.
        low: least number accepted.
        high: greatest number accepted.
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
        """What it takes, in words."""
        return " or ".join(self.choices) or f"{self.low:g} to {self.high:g}"

    def read(self, text: str) -> int | float | str:
        """The value that a text names; the text itself where it names none, for the method to
        refuse."""
        if not self.choices:
            with suppress(ValueError):
                return type(self.default)(text)  # type: ignore[no-any-return]
        return text
