"""Clients whose registrar, a Kamailio, has the proxy as their Path (RFC 3327), with flow tokens and
outbound (RFC 5626); and the Service-Route that it tells them (RFC 3608)."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest

from agent.conversation import SDP, SDP_TYPE
from agent.message import Message
from agent.phone import Phone
from agent.transaction import ClientTransaction, ServerTransaction
from harness.certificates import Authority
from harness.site import Site, restart, running
from harness.slot import Slot

STREAMS = ["tcp", "wss"]
INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


@pytest.fixture
def site(slot: Slot, authority: Authority, tmp_path: Path, binary: str):
    """Makes a site with that transport to Kamailio and that `park`."""
    return lambda server="udp", park=60.0: Site(slot, authority, tmp_path, binary, server,
                                                by_path=True, park=park)


async def register(phone: Phone, reg_id: int = 1, outbound: bool = True) -> Message:
    """Registers as RFC 5626 §4.2.1 has it; without `outbound` by Path alone."""
    flow = f';+sip.instance="<{INSTANCE}>";reg-id={reg_id}' if outbound else ""
    return await phone.register(contact=f"<{phone.contact_uri}>{flow}",
                                rows=[("Supported", "path, outbound" if outbound else "path")])


async def lose(phone: Phone) -> None:
    for flow in list(phone.endpoint.flows):
        await flow.close()


def came_by_the_proxy(site: Site, incoming: ServerTransaction) -> bool:
    return any(f" {site.listeners['udp'].host}:" in via for via in incoming.request.values("via")[:1])


async def talk(caller: Phone, invite: ClientTransaction, callee: Phone, incoming: ServerTransaction) -> None:
    """The callee answers what rings there, and hangs up."""
    theirs, ours = await asyncio.gather(callee.answer(incoming, SDP), caller.confirm(invite))
    await asyncio.gather(callee.hang_up(theirs), caller.hung_up(ours))


async def call(caller: Phone, callee: Phone, site: Site) -> None:
    """The desk phone calls the phone behind the proxy, which hangs up."""
    invite = await caller.call(callee.aor, SDP, SDP_TYPE)
    incoming = await callee.ring()
    assert incoming.request.uri == callee.contact_uri
    assert came_by_the_proxy(site, incoming)
    await talk(caller, invite, callee, incoming)


@pytest.mark.parametrize("client, server", [("udp", "udp"), ("tcp", "udp"), ("wss", "udp"),
                                            ("wss", "tcp")])
async def test_the_registrar_has_the_clients_contact_and_our_path(client: str, server: str, site):
    """What the registrar asks for in its 2xx, and what it lists there, reaches the client."""
    async with running(site(server)) as net:
        async with await net.phone(client, "alice", 4) as alice, \
                await net.desk_phone("bob") as bob:
            ok = await register(alice)
            assert net.pbx.bindings("alice") == [alice.contact_uri]
            path, = ok.values("path")
            assert path.endswith(";lr;ob>") and str(net.listeners[server]) in path
            assert net.pbx.paths("alice") == [path]
            assert "outbound" in ok.get("require")
            assert ok.get("flow-timer") == "120"
            await call(bob, alice, net)
            await register(alice)
            assert net.pbx.bindings("alice") == [alice.contact_uri]
            await call(bob, alice, net)
            await alice.send_register([
                ("Contact", f'<{alice.contact_uri}>;+sip.instance="<{INSTANCE}>";reg-id=1'),
                ("Expires", "0"), ("Supported", "path, outbound")])
            assert not net.pbx.bindings("alice")


async def test_a_client_follows_the_service_route(site):
    """R15: the proxy's own URI, which the client puts above it, is popped."""
    async with running(site()) as net:
        async with await net.phone("wss", "alice", 4) as alice, \
                await net.desk_phone("bob") as bob:
            ok = await register(alice)
            service, = ok.values("service-route")
            assert service == f"<sip:orig@{net.place};lr>"
            own = f"<sip:{net.listeners['wss']};transport=ws;lr>"
            invite = await alice.call(bob.aor, SDP, [*SDP_TYPE, ("Route", f"{own}, {service}")])
            incoming = await bob.ring()
            assert not incoming.request.values("route")
            await talk(alice, invite, bob, incoming)


