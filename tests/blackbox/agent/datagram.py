"""UDP: one socket, a flow for each remote address, and loss on demand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from agent.endpoint import Address, Endpoint, Flow
from agent.waiting import within

FENCE = b"\0fence"


def random_loss(share: float, seed: int) -> Callable[[bytes, bool], bool]:
    """Loses that share of datagrams in both directions, the same ones for the same seed."""
    source = random.Random(seed)
    return lambda raw, outgoing: source.random() < share


class DatagramFlow(Flow):
    """A remote address as seen from the endpoint's one socket."""

    async def write(self, raw: bytes) -> None:
        self.endpoint.put(raw, self.remote)

    async def close(self) -> None:
        pass


class DatagramEndpoint(Endpoint, asyncio.DatagramProtocol):
    """A UDP socket. `lose(datagram, outgoing)` says which datagrams vanish."""

    def __init__(self, host: str) -> None:
        super().__init__("udp", host, None)
        self.lose: Callable[[bytes, bool], bool] = lambda raw, outgoing: False
        self._socket: asyncio.DatagramTransport | None = None
        self._fence = asyncio.Event()

    async def listen(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._socket, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.local.host, port))
        self.local = Address(*self._socket.get_extra_info("sockname")[:2])

    async def connect(self, remote: Address) -> Flow:
        if self._socket is None:
            await self.listen(0)
        flow = DatagramFlow(self, remote)
        self.flows.append(flow)
        return flow

    def put(self, raw: bytes, remote: Address) -> None:
        """Sends a datagram unless it is to be lost."""
        if not self.lose(raw, True):
            self._socket.sendto(raw, (remote.host, remote.port))

    async def drained(self) -> None:
        """Returns when all that lay in the socket is read: our own datagram comes behind it."""
        self._fence.clear()
        self._socket.sendto(FENCE, (self.local.host, self.local.port))
        await within(self._fence.wait(), "our own datagram")

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        if data == FENCE:
            self._fence.set()
            return
        if self.lose(data, False) or not data.strip(b"\r\n\0"):
            return
        remote = Address(*addr[:2])
        flow = next((known for known in self.flows if known.remote == remote), None)
        if flow is None:
            flow = DatagramFlow(self, remote)
            self.flows.append(flow)
        try:
            self.deliver(data, flow)
        except Exception as failure:  # pylint: disable=broad-except
            self.failures.append(failure)

    async def close(self) -> None:
        try:
            await super().close()
        finally:
            if self._socket:
                self._socket.close()
