"""Two Roundabouts in a row: whole conversations pass both, and come home by both.

The near one faces alice, the far one bob. Each has its own keys and database; to either one the
other is a trusted server, or, where alice is a client, the far one sees the near one as a client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.conversation import converse
from agent.endpoint import TRANSPORTS, Address
from agent.phone import Phone
from agent.registrar import Registrar
from agent.transparency import Passage
from agent.user_agent import UserAgent
from agent.wire import check_wire
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.proxied import PORTS, workers
from harness.roundabout import Roundabout
from harness.slot import Slot

NEAR, FAR, ALICE, BOB = 2, 8, 3, 4
NAME = "one.test"
WAYS = [("udp", "tcp", "tls"), ("wss", "udp", "tcp"), ("tcp", "wss", "udp"), ("tls", "tls", "ws"),
        ("ws", "tcp", "wss")]
"""Alice's transport, the one between the two, and bob's."""


class Row:
    """Both proxies. `name` is the one name of both, if they have one beside their addresses."""

    def __init__(self, way: tuple[str, str, str], slot: Slot, authority: Authority, folder: Path,
                 binary: str, *, client: bool = False, name: str = "") -> None:
        self.slot, self.name = slot, name
        self.near_side, between, self.far_side = way
        hosts = [slot.ip(n) for n in (NEAR, FAR, ALICE, BOB)]
        issued = authority.issue("all", hosts, ["a.test", "b.test", "proxy.test"])
        self.tls = authority.contexts(issued)
        alice = self._server("a", ALICE, self.near_side)
        near = self._settings(NEAR, [self._server("b", FAR, between),
                                     *([] if client else [alice])])
        far = self._settings(FAR, [self._server("b", BOB, self.far_side),
                                   *([] if client else [self._server("a", NEAR, between)])])
        near.client_networks = [f"{slot.ip(ALICE)}/32"] if client else []
        far.client_networks = [f"{slot.ip(NEAR)}/32"] if client else []
        self.proxies = []
        for place, settings in (("near", near), ("far", far)):
            settings.certificate, settings.key, settings.ca = issued.chain, issued.key, authority.ca
            (folder / place).mkdir()
            self.proxies.append(Roundabout(settings, folder / place, binary))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        with self.proxies[0], self.proxies[1]:
            yield

    def listener(self, host: int, transport: str) -> Address:
        return Address(self.slot.ip(host), PORTS[transport])

    async def trunk(self, user: str, host: int, transport: str, proxy: int) -> UserAgent:
        """A trusted server; alice's or bob's."""
        domain = "a.test" if host == ALICE else "b.test"
        agent = await UserAgent.start(transport, self.slot.ip(host), f"sip:{user}@{domain}",
                                      port=PORTS[transport], tls=self.tls,
                                      proxy=self.listener(proxy, transport))
        agent.hosts[NAME] = self.slot.ip(proxy)
        return agent

    def passage(self, *, back: bool = False, trusted: bool = True) -> Passage:
        """What messages undergo from alice to bob."""
        near = self._known(NEAR, self.near_side)
        far = self._known(FAR, self.far_side)
        ends = (far, near) if back else (near, far)
        return Passage(*ends, record_routes=4, hops=2, trusted=trusted)

    def _known(self, host: int, transport: str) -> str:
        return f"{self.name or self.slot.ip(host)}:{PORTS[transport]}"

    def _server(self, name: str, host: int, transport: str) -> Server:
        return Server(name, [self.slot.ip(host)], [f"{name}.test"], transport, PORTS[transport])

    def _settings(self, host: int, servers: list[Server]) -> Settings:
        listeners = [Listener(t, self.listener(host, t),
                              advertised=self._known(host, t) if self.name else None)
                     for t in TRANSPORTS]
        more = {"contact_host": "fqdn"} if self.name else {}
        return Settings(listeners, servers, domains=["proxy.test"], workers=workers(), more=more)


@pytest.mark.parametrize("name", ["", NAME])
@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_between_two_servers(way: tuple[str, str, str], name: str, slot: Slot,
                                   authority: Authority, tmp_path: Path, binary: str):
    """R14, R15, R16: also where both have one name, tokens tell them apart."""
    row = Row(way, slot, authority, tmp_path, binary, name=name)
    async with row.running():
        async with await row.trunk("alice", ALICE, row.near_side, NEAR) as alice, \
                await row.trunk("bob", BOB, row.far_side, FAR) as bob:
            await converse(alice, bob, "sip:bob@b.test")
            await converse(bob, alice, "sip:alice@a.test")
            assert check_wire(alice.endpoint, bob.endpoint, row.passage())
            assert check_wire(bob.endpoint, alice.endpoint, row.passage(back=True))
            assert not alice.untaken() and not bob.untaken()


@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_between_a_client_and_its_server(way: tuple[str, str, str], slot: Slot,
                                               authority: Authority, tmp_path: Path, binary: str):
    """R1, R9: alice's registration is a binding in both, and calls find her through both."""
    row = Row(way, slot, authority, tmp_path, binary, client=True)
    async with row.running():
        async with await Registrar.start(row.far_side, slot.ip(BOB), "sip:pbx@b.test",
                                         port=PORTS[row.far_side], tls=row.tls) as pbx, \
                await Phone.switch_on(row.near_side, slot.ip(ALICE), "sip:alice@b.test",
                                      row.listener(NEAR, row.near_side), tls=row.tls) as alice:
            await alice.register()
            await alice.register()
            binding, = pbx.bindings(alice.aor)
            await converse(alice, pbx, pbx.aor)
            await converse(pbx, alice, binding.uri)
            await alice.unregister()
            assert not pbx.bindings(alice.aor)
            assert check_wire(alice.endpoint, pbx.endpoint, row.passage(trusted=False))
            assert check_wire(pbx.endpoint, alice.endpoint, row.passage(back=True))
