"""Every transport towards every transport: each method from both sides, checked byte for byte.

Two tables are printed at the end: trunks (caller's transport × callee's) and registered clients
(client's transport × server's). A cell names the peer and counts the messages that were compared.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.conversation import METHODS, converse
from agent.digest import Guard
from agent.endpoint import TRANSPORTS
from agent.wire import check_wire
from harness.certificates import Authority
from harness.proxied import FiveTransports
from harness.slot import Slot
from harness.table import Table

PEER = "agent"


@pytest.fixture(scope="module")
def net(slot: Slot, authority: Authority, binary: str,
        tmp_path_factory: pytest.TempPathFactory) -> Iterator[FiveTransports]:
    """The proxy, running, with all its trusted servers configured."""
    five = FiveTransports(slot, authority, tmp_path_factory.mktemp("matrix"), binary)
    with five.proxy:
        yield five


@pytest.fixture(scope="module")
def trunks(tables: list[Table]) -> Table:
    table = Table(f"Trunks, caller in rows, callee in columns: {' '.join(METHODS)}, both ways",
                  TRANSPORTS, TRANSPORTS)
    tables.append(table)
    return table


@pytest.fixture(scope="module")
def clients(tables: list[Table]) -> Table:
    table = Table("Clients in rows, their server in columns: REGISTER with digest, then the same",
                  TRANSPORTS, TRANSPORTS)
    tables.append(table)
    return table


@pytest.mark.parametrize("callee", TRANSPORTS)
@pytest.mark.parametrize("caller", TRANSPORTS)
async def test_trunks(caller: str, callee: str, net: FiveTransports, trunks: Table):
    trunks.put(caller, callee, "FAILED")
    async with await net.trunk("caller", caller) as alice, await net.trunk("callee", callee) as bob:
        await converse(alice, bob, f"sip:bob@{net.domain('callee', callee)}")
        await converse(bob, alice, f"sip:alice@{net.domain('caller', caller)}")
        count = check_wire(alice.endpoint, bob.endpoint, net.passage(caller, callee))
        count += check_wire(bob.endpoint, alice.endpoint, net.passage(callee, caller))
        assert not alice.untaken() and not bob.untaken()
    trunks.put(caller, callee, f"{PEER}-{PEER} {count}")


@pytest.mark.parametrize("server", TRANSPORTS)
@pytest.mark.parametrize("client", TRANSPORTS)
async def test_registered_clients(client: str, server: str, net: FiveTransports, clients: Table):
    clients.put(client, server, "FAILED")
    async with (await net.registrar(server) as pbx,
                await net.phone(client, server, password="secret") as phone):
        pbx.guard = Guard(net.domain("pbx", server), {"alice": "secret"})
        await phone.register()
        await phone.register()
        binding, = pbx.bindings(phone.aor)
        await converse(pbx, phone, binding.uri)
        await converse(phone, pbx, pbx.aor)
        await phone.unregister()
        assert not pbx.bindings(phone.aor)
        count = check_wire(phone.endpoint, pbx.endpoint, net.passage(client, server, False))
        count += check_wire(pbx.endpoint, phone.endpoint, net.passage(server, client))
        assert not pbx.untaken() and not phone.untaken()
    clients.put(client, server, f"{PEER}-{PEER} {count}")
