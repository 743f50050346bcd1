"""Keys of the session: typed attributes of a session, with their form in the address."""

from collections.abc import Callable, MutableMapping
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar, overload

from app import forms
from app.forms import Choice
from app.opening import Opening
from awrsr.data.dataset import Dataset

T = TypeVar("T")
Store = MutableMapping[Any, Any]
"""The store of values: `st.session_state`, or a dict instead."""


class HasStore(Protocol):
    """A session: an object with a store of values."""

    store: Store


class Offer(NamedTuple):
    """The options of choices.

    Args:
        dataset: the dataset on the page.
        models: names of its models.
        opening: the initial choices.
        epochs: epochs whose weights one of the models has kept.
    """

    dataset: Dataset
    models: list[str]
    opening: Opening = Opening()
    epochs: tuple[int, ...] = ()


class Key(Generic[T]):
    """One key of the session; as an attribute of a session, its value.

    Args:
        default: the value until another is set; never changed in place.
        page: the page whose address has it, or none.
        parse: address text to a valid value; None if only the page knows the accepted values, see
            `among`.
        show: value to address text.
        first: the default that depends on the offer.
        always: whether the address also has the default.
    """

    name = ""

    def __init__(
        self,
        default: T,
        page: str = "",
        parse: Callable[[Offer], Callable[[str], T]] | None = None,
        show: Callable[[T], str] = str,
        *,
        first: Callable[[Offer], T] | None = None,
        always: bool = False,
    ) -> None:
        self.default, self.page, self.parse, self.show = default, page, parse, show
        self.first, self.always = first, always

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: "HasStore", owner: type) -> T: ...

    def __get__(self, instance: "HasStore | None", owner: type) -> Self | T:
        if instance is None:
            return self
        value: T = instance.store.get(self.name, self.default)
        return value

    def __set__(self, instance: "HasStore", value: T) -> None:
        instance.store[self.name] = value

    def __delete__(self, instance: "HasStore") -> None:
        instance.store.pop(self.name, None)

    def choice(self, offer: Offer) -> Choice:
        """Its choice among the options of an offer."""
        assert self.parse is not None, self.name
        default = self.default if self.first is None else self.first(offer)
        return Choice(self.name, default, self.parse(offer), self.show, self.always)

    def among(self, names: list[str]) -> Choice:
        """Its choice among these names, the first by default."""
        return Choice(self.name, names[0], forms.one_of(names))


class Keys(Generic[T]):
    """A family of keys: one per row, column, model, ...

    Args:
        default: the default of each.
    """

    name = ""

    def __init__(self, default: T) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: "HasStore", owner: type) -> "Family[T]": ...

    def __get__(self, instance: "HasStore | None", owner: type) -> "Self | Family[T]":
        return self if instance is None else Family(self, instance.store)

    def named(self, *which: object) -> str:
        """The key of one member of the family."""
        return "-".join(map(str, (self.name, *which)))


class Family(Generic[T]):
    """The values of a family in one session, by member."""

    def __init__(self, keys: Keys[T], store: Store) -> None:
        self.keys, self.store = keys, store

    def __getitem__(self, which: object) -> T:
        value: T = self.store.get(self._key(which), self.keys.default)
        return value

    def __setitem__(self, which: object, value: T) -> None:
        self.store[self._key(which)] = value

    def __delitem__(self, which: object) -> None:
        self.store.pop(self._key(which), None)

    def _key(self, which: object) -> str:
        return self.keys.named(*which if isinstance(which, tuple) else (which,))
