"""Attacks on real sockets: each is sent, then a legitimate call shows that all else goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.message import Message, compose
from agent.phone import Phone
from agent.registrar import Registrar
from agent.transaction import new_branch
from agent.user_agent import UserAgent
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.proxied import PORTS, workers
from harness.roundabout import Roundabout
from harness.slot import Slot

STREAMS_TOO = ("udp", "tcp")


class Site:
    """A proxy that admits one client address and trusts two servers; and an outsider."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str,
                 **more: object) -> None:
        self.slot = slot
        self.listeners = {t: Address(slot.ip(2), PORTS[t]) for t in STREAMS_TOO}
        self.proxy = Roundabout(Settings(
            [Listener(t, address) for t, address in self.listeners.items()],
            [Server("pbx", [slot.ip(3)], ["pbx.test"], "udp", 5060),
             Server("carrier", [slot.ip(4)], ["carrier.test"], "udp", 5060)],
            domains=["proxy.test"], default_server="pbx", client_networks=[f"{slot.ip(5)}/32"],
            workers=workers(), more=more), folder, binary)

    async def server(self, name: str, host: int) -> Registrar:
        return await Registrar.start("udp", self.slot.ip(host), f"sip:{name}@{name}.test",
                                     port=5060, proxy=self.listeners["udp"])

    async def client(self, transport: str = "udp") -> Phone:
        return await Phone.switch_on(transport, self.slot.ip(5), "sip:alice@pbx.test",
                                     self.listeners[transport])

    async def outsider(self, transport: str = "udp") -> UserAgent:
        return await UserAgent.start(transport, self.slot.ip(9), "sip:mallory@evil.test",
                                     proxy=self.listeners[transport], listens=False)


@asynccontextmanager
async def scene(site: Site) -> AsyncIterator[tuple[Registrar, Registrar, Phone]]:
    """The proxy, its two servers and the registered client."""
    with site.proxy:
        async with await site.server("pbx", 3) as pbx, await site.server("carrier", 4) as carrier, \
                await site.client() as alice:
            await alice.register()
            yield pbx, carrier, alice


async def still_serves(site: Site, pbx: Registrar, alice: Phone) -> None:
    """A call to the client goes through; so everything sent before it has been dealt with."""
    invite = await pbx.call(alice.aor)
    dialog = await alice.accept(await alice.expect("INVITE"))
    await pbx.confirm(invite)
    await dialog.expect("ACK")


@pytest.mark.parametrize("transport", STREAMS_TOO)
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "MESSAGE", "REGISTER"])
async def test_an_unknown_source_gets_nothing(method: str, transport: str, slot: Slot,
                                              authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary)
    async with scene(site) as (pbx, carrier, alice), await site.outsider(transport) as mallory:
        before = len(pbx.endpoint.received)
        for uri in ("sip:bob@pbx.test", "sip:bob@carrier.test", "sip:proxy.test"):
            await mallory.request(method, uri)
        await still_serves(site, pbx, alice)
        assert mallory.endpoint.received == []
        assert carrier.endpoint.received == []
        assert not any(b"mallory" in raw for raw in pbx.endpoint.received[before:])


async def test_where_it_is_configured_an_unknown_source_is_told_403(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary, unknown_source="reject")
    async with scene(site) as (pbx, _, alice), await site.outsider() as mallory:
        await (await mallory.request("OPTIONS", "sip:bob@pbx.test")).response(403)
        await still_serves(site, pbx, alice)


async def test_a_client_network_is_what_strict_client_means(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary, unknown_source="reject")
    async with scene(site) as (pbx, _, _), await site.outsider() as mallory:
        registers = len(pbx.registers)
        refused = await (await mallory.request("REGISTER", "sip:pbx.test")).final()
        assert refused.status == 403
        assert len(pbx.registers) == registers


