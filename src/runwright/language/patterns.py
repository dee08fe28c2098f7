"""Java regular expressions, as `allowedPattern` holds them, run by the `regex` module with a time limit.

Most of Java's syntax is `regex` syntax; the translation rewrites what differs: classes that are ASCII in Java, `\\w-`
within a set, surrogate pairs, `\\Q...\\E`, `\\x{...}`, `\\cX`, `\\h`, `\\z`, nested sets and intersections.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

LIMIT_SECONDS = 0.1
_MAX_CHARS = 4096

_CLASSES = {
    "w": "a-zA-Z0-9_",
    "d": "0-9",
    "s": r" \t\n\x0b\f\r",
    "h": r" \t\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000",
    "v": r"\n\x0b\f\r\x85\u2028\u2029",
    "W": r"\x00-/:-@\[-\^`\{-\U0010ffff",
    "D": r"\x00-/:-\U0010ffff",
    "S": r"\x00-\x08\x0e-\x1f!-\U0010ffff",
    "H": r"\x00-\x08\n-\x1f!-\x9f\xa1-\u167f\u1681-\u180d\u180f-\u1fff\u200b-\u202e\u2030-\u205e\u2060-\u2fff"
    r"\u3001-\U0010ffff",
    "V": r"\x00-\t\x0e-\x84\x86-\u2027\u202a-\U0010ffff",
}
"""What Java's shorthands stand for (ASCII unless UNICODE_CHARACTER_CLASS is set), as it is written within a set."""

