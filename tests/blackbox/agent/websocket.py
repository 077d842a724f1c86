"""WS and WSS (RFC 7118): one SIP message a WebSocket message, subprotocol `sip`."""

from __future__ import annotations

import asyncio
import logging

import websockets
from websockets.exceptions import ConnectionClosed

from agent.endpoint import Address, Endpoint, Flow, Tls
from agent.uri import bracketed

SUBPROTOCOL = "sip"
logging.getLogger("websockets").setLevel(logging.CRITICAL)


class WebSocketFlow(Flow):
    """One WebSocket connection. Messages go as text, or as binary where `binary` is set."""

    def __init__(self, endpoint: Endpoint, socket: websockets.WebSocketCommonProtocol) -> None:
        super().__init__(endpoint, Address(*socket.remote_address[:2]))
        if socket.subprotocol != SUBPROTOCOL:
            raise AssertionError(f"subprotocol is {socket.subprotocol!r}, not {SUBPROTOCOL!r}")
        self.socket = socket
        self.binary = False

    async def write(self, raw: bytes) -> None:
        await self.socket.send(raw if self.binary else raw.decode())

    async def close(self) -> None:
        await self.socket.close()
        self.closed.set()

    async def read(self) -> None:
        """Delivers messages until the connection ends; empty CRLF frames are keepalives."""
        try:
            async for frame in self.socket:
                raw = frame if isinstance(frame, bytes) else frame.encode()
                if raw.strip(b"\r\n"):
                    self.endpoint.deliver(raw, self)
        except ConnectionClosed:
            pass
        finally:
            self.closed.set()


class WebSocketEndpoint(Endpoint):
    """A WS or WSS server and client."""

    def __init__(self, transport: str, host: str, tls: Tls | None, path: str = "/") -> None:
        super().__init__(transport, host, tls if transport == "wss" else None)
        self.path = path
        self._server: websockets.WebSocketServer | None = None

    async def listen(self, port: int) -> None:
        self._server = await websockets.serve(
            self._serve, self.local.host, port, subprotocols=[SUBPROTOCOL],
            ssl=self.tls.server if self.tls else None, compression=None)
        self.local = Address(*next(iter(self._server.sockets)).getsockname()[:2])

    async def connect(self, remote: Address) -> Flow:
        socket = await websockets.connect(
            f"{self.transport}://{bracketed(remote.host)}:{remote.port}{self.path}",
            subprotocols=[SUBPROTOCOL], ssl=self.tls.client if self.tls else None,
            local_addr=(self.local.host, 0), compression=None, max_size=None)
        flow = self._adopt(socket)
        self.spawn(flow.read())
        return flow

    async def close(self) -> None:
        if self._server:
            self._server.close()
        await super().close()

    async def _serve(self, socket: websockets.WebSocketServerProtocol) -> None:
        flow = self._adopt(socket)
        try:
            await flow.read()
        except asyncio.CancelledError:
            raise
        except Exception as failure:  # pylint: disable=broad-except
            self.failures.append(failure)

    def _adopt(self, socket: websockets.WebSocketCommonProtocol) -> WebSocketFlow:
        flow = WebSocketFlow(self, socket)
        self.flows.append(flow)
        return flow
