"""Families: everything of which there can be one more, each member known by its name.

A family is a folder; a member is a class in a file of its own and a line in the family's list.
Another package adds a member with `register`, or names it as an entry point of the family's group,
which is loaded when the family is first asked for its members.
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
"""What a member may be called: names become parts of directory names, flags and addresses."""
FAMILIES: "dict[str, Family[Any]]" = {}
"""All families by noun; every one is there once `awrsr` is imported. For settings, which name
members of families that stand below them."""


def check_member(noun: str, name: object) -> None:
    """Raise ConfigError unless the family of this noun has a member of this name."""
    check_choice(noun, name, FAMILIES[noun])


def color_of(name: str) -> str:
    """A colour for a name, "#rrggbb", always the same and readable on white and on near black."""
    hue = zlib.crc32(name.encode()) / 2**32
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, 0.5, 0.5))


class Member:
    """What a member of any family says of itself, as facts of its class."""

    name: ClassVar[str]
    """As settings, files and command lines call it."""
    color: ClassVar[str]
    """Of its lines and marks in figures; where a class with a name states none, `color_of` it."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if isinstance(vars(cls).get("name"), str) and "color" not in vars(cls):
            cls.color = color_of(cls.name)

    @classmethod
    def check_facts(cls) -> None:
        """Raise ConfigError where the facts of the class do not fit together."""


class OfBackbones(Member):
    """A member that may be for some backbones only."""

    backbones: ClassVar[tuple[str, ...] | None] = None
    """The names of those it is for; None for all."""

    @classmethod
    def fits(cls, backbone: str) -> bool:
        """Whether it is for this backbone."""
        return cls.backbones is None or backbone in cls.backbones


class Family(Mapping[str, type[M]]):
    """The members of one family by name: those of this package, in the order of its list, then
    those of entry points, by distribution and name, then those that were registered.

    Safe to use from many threads.

    Args:
        noun: what a member is called in messages.
        kind: the class of which every member is a subclass.
        group: of the entry points that name further members.
        members: those of this package.
        facts: what every member must state beside its name.

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
        # Not held while a member is registered: a module that is being imported may do that.
        self._loading = threading.RLock()
        self._state = "not loaded"
        self._built_in: dict[str, type[M]] = {}
        self._plugged: dict[str, type[M]] = {}
        self._registered: dict[str, type[M]] = {}
        for member in members:
            self._add(self._built_in, member)
        FAMILIES[noun] = self

    def register(self, member: type[M]) -> type[M]:
        """Add a member of another package; may stand above its class as a decorator.

        Raises:
            ConfigError: it is not a class of this kind, its name is not a name or is taken, or a
                fact is missing.
        """
        return self._add(self._registered, member)

    def named(self, name: str) -> type[M]:
        """The member of that name.

        Raises:
            ConfigError: there is none; the message names those there are.
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
                if (there := known.get(member.name, member)) is not member:
                    raise ConfigError(
                        f"{self.noun} {member.name!r} is there already, {_address(there)}; "
                        f"received {_address(member)} of the same name"
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
        """Once, the members that entry points name; a broken one is left out with a warning."""
        if self._state == "loaded":
            return
        problems = []
        with self._loading:
            if self._state != "not loaded":  # by another thread, or by what is being loaded
                return
            self._state = "loading"
            for point in sorted(entry_points(group=self.group), key=_origin):
                try:
                    self._add(self._plugged, point.load())
                except Exception as error:  # whatever the import of another package raises
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
