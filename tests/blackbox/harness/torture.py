"""The torture messages of tests/data/torture, and what their manifest asks of a proxy."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent.parent / "data" / "torture"
BLANK = b"\r\n\r\n"
BRANCH = re.compile(rb"(\bbranch\s*=\s*)([^\s;,]{8,})", re.I)
CALL_ID = re.compile(rb"(^(?:call-id|i)[ \t]*:\s*)(\S+)", re.I | re.M)
MARK = re.compile(rb"-mark(\d+)\b")


@dataclass(frozen=True)
class Torture:
    """One message, and the verdicts on it in the manifest's words."""

    file: str
    raw: bytes
    expect: str
    also_ok: tuple[str, ...]
    must_not: tuple[str, ...]
    clause: str
    """Where the RFC speaks of it."""

    @property
    def name(self) -> str:
        return Path(self.file).stem

    @property
    def is_response(self) -> bool:
        return self.raw.startswith(b"SIP/")

    @property
    def reply_port(self) -> int:
        """Where a UDP answer goes that is sent by the top Via (RFC 3261 §18.2.2)."""
        via = re.search(rb"^v(?:ia)?\s*:[^;,\r]*?(?:\]|[\w.])\s*:\s*(\d+)", self.raw, re.I | re.M)
        return int(via[1]) if via else 5060

    def marked(self, number: int) -> bytes:
        """The message with branches and Call-IDs of its own, by which its traces are known.

        Branches that are the magic cookie alone or less stay what they are.
        """
        return mark(self.raw, number)


def mark(raw: bytes, number: int) -> bytes:
    """As Torture.marked, for any bytes."""
    head, blank, rest = raw.partition(BLANK)
    suffix = rb"\g<1>\g<2>-mark%d" % number
    head = CALL_ID.sub(suffix, BRANCH.sub(suffix, head))
    second = re.match(rb"(\s*)([A-Z]+ sip:.*)", rest, re.S)
    if second:  # another message behind this one
        rest = second[1] + mark(second[2], number)
    return head + blank + rest


def mark_of(raw: bytes) -> int | None:
    """The number that `marked` put into a message, found in whatever was made of it."""
    found = MARK.search(raw.partition(BLANK)[0])
    return int(found[1]) if found else None


def manifest() -> list[Torture]:
    """All messages, in the manifest's order."""
    with (FOLDER / "manifest.tsv").open(encoding="utf-8") as lines:
        return [Torture(row["file"], (FOLDER / row["file"]).read_bytes(), row["expect"],
                        words(row["also_ok"]), words(row["must_not"]),
                        f"RFC {row['rfc']} §{row['section']}")
                for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def words(cell: str) -> tuple[str, ...]:
    return () if cell == "-" else tuple(cell.split(","))
