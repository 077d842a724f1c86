"""TCP and TLS: connections both ways."""

from __future__ import annotations

import asyncio

from agent.endpoint import Address, Endpoint, Flow, Tls
from agent.framing import Framer


class StreamFlow(Flow):
    """One TCP or TLS connection."""

    def __init__(self, endpoint: Endpoint, reader: asyncio.StreamReader,
                 writer: asyncio.StreamWriter) -> None:
        super().__init__(endpoint, Address(*writer.get_extra_info("peername")[:2]))
        self._reader, self._writer = reader, writer
        self.framer = Framer()
        self.pong = asyncio.Event()
        """Set by the first CRLF that answers a ping of ours."""
        self.pings: asyncio.Queue[None] = asyncio.Queue()
        """An item for each ping that came."""
        self.answers_pings = True

    async def write(self, raw: bytes) -> None:
        self._writer.write(raw)
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the other side was quicker
        self.closed.set()

    async def read(self) -> None:
        """Delivers messages and answers pings until the connection ends."""
        answered = 0
        try:
            while data := await self._reader.read(65536):
                for raw in self.framer.feed(data):
                    self.endpoint.deliver(raw, self)
                while answered < self.framer.pings:
                    answered += 1
                    self.pings.put_nowait(None)
                    if self.answers_pings:
                        await self.write(b"\r\n")
                if self.framer.pongs:
                    self.pong.set()
        except ConnectionError:
            pass
        finally:
            self.closed.set()
            self._writer.close()


class StreamEndpoint(Endpoint):
    """A TCP or TLS listener and the connections from and to it."""

    def __init__(self, transport: str, host: str, tls: Tls | None) -> None:
        super().__init__(transport, host, tls if transport == "tls" else None)
        self._server: asyncio.Server | None = None

    async def listen(self, port: int) -> None:
        self._server = await asyncio.start_server(
            self._adopt, self.local.host, port, ssl=self.tls.server if self.tls else None,
            reuse_address=True)
        self.local = Address(*self._server.sockets[0].getsockname()[:2])

    async def connect(self, remote: Address) -> Flow:
        reader, writer = await asyncio.open_connection(
            remote.host, remote.port, local_addr=(self.local.host, 0),
            ssl=self.tls.client if self.tls else None)
        return self._adopt(reader, writer)

    async def close(self) -> None:
        if self._server:
            self._server.close()
        await super().close()

    def _adopt(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> StreamFlow:
        flow = StreamFlow(self, reader, writer)
        self.flows.append(flow)
        self.spawn(flow.read())
        return flow
