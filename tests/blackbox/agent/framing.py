"""Messages out of a byte stream (RFC 3261 §18.3, RFC 5626 §4.4.1)."""

from __future__ import annotations

import re

from agent.message import Malformed

LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*(\d+)[ \t]*$", re.I | re.M)


class Framer:
    """Feed it bytes, get whole messages; CRLFs between messages are keepalives and counted."""

    def __init__(self) -> None:
        self._buffer = b""
        self.pings = 0
        """CRLFCRLF pairs met between messages, each of which wants a CRLF as answer."""
        self.pongs = 0
        """Lone CRLFs met between messages: answers to our own pings."""

    def feed(self, data: bytes) -> list[bytes]:
        """Adds `data`, returns the messages that it completes."""
        self._buffer += data
        messages = []
        while True:
            self._take_keepalives()
            head, blank, rest = self._buffer.partition(b"\r\n\r\n")
            if not blank:
                return messages
            lengths = LENGTH.findall(head.replace(b"\r\n", b"\n"))
            if len(lengths) != 1:
                raise Malformed(f"a stream needs one Content-Length: {head!r}")
            length = int(lengths[0])
            if len(rest) < length:
                return messages
            messages.append(head + blank + rest[:length])
            self._buffer = rest[length:]

    def _take_keepalives(self) -> None:
        while self._buffer.startswith(b"\r\n\r\n"):
            self.pings += 1
            self._buffer = self._buffer[4:]
        while self._buffer.startswith(b"\r\n") and len(self._buffer) > 2:
            self._take_pong()
        if self._buffer == b"\r\n":
            self._take_pong()

    def _take_pong(self) -> None:
        self.pongs += 1
        self._buffer = self._buffer[2:]
