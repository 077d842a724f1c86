"""SIP messages as bytes with an index on them, and the writing of new ones.

`Message(raw)` keeps the received bytes; `rows` are the header rows exactly as they stood.
`compose(start, rows, body)` writes a message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from agent.uri import NameAddr, split_outside

COMPACT = {
    "i": "call-id", "m": "contact", "e": "content-encoding", "l": "content-length",
    "c": "content-type", "f": "from", "s": "subject", "k": "supported", "t": "to", "v": "via",
    "o": "event", "r": "refer-to", "b": "referred-by", "u": "allow-events", "x": "session-expires",
}

REASONS = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted",
    302: "Moved Temporarily", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 407: "Proxy Authentication Required", 408: "Request Timeout",
    423: "Interval Too Brief", 480: "Temporarily Unavailable", 481: "No Such Dialog",
    486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
    500: "Server Error", 503: "Service Unavailable", 603: "Decline",
}


class Malformed(ValueError):
    """The bytes are not a SIP message."""


class Row(NamedTuple):
    """One header row: lower-case long name, unfolded value, and its bytes without the last CRLF."""

    name: str
    value: str
    raw: bytes


def read_rows(head: bytes) -> list[Row]:
    """The header rows of `head` (without the start line), folded lines kept with their row."""
    raws: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and raws:
            raws[-1] += b"\r\n" + line
        else:
            raws.append(line)
    rows = []
    for raw in raws:
        name, colon, value = raw.decode("utf-8", "surrogateescape").partition(":")
        if not colon:
            raise Malformed(f"header row without a colon: {raw!r}")
        plain = name.strip().lower()
        unfolded = " ".join(part.strip() for part in value.split("\r\n")).strip()
        rows.append(Row(COMPACT.get(plain, plain), unfolded, raw))
    return rows


class Message:
    """A received or composed message: immutable bytes, and what can be read from them."""

    def __init__(self, raw: bytes) -> None:
        head, blank, self.body = raw.partition(b"\r\n\r\n")
        if not blank:
            raise Malformed(f"no empty line after the headers: {raw[:200]!r}")
        self.raw = raw
        start, _, rest = head.partition(b"\r\n")
        self.start = start.decode("utf-8", "surrogateescape")
        self.rows = read_rows(rest) if rest else []
        pieces = self.start.split(" ", 2)
        if len(pieces) < 3 or "SIP/2.0" not in (pieces[0], pieces[2]):
            raise Malformed(f"not a start line: {self.start!r}")
        self.is_request = pieces[2] == "SIP/2.0"
        self.status = 0 if self.is_request else int(pieces[1])
        self.uri = pieces[1] if self.is_request else ""
        self._method = pieces[0] if self.is_request else ""

    def __repr__(self) -> str:
        return f"<{self.start} {self.get('cseq', '?')} {self.get('call-id', '?')}>"

    def get(self, name: str, default: str = "") -> str:
        """Value of the first row called `name` (long form, any case)."""
        return next((row.value for row in self.rows if row.name == name.lower()), default)

    def values(self, name: str) -> list[str]:
        """Values of all rows called `name`, comma-joined ones taken apart."""
        rows = (row.value for row in self.rows if row.name == name.lower())
        return [value for row in rows for value in split_outside(row, ",")]

    @property
    def method(self) -> str:
        """The method; of a response the method of its CSeq."""
        return self._method or self.get("cseq").split()[-1]

    @property
    def cseq(self) -> int:
        return int(self.get("cseq").split()[0])

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def branch(self) -> str:
        """The top Via's branch."""
        via = split_outside(self.values("via")[0], ";")
        return next((p[7:] for p in via if p.lower().startswith("branch=")), "")

    @property
    def from_tag(self) -> str:
        return NameAddr.parse(self.get("from")).parameters.get("tag") or ""

    @property
    def to_tag(self) -> str:
        return NameAddr.parse(self.get("to")).parameters.get("tag") or ""

    @property
    def contact_uri(self) -> str:
        """The first Contact's URI as written; empty when there is none."""
        contacts = self.values("contact")
        return NameAddr.parse(contacts[0]).uri.text if contacts else ""


def compose(start: str, rows: Iterable[tuple[str, str]], body: bytes = b"",
            *, content_length: bool = True) -> bytes:
    """The bytes of a message. Content-Length is put last unless `content_length` is false."""
    lines = [start, *(f"{name}: {value}" for name, value in rows)]
    if content_length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body
