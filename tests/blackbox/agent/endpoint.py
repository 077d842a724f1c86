"""Where messages come in and go out, whatever the transport.

`Endpoint` is a party's place on the network: it listens (all transports), connects (`flow_to`)
and hands each message to `on_message(message, flow)`. A `Flow` is one way to one remote: a
connection, or over UDP a remote address. `agent.network.open_endpoint` makes the right kind.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from agent.message import Message
from agent.uri import bracketed
from agent.waiting import within

STREAMS = ("tcp", "tls", "ws", "wss")
TRANSPORTS = ("udp", *STREAMS)
VIA_WORDS = {"udp": "UDP", "tcp": "TCP", "tls": "TLS", "ws": "WS", "wss": "WSS"}
URI_WORDS = {"udp": "udp", "tcp": "tcp", "tls": "tls", "ws": "ws", "wss": "ws"}
"""What stands in a URI's transport parameter: RFC 7118 §5.2.2 knows only ws, the port decides."""


@dataclass(frozen=True)
class Address:
    """Host (IPv6 without brackets) and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


@dataclass(frozen=True)
class Tls:
    """TLS contexts of a party: the one it serves with and the one it connects with."""

    server: ssl.SSLContext
    client: ssl.SSLContext


class Flow(ABC):
    """One way to one remote."""

    def __init__(self, endpoint: Endpoint, remote: Address) -> None:
        self.endpoint = endpoint
        self.remote = remote
        self.closed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<{self.endpoint.transport} to {self.remote}>"

    async def send(self, raw: bytes) -> None:
        """Sends one message, which is noted in the endpoint's `sent`."""
        self.endpoint.sent.append(raw)
        await self.write(raw)

    @abstractmethod
    async def write(self, raw: bytes) -> None:
        """Puts bytes on the wire, unnoted: for keepalives and malformed messages."""

    @abstractmethod
    async def close(self) -> None:
        """Closes the connection; over UDP nothing happens."""


class Endpoint(ABC):
    """A party's place on the network. Everything that goes out or comes in is kept in order."""

    def __init__(self, transport: str, host: str, tls: Tls | None) -> None:
        self.transport = transport
        self.tls = tls
        self.local = Address(host, 0)
        """The address listened at; the port is 0 for a client that does not listen."""
        self.sent: list[bytes] = []
        self.received: list[bytes] = []
        self.flows: list[Flow] = []
        self.on_message: Callable[[Message, Flow], None] = lambda message, flow: None
        self.failures: list[BaseException] = []
        self._tasks: set[asyncio.Task] = set()

    @property
    def reliable(self) -> bool:
        return self.transport != "udp"

    @abstractmethod
    async def listen(self, port: int) -> None:
        """Listens at the endpoint's host; port 0 takes a free one."""

    @abstractmethod
    async def connect(self, remote: Address) -> Flow:
        """A new flow to `remote`, from the endpoint's own host."""

    async def flow_to(self, remote: Address) -> Flow:
        """The open flow to `remote`, or a new one."""
        for flow in self.flows:
            if flow.remote == remote and not flow.closed.is_set():
                return flow
        return await within(self.connect(remote), f"{self.transport} connection to {remote}")

    def deliver(self, raw: bytes, flow: Flow) -> None:
        """Takes one received message: notes it, parses it, hands it on."""
        self.received.append(raw)
        self.on_message(Message(raw), flow)

    def spawn(self, coroutine: Coroutine) -> asyncio.Task:
        """Runs a coroutine beside the test; what it raises is raised again by `close`."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Closes everything; raises the first failure of what ran beside the test."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for flow in list(self.flows):
            await flow.close()
        if self.failures:
            raise self.failures[0]

    def _ended(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.failures.append(task.exception())
