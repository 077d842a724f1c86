"""Trunks between servers not written here: sipp by UDP and TCP, Kamailio by TLS, WS and WSS."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.conversation import converse
from agent.endpoint import TRANSPORTS, Address
from agent.wire import check_wire
from harness.certificates import Authority
from harness.kamailio import KamailioTrunk
from harness.pair import Side, TrunkPair
from harness.proxied import PORTS
from harness.sipp import LOSSY_PAIRS, PAIRS, Sipp
from harness.slot import Slot
from harness.table import Table

CALLS = 5
SIPP_CALLS = [(*pair, "udp") for pair in PAIRS] + [
    (*pair, "tcp") for pair in PAIRS if pair[0] != "uac_bye"]
"""A calling sipp does not listen, so that no request of the called side can reach it by TCP."""


@pytest.fixture(scope="module")
def peers(tables: list[Table]) -> Table:
    table = Table("Trunk peers, caller in rows, callee in columns", TRANSPORTS, TRANSPORTS)
    tables.append(table)
    return table


def side(slot: Slot, name: str, transport: str, host: int) -> Side:
    """A server at its own IPv4 address, facing the proxy's listener of its transport."""
    return Side(name, transport, Address(slot.ip(host), PORTS[transport]),
                Address(slot.ip(2), PORTS[transport]))


def side6(slot: Slot, name: str, transport: str) -> Side:
    """A server on ::1, which has one address only: ports tell the parties apart."""
    return Side(name, transport, Address("::1", slot.port()), Address("::1", slot.port()))


def run_sipp(pair: TrunkPair, caller: str, callee: str, folder: Path, loss: int = 0) -> None:
    """Calls from side a to side b by these scenarios, all of which must go as they say."""
    with pair.proxy, Sipp(callee, pair.b.transport, pair.b.server, folder, calls=CALLS,
                          loss=loss) as waiting, Sipp(
            caller, pair.a.transport, pair.a.server, folder, remote=pair.a.listener,
            target=pair.b.domain, calls=CALLS, loss=loss) as calling:
        calling.finish()
        waiting.finish()


@pytest.mark.parametrize("b", ["udp", "tcp"])
@pytest.mark.parametrize("caller, callee, a", SIPP_CALLS)
def test_sipp_to_sipp(caller: str, callee: str, a: str, b: str, slot: Slot, authority: Authority,
                      tmp_path: Path, binary: str, peers: Table):
    pair = TrunkPair(side(slot, "a", a, 3), side(slot, "b", b, 4), authority, tmp_path, binary)
    peers.put(a, b, "FAILED")
    run_sipp(pair, caller, callee, tmp_path)
    peers.put(a, b, "sipp-sipp")


@pytest.mark.parametrize("caller, callee", LOSSY_PAIRS)
def test_sipp_to_sipp_with_loss(caller: str, callee: str, slot: Slot, authority: Authority,
                                tmp_path: Path, binary: str):
    pair = TrunkPair(side(slot, "a", "udp", 3), side(slot, "b", "udp", 4), authority, tmp_path,
                     binary)
    run_sipp(pair, caller, callee, tmp_path, loss=10)


@pytest.mark.parametrize("caller, callee", [("uac", "uas"), ("uac_bye", "uas_bye")])
def test_sipp_to_sipp_by_ipv6(caller: str, callee: str, slot: Slot, authority: Authority,
                              tmp_path: Path, binary: str):
    pair = TrunkPair(side6(slot, "a", "udp"), side6(slot, "b", "udp"), authority, tmp_path, binary)
    run_sipp(pair, caller, callee, tmp_path)


@pytest.mark.parametrize("b", ["udp", "tls"])
@pytest.mark.parametrize("a", TRANSPORTS)
async def test_ipv6_to_ipv4_and_back(a: str, b: str, slot: Slot, authority: Authority,
                                     tmp_path: Path, binary: str):
    pair = TrunkPair(side6(slot, "a", a), side(slot, "b", b, 4), authority, tmp_path, binary)
    with pair.proxy:
        async with await pair.party(pair.a) as alice, await pair.party(pair.b) as bob:
            await converse(alice, bob, pair.b.uri("bob"))
            await converse(bob, alice, pair.a.uri("alice"))
            assert check_wire(alice.endpoint, bob.endpoint, pair.passage(pair.a, pair.b))
            assert check_wire(bob.endpoint, alice.endpoint, pair.passage(pair.b, pair.a))


@pytest.mark.parametrize("near", ["udp", "wss"])
@pytest.mark.parametrize("far", ["tls", "ws", "wss"])
async def test_kamailio_as_secure_trunk(far: str, near: str, slot: Slot, authority: Authority,
                                        tmp_path: Path, binary: str, peers: Table):
    peers.put(near, far, "FAILED")
    pair = TrunkPair(side(slot, "a", near, 3), side(slot, "b", far, 4), authority, tmp_path, binary)
    inside = Side("inside", "udp", Address(slot.ip(5), 5060), Address(slot.ip(4), 5060))
    trunk = KamailioTrunk(inside.listener, tmp_path, transport=far, proxy=pair.b.listener,
                          inside=inside.server, certificate=pair.parties, ca=authority.ca)
    with trunk, pair.proxy:
        async with await pair.party(pair.a) as alice, await pair.party(inside) as bob:
            await converse(alice, bob, pair.b.uri("bob"))
            await converse(bob, alice, pair.a.uri("alice"))
    peers.put(near, far, "agent-kamailio")
    peers.put(far, near, "kamailio-agent")
