"""A call that goes on, whatever becomes of the proxy between its two ends."""

from __future__ import annotations

import asyncio

from agent.dialog import Dialog
from agent.message import Message
from agent.transaction import ClientTransaction, ServerTransaction, repeat
from agent.waiting import PATIENCE, within
from harness.station import CONNECTION_LOST, T1, Client, Station, try_to

LONG = 2.4 * PATIENCE
FATES = {"answered": 200, "hung up": 200, "refused": 486, "cancelled": 487}
"""What becomes of a call once it may, and its final response."""

NOT_SENT = "not sent"


class LastingCall:
    """A call between a client and its server; `outward` where the client is the caller.

    It rings until `go` is set, then its fate comes. What RFC 3261 has an end repeat is repeated:
    requests by UDP until they are answered, the 2xx by all transports until the ACK comes. A
    request that was sent by a connection which ended before any response goes once more by the
    next one, with its branch.
    """

    def __init__(self, client: Client, outward: bool, fate: str = "answered") -> None:
        self.client, self.outward, self.fate = client, outward, fate
        ends: tuple[Station, Station] = (client, client.home)
        self.caller, self.callee = ends if outward else ends[::-1]
        self.go = asyncio.Event()
        self.invite: ClientTransaction | None = None
        self.incoming: ServerTransaction | None = None
        self.later: ClientTransaction | None = None
        """The CANCEL or BYE."""
        self.here: Dialog | None = None
        self.there: Dialog | None = None
        self.unheard = False
        """What is sent once, a CANCEL or refusal by a connection, was sent while the other end was
        away."""
        self.lost = ""
        """Why the call did not end as it was to."""

    def __repr__(self) -> str:
        heard = [Message(raw).start for raw in self.caller.agent.endpoint.received
                 if self.call_id and self.call_id.encode() in raw]
        came = [Message(raw).start for raw in self.callee.agent.endpoint.received
                if self.call_id and self.call_id.encode() in raw]
        return (f"<call {self.call_id}, {self.fate}, by {self.caller.agent.transport} to "
                f"{self.callee.agent.transport}; the caller got {heard}, the callee {came}>")

    @property
    def established(self) -> bool:
        """Whether both ends have all that makes the dialog."""
        return bool(self.here and self.there and self.incoming.acked.is_set())

    @property
    def call_id(self) -> str:
        return self.invite.request.call_id if self.invite else ""

    async def run(self) -> None:
        """Both ends, until the dialog is there or the call is over."""
        if not await try_to(self._dial()):
            self.lost = NOT_SENT
            return
        await self._both(self._calling(), self._called())
        if self.fate == "hung up":
            await self.hang_up(by_caller=True)

    async def hang_up(self, by_caller: bool) -> None:
        """BYE from one end, 200 from the other."""
        ender, other = (self.here, self.there) if by_caller else (self.there, self.here)
        await self._both(self._end(ender, self.caller if by_caller else self.callee),
                         self._be_ended(other))

    async def go_on(self, station: Station) -> None:
        """Takes the new connection of an end that is back."""
        if station is self.callee and self.incoming:
            await station.go_on(self.incoming)
        if station is self.caller and self.invite:
            await station.go_on(self.invite)
            if station.reliable and not station.heard(self.call_id, "INVITE"):
                await self.invite.flow.send(self.invite.request.raw)
        if self.later and self.later.layer is station.agent.transactions:
            await station.go_on(self.later)
            if station.reliable and not station.heard(self.call_id, self.later.request.method):
                if self.fate == "cancelled":
                    self._send_once(self.caller, self.callee)
                await self.later.flow.send(self.later.request.raw)

    @staticmethod
    async def _both(*ends) -> None:
        tasks = [asyncio.ensure_future(end) for end in ends]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _dial(self) -> None:
        if self.outward:
            domain = self.callee.agent.aor.partition("@")[2]
            self.invite = await self.client.phone.call(f"sip:service@{domain}")
        else:
            self.invite = await self.client.home.agent.call(self.client.agent.aor)

    async def _calling(self) -> None:
        if self.fate == "cancelled":
            first = await self.invite.any_response(LONG)
            if first.status >= 200:
                self._judge(first, FATES[self.fate])
            await self.go.wait()
            await self.caller.await_way(self.invite)
            while not await try_to(self._cancel()):
                await self.caller.await_way(self.invite)
        response = await self.invite.final(LONG)
        self._judge(response, FATES[self.fate])
        if response.status != 200:
            return
        await self.caller.await_way(self.invite)
        here = Dialog.as_caller(self.caller.agent, self.invite.request, response)
        await try_to(here.ack(self.invite))
        self.here = here

    async def _cancel(self) -> None:
        self._send_once(self.caller, self.callee)
        self.later = await self.invite.cancel()

    def _send_once(self, sender: Station, receiver: Station) -> None:
        self.unheard = sender.reliable and not receiver.back.is_set()

    async def _called(self) -> None:
        agent = self.callee.agent
        self.incoming = incoming = await agent.expect("INVITE", self.call_id, LONG)
        await try_to(agent.respond(incoming, 180))
        if self.fate == "cancelled":
            await within(incoming.cancelled.wait(), "CANCEL", LONG)
        else:
            await self.go.wait()
            await self.callee.await_way(incoming)
            if self.fate == "refused":
                self._send_once(self.callee, self.caller)
            await try_to(agent.respond(incoming, FATES[self.fate]))
        if Message(incoming.last).status == 200:
            await self._accepted(incoming)
        elif not self.callee.reliable:
            await within(incoming.acked.wait(), "ACK to the refusal", LONG)

    async def _accepted(self, incoming: ServerTransaction) -> None:
        response = Message(incoming.last)
        if self.callee.reliable:
            self.callee.agent.endpoint.spawn(
                repeat(lambda: try_to(incoming.flow.send(response.raw)), incoming.acked, T1))
        self.there = Dialog.as_callee(self.callee.agent, incoming.request, response)
        await self.there.expect("ACK", LONG)

    async def _end(self, ender: Dialog, station: Station) -> None:
        while not self.later:
            try:
                self.later = await ender.request("BYE")
            except CONNECTION_LOST:
                await station.back.wait()
        self._judge(await self.later.final(LONG), 200)

    @staticmethod
    async def _be_ended(other: Dialog) -> None:
        await try_to(other.agent.respond(await other.expect("BYE", LONG), 200))

    def _judge(self, response: Message, wanted: int) -> None:
        if response.status != wanted:
            self.lost = str(response.status)
            raise Refused(f"{self.fate}, {response.raw.decode()}")


class Refused(AssertionError):
    """A final response that was not the one to come."""
