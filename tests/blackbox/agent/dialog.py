"""Dialogs from either side: route set, remote target, CSeq (RFC 3261 §12)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from agent.message import Message
from agent.transaction import ClientTransaction, ServerTransaction
from agent.uri import NameAddr
from agent.waiting import PATIENCE

if TYPE_CHECKING:
    from agent.user_agent import UserAgent


class Dialog:
    """One side's view of a dialog."""

    def __init__(self, agent: UserAgent, call_id: str, local: str, remote: str, target: str,
                 routes: list[str], cseq: int) -> None:
        self.agent, self.call_id = agent, call_id
        self.local, self.remote = local, remote
        self.target, self.routes, self.cseq = target, routes, cseq
        for route in routes:
            if "lr" not in NameAddr.parse(route).uri.parameters:
                raise AssertionError(f"a Record-Route without lr: {route}")

    @classmethod
    def as_caller(cls, agent: UserAgent, request: Message, response: Message) -> Dialog:
        """The dialog that a response to our request makes; routes are in reverse (§12.1.2)."""
        return cls(agent, request.call_id, request.get("from"), response.get("to"),
                   response.contact_uri, response.values("record-route")[::-1], request.cseq)

    @classmethod
    def as_callee(cls, agent: UserAgent, request: Message, response: Message) -> Dialog:
        """The dialog that our response to a request makes (§12.1.1)."""
        return cls(agent, request.call_id, response.get("to"), request.get("from"),
                   request.contact_uri, request.values("record-route"), 100)

    async def request(self, method: str, rows: Iterable[tuple[str, str]] = (),
                      body: bytes = b"") -> ClientTransaction:
        """Sends a request within the dialog."""
        self.cseq += 1
        return await self._send(method, self.cseq, rows, body)

    async def ack(self, invite: ClientTransaction, body: bytes = b"") -> None:
        """Acknowledges the 2xx to our INVITE (§13.2.2.4)."""
        message = self._compose("ACK", invite.request.cseq, (), body)
        invite.ack = message.raw
        await (await self.agent.flow_for(message)).send(message.raw)

    async def expect(self, method: str, timeout: float = PATIENCE) -> ServerTransaction:
        """The next request of that method in this dialog; it refreshes the remote target."""
        transaction = await self.agent.expect(method, self.call_id, timeout)
        self.refresh(transaction.request)
        return transaction

    def refresh(self, message: Message) -> None:
        """Takes the remote target from a message that has a Contact."""
        if message.method != "OPTIONS":
            self.target = message.contact_uri or self.target

    async def _send(self, method: str, cseq: int, rows: Iterable[tuple[str, str]],
                    body: bytes) -> ClientTransaction:
        message = self._compose(method, cseq, rows, body)
        return await self.agent.transactions.send(message, await self.agent.flow_for(message))

    def _compose(self, method: str, cseq: int, rows: Iterable[tuple[str, str]],
                 body: bytes) -> Message:
        return self.agent.compose(method, self.target, self.local, self.remote, self.call_id, cseq,
                                  self.routes, rows, body)
