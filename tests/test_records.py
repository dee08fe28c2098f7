from __future__ import annotations

import copy

import pytest

from runwright.records import as_dict, field, is_record, mutable_record, record


@record
class Point:
    """A place."""

    x: int
    y: int = 2

    def __str__(self) -> str:
        return f"{self.x}/{self.y}"


@record
class Size:
    x: int
    y: int = 2


@record
class Nothing:
    """It says all by being there."""


@record
class Itself:
    name: str

    __eq__ = object.__eq__
    __hash__ = object.__hash__


@mutable_record
class Basket:
    name: str
    things: list[object] = field(factory=list)


def test_records_are_equal_to_equals_of_their_kind_alone() -> None:
    assert Point(1) == Point(1, 2) == Point(y=2, x=1)
    assert Point(1) != Point(1, 3)
    unlike: list[object] = [Size(1), (1, 2), Nothing()]
    assert all(Point(1) != each for each in unlike)
    assert Nothing() == Nothing()
    assert {Point(1), Point(1), Size(1)} == {Size(1), Point(1)}
    assert hash(Nothing()) == hash(Nothing())


def test_a_record_keeps_what_its_class_defines() -> None:
    assert str(Point(3)) == "3/2"
    assert Point.__doc__ == "A place."
    one, other = Itself("a"), Itself("a")
    assert one != other
    assert {one: 1, other: 2}[one] == 1


def test_a_record_is_shown_and_matched_by_its_fields() -> None:
    assert repr(Point(1)) == "Point(x=1, y=2)"
    assert repr(Nothing()) == "Nothing()"
    match Point(4, 5):
        case Point(x, y=5):
            assert x == 4
        case _:
            pytest.fail("it does not match")


def test_a_record_has_its_fields_and_nothing_else() -> None:
    with pytest.raises(AttributeError):
        Basket("a").colour = "red"  # type: ignore[attr-defined]
    for wrong in ((), (1, 2, 3)):
        with pytest.raises(TypeError, match=r"Point\.__init__|__init__\(\)"):
            Point(*wrong)


def test_a_factory_makes_a_default_for_each_record() -> None:
    one, other = Basket("a"), Basket("b")
    one.things.append(1)
    assert other.things == []
    shared: list[object] = []
    assert Basket("c", shared).things is shared
    with pytest.raises(TypeError):
        hash(one)


def test_records_within_a_record_become_dicts_and_values_are_left_alone() -> None:
    thing = {"a": [1]}
    told = as_dict(Basket("a", [thing])) | {"of": as_dict(Size(1, 7))}
    assert told == {"name": "a", "things": [thing], "of": {"x": 1, "y": 7}}

    @record
    class Outer:
        point: Point
        several: tuple[Point, ...]

    assert as_dict(Outer(Point(1), (Point(2),))) == {"point": {"x": 1, "y": 2}, "several": ({"x": 2, "y": 2},)}


def test_a_record_can_be_copied_and_told_from_other_values() -> None:
    assert copy.deepcopy(Basket("a", [Point(1)])) == Basket("a", [Point(1)])
    assert is_record(Point(1))
    assert not is_record((1, 2))
    assert not is_record(Point)