async def test_a_client_without_path_is_registered_by_our_contact(site):
    """R12: on the same server, beside one with."""
    async with running(site()) as net:
        async with await net.phone("wss", "alice", 4) as alice, \
                await net.desk_phone("bob") as bob:
            ok = await alice.register()
            assert not ok.values("path")
            contact, = net.pbx.bindings("alice")
            assert ";rb=" in contact
            invite = await bob.call(alice.aor, SDP, SDP_TYPE)
            incoming = await alice.ring()
            await talk(bob, invite, alice, incoming)


async def test_a_register_that_passed_another_proxy_keeps_that_ones_path(site):
    """A call for it leaves by the flow that it came by, with that proxy's URI as its next Route."""
    async with running(site()) as net:
        async with await net.phone("tcp", "alice", 4) as alice, \
                await net.desk_phone("bob") as bob:
            edge = f"<sip:edge@{alice.endpoint.local.host}:5099;lr>"
            ok = await alice.register(rows=[("Supported", "path"), ("Path", edge)])
            ours, theirs = ok.values("path")
            assert theirs == edge and str(net.listeners["udp"]) in ours
            assert net.pbx.bindings("alice") == [alice.contact_uri]
            invite = await bob.call(alice.aor, SDP, SDP_TYPE)
            incoming = await alice.ring()
            assert incoming.request.uri == alice.contact_uri
            assert incoming.request.values("route") == [edge]
            await talk(bob, invite, alice, incoming)


async def test_a_path_outlives_a_killed_proxy_by_udp(site):
    """The registrar knows nothing of the restart and uses the Path that it has."""
    async with running(site()) as net:
        async with await net.phone("udp", "alice", 4) as alice, \
                await net.desk_phone("bob") as bob:
            await register(alice)
            await restart(net.proxy, "kill")
            await call(bob, alice, net)


@pytest.mark.parametrize("client", STREAMS)
async def test_a_call_by_path_waits_for_the_client_that_comes_back(client: str, site):
    """After a kill of the proxy: the flow of the Path is dead, its binding is not."""
    async with running(site()) as net:
        async with await net.phone(client, "alice", 4) as alice, \
                await net.desk_phone("bob") as bob:
            await register(alice)
            await restart(net.proxy, "kill")
            await lose(alice)
            invite = await bob.call(alice.aor, SDP, SDP_TYPE)
            await asyncio.to_thread(net.proxy.await_line, r"INVITE .* parked: ")
            await register(alice)
            incoming = await alice.ring()
            await talk(bob, invite, alice, incoming)


@pytest.mark.parametrize("outbound, status", [(True, 430), (False, 480)])
async def test_a_client_that_does_not_come_back(outbound: bool, status: int, site):
    """RFC 5626 §5.3.1: Flow Failed, for those who can have another flow."""
    async with running(site(park=0.3)) as net:
        async with await net.phone("wss", "alice", 4) as alice, \
                await net.desk_phone("bob") as bob:
            await register(alice, outbound=outbound)
            await lose(alice)
            invite = await bob.call(alice.aor, SDP, SDP_TYPE)
            await invite.response(status)


async def test_two_flows_of_one_device_are_two_bindings_and_one_is_enough(site):
    """The dead flow is refused at once, though a call would be parked for a minute."""
    async with running(site()) as net:
        async with await net.phone("wss", "alice", 4) as first, \
                await net.phone("tcp", "alice", 5) as second, \
                await net.desk_phone("bob") as bob:
            second.contact_uri = first.contact_uri = f"sip:alice@{secrets.token_hex(6)}.invalid"
            await register(first, 1)
            await register(second, 2)
            assert net.pbx.bindings("alice") == [first.contact_uri] * 2
            assert len(set(net.pbx.paths("alice"))) == 2
            await lose(first)
            invite = await bob.call(second.aor, SDP, SDP_TYPE)
            incoming = await second.ring()
            assert incoming.request.uri == second.contact_uri
            await talk(bob, invite, second, incoming)
