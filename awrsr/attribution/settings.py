"""How a method declares its settings: fields that say what they accept.

The check, the command line's help and the app's form read the same declaration.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from awrsr.config import check_number
from awrsr.errors import check_choice


def setting(default: Any, help: str, *, low: int = 0, high: int = 1) -> Any:
    """A field of a method, annotated int, float or a Literal of names.

    Args:
        default: a value of the annotated type.
        help: one line on what it decides.
        low: least number accepted.
        high: greatest number accepted.
    """
    return field(default=default, metadata={"help": help, "low": low, "high": high})


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

    @property
    def accepted(self) -> str:
        """What it takes, in words."""
        return " or ".join(self.choices) or f"{self.low:g} to {self.high:g}"

    def check(self, value: object, method: str) -> None:
        """Raise ConfigError unless the setting of this method accepts the value."""
        name = f"{self.name} of {method}"
        if self.choices:
            check_choice(name, value, self.choices)
        else:
            check_number(name, value, type(self.default), self.low, self.high)

    def read(self, text: str) -> int | float | str:
        """The value that a text names; the text itself where it names none, for `check`."""
        if not self.choices:
            with suppress(ValueError):
                return type(self.default)(text)  # type: ignore[no-any-return]
        return text
