"""The contract of every family: names, order, refusals, entry points."""

import ast
import importlib
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest
from helpers import ROOT

from awrsr import family as families
from awrsr.errors import ConfigError
from awrsr.family import FAMILIES, Family, Member, check_member, color_of


class Tea(Member):
    """The member class of the family below."""

    steeped: int


def tea(name: object, **facts: object) -> type[Tea]:
    return type("Leaf", (Tea,), {"name": name, "steeped": 3, **facts})


GREEN, BLACK, WHITE = tea("green"), tea("black"), tea("white")


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list:
    """The installed entry points; the family of a test is removed afterwards."""
    monkeypatch.setattr(families, "FAMILIES", dict(FAMILIES))
    found: list = []
    monkeypatch.setattr(
        families,
        "entry_points",
        lambda group: [each for group_name, each in found if group_name == group],
    )
    return found


def installed(package: str, name: str, load) -> tuple[str, EntryPoint]:
    """An entry point of a package; `load` returns its object."""
    point = SimpleNamespace(
        name=name, value=f"{package}:{name}", dist=SimpleNamespace(name=package), load=load
    )
    return "teas", point


def make(*members: type[Tea]) -> Family[Tea]:
    return Family("tea", Tea, group="teas", members=members, facts=("steeped",))


def test_members_are_in_the_order_of_the_list_and_then_of_registration(points):
    teas = make(GREEN, BLACK)
    assert teas.register(WHITE) is WHITE
    assert dict(teas) == {"green": GREEN, "black": BLACK, "white": WHITE}
    assert list(teas) == ["green", "black", "white"] and len(teas) == 3
    assert teas["black"] is teas.named("black") is BLACK and "red" not in teas
    assert repr(teas) == "Family(tea: green, black, white)"
    assert teas.register(WHITE) is WHITE and len(teas) == 3  # a second registration adds nothing


def test_a_family_is_read_only(points):
    with pytest.raises(TypeError):
        make(GREEN)["green"] = BLACK


def test_settings_are_checked_by_the_familys_noun(points):
    teas = make(GREEN)
    check_member("tea", "green")
    teas.register(WHITE)
    check_member("tea", "white")
    said = "unknown tea 'grene'; accepted: green, white. Did you mean 'green'?"
    for ask in (lambda name: check_member("tea", name), teas.named):
        with pytest.raises(ConfigError) as caught:
            ask("grene")
        assert str(caught.value) == said


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (
            tea("green"),
            "tea 'green' exists already, test_family.Leaf; received test_family.Leaf with the same",
        ),
        (Member, "a tea must be a subclass of test_family.Tea; received <class 'awrsr.family.Memb"),
        ("green", "a tea must be a subclass of test_family.Tea; received 'green'"),
        (GREEN(), "a tea must be a subclass of test_family.Tea; received <test_family.Leaf"),
        (tea("Green tea"), "digits and underscores, a letter first; test_family.Leaf has 'Green t"),
        (tea("green-tea"), "has 'green-tea'"),
        (tea(""), "has ''"),
        (tea("1st"), "has '1st'"),
        (tea(None), "has None"),
        (Tea, "test_family.Tea has None"),
        (
            type("Leaf", (Tea,), {"name": "bare", "__module__": "x"}),
            "tea 'bare', x.Leaf, lacks steeped",
        ),
    ],
)
def test_other_objects_are_refused_with_the_missing_facts(points, member, said):
    teas = make(GREEN)
    with pytest.raises(ConfigError, match=re.escape(said)):
        teas.register(member)
    assert list(teas) == ["green"]


def test_installed_members_are_loaded_once_when_they_are_asked_for(points):
    loads = []

    def load():
        loads.append(1)
        return WHITE

    points += [installed("b", "w", load), installed("a", "k", lambda: BLACK)]
    points.append(("coffees", None))
    teas = make(GREEN)
    red = teas.register(tea("red"))
    assert not loads
    assert list(teas.values()) == [GREEN, BLACK, WHITE, red]  # by package, before registered ones
    assert "white" in teas and len(loads) == 1


