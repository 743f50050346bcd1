"""Settings and the contents of files as pydantic models; every error is one sentence.

The sentence names the field, the received value and the accepted values. Code that reads a file
prefixes the name of the file.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from awrsr.errors import AwrsrError, ConfigError, did_you_mean

LONGEST = 100
"""Largest number of characters of a value that a message quotes."""
WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "an object",
}
"""The types of JSON schema in the words of messages."""


class Schema(BaseModel):
    """Frozen fields, checked at construction: no value is converted, unknown fields are refused.

    Raises:
        ConfigError: a field is missing, unknown, of another type or out of range.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    all_required: ClassVar[bool] = False
    """Whether a JSON object must also contain the fields that have defaults."""
    may_lack: ClassVar[tuple[str, ...]] = ()
    """Fields that a JSON object may lack nevertheless; they are written only if they differ from
    their defaults."""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(_sentence(type(self), error)) from None

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, checked again."""
        return type(self)(**{**dict(self), **changes})

    def to_json(self) -> dict[str, Any]:
        """The fields by name, as JSON values."""
        return self.model_dump()

    @model_serializer(mode="wrap")
    def _written(self, values: SerializerFunctionWrapHandler) -> dict[str, Any]:
        usual = {name for name in self.may_lack if getattr(self, name) == self._default(name)}
        return {name: value for name, value in values(self).items() if name not in usual}

    @classmethod
    def _default(cls, name: str) -> object:
        return cls.model_fields[name].default

    @classmethod
    def from_json(
        cls, values: object, *, where: str, refusal: type[AwrsrError] = ConfigError
    ) -> Self:
        """The fields of a JSON object, checked.

        Args:
            values: the object.
            where: the file and section, for messages.
            refusal: the class of the exception that is raised.

        Raises:
            AwrsrError: it is not an object, or a field is not acceptable, see the class.
        """
        try:
            if not isinstance(values, Mapping):
                raise ConfigError(f"expected an object, received {type(values).__name__}")
            missing = [
                name for name in cls.model_fields if name not in values and name not in cls.may_lack
            ]
            if cls.all_required and missing and values.keys() <= cls.model_fields.keys():
                raise ConfigError(_lacks(missing))
            return cls(**values)
        except ConfigError as error:
            raise refusal(f"{where}: {error}") from None


def _sentence(kind: type[Schema], error: ValidationError) -> str:
    """The error in words. An unknown field comes first: it may be a misspelt missing field."""
    errors = error.errors(include_url=False)
    names = list(kind.model_fields)
    for fault in errors:
        if fault["type"] == "extra_forbidden":
            name = str(fault["loc"][0])
            return (
                f"unknown field {name!r}; accepted: {', '.join(names) or 'none'}."
                f"{did_you_mean(name, names)}"
            )
    if missing := [fault["loc"][0] for fault in errors if fault["type"] == "missing"]:
        return _lacks(missing)
    first = errors[0]
    place = ".".join(map(str, first["loc"]))
    if raised := first.get("ctx", {}).get("error"):  # by a validator of a field or of the model
        return f"{place}: {raised}" if place else str(raised)
    field = kind.model_json_schema()["properties"][first["loc"][0]]
    for _ in first["loc"][1:]:
        field = field.get("additionalProperties") or field["items"]
    received = repr(first["input"])
    received = received if len(received) <= LONGEST else f"{received[:LONGEST]}\u2026"
    if choices := field.get("enum"):
        hint = did_you_mean(str(first["input"]), choices)
        return f"unknown {place} {received}; accepted: {', '.join(choices)}.{hint}"
    return f"{place} must be {accepted(field)}; received {received}"


def _lacks(names: Iterable[object]) -> str:
    return f"missing field {', '.join(map(repr, names))}"


def accepted(field: Mapping[str, Any]) -> str:
    """The accepted values of a field, in words.

    Args:
        field: its JSON schema.
    """
    if "anyOf" in field:
        kinds = [kind for kind in field["anyOf"] if kind != {"type": "null"}]
        return " or ".join(map(accepted, kinds))
    if choices := field.get("enum"):
        return " or ".join(map(str, choices))
    words = WORDS[field.get("type", "object")]
    if "minLength" in field:
        return f"{words}, not empty"
    low, high = (_number(field.get(bound)) for bound in ("minimum", "maximum"))
    if low is not None and low == high:
        return str(low)
    if high is not None:
        return f"{words}, {low} to {high}"
    return words if low is None else f"{words}, {low} or more"


def _number(bound: float | None) -> float | None:
    """A bound in its usual form: 1, not 1.0."""
    return int(bound) if bound is not None and bound == int(bound) else bound
