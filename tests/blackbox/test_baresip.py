"""baresip through the proxy: registered at a Kamailio that speaks UDP, called and calling.

Debian's baresip speaks UDP, TCP and TLS; it cannot speak WS or WSS (see harness/baresip.py), for
which browsers are the peers not written here.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.endpoint import Address
from harness.baresip import Baresip
from harness.certificates import Authority
from harness.site import Site, restart, running
from harness.slot import Slot

TRANSPORTS = ["tls", "tcp", "udp"]


def baresip(site: Site, authority: Authority, folder: Path, user: str, host: int,
            transport: str) -> Baresip:
    """A baresip whose outbound proxy is the proxy under test."""
    own = authority.issue(f"baresip-{user}", [site.slot.ip(host)])
    return Baresip(user, site.pbx.domain, site.pbx.password, host=site.slot.ip(host),
                   transport=transport, proxy=site.listeners[transport], certificate=own,
                   ca=authority.ca, folder=folder)


def media(site: Site) -> bytes:
    """SDP of the desk phone, whose media stays on the loopback and is heard by nobody."""
    host = site.slot.ip(6)
    return (f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            "m=audio 9 RTP/AVP 0\r\n").encode()


SDP_TYPE = [("Content-Type", "application/sdp")]


@pytest.mark.parametrize("hangs_up", ["baresip", "desk phone"])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_baresip_is_called_and_calls(transport: str, hangs_up: str, slot: Slot,
                                           authority: Authority, tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary, "udp")
    async with running(site), baresip(site, authority, tmp_path, "alice", 4, transport) as alice, \
            await site.desk_phone("bob") as bob:
        await alice.registered()
        contact, = site.pbx.bindings("alice")
        assert str(site.listeners["udp"]) in contact

        invite = await bob.call(alice.aor, media(site), SDP_TYPE)
        await invite.response(180)
        await alice.expect("CALL_INCOMING")
        await alice.menu("accept")
        at_bob = await bob.confirm(invite)
        await alice.expect("CALL_ESTABLISHED")
        await end(alice, bob, at_bob, hangs_up)

        await alice.menu("dial", bob.aor)
        incoming = await bob.ring()
        await alice.expect("CALL_RINGING")
        at_bob = await bob.accept(incoming, media(site), SDP_TYPE)
        await at_bob.expect("ACK")
        await alice.expect("CALL_ESTABLISHED")
        await end(alice, bob, at_bob, hangs_up)


async def end(alice: Baresip, bob, at_bob, hangs_up: str) -> None:
    """Ends the call from that side."""
    if hangs_up == "baresip":
        await alice.menu("hangup")
        await bob.hung_up(at_bob)
    else:
        await bob.hang_up(at_bob)
    await alice.expect("CALL_CLOSED")


@pytest.mark.parametrize("first, second", [("tls", "tls"), ("tls", "udp"), ("tcp", "tls")])
async def test_baresips_call_each_other(first: str, second: str, slot: Slot, authority: Authority,
                                        tmp_path: Path, binary: str):
    site = Site(slot, authority, tmp_path, binary, "udp")
    async with running(site), baresip(site, authority, tmp_path, "alice", 4, first) as alice, \
            baresip(site, authority, tmp_path, "bob", 5, second) as bob:
        await alice.registered()
        await bob.registered()
        for caller, callee, ends in ((alice, bob, alice), (bob, alice, alice)):
            await caller.menu("dial", callee.aor)
            await callee.expect("CALL_INCOMING")
            await callee.menu("accept")
            await caller.expect("CALL_ESTABLISHED")
            await callee.expect("CALL_ESTABLISHED")
            await ends.menu("hangup")
            await caller.expect("CALL_CLOSED")
            await callee.expect("CALL_CLOSED")


async def test_baresip_cancels_and_declines(slot: Slot, authority: Authority, tmp_path: Path,
                                            binary: str):
    site = Site(slot, authority, tmp_path, binary, "udp")
    async with running(site), baresip(site, authority, tmp_path, "alice", 4, "tls") as alice, \
            await site.desk_phone("bob") as bob:
        await alice.registered()
        await alice.menu("dial", bob.aor)
        incoming = await bob.ring()
        await alice.expect("CALL_RINGING")
        await alice.menu("hangup")
        await asyncio.wait_for(incoming.cancelled.wait(), 8)
        await alice.expect("CALL_CLOSED")
        invite = await bob.call(alice.aor, media(site), SDP_TYPE)
        await alice.expect("CALL_INCOMING")
        await alice.menu("hangup")
        refused = await invite.final()
        assert refused.status in (486, 603)
        await alice.expect("CALL_CLOSED")


async def test_a_call_to_baresip_by_tls_after_a_restart(slot: Slot, authority: Authority,
                                                        tmp_path: Path, binary: str):
    """Its connection died with the proxy; it is reached again once it has registered anew."""
    site = Site(slot, authority, tmp_path, binary, "udp")
    async with running(site), baresip(site, authority, tmp_path, "alice", 4, "tls") as alice, \
            await site.desk_phone("bob") as bob:
        await alice.registered()
        await restart(site.proxy, "kill")
        await alice.menu("uadel", alice.aor)
        await alice.menu("uanew", alice.account)
        await alice.registered()
        invite = await bob.call(alice.aor, media(site), SDP_TYPE)
        await alice.expect("CALL_INCOMING")
        await alice.menu("accept")
        at_bob = await bob.confirm(invite)
        await bob.hang_up(at_bob)
        await alice.expect("CALL_CLOSED")
