"""What a measurement gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is compared with `wanted`: at least, or at most where `less_is_better`."""

    measure: str
    ours: str
    theirs: str
    ratio: float
    wanted: float
    less_is_better: bool = False
    unit: str = "x"

    @property
    def holds(self) -> bool:
        return self.ratio <= self.wanted if self.less_is_better else self.ratio >= self.wanted

    def __str__(self) -> str:
        sign = "≤" if self.less_is_better else "≥"
        verdict = "yes" if self.holds else "**no**"
        return (
            f"| {self.measure} | {self.ours} | {self.theirs} | {self.ratio:.3g} {self.unit} | "
            f"{sign} {self.wanted:g} {self.unit} | {verdict} |"
        )


HEAD = "| measure | Runwright | compared with | ratio | wanted | holds |\n|---|---|---|---|---|---|"
