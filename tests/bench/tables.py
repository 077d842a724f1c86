"""Figures side by side."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median, least and greatest."""
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Roundabout's median as a share of Kamailio's."""
    base = statistics.median(theirs)
    return f"{statistics.median(ours) / base:.2f}" if base else "-"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; the first column to the left, the others to the right."""
    lines = [list(columns), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    print(f"\n{title}")
    for line in lines:
        cells = [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:]))]
        print("  " + "  ".join(cells))
    sys.stdout.flush()
