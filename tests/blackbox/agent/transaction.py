"""Client and server transactions of the agent (RFC 3261 §17), as much as a test peer needs.

Retransmission over UDP is off unless `Transactions.t1` is set, so that a test sees each message
once; with it on, requests, final responses to INVITE and 2xx are repeated until answered.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable

from agent.endpoint import Endpoint, Flow
from agent.message import REASONS, Message, compose
from agent.uri import split_outside
from agent.waiting import PATIENCE, Mailbox

MAGIC = "z9hG4bK"
T2 = 4.0
DIALOG_METHODS = ("INVITE", "SUBSCRIBE", "REFER", "NOTIFY")
CONTACT_METHODS = (*DIALOG_METHODS, "UPDATE")


def new_branch() -> str:
    return MAGIC + secrets.token_hex(8)


async def repeat(send: Callable[[], Awaitable[None]], stop: asyncio.Event, interval: float) -> None:
    """Sends again after `interval` seconds, then at doubled intervals up to T2, until `stop`."""
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), interval)
        except asyncio.TimeoutError:
            await send()
            interval = min(interval * 2, T2)


class ClientTransaction:
    """A request of ours and the responses to it."""

    def __init__(self, layer: Transactions, request: Message, flow: Flow) -> None:
        self.layer, self.request, self.flow = layer, request, flow
        self.ack: bytes | None = None
        """The ACK to our 2xx, sent again when the 2xx comes again."""
        self._responses: Mailbox[Message] = Mailbox()
        self._seen: set[bytes] = set()
        self._answered = asyncio.Event()

    async def start(self) -> None:
        """Sends the request, and again where that is switched on."""
        await self.flow.send(self.request.raw)
        if self.layer.repeats:
            self.layer.endpoint.spawn(
                repeat(lambda: self.flow.send(self.request.raw), self._answered, self.layer.t1))

    async def response(self, status: int, timeout: float = PATIENCE) -> Message:
        """The response with that status; a different final one fails the test."""
        found = await self._take(lambda r: r.status == status or r.status >= 200, status, timeout)
        if found.status != status:
            raise AssertionError(f"{self.request!r} wants {status}, got {found.raw.decode()}")
        return found

    async def final(self, timeout: float = PATIENCE) -> Message:
        """The final response, whatever it is."""
        return await self._take(lambda r: r.status >= 200, "final response", timeout)

    async def any_response(self, timeout: float = PATIENCE) -> Message:
        """The next response, whatever it is."""
        return await self._take(lambda r: True, "response", timeout)

    async def cancel(self) -> ClientTransaction:
        """Sends CANCEL for this request (RFC 3261 §9.1)."""
        keep = [(r.name.title(), r.value) for r in self.request.rows
                if r.name in ("max-forwards", "route", "from", "to", "call-id")]
        raw = compose(f"CANCEL {self.request.uri} SIP/2.0",
                      [("Via", self.request.values("via")[0]), *keep,
                       ("CSeq", f"{self.request.cseq} CANCEL")])
        return await self.layer.send(Message(raw), self.flow)

    async def receive(self, response: Message) -> None:
        """Takes a response: acknowledges it where that is ours to do, keeps it if it is new."""
        if len(response.values("via")) != 1:
            raise AssertionError(f"a response with other Vias than ours: {response.raw.decode()}")
        invite = self.request.method == "INVITE"
        if invite or response.status >= 200:
            self._answered.set()
        try:
            if invite and response.status >= 300:
                await self.flow.send(self._hop_ack(response))
            elif self.ack and 200 <= response.status < 300:
                await self.flow.send(self.ack)
        finally:
            if response.raw not in self._seen:
                self._seen.add(response.raw)
                self._responses.put(response)

    async def _take(self, fits: Callable[[Message], bool], what: object, timeout: float) -> Message:
        return await self._responses.take(fits, f"{what} to {self.request!r}", timeout)

    def _hop_ack(self, response: Message) -> bytes:
        keep = [(r.name.title(), r.value) for r in self.request.rows
                if r.name in ("max-forwards", "route", "from", "call-id")]
        return compose(f"ACK {self.request.uri} SIP/2.0",
                       [("Via", self.request.values("via")[0]), *keep,
                        ("To", response.get("to")), ("CSeq", f"{self.request.cseq} ACK")])


class ServerTransaction:
    """A request that came to us and our responses to it."""

    def __init__(self, layer: Transactions, request: Message, flow: Flow) -> None:
        self.layer, self.request, self.flow = layer, request, flow
        self.last: bytes | None = None
        self.acked = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.to_tag = request.to_tag or secrets.token_hex(4)

    def __repr__(self) -> str:
        return repr(self.request)

    async def respond(self, status: int, rows: Iterable[tuple[str, str]] = (),
                      body: bytes = b"", reason: str | None = None) -> Message:
        """Sends a response with the request's Via, From, To (tagged), Call-ID and CSeq."""
        request = self.request
        to = request.get("to")
        if status > 100 and not request.to_tag:
            to += f";tag={self.to_tag}"
        vias = request.values("via")
        routes = [] if not 100 < status < 300 or request.method not in DIALOG_METHODS else [
            ("Record-Route", value) for value in request.values("record-route")]
        raw = compose(f"SIP/2.0 {status} {reason or REASONS.get(status, 'Response')}",
                      [("Via", self._stamped(vias[0])), *(("Via", via) for via in vias[1:]),
                       *routes, ("From", request.get("from")), ("To", to),
                       ("Call-ID", request.call_id), ("CSeq", request.get("cseq")), *rows], body)
        self.last = raw
        await self.flow.send(raw)
        if request.method == "INVITE" and status >= 200 and self.layer.repeats:
            self.layer.endpoint.spawn(
                repeat(lambda: self.flow.send(raw), self.acked, self.layer.t1))
        return Message(raw)

    def _stamped(self, via: str) -> str:
        """The top Via with rport filled in where it is asked for (RFC 3581 §4)."""
        parts = split_outside(via, ";")
        if "rport" not in [part.lower() for part in parts]:
            return via
        parts = [f"rport={self.flow.remote.port}" if p.lower() == "rport" else p for p in parts]
        return ";".join([*parts, f"received={self.flow.remote.host}"])


