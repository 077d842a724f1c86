"""A small text table."""

from __future__ import annotations

from collections.abc import Sequence


class Table:
    """Rows × columns of text; cells not put stay as `-`."""

    def __init__(self, title: str, rows: Sequence[str], columns: Sequence[str]) -> None:
        self._title, self._rows, self._columns = title, rows, columns
        self._cells: dict[tuple[str, str], str] = {}

    def put(self, row: str, column: str, text: str) -> None:
        self._cells[row, column] = text

    def render(self) -> str:
        """The table as lines of equal columns."""
        lines = [["", *self._columns]]
        lines += [[row, *(self._cells.get((row, column), "-") for column in self._columns)]
                  for row in self._rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        return "\n".join([self._title, *("  ".join(
            cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)])
