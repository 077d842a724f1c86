"""In-dialog requests that must arrive though no binding leads them: GRUU, bindings that ended, and
clients that come back by another connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.dialog import Dialog
from agent.endpoint import TRANSPORTS
from agent.message import Message
from agent.phone import Phone
from agent.registrar import Binding, Registrar
from agent.uri import NameAddr
from agent.user_agent import UserAgent
from agent.waiting import within
from harness.certificates import Authority
from harness.proxied import PORTS, SIDES, FiveTransports
from harness.slot import Slot

INSTANCE = '"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"'
PUBLIC = "sip:alice@udp.pbx.test;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
TEMPORARY = "sip:tgruu.7hs==jd7vnzga5w7fajsc7-ajd6fabz0f8g5@udp.pbx.test;gr"
STREAMS = ["tcp", "tls", "ws", "wss"]


class GruuRegistrar(Registrar):
    """Gives every binding a public and a temporary GRUU (RFC 5627 §5.3)."""

    @staticmethod
    def _row(binding: Binding) -> str:
        return Registrar._row(binding) + f';pub-gruu="{PUBLIC}";temp-gruu="{TEMPORARY}"'


@pytest.fixture
def net(slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    five = FiveTransports(slot, authority, tmp_path, binary)
    with five.proxy:
        yield five


async def call_out(alice: Phone, pbx: UserAgent, **more) -> tuple[Dialog, Dialog]:
    """Alice calls somebody at the server; both sides' dialogs."""
    invite = await alice.call("sip:bob@udp.pbx.test", **more)
    at_pbx = await pbx.accept(await pbx.expect("INVITE"))
    at_alice = await alice.confirm(invite)
    await at_pbx.expect("ACK")
    return at_alice, at_pbx


async def ends(sender: Dialog, receiver: Dialog) -> Message:
    """A BYE that arrives and is answered; returns it as it arrived."""
    bye = await sender.request("BYE")
    incoming = await receiver.expect("BYE")
    await receiver.agent.respond(incoming, 200)
    await bye.response(200)
    return incoming.request


@pytest.mark.parametrize("gruu", [PUBLIC, TEMPORARY])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_request_to_a_gruu_arrives_by_the_dialogs_token(transport: str, gruu: str,
                                                                net: FiveTransports):
    """R13: its R-URI has the AOR's user and the registrar's domain, and stays."""
    host = net.slot.ip(SIDES["pbx"])
    async with await GruuRegistrar.start("udp", host, "sip:pbx@udp.pbx.test",
                                         port=PORTS["udp"]) as pbx, \
            await net.phone(transport, "udp") as alice:
        ok = await alice.register(contact=f"<{alice.contact_uri}>;+sip.instance={INSTANCE}")
        granted, = [NameAddr.parse(value) for value in ok.values("contact")]
        assert granted.parameters["pub-gruu"] == f'"{PUBLIC}"'
        assert granted.parameters["temp-gruu"] == f'"{TEMPORARY}"'
        at_alice, at_pbx = await call_out(alice, pbx, rows=[("Contact", f"<{gruu}>")])
        assert at_pbx.target == gruu
        info = await at_pbx.request("INFO")
        incoming = await at_alice.expect("INFO")
        assert incoming.request.uri == gruu
        await alice.respond(incoming, 200)
        await info.response(200)
        assert (await ends(at_pbx, at_alice)).uri == gruu


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_dialog_outlives_the_binding_that_was_ended(transport: str, net: FiveTransports):
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        at_alice, at_pbx = await call_out(alice, pbx)
        contact = pbx.bindings(alice.aor)[0].uri
        await alice.unregister()
        pbx.proxy = net.listeners["udp"]
        await (await pbx.request("MESSAGE", contact)).response(404)
        await ends(at_pbx, at_alice)


@pytest.mark.parametrize("transport", ["udp", "wss"])
async def test_a_dialog_outlives_the_binding_that_expired(transport: str, net: FiveTransports):
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        at_alice, at_pbx = await call_out(alice, pbx)
        contact = pbx.bindings(alice.aor)[0].uri
        await alice.register(expires=1)
        alice.service["MESSAGE"] = lambda incoming: alice.respond(incoming, 200)
        pbx.proxy = net.listeners["udp"]

        async def expired() -> None:
            while (await (await pbx.request("MESSAGE", contact)).final()).status != 404:
                pass
        await within(expired(), "404 for the binding that expired")
        await ends(at_pbx, at_alice)
        again, back = await call_out(alice, pbx)  # by its address it is still an allowed client
        await ends(again, back)


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_client_hangs_up_by_a_new_connection_before_it_registers_again(
        transport: str, net: FiveTransports):
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        at_alice, at_pbx = await call_out(alice, pbx)
        for flow in list(alice.endpoint.flows):
            await flow.close()
        await ends(at_alice, at_pbx)
        at_alice, at_pbx = await call_out(alice, pbx)
        await ends(at_pbx, at_alice)


@pytest.mark.parametrize("transport", STREAMS)
async def test_a_dialogs_request_takes_the_connection_that_its_client_has_now(
        transport: str, net: FiveTransports):
    async with await net.registrar("udp") as pbx, await net.phone(transport, "udp") as alice:
        await alice.register()
        at_alice, at_pbx = await call_out(alice, pbx)
        for _ in range(3):
            for flow in list(alice.endpoint.flows):
                await flow.close()
            await alice.register()
            info = await at_pbx.request("INFO")
            await alice.respond(await at_alice.expect("INFO"), 200)
            await info.response(200)
        await ends(at_pbx, at_alice)
