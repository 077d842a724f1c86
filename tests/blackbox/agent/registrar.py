"""A registrar: the server that clients register at. Bindings are kept in memory."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

from agent.digest import Guard
from agent.endpoint import Address, Endpoint
from agent.message import Message
from agent.transaction import ClientTransaction, ServerTransaction
from agent.uri import NameAddr
from agent.user_agent import Rows, UserAgent


@dataclass
class Binding:
    """One registered Contact."""

    uri: str
    ends: float
    call_id: str
    cseq: int
    parameters: dict[str, str | None] = field(default_factory=dict)

    @property
    def expires(self) -> int:
        return max(0, round(self.ends - time.monotonic()))


class Registrar(UserAgent):
    """Answers REGISTER by itself; all other requests are the test's to `expect`.

    Set `guard` for digest, `min_expires` for 423, `lists_all` false to answer with the Contacts
    of the request alone (as many registrars do), `largest` to cap what is granted.
    """

    def __init__(self, endpoint: Endpoint, aor: str, proxy: Address | None = None,
                 listens: bool = True) -> None:
        super().__init__(endpoint, aor, proxy, listens)
        self.guard: Guard | None = None
        self.min_expires = 0
        self.largest = 3600
        self.lists_all = True
        self.registers: list[Message] = []
        """Every REGISTER that came, refused ones too."""
        self._bindings: dict[str, dict[str, Binding]] = {}
        self.service["REGISTER"] = self._register

    def bindings(self, aor: str) -> list[Binding]:
        """The live bindings of an AOR, in the order in which they were first made."""
        rows = self._bindings.get(aor, {})
        return [binding for binding in rows.values() if binding.ends > time.monotonic()]

    async def fork(self, aor: str, body: bytes = b"", rows: Rows = ()) -> list[ClientTransaction]:
        """Sends one INVITE to each binding, all of one Call-ID, as a forking proxy would."""
        sender = f"<{self.aor}>;tag={secrets.token_hex(4)}"
        call_id = secrets.token_hex(8)
        calls = []
        for binding in self.bindings(aor):
            invite = self.compose("INVITE", binding.uri, sender, f"<{aor}>", call_id, 1,
                                  rows=rows, body=body)
            calls.append(await self.transactions.send(invite, await self.flow_for(invite)))
        return calls

    async def call(self, aor: str, body: bytes = b"", rows: Rows = ()) -> ClientTransaction:
        """Sends INVITE to the AOR's only binding."""
        calls = await self.fork(aor, body, rows)
        if len(calls) != 1:
            raise AssertionError(f"{aor} has {len(calls)} bindings, not one")
        return calls[0]

    async def _register(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        self.registers.append(request)
        if self.guard and not self.guard.admits(request.get("authorization"), "REGISTER"):
            await transaction.respond(401, [("WWW-Authenticate", self.guard.challenge())])
            return
        if self._too_brief(request):
            await transaction.respond(423, [("Min-Expires", str(self.min_expires))])
            return
        aor = NameAddr.parse(request.get("to")).uri.text
        named = self._bind(aor, request)
        listed = [b for b in self.bindings(aor) if self.lists_all or b.uri in named]
        await transaction.respond(200, [("Contact", self._row(binding)) for binding in listed])

    def _too_brief(self, request: Message) -> bool:
        asked = [self._asked(NameAddr.parse(v), request)
                 for v in request.values("contact") if v != "*"]
        return any(0 < seconds < self.min_expires for seconds in asked)

    def _bind(self, aor: str, request: Message) -> list[str]:
        """Carries out a REGISTER; returns the URIs that it named."""
        rows = self._bindings.setdefault(aor, {})
        contacts = request.values("contact")
        if contacts == ["*"]:
            rows.clear()
            return []
        named = []
        for value in contacts:
            contact = NameAddr.parse(value)
            uri = contact.uri.text
            named.append(uri)
            seconds = min(self._asked(contact, request), self.largest)
            if seconds == 0:
                rows.pop(uri, None)
                continue
            rows[uri] = Binding(uri, time.monotonic() + seconds, request.call_id, request.cseq,
                                {k: v for k, v in contact.parameters.items() if k != "expires"})
        return named

    @staticmethod
    def _asked(contact: NameAddr, request: Message) -> int:
        return int(contact.parameters.get("expires") or request.get("expires") or 3600)

    @staticmethod
    def _row(binding: Binding) -> str:
        more = "".join(f";{k}" if v is None else f";{k}={v}" for k, v in binding.parameters.items())
        return f"<{binding.uri}>;expires={binding.expires}{more}"