class Transactions:
    """All transactions of one endpoint. New requests go to `on_request`."""

    def __init__(self, endpoint: Endpoint, on_request: Callable[[ServerTransaction], None]) -> None:
        self.endpoint = endpoint
        self.t1: float | None = None
        """First retransmission interval in seconds; None: no retransmissions."""
        self.repeated = 0
        """How many retransmitted requests were absorbed here."""
        self._on_request = on_request
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, str, str], ServerTransaction] = {}
        endpoint.on_message = self._arrived

    @property
    def repeats(self) -> bool:
        return self.t1 is not None and not self.endpoint.reliable

    async def send(self, request: Message, flow: Flow) -> ClientTransaction:
        """Starts a client transaction for a composed request."""
        transaction = ClientTransaction(self, request, flow)
        self._clients[request.branch, request.method] = transaction
        await transaction.start()
        return transaction

    def _arrived(self, message: Message, flow: Flow) -> None:
        if message.is_request:
            self.endpoint.spawn(self._request(message, flow))
            return
        transaction = self._clients.get((message.branch, message.method))
        if transaction is None:
            raise AssertionError(f"a response to nothing of ours: {message.raw.decode()}")
        self.endpoint.spawn(transaction.receive(message))

    async def _request(self, request: Message, flow: Flow) -> None:
        place = split_outside(request.values("via")[0], ";")[0]
        key = (request.branch, place, request.method)
        known = self._servers.get(key)
        invite = self._servers.get((request.branch, place, "INVITE"))
        if known:
            self.repeated += 1
            if known.last:
                await flow.send(known.last)
        elif request.method == "ACK" and invite:
            invite.acked.set()
        else:
            transaction = self._servers[key] = ServerTransaction(self, request, flow)
            if request.method == "CANCEL":
                await self._cancel(transaction, invite)
                return
            if request.method == "ACK":
                self._end_repeats(request)
            self._on_request(transaction)

    def _end_repeats(self, ack: Message) -> None:
        for server in self._servers.values():
            if (server.request.method, server.request.call_id, server.request.cseq) == (
                    "INVITE", ack.call_id, ack.cseq):
                server.acked.set()

    async def _cancel(self, cancel: ServerTransaction, invite: ServerTransaction | None) -> None:
        """Answers CANCEL, and the INVITE that it ends if that has no final response yet."""
        try:
            await cancel.respond(200 if invite else 481)
        finally:
            if invite and (invite.last is None or Message(invite.last).status < 200):
                invite.cancelled.set()
                await invite.respond(487)
