"""What a registrar may do with a REGISTER, and what its answers leave behind here."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.endpoint import TRANSPORTS
from agent.phone import Phone
from agent.transaction import ClientTransaction, ServerTransaction
from agent.user_agent import UserAgent
from harness.certificates import Authority
from harness.proxied import FiveTransports
from harness.slot import Slot

CHALLENGES = [("Proxy-Authenticate", 'Digest realm="one", nonce="a,b", algorithm=SHA-256'),
              ("Proxy-Authenticate", 'Digest realm="two",nonce="c",  qop="auth"'),
              ("WWW-Authenticate", 'Newer realm="three"')]


@pytest.fixture
def net(slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    five = FiveTransports(slot, authority, tmp_path, binary)
    with five.proxy:
        yield five


async def ask(phone: Phone, server: UserAgent) -> tuple[ClientTransaction, ServerTransaction]:
    """A REGISTER on its way: as the phone sent it, and as the server has it before it answers."""
    sent = await phone.request("REGISTER", phone.registrar,
                               [("Contact", f"<{phone.contact_uri}>"), ("Expires", "600")],
                               to=f"<{phone.aor}>")
    return sent, await server.expect("REGISTER", sent.request.call_id)


async def grant(incoming: ServerTransaction, sent: ClientTransaction, server: UserAgent) -> None:
    """A 200 that lists the Contact."""
    await server.respond(incoming, 200, [("Contact",
                                          f"{incoming.request.get('contact')};expires=600")])
    await sent.response(200)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_server_asks_after_its_client_before_it_grants(transport: str,
                                                               net: FiveTransports):
    """While the REGISTER is under way its token routes for that server, and for no other one."""
    async with await net.trunk("pbx", "udp") as pbx, await net.trunk("caller", "udp") as other, \
            await net.phone(transport, "udp") as alice:
        sent, incoming = await ask(alice, pbx)
        token = incoming.request.contact_uri
        await (await other.request("OPTIONS", token)).response(404)
        await (await pbx.request("OPTIONS", f"sip:alice@{net.listeners['udp']}")).response(404)
        asked = await pbx.request("OPTIONS", token)
        at_alice = await alice.expect("OPTIONS")
        assert at_alice.request.uri == alice.contact_uri
        await alice.respond(at_alice, 200)
        await asked.response(200)
        await grant(incoming, sent, pbx)
        assert not alice.untaken()


@pytest.mark.parametrize("status", [403, 423, 503])
async def test_a_refused_register_leaves_no_usable_token(status: int, net: FiveTransports):
    async with await net.trunk("pbx", "udp") as pbx, await net.phone("wss", "udp") as alice:
        sent, incoming = await ask(alice, pbx)
        rows = [("Min-Expires", "7200")] if status == 423 else []
        await pbx.respond(incoming, status, rows)
        refusal = await sent.final()
        assert refusal.status == (500 if status == 503 else status)
        assert status != 423 or refusal.get("min-expires") == "7200"
        await (await pbx.request("OPTIONS", incoming.request.contact_uri)).response(404)
        assert not alice.untaken()


async def test_a_refused_refresh_leaves_the_binding(net: FiveTransports):
    async with await net.trunk("pbx", "udp") as pbx, await net.phone("tcp", "udp") as alice:
        sent, incoming = await ask(alice, pbx)
        await grant(incoming, sent, pbx)
        sent, again = await ask(alice, pbx)
        assert again.request.contact_uri == incoming.request.contact_uri
        await pbx.respond(again, 403)
        await sent.response(403)
        asked = await pbx.request("OPTIONS", incoming.request.contact_uri)
        await alice.respond(await alice.expect("OPTIONS"), 200)
        await asked.response(200)


@pytest.mark.parametrize("status", [401, 407])
async def test_challenges_pass_as_they_are(status: int, net: FiveTransports):
    """R3: several rows stay several, and nothing is bound."""
    async with await net.trunk("pbx", "udp") as pbx, await net.phone("tls", "udp") as alice:
        sent, incoming = await ask(alice, pbx)
        await pbx.respond(incoming, status, CHALLENGES)
        refusal = await sent.response(status)
        rows = [(row.name, row.value) for row in refusal.rows if row.name.endswith("-authenticate")]
        assert rows == [(name.lower(), value) for name, value in CHALLENGES]
        await (await pbx.request("OPTIONS", incoming.request.contact_uri)).response(404)


async def test_a_user_that_several_addresses_share_is_ambiguous(net: FiveTransports):
    """R9: 485 without token; with one, and for a user that is alone, the call arrives."""
    async with await net.trunk("pbx", "udp") as pbx, \
            await net.phone("tcp", "udp", host=40) as first, \
            await net.phone("udp", "udp", host=41) as second, \
            await net.phone("ws", "udp", user="carol", host=42) as carol:
        second.aor = "sip:alice@elsewhere.test"
        tokens = []
        for phone in (first, second, carol):
            sent, incoming = await ask(phone, pbx)
            tokens.append(incoming.request.contact_uri)
            await grant(incoming, sent, pbx)
        await (await pbx.request("MESSAGE", "sip:alice@proxy.test")).response(485)
        for uri, phone in ((tokens[1], second), (tokens[0], first),
                           ("sip:carol@proxy.test", carol)):
            sent = await pbx.request("MESSAGE", uri)
            await phone.respond(await phone.expect("MESSAGE"), 200)
            await sent.response(200)
