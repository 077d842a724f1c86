"""A SIP party: sends and expects requests, in and out of dialogs, on one endpoint."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable

from agent.dialog import Dialog
from agent.endpoint import URI_WORDS, VIA_WORDS, Address, Endpoint, Flow, Tls
from agent.message import Message, compose
from agent.network import open_endpoint
from agent.transaction import (CONTACT_METHODS, ClientTransaction, ServerTransaction, Transactions,
                               new_branch)
from agent.uri import NameAddr, Uri
from agent.waiting import PATIENCE, Mailbox

DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061, "ws": 80, "wss": 443}
Rows = Iterable[tuple[str, str]]


class UserAgent:
    """A party with an address of record, a Contact and, if given, a proxy for new requests.

    `ornaments` are rows put on every message, to be found unchanged at the other side.
    `hosts` resolves host names that stand in Routes and Contacts. `listens` false makes a client
    that can only be reached on the flow to its proxy, on which it also sends everything.
    """

    def __init__(self, endpoint: Endpoint, aor: str, proxy: Address | None = None,
                 listens: bool = True) -> None:
        self.endpoint, self.aor, self.proxy, self.listens = endpoint, aor, proxy, listens
        self.user = Uri.parse(aor).user
        self.transactions = Transactions(endpoint, self._arrived)
        self.ornaments: list[tuple[str, str]] = []
        self.hosts: dict[str, str] = {}
        self.service: dict[str, Callable[[ServerTransaction], Awaitable[None]]] = {}
        """Methods that are answered without the test's doing."""
        self._place = self._own_place()
        self.contact_uri = f"sip:{self.user}@{self._place}"
        if transport_word := URI_WORDS[endpoint.transport].replace("udp", ""):
            self.contact_uri += f";transport={transport_word}"
        self._requests: Mailbox[ServerTransaction] = Mailbox()

    @classmethod
    async def start(cls, transport: str, host: str, aor: str, *, port: int = 0,
                    proxy: Address | None = None, tls: Tls | None = None, listens: bool = True,
                    **more) -> UserAgent:
        """Opens an endpoint at host and port and puts a party there."""
        bound = port if listens or transport == "udp" else None
        endpoint = await open_endpoint(transport, host, bound, tls)
        return cls(endpoint, aor, proxy=proxy, listens=listens, **more)

    async def __aenter__(self) -> UserAgent:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self.endpoint.close()

    @property
    def transport(self) -> str:
        return self.endpoint.transport

    async def request(self, method: str, uri: str, rows: Rows = (), body: bytes = b"",
                      to: str | None = None, call_id: str | None = None,
                      cseq: int = 1) -> ClientTransaction:
        """Sends a request outside of dialogs. `to` is the To value where it isn't `<uri>`."""
        sender = f"<{self.aor}>;tag={secrets.token_hex(4)}"
        message = self.compose(method, uri, sender, to or f"<{uri}>",
                               call_id or secrets.token_hex(8), cseq, rows=rows, body=body)
        return await self.transactions.send(message, await self.flow_for(message))

    def compose(self, method: str, uri: str, sender: str, to: str, call_id: str, cseq: int,
                routes: Iterable[str] = (), rows: Rows = (), body: bytes = b"") -> Message:
        """A request of ours, not yet sent; it has a Contact where the method wants one."""
        via = f"SIP/2.0/{VIA_WORDS[self.transport]} {self._place};branch={new_branch()};rport"
        rows = list(rows)
        if method in (*CONTACT_METHODS, "OPTIONS") and not any(r[0] == "Contact" for r in rows):
            rows.insert(0, ("Contact", f"<{self.contact_uri}>"))
        return Message(compose(f"{method} {uri} SIP/2.0", [
            ("Via", via), ("Max-Forwards", "70"), *(("Route", route) for route in routes),
            ("From", sender), ("To", to), ("Call-ID", call_id), ("CSeq", f"{cseq} {method}"),
            *rows, *self.ornaments], body))

    async def expect(self, method: str, call_id: str | None = None,
                     timeout: float = PATIENCE) -> ServerTransaction:
        """The next request of that method (and Call-ID), from anybody."""
        return await self._requests.take(
            lambda t: t.request.method == method and call_id in (None, t.request.call_id),
            f"{method} at {self.aor}", timeout)

    async def respond(self, transaction: ServerTransaction, status: int, rows: Rows = (),
                      body: bytes = b"") -> Message:
        """Answers with our ornaments, and our Contact where the response can set a target."""
        rows = list(rows)
        if transaction.request.method in CONTACT_METHODS and 100 < status < 300:
            rows.insert(0, ("Contact", f"<{self.contact_uri}>"))
        return await transaction.respond(status, [*rows, *self.ornaments], body)

    async def accept(self, invite: ServerTransaction, body: bytes = b"",
                     rows: Rows = ()) -> Dialog:
        """Answers a request that makes a dialog with 200; the dialog as this side sees it."""
        response = await self.respond(invite, 200, rows, body)
        return Dialog.as_callee(self, invite.request, response)

    async def confirm(self, invite: ClientTransaction) -> Dialog:
        """Awaits the 200 to our INVITE and sends ACK; the dialog as this side sees it."""
        response = await invite.response(200)
        dialog = Dialog.as_caller(self, invite.request, response)
        await dialog.ack(invite)
        return dialog

    def untaken(self) -> list[ServerTransaction]:
        """Requests that came and that nobody expected so far."""
        return self._requests.peek()

    async def flow_for(self, request: Message) -> Flow:
        """The flow that a request of ours leaves by (RFC 3261 §8.1.2)."""
        if self.proxy and (not self.listens or not request.to_tag):
            return await self.endpoint.flow_to(self.proxy)
        routes = request.values("route")
        uri = NameAddr.parse(routes[0]).uri if routes else Uri.parse(request.uri)
        return await self.endpoint.flow_to(self._hop(uri))

    def _hop(self, uri: Uri) -> Address:
        """Where a URI leads; it must name the transport that we speak (R14)."""
        word = (uri.parameters.get("transport") or "udp").lower()
        if uri.scheme == "sips" and word in ("udp", "tcp"):
            word = "tls"
        if word != URI_WORDS[self.transport] and (word, self.transport) != ("wss", "wss"):
            raise AssertionError(f"{self.aor} speaks {self.transport}, but must send to {uri.text}")
        host = self.hosts.get(uri.bare_host, uri.bare_host)
        return Address(host, uri.port or DEFAULT_PORTS[self.transport])

    def _own_place(self) -> str:
        """Host and port for Via and Contact; WebSocket clients know none (RFC 7118 §5)."""
        if not self.listens and self.transport in ("ws", "wss"):
            return f"{secrets.token_hex(6)}.invalid"
        local = self.endpoint.local
        return str(local if local.port else Address(local.host, DEFAULT_PORTS[self.transport]))

    def _arrived(self, transaction: ServerTransaction) -> None:
        serve = self.service.get(transaction.request.method)
        if serve:
            self.endpoint.spawn(serve(transaction))
        else:
            self._requests.put(transaction)
