"""Families: extensible sets of classes (refinements, losses, ...), each member known by its name.

A family is a folder; a member is a class in its own file and a line in the family's list. Another
package adds a member with `register`, or declares it as an entry point in the family's group.
Entry points are loaded when the members of the family are first read.
"""

import colorsys
import inspect
import re
import threading
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, TypeVar

from awrsr.errors import ConfigError, check_choice

M = TypeVar("M", bound="Member")
NAME = "[a-z][a-z0-9_]*"
"""The accepted names of members: they become parts of directory names, flags and addresses."""
FAMILIES: "dict[str, Family[Any]]" = {}
"""All families by noun, complete once `awrsr` is imported. Settings need it to check names of
members, because they cannot import the families."""


def check_member(noun: str, name: object) -> None:
    """Raise ConfigError unless the family of this noun has a member of this name."""
    check_choice(noun, name, FAMILIES[noun])


def color_of(name: str) -> str:
    """A colour for a name, "#rrggbb": always the same, readable on white and on near black."""
    hue = zlib.crc32(name.encode()) / 2**32
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, 0.5, 0.5))


class Member:
    """A member of any family, described by the facts of its class."""

    name: ClassVar[str]
    """Its name in settings, files and command lines."""
    color: ClassVar[str]
    """Colour of its lines and marks in figures; by default `color_of` its name."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if isinstance(vars(cls).get("name"), str) and "color" not in vars(cls):
            cls.color = color_of(cls.name)

    @classmethod
    def check_facts(cls) -> None:
        """Raise ConfigError if the facts of the class contradict each other."""


class BackboneMember(Member):
    """A member that may be limited to certain backbones."""

    backbones: ClassVar[tuple[str, ...] | None] = None
    """The names of the backbones that it works with; None for all."""

    @classmethod
    def fits(cls, backbone: str) -> bool:
        """Whether it works with this backbone."""
        return cls.backbones is None or backbone in cls.backbones


class Family(Mapping[str, type[M]]):
    """The members of one family by name.

    First come the members of this package, in the order of its list; then those of entry points,
    by distribution and name; then the registered ones. Thread-safe.

    Args:
        noun: the word for a member in messages.
        kind: the base class of all members.
        group: the group of the entry points that add members.
        members: the members in this package.
        facts: class attributes that every member must define, besides its name.

    Raises:
        ConfigError: see `register`.
    """

    def __init__(
        self,
        noun: str,
        kind: type[Member],
        *,
        group: str,
        members: Iterable[type[M]],
        facts: Iterable[str] = (),
    ) -> None:
        self.noun = noun
        self.kind = kind
        self.group = group
        self.facts = tuple(facts)
        self._changing = threading.Lock()
        # `register` does not take this lock: a module imported by an entry point may register.
        self._loading = threading.RLock()
        self._state = "not loaded"
        self._built_in: dict[str, type[M]] = {}
        self._plugged: dict[str, type[M]] = {}
        self._registered: dict[str, type[M]] = {}
        for member in members:
            self._add(self._built_in, member)
        FAMILIES[noun] = self

    def register(self, member: type[M]) -> type[M]:
        """Add a member of another package; also a decorator for its class. A class of the same
        module and name replaces the one that was registered before.

        Raises:
            ConfigError: it is not a class of this kind, its name is malformed or taken, or a fact
                is missing.
        """
        return self._add(self._registered, member)

    def named(self, name: str) -> type[M]:
        """The member of that name.

        Raises:
            ConfigError: no member has that name; the message lists the names of all members.
        """
        members = self.members()
        check_choice(self.noun, name, members)
        return members[name]

    def members(self) -> dict[str, type[M]]:
        """All members by name, in order."""
        self._load()
        with self._changing:
            return {**self._built_in, **self._plugged, **self._registered}

    def __getitem__(self, name: str) -> type[M]:
        return self.members()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.members())

    def __len__(self) -> int:
        return len(self.members())

    def __repr__(self) -> str:
        return f"Family({self.noun}: {', '.join(self)})"

    def _add(self, part: dict[str, type[M]], member: type[M]) -> type[M]:
        self._check(member)
        with self._changing:
            for known in (self._built_in, self._plugged, self._registered):
                holder = known.get(member.name, member)
                # A class that is defined again, as in a cell of a notebook that is run again.
                again = known is self._registered and _address(holder) == _address(member)
                if holder is not member and not again:
                    raise ConfigError(
                        f"{self.noun} {member.name!r} exists already, {_address(holder)}; "
                        f"received {_address(member)} with the same name"
                    )
            part[member.name] = member
        return member

    def _check(self, member: object) -> None:
        if not isinstance(member, type) or not issubclass(member, self.kind):
            raise ConfigError(
                f"a {self.noun} must be a subclass of {_address(self.kind)}; received {member!r}"
            )
        name = getattr(member, "name", None)
        if not isinstance(name, str) or not re.fullmatch(NAME, name):
            raise ConfigError(
                f"the name of a {self.noun} must be lower-case letters, digits and underscores, a "
                f"letter first; {_address(member)} has {name!r}"
            )
        lacking = [fact for fact in self.facts if not hasattr(member, fact)]
        lacking += sorted(getattr(member, "__abstractmethods__", ()))
        if lacking or inspect.isabstract(member):
            raise ConfigError(
                f"{self.noun} {name!r}, {_address(member)}, lacks {', '.join(lacking)}"
            )
        member.check_facts()

    def _load(self) -> None:
        """Load the members of entry points, once; a broken one is left out with a warning."""
        if self._state == "loaded":
            return
        problems = []
        with self._loading:
            if self._state != "not loaded":  # by another thread, or by a module being loaded
                return
            self._state = "loading"
            for point in sorted(entry_points(group=self.group), key=_origin):
                try:
                    self._add(self._plugged, point.load())
                except Exception as error:  # the import of another package may raise anything
                    problems.append(
                        f"{self.noun} {point.name!r} of the installed package "
                        f"{_origin(point)[0]!r} ({point.value}) is left out: "
                        f"{type(error).__name__}: {error}"
                    )
            self._state = "loaded"
        for problem in problems:
            warnings.warn(problem, stacklevel=4)


def _origin(point: EntryPoint) -> tuple[str, str]:
    return "" if point.dist is None else point.dist.name, point.name


def _address(member: type) -> str:
    return f"{member.__module__}.{member.__qualname__}"
