"""Parties that outlive the proxy: their connections go with it, and they come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from websockets.exceptions import WebSocketException

from agent.endpoint import Address
from agent.message import Message
from agent.phone import Phone
from agent.transaction import ClientTransaction, ServerTransaction
from agent.user_agent import UserAgent
from agent.waiting import within

CONNECTION_LOST = (OSError, EOFError, WebSocketException)
"""How a connection's end shows itself to whoever writes, connects or shakes hands."""
T1 = 0.5
TURNS = 20


async def try_to(*sends: Awaitable[object]) -> bool:
    """Awaits what sends something; whether the connection held."""
    try:
        for send in sends:
            await send
        return True
    except CONNECTION_LOST:
        # A write can fail without having waited for anything, before the connection's reader has
        # seen its end: whoever tries again at once would leave it no turn to do so.
        await asyncio.sleep(0)
        return False


class Station:
    """A party with retransmissions; `back` is set while its way to the proxy is there."""

    def __init__(self, agent: UserAgent, proxy: Address) -> None:
        self.agent, self.proxy = agent, proxy
        self.back = asyncio.Event()
        self.back.set()
        agent.transactions.t1 = T1

    @property
    def reliable(self) -> bool:
        return self.agent.endpoint.reliable

    async def settle(self) -> None:
        """Returns when all that a proxy now dead had sent is read."""
        endpoint = self.agent.endpoint
        if not self.reliable:
            await endpoint.drained()
        else:
            for flow in endpoint.flows:
                await within(flow.closed.wait(), "end of the connection to the dead proxy")
            endpoint.flows.clear()
        for _ in range(TURNS):  # what was read goes its way through the party's coroutines
            await asyncio.sleep(0)
        endpoint.failures[:] = [failure for failure in endpoint.failures
                                if not isinstance(failure, CONNECTION_LOST)]

    async def reconnect(self) -> None:
        """By streams, a connection anew."""
        if self.reliable:
            await self.agent.endpoint.flow_to(self.proxy)

    async def go_on(self, transaction: ClientTransaction | ServerTransaction) -> None:
        """A transaction whose connection ended goes on by the new one."""
        if transaction.flow.closed.is_set():
            transaction.flow = await self.agent.endpoint.flow_to(self.proxy)

    async def await_way(self, transaction: ClientTransaction | ServerTransaction) -> None:
        """Returns when the party can send in that transaction."""
        await self.back.wait()
        while not await try_to(self.go_on(transaction)):
            await self.back.wait()

    def heard(self, call_id: str, method: str, final: bool = False) -> bool:
        """Whether a response (a final one) to that request has come."""
        responses = (Message(raw) for raw in self.agent.endpoint.received
                     if raw.startswith(b"SIP/2.0 ") and call_id.encode() in raw)
        return any(response.method == method and (response.status >= 200 or not final)
                   for response in responses)

    def rang(self, call_id: str) -> bool:
        """Whether an INVITE of that call has come."""
        return any(raw.startswith(b"INVITE ") and call_id.encode() in raw
                   for raw in self.agent.endpoint.received)

    def forget(self) -> None:
        """Checks that no call came by two branches, and drops what is noted of them."""
        branches: dict[str, set[str]] = {}
        for raw in self.agent.endpoint.received:
            if raw.startswith(b"INVITE "):
                invite = Message(raw)
                branches.setdefault(invite.call_id, set()).add(invite.branch)
        twice = {call: found for call, found in branches.items() if len(found) > 1}
        assert not twice, f"{self.agent.aor} rang twice: {twice}"
        self.agent.endpoint.received.clear()
        self.agent.endpoint.sent.clear()


class Client(Station):
    """A phone that registers at the server `home`; `told` from its first 2xx to its leaving."""

    def __init__(self, phone: Phone, proxy: Address, home: Station) -> None:
        super().__init__(phone, proxy)
        self.phone, self.home = phone, home
        self.told = False

    async def register(self, expires: int = 3600) -> None:
        """Fails unless the answer is 200; while the proxy is away, asks again when it is back."""
        while not await self._registered(expires):
            await self.back.wait()
        self.told = True

    async def _registered(self, expires: int) -> bool:
        """False where the connection ended before the answer."""
        endpoint = self.agent.endpoint
        try:
            flow = await endpoint.flow_to(self.proxy)
        except CONNECTION_LOST:
            return False
        asking = asyncio.ensure_future(self.phone.register(expires))
        ending = asyncio.ensure_future(flow.closed.wait())
        await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if asking.done() and isinstance(asking.exception(), CONNECTION_LOST):
            return False
        if asking.done():
            asking.result()
            return True
        asking.cancel()
        return False