def test_a_broken_entry_point_is_left_out_with_its_packages_name(points):
    def broken():
        raise RuntimeError("no kettle")

    points += [
        installed("a", "one", broken),
        installed("b", "two", lambda: tea("green")),
        installed("c", "three", lambda: "leaves"),
        installed("d", "four", lambda: WHITE),
    ]
    teas = make(GREEN)
    with pytest.warns(UserWarning) as caught:
        assert list(teas) == ["green", "white"]
    starts = [
        "tea 'one' of the installed package 'a' (a:one) is left out: RuntimeError: no kettle",
        "tea 'two' of the installed package 'b' (b:two) is left out: ConfigError: tea 'green' ex",
        "tea 'three' of the installed package 'c' (c:three) is left out: ConfigError: a tea must",
    ]
    for warning, start in zip(caught, starts, strict=True):
        assert str(warning.message).startswith(start)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(teas) == 2


def test_a_loaded_module_may_read_the_family_and_register(points):
    def load():
        assert list(teas) == ["green"]
        return teas.register(WHITE)

    points.append(installed("a", "w", load))
    teas = make(GREEN)
    assert list(teas) == ["green", "white"]


def test_many_threads_see_one_family(points):
    loads = []
    points.append(installed("a", "w", lambda: loads.append(1) or WHITE))
    teas = make(GREEN)

    def work(number: int) -> bool:
        name = f"tea_{number}"
        teas.register(tea(name))
        return "white" in teas and name in teas

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))
    assert len(teas) == 66 and len(loads) == 1


def test_a_member_has_a_color_of_its_own_unless_it_states_one():
    assert GREEN.color == color_of("green") != BLACK.color
    assert re.fullmatch("#[0-9a-f]{6}", GREEN.color)
    assert tea("green", color="#123456").color == "#123456"
    assert type("Sencha", (GREEN,), {"name": "sencha"}).color == color_of("sencha")
    assert type("Abstract", (GREEN,), {}).color == GREEN.color


@pytest.mark.parametrize("noun", FAMILIES)
def test_the_families_of_this_package(noun):
    family = FAMILIES[noun]
    assert family.group.startswith("awrsr.") and len(family) > 1
    for name, member in family.items():
        assert member.name == name and issubclass(member, family.kind)


WORDS = {
    *("none", "table", "uniform", "random", "leave_one_out"),
    *("first_order", "second_order", "refined", "rollout"),
}
"""Names that are also names of something else, such as kinds of maps and of splits."""
DEFAULTS = {
    ("awrsr/config.py", "sasrec"),
    ("awrsr/config.py", "ce"),
    ("awrsr/cli/histories.py", "integrated_gradients"),
    ("awrsr/studies/scan_files.py", "input_x_gradient"),
}
"""Files outside of a folder that may name a member: as a default, and in records of a scan."""


def test_nothing_outside_a_family_knows_its_members_names():
    names = {name for family in FAMILIES.values() for name in family} - WORDS
    folders = {next(iter(family.values())).__module__ for family in FAMILIES.values()}
    inside = tuple(module.rpartition(".")[0].replace(".", "/") + "/" for module in folders)
    found = set()
    for path in [*(ROOT / "awrsr").rglob("*.py"), *(ROOT / "app").rglob("*.py")]:
        file = path.relative_to(ROOT).as_posix()
        if file.startswith(inside):  # a member names the members of other families that it is for
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in names:
                found.add((file, node.value))
    assert found == DEFAULTS


def test_contributing_lists_every_family_with_its_group():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| [a-z ]+ \| `([\w.]+)` \| `([\w.]+)` \| `([\w.]+)` \|$", text, re.MULTILINE
    )
    listed = {
        group: (importlib.import_module(where.rpartition(".")[0]), where, kind)
        for where, kind, group in rows
    }
    assert set(listed) == {family.group for family in FAMILIES.values()}
    for family in FAMILIES.values():
        module, where, kind = listed[family.group]
        assert getattr(module, where.rpartition(".")[2]) is family
        assert getattr(module, kind.rpartition(".")[2]) is family.kind