_PROPERTIES = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`\{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0b\f\r",
    "javaLowerCase": r"\p{Lowercase}",
    "javaUpperCase": r"\p{Uppercase}",
    "javaWhitespace": r"\s",
    "javaAlphabetic": r"\p{Alphabetic}",
    "javaDigit": r"\p{Nd}",
    "javaISOControl": r"\x00-\x1f\x7f-\x9f",
    "javaIdeographic": r"\p{Ideographic}",
    "javaLetter": r"\p{L}",
    "javaLetterOrDigit": r"\p{L}\p{Nd}",
    "javaSpaceChar": r"\p{Z}",
    "javaTitleCase": r"\p{Lt}",
}
_ESCAPES = {"e": r"\x1b", "z": r"\Z", "Z": r"(?=\n?\Z)"}
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_PROPERTY = re.compile(r"\\([pP])\{(\w+)\}")
_CONTROL = re.compile(r"\\c([\x40-\x7f])")
_HEX = re.compile(r"\\x\{([0-9a-fA-F]{1,6})\}")
_NAMED = re.compile(r"\\k<(\w+)>")
_NUMBERED = re.compile(r"\\([1-9]\d*)")
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(-[a-zA-Z]+)?([:)])")


class TooSlow(Exception):
    """A pattern took longer than its 100 ms on a text."""


def matches(pattern: str, text: str) -> bool:
    """Say whether the whole of `text` matches the Java regular expression `pattern`.

    Raises TooSlow after 100 ms, ValueError for what is no pattern.
    """
    try:
        return _compiled(pattern).fullmatch(text, timeout=LIMIT_SECONDS) is not None
    except TimeoutError:
        raise TooSlow(f"the pattern {pattern} took longer than {LIMIT_SECONDS * 1000:.0f} ms") from None


def problem_of(pattern: str) -> str | None:
    """Say why `pattern` cannot be used, or None."""
    try:
        _compiled(pattern)
    except ValueError as wrong:
        return str(wrong)
    return None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    if len(pattern) > _MAX_CHARS:
        raise ValueError(f"it has {len(pattern)} characters; at most {_MAX_CHARS} are accepted")
    import regex  # takes longer to import than a check of a runbook without patterns may

    translated, has_nested_sets = _translated(pattern)
    try:
        return regex.compile(translated, regex.V1 if has_nested_sets else regex.V0)
    except (regex.error, RecursionError, OverflowError) as wrong:
        raise ValueError(str(wrong) or "it is nested too deeply") from None


def _translated(pattern: str) -> tuple[str, bool]:
    """The pattern in `regex` syntax, and whether it needs nested sets."""
    groups = _groups_in(pattern)
    made: list[str] = []
    depth, at, has_nested_sets, after_class = 0, 0, False, False
    while at < len(pattern):
        char, was_class, after_class = pattern[at], after_class, False
        if char == "\\":
            text, at, after_class = _escape(pattern, at, in_set=depth > 0, groups=groups)
            has_nested_sets |= depth > 0 and text.startswith("[")
            made.append(text)
            continue
        if depth == 0:
            flags = _FLAGS.match(pattern, at) if char == "(" else None
            if flags:
                made.append(_flags(flags))
                at = flags.end()
                continue
            depth = 1 if char == "[" else 0
            made.append(char)
            at += 1
            if depth:
                at = _set_opening(pattern, at, made)
            continue
        at += 1
        if char == "[":
            depth, has_nested_sets = depth + 1, True
            made.append(char)
            at = _set_opening(pattern, at, made)
        elif char == "]":
            depth -= 1
            made.append(char)
        elif char == "&" and pattern.startswith("&", at):
            has_nested_sets, at = True, at + 1
            made.append("&&")
        elif (char == "-" and was_class) or (char in "-|~" and pattern.startswith(char, at)):
            # After a class a hyphen is itself, and a doubled sign would be an operation on sets.
            made.append("\\" + char)
        else:
            made.append(char)
    return "".join(made), has_nested_sets


def _set_opening(pattern: str, at: int, made: list[str]) -> int:
    """Copy what may follow `[` directly: `^`, and a `]` that is itself."""
    if pattern.startswith("^", at):
        made.append("^")
        at += 1
    return at


def _escape(pattern: str, at: int, *, in_set: bool, groups: int) -> tuple[str, int, bool]:
    """The translation of the escape at `at`, where it ends, and whether it is a class of characters."""
    if pattern.startswith("\\Q", at):
        end = pattern.find("\\E", at)
        quoted = pattern[at + 2 : end if end >= 0 else len(pattern)]
        return re.escape(quoted), end + 2 if end >= 0 else len(pattern), False
    if found := _PAIR.match(pattern, at):
        high, low = int(found[1], 16), int(found[2], 16)
        return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}", found.end(), False
    if found := _HEX.match(pattern, at):
        return f"\\U{int(found[1], 16):08x}", found.end(), False
    if found := _CONTROL.match(pattern, at):
        return f"\\x{ord(found[1]) ^ 0x40:02x}", found.end(), False
    if found := _NAMED.match(pattern, at):
        return f"(?P={found[1]})", found.end(), False
    if found := _PROPERTY.match(pattern, at):
        return _property(found, in_set=in_set), found.end(), True
    if (found := _NUMBERED.match(pattern, at)) and not in_set:
        return _back_reference(found[1], groups), found.end(), False
    letter = pattern[at + 1 : at + 2]
    if letter in _CLASSES and letter:
        text = _CLASSES[letter]
        return text if in_set else f"[{text}]", at + 2, True
    return _ESCAPES.get(letter, "\\" + letter), at + 2, False


def _property(found: re.Match[str], *, in_set: bool) -> str:
    """`\\p{Alpha}` and its like are ASCII in Java; all others are Unicode properties in both."""
    ascii_class = _PROPERTIES.get(found[2])
    if ascii_class is None:
        return found[0]
    if found[1] == "p":
        return ascii_class if in_set else f"[{ascii_class}]"
    return f"[^{ascii_class}]"


def _back_reference(digits: str, groups: int) -> str:
    """Java takes as many digits as make the number of a group that exists; the rest is text."""
    length = len(digits)
    while length > 1 and int(digits[:length]) > groups:
        length -= 1
    return f"(?:\\{digits[:length]}){digits[length:]}"


def _flags(found: re.Match[str]) -> str:
    """Inline flags without those that only Java has (`d`, `u`, `U`)."""
    on, off, end = (re.sub("[duU]", "", part or "") for part in found.groups())
    text = on + (off if off != "-" else "")
    return f"(?{text}{end}" if text or end == ":" else ""


def _groups_in(pattern: str) -> int:
    """How many capturing groups there are; only used to read back references."""
    return len(re.findall(r"(?<!\\)\((?!\?)|\(\?<(?![=!])", pattern))
