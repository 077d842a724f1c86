"""A client: registers, calls and is called through its proxy.

It does not listen unless told to (save on its UDP socket): all goes over the flow to its proxy.
"""

from __future__ import annotations

import secrets

from agent.dialog import Dialog
from agent.digest import Credentials, answer
from agent.endpoint import Address, Endpoint, Tls
from agent.message import Message
from agent.transaction import ClientTransaction, ServerTransaction
from agent.uri import NameAddr, Uri
from agent.user_agent import Rows, UserAgent

CHALLENGES = {401: ("www-authenticate", "Authorization"),
              407: ("proxy-authenticate", "Proxy-Authorization")}


class Phone(UserAgent):
    """A registering party. `registrar` is the R-URI of its REGISTERs."""

    def __init__(self, endpoint: Endpoint, aor: str, proxy: Address | None = None,
                 listens: bool = False) -> None:
        super().__init__(endpoint, aor, proxy, listens)
        self.registrar = f"sip:{Uri.parse(aor).host}"
        self.credentials: Credentials | None = None
        self._registration = (secrets.token_hex(8), secrets.token_hex(4))
        self._registrations = 0

    @classmethod
    async def switch_on(cls, transport: str, host: str, aor: str, proxy: Address, *,
                        registrar: str = "", password: str = "",
                        tls: Tls | None = None, listens: bool = False) -> Phone:
        """A phone at `host`, not registered yet; the registrar is the AOR's domain by default."""
        phone = await cls.start(transport, host, aor, proxy=proxy, tls=tls, listens=listens)
        phone.registrar = registrar or phone.registrar
        phone.credentials = Credentials(phone.user, password) if password else None
        return phone

    async def register(self, expires: int = 600, contact: str | None = None,
                       rows: Rows = ()) -> Message:
        """Registers (refreshes), answering a challenge once; returns the 200.

        Fails unless the 200 lists the Contact URI byte for byte as it was sent (R1).
        """
        value = contact or f"<{self.contact_uri}>"
        response = await self.send_register([("Contact", value), ("Expires", str(expires)), *rows])
        if response.status != 200:
            raise AssertionError(f"not registered: {response.raw.decode()}")
        wanted = NameAddr.parse(value).uri.text if value != "*" else None
        listed = [NameAddr.parse(v).uri.text for v in response.values("contact")]
        if expires and wanted not in listed:
            raise AssertionError(f"{wanted} is not among the Contacts {listed}")
        return response

    async def unregister(self) -> Message:
        """Ends this phone's binding."""
        return await self.register(expires=0)

    async def send_register(self, rows: Rows) -> Message:
        """A REGISTER with these rows, a challenge answered once; returns the final response."""
        response = await self._register_once(rows)
        if response.status in CHALLENGES and self.credentials:
            proof = self.proof(response, "REGISTER", self.registrar)
            response = await self._register_once([*rows, proof])
        return response

    async def call(self, uri: str, body: bytes = b"", rows: Rows = (),
                   challenged: bool = False) -> ClientTransaction:
        """Sends INVITE; where the server is to challenge it, awaits that and sends it again."""
        invite = await self.request("INVITE", uri, rows, body)
        if not challenged:
            return invite
        refusal = await invite.final()
        if refusal.status not in CHALLENGES:
            raise AssertionError(f"no challenge: {refusal.raw.decode()}")
        proof = self.proof(refusal, "INVITE", uri)
        return await self.request("INVITE", uri, [*rows, proof], body,
                                  call_id=refusal.call_id, cseq=refusal.cseq + 1)

    async def ring(self) -> ServerTransaction:
        """The next call, answered with 180."""
        invite = await self.expect("INVITE")
        await self.respond(invite, 180)
        return invite

    async def answer(self, invite: ServerTransaction, body: bytes = b"") -> Dialog:
        """Answers a call with 200 and awaits its ACK."""
        dialog = await self.accept(invite, body)
        await dialog.expect("ACK")
        return dialog

    async def cancel(self, invite: ClientTransaction) -> None:
        """Cancels a ringing call: CANCEL is answered 200, the INVITE 487."""
        await invite.response(180)
        await (await invite.cancel()).response(200)
        await invite.response(487)

    @staticmethod
    async def hang_up(dialog: Dialog) -> Message:
        """Ends a call with BYE; returns the 200."""
        return await (await dialog.request("BYE")).response(200)

    async def hung_up(self, dialog: Dialog) -> None:
        """Awaits BYE and answers it."""
        await self.respond(await dialog.expect("BYE"), 200)

    def proof(self, challenge: Message, method: str, uri: str) -> tuple[str, str]:
        """The header row that answers a 401 or 407."""
        asked, answered = CHALLENGES[challenge.status]
        return answered.title(), answer(challenge.get(asked), self.credentials, method, uri)

    async def _register_once(self, rows: Rows) -> Message:
        self._registrations += 1
        call_id, tag = self._registration
        message = self.compose("REGISTER", self.registrar, f"<{self.aor}>;tag={tag}",
                               f"<{self.aor}>", call_id, self._registrations, rows=rows)
        sent = await self.transactions.send(message, await self.flow_for(message))
        return await sent.final()
