"""Connections on which a test says what it likes, byte by byte."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl

from agent.endpoint import Address
from agent.waiting import within

END_LIMIT = 20.0
"""Seconds that the proxy may take to end a connection; limits in tests are far below."""


class RawStream:
    """A TCP connection, with TLS if a context is given."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.received = b""
        self.ended = False

    @classmethod
    async def open(cls, host: str, remote: Address,
                   tls: ssl.SSLContext | None = None) -> RawStream:
        """Connects from `host`."""
        opening = asyncio.open_connection(remote.host, remote.port, local_addr=(host, 0), ssl=tls)
        return cls(*await within(opening, f"connection to {remote}"))

    async def send(self, raw: bytes) -> None:
        """Writes; what the other side has closed already is not an error."""
        try:
            self._writer.write(raw)
            await self._writer.drain()
        except (ConnectionError, ssl.SSLError):
            self.ended = True

    async def read_until(self, mark: bytes) -> bytes:
        """Reads up to and including `mark`."""
        return await within(self._reader.readuntil(mark), repr(mark))

    async def end(self) -> bytes:
        """All that comes until the other side ends the connection."""
        await within(self._read_on(), "the end of the connection", END_LIMIT)
        return self.received

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (OSError, ssl.SSLError):
            pass  # the other side was quicker

    async def _read_on(self) -> None:
        try:
            while data := await self._reader.read(65536):
                self.received += data
        except (ConnectionError, ssl.SSLError):
            pass
        self.ended = True


def handshake(host: str = "proxy.test", protocol: str | None = "sip", path: str = "/",
              **more: str) -> bytes:
    """A WebSocket client's opening; `more` are further rows, as Origin="https://a.test"."""
    rows = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **more}
    if protocol:
        rows["Sec-WebSocket-Protocol"] = protocol
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in rows.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True,
          reserved: int = 0, size: int | None = None) -> bytes:
    """A WebSocket frame (RFC 6455 §5.2), right or wrong; `size` is what it says of its payload."""
    said = len(payload) if size is None else size
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    bit = 0x80 if masked else 0
    if said < 126:
        head = bytes([first, bit | said])
    elif said < 65536:
        head = bytes([first, bit | 126]) + said.to_bytes(2, "big")
    else:
        head = bytes([first, bit | 127]) + said.to_bytes(8, "big")
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
