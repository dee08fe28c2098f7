from __future__ import annotations

import pytest

from runwright.language.patterns import TooSlow, matches, problem_of


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"i-[a-z0-9]+", "i-1"),
        (r"^$|^vol-\d+$", ""),
        (r"[\p{L}\p{N}_ ]*", "Zoë 9"),
        (r"[\w-\/]{1,9}", "a-/b"),
        (r"^[\w-.]+$", "a-b.c"),
        (r"[a-zA-Z0-9-_\.]+", "a-b_c.d"),
        (r"[^\p{Alpha}]", "9"),
        (r"\p{Alpha}+", "abc"),
        (r"a*+b", "aab"),
        (r"(?<x>a)\k<x>", "aa"),
        (r"\Qa.b\E+", "a.bb"),
        (r"\x{1F600}", "\U0001f600"),
        (r"[\uD800\uDC00-\uDBFF\uDFFF]", "\U0001f600"),
        (r"(a)\15", "aa5"),
        (r"[a-z&&[^b]]+", "ac"),
        (r"[a[0-9]]+", "a1"),
        (r"(?iu)ABC", "abc"),
        (r"[|a||]", "|"),
        (r"[\S]+", "é!"),
        (r"[\W]", "é"),
        (r"a\z", "a"),
        (r"\h\e", "\t\x1b"),
        (r"[!--]+", "-!"),
        (r"\\[\w]+", "\\w"),
        (r"\[\]", "[]"),
        (r"[\P{Alpha}_]+", "9_"),
        (r"\p{javaLetter}[\p{javaLetterOrDigit}-]+", "ä-1"),
        (r"\cA[\cI]", "\x01\t"),
    ],
)
def test_java_patterns_match_the_whole_text(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"i-[a-z]+", "xi-a"),
        (r"[a-z]+", "abc!"),
        (r"\w+", "é"),
        (r"\d", "\u0663"),
        (r"\s", "\u00a0"),
        (r"\p{Alpha}", "é"),
        (r"[a-z&&[^b]]", "b"),
        (r"\S", " "),
        (r"[\P{Alpha}_]", "a"),
        (r"\p{javaLetter}", "1"),
    ],
)
def test_java_patterns_that_do_not_match(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", r"\p{Nonsense}", "a" * 5000])
def test_what_is_no_pattern_is_explained(pattern: str) -> None:
    assert problem_of(pattern)


def test_a_runaway_pattern_is_given_up() -> None:
    with pytest.raises(TooSlow, match="100 ms"):
        matches(r"(a|aa)+[^a]a", "a" * 60 + "!")
