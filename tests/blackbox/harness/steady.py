"""Requests at a steady pace, none of them sent twice: each must be answered all the same."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable

from agent.endpoint import Address
from agent.message import Message
from agent.waiting import PATIENCE, within

PACE = 0.002
"""Seconds from one request to the next."""
_numbers = itertools.count()


def request(method: str, uri: str, transport: str, sender: Address, user: str = "load") -> bytes:
    """A request outside of dialogs that a trusted server sends."""
    number = next(_numbers)
    rows = [f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{transport.upper()} {sender};branch=z9hG4bKsteady{number};rport",
            f"From: <sip:{user}@a.test>;tag=f{number}", f"To: <{uri}>",
            f"Call-ID: steady-{number}@a.test", f"CSeq: 1 {method}", "Max-Forwards: 70",
            "Content-Length: 0", "", ""]
    return "\r\n".join(rows).encode()


def answer(raw: bytes) -> bytes:
    """The 200 to a request."""
    rows = ["SIP/2.0 200 OK"]
    for row in raw.decode().split("\r\n\r\n")[0].split("\r\n")[1:]:
        name = row.split(":")[0].lower()
        if name in ("via", "from", "call-id", "cseq", "record-route"):
            rows.append(row)
        elif name == "to":
            rows.append(row if ";tag=" in row else f"{row};tag=t")
    return "\r\n".join([*rows, "Content-Length: 0", "", ""]).encode()


class Answering(asyncio.DatagramProtocol):
    """A server that answers each request by 200."""

    def __init__(self) -> None:
        self.got: set[str] = set()

    @classmethod
    async def start(cls, place: Address) -> Answering:
        loop = asyncio.get_running_loop()
        _, server = await loop.create_datagram_endpoint(cls, local_addr=(place.host, place.port))
        return server

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.startswith(b"SIP/2.0"):
            return
        self.got.add(Message(data).call_id)
        self.transport.sendto(answer(data), addr)


class Sender(asyncio.DatagramProtocol):
    def __init__(self, load: Datagrams) -> None:
        self.load = load

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.load.take(Message(data))


class Datagrams:
    """Requests by UDP from several ports, one after the other."""

    def __init__(self, proxy: Address, uri: str) -> None:
        self.proxy, self.uri = proxy, uri
        self.sent: dict[str, float] = {}
        self.waiting: set[str] = set()
        self.refused: list[str] = []
        self.slowest = 0.0
        self._news = asyncio.Event()
        self._senders: list[Sender] = []
        self._task: asyncio.Task | None = None

    async def start(self, host: str, ports: Iterable[int]) -> None:
        loop = asyncio.get_running_loop()
        for port in ports:
            _, sender = await loop.create_datagram_endpoint(
                lambda: Sender(self), local_addr=(host, port))
            self._senders.append(sender)
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        for sender in itertools.cycle(self._senders):
            own = Address(*sender.transport.get_extra_info("sockname")[:2])
            raw = request("MESSAGE", self.uri, "udp", own)
            call = Message(raw).call_id
            self.sent[call] = time.monotonic()
            self.waiting.add(call)
            sender.transport.sendto(raw, (self.proxy.host, self.proxy.port))
            await asyncio.sleep(PACE)

    def take(self, response: Message) -> None:
        if response.status < 200:
            return
        if response.status != 200:
            self.refused.append(response.start)
        if response.call_id in self.waiting:
            self.waiting.discard(response.call_id)
            self.slowest = max(self.slowest, time.monotonic() - self.sent[response.call_id])
            self._news.set()

    async def answered(self, more: int) -> None:
        """Returns when that many requests sent from now on have their answer."""
        before = set(self.sent)
        async def gather() -> None:
            while len(self.sent.keys() - before - self.waiting) < more:
                self._news.clear()
                await self._news.wait()
        await within(gather(), f"answers to {more} more requests")

    async def stop(self) -> None:
        """No more requests; fails unless each has got its 200."""
        self._task.cancel()
        async def last() -> None:
            while self.waiting:
                self._news.clear()
                await self._news.wait()
        try:
            await within(last(), "the last answers", PATIENCE)
        finally:
            for sender in self._senders:
                sender.transport.close()
        assert not self.refused, self.refused[:5]


class Connecting:
    """Connections one after the other, each with one OPTIONS for the proxy itself.

    One that was accepted and then closed before the answer came is `cut`, and made anew.
    """

    def __init__(self, host: str, proxy: Address) -> None:
        self.host, self.proxy = host, proxy
        self.answered = self.cut = 0
        self.refused: list[str] = []
        self.slowest = 0.0
        self._stopped = False

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while not self._stopped:
            begun = time.monotonic()
            await self._one()
            self.slowest = max(self.slowest, time.monotonic() - begun)
            await asyncio.sleep(PACE)

    async def _one(self) -> None:
        while True:
            try:
                reader, writer = await within(
                    asyncio.open_connection(self.proxy.host, self.proxy.port,
                                            local_addr=(self.host, 0)), "a connection")
            except OSError as error:
                self.refused.append(repr(error))
                return
            own = Address(*writer.get_extra_info("sockname")[:2])
            writer.write(request("OPTIONS", f"sip:{self.proxy}", "tcp", own))
            try:
                head = await within(reader.readuntil(b"\r\n\r\n"), "answer to OPTIONS")
                assert head.startswith(b"SIP/2.0 200"), head
                self.answered += 1
                return
            except (OSError, asyncio.IncompleteReadError):
                self.cut += 1
            finally:
                writer.close()

    async def stop(self) -> None:
        """Fails if any connection was refused."""
        self._stopped = True
        await within(self._task, "the last connection")
        assert not self.refused, self.refused[:5]
