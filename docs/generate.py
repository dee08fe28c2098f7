"""Writes the pages that follow from tables of the program: `make docs`. A test holds the pages against them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runwright.actions import DECLARATIONS
from runwright.config import LIMITS, QUOTAS, SETTINGS
from runwright.language.declarations import Declaration, Input

FOLDER = Path(__file__).parent
ORIGIN = "<!-- Made by docs/generate.py from the program; `make docs` makes it again. -->"


def settings_page() -> str:
    """Every setting with its flag, variable and default."""
    lines = [
        "# Settings",
        "",
        ORIGIN,
        "",
        "A setting is taken from the command line, else from the environment, else it has its default.",
        "`runwright serve` has all of these flags; `runwright run` has `--aws`, `--skip-time`, `--script-sandbox`,",
        "`--pwsh`, `--runbooks`, `--attachments`, `--region` and `--account`; `runwright doctor` has",
        "`--script-sandbox`, `--pwsh` and `--aws`; `runwright check` has `--pwsh`.",
        "",
        "| flag | environment | default | |",
        "|---|---|---|---|",
    ]
    for setting in SETTINGS.values():
        flag = f"{setting.flag} {setting.metavar}".strip()
        default = f"`{setting.default}`" if setting.default else ""
        lines.append(f"| `{flag}` | `{setting.variable}` | {default} | {setting.help} |")
    lines += [
        "",
        "A flag that may be repeated (`--runbooks`, `--quota`) is one variable with several parts: directories are",
        "parted as in `PATH`, quotas by commas (`RUNWRIGHT_QUOTA=running=10,queued=0`).",
        "",
        "## Quotas",
        "",
        "| name | default | |",
        "|---|---|---|",
        *(f"| `{name}` | {value} | {text} |" for name, (value, text) in QUOTAS.items()),
        "",
        "## Limits",
        "",
        "| name | default | least | most | |",
        "|---|---|---|---|---|",
        *(f"| `{name}` | {each.default} | {each.least} | {each.most} | {each.help} |" for name, each in LIMITS.items()),
    ]
    return "\n".join(lines) + "\n"


def actions_page() -> str:
    """Every action with its inputs, outputs and timeouts."""
    run = {name: declaration for name, declaration in sorted(DECLARATIONS.items()) if not declaration.only_aws}
    others = {name: declaration for name, declaration in sorted(DECLARATIONS.items()) if declaration.only_aws}
    lines = ["# Actions", "", ORIGIN, "", ", ".join(f"[{name}](#{_anchor(name)})" for name in run) + ".", ""]
    for declaration in run.values():
        lines += _section(declaration)
    if others:
        lines += [
            "## Actions that only AWS can run",
            "",
            "A runbook that has them is accepted; a step of theirs fails.",
            "",
            *(f"- `{name}`: {declaration.summary}" for name, declaration in others.items()),
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def _section(declaration: Declaration) -> Iterator[str]:
    yield f"## {declaration.action}"
    yield ""
    yield declaration.summary
    yield ""
    if declaration.inputs or declaration.is_open:
        yield "| input | type | |"
        yield "|---|---|---|"
        yield from (_input(one) for one in declaration.inputs)
        if declaration.is_open:
            yield "| any other | | An argument of the API that is called. |"
        yield ""
    if declaration.outputs:
        yield "Outputs: " + ", ".join(f"`{name}` ({kind})" for name, kind in declaration.outputs.items()) + "."
    if declaration.timeout_seconds is None:
        yield "Timeout: none by default."
    else:
        yield f"Timeout: {declaration.timeout_seconds:.9g} s by default{_cap(declaration)}."
    yield ""


def _cap(declaration: Declaration) -> str:
    return "" if declaration.timeout_cap is None else f", {declaration.timeout_cap:.9g} s at most"


def _input(one: Input) -> str:
    notes = ["**Required.**"] if one.required else []
    notes.append(one.description)
    if one.allowed:
        notes.append("One of " + ", ".join(f"`{value}`" for value in one.allowed) + ".")
    if one.minimum is not None:
        notes.append(f"At least {one.minimum}.")
    if one.maximum is not None:
        notes.append(f"At most {one.maximum}.")
    if one.max_chars is not None:
        notes.append(f"At most {one.max_chars} characters.")
    text = " ".join(note for note in notes if note).replace("|", "\\|")
    return f"| `{one.name}` | {one.type} | {text} |"


def _anchor(name: str) -> str:
    return name.replace(":", "").lower()


PAGES = {"settings.md": settings_page, "actions.md": actions_page}


def main() -> None:
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