@pytest.mark.parametrize("rows, uri", [
    ([("Route", "<sip:evil.test;lr>")], "sip:bob@pbx.test"),
    ([], "sip:bob@evil.test"),
    ([], "sip:bob@127.0.0.1:6379"),
    ([("Route", "<sip:proxy.test;lr>, <sip:127.0.0.1:6379;lr>")], "sip:bob@pbx.test"),
])
async def test_strict_host_refuses_what_leads_elsewhere(
        rows: list, uri: str, slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary)
    async with scene(site) as (pbx, carrier, alice):
        await (await alice.request("MESSAGE", uri, rows)).response(403)
        await (await carrier.request("MESSAGE", uri, rows)).response(403)
        await still_serves(site, pbx, alice)


async def test_a_server_reaches_no_client_that_another_one_granted(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary)
    async with scene(site) as (pbx, carrier, alice):
        stolen = pbx.bindings(alice.aor)[0].uri
        await (await carrier.request("MESSAGE", stolen)).response(404)
        await (await carrier.request("MESSAGE", "sip:alice@proxy.test")).response(404)
        assert not alice.untaken()
        await still_serves(site, pbx, alice)


async def test_a_client_reaches_another_only_through_the_server(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary)
    async with scene(site) as (pbx, _, alice):
        stolen = pbx.bindings(alice.aor)[0].uri
        asked = await alice.request("MESSAGE", stolen)
        at_server = await pbx.expect("MESSAGE")
        assert at_server.request.uri == "sip:alice@pbx.test"
        await pbx.respond(at_server, 200)
        await asked.response(200)
        assert not alice.untaken()


async def test_a_token_admits_only_to_its_own_dialog(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary)
    async with scene(site) as (pbx, _, alice), await site.outsider() as mallory:
        invite = await pbx.call(alice.aor)
        at_alice = await alice.accept(await alice.expect("INVITE"))
        await pbx.confirm(invite)
        await at_alice.expect("ACK")
        before = len(pbx.endpoint.received)
        for call_id, to in (("another-call", at_alice.remote), (at_alice.call_id, "<sip:x@y>")):
            message = mallory.compose("BYE", at_alice.target, at_alice.local, to, call_id, 900,
                                      at_alice.routes)
            await mallory.transactions.send(message, await mallory.flow_for(message))
        # The same client by a new socket, as after a lost connection, is let in (R46).
        async with await site.client() as reborn:
            reborn_bye = reborn.compose("INFO", at_alice.target, at_alice.local, at_alice.remote,
                                        at_alice.call_id, 901, at_alice.routes)
            sent = await reborn.transactions.send(reborn_bye, await reborn.flow_for(reborn_bye))
            arrived = await pbx.expect("INFO")
            await pbx.respond(arrived, 200)
            await sent.response(200)
        assert mallory.endpoint.received == []
        assert not any(b" BYE" in raw for raw in pbx.endpoint.received[before:])


async def test_nobody_bounces_a_response_off_the_proxy(
        slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """R27, R46: with no Via of ours, with a made-up one, and with a real branch above another Via."""
    site = Site(slot, authority, tmp_path, binary)
    async with scene(site) as (pbx, carrier, alice), await site.outsider() as mallory:
        real = Message(pbx.endpoint.received[0]).branch
        flow = await mallory.endpoint.flow_to(site.listeners["udp"])
        for branch in (new_branch(), real):
            await flow.write(compose("SIP/2.0 200 OK", [
                ("Via", f"SIP/2.0/UDP {site.listeners['udp']};branch={branch}"),
                ("Via", f"SIP/2.0/UDP {carrier.endpoint.local};branch=z9hG4bKvictim"),
                ("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>;tag=2"), ("Call-ID", "bounce"),
                ("CSeq", "1 OPTIONS")]))
        await flow.write(compose("SIP/2.0 200 OK", [
            ("Via", f"SIP/2.0/UDP {carrier.endpoint.local};branch=z9hG4bKvictim"),
            ("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>;tag=2"), ("Call-ID", "bounce"),
            ("CSeq", "1 OPTIONS")]))
        await still_serves(site, pbx, alice)
        assert carrier.endpoint.received == []
