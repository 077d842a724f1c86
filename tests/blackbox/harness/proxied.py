"""The proxy with a listener of each transport, and the parties on both of its sides."""

from __future__ import annotations

import os
from pathlib import Path

from agent.endpoint import TRANSPORTS, Address, Tls
from agent.phone import Phone
from agent.registrar import Registrar
from agent.transparency import Passage
from agent.user_agent import UserAgent
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.roundabout import Roundabout
from harness.slot import Slot

PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061, "ws": 8080, "wss": 8443}
WORKERS = "ROUNDABOUT_WORKERS"
PROXY_HOST = 2
SIDES = {"caller": 10, "callee": 20, "pbx": 30}
"""First host number of each group of trusted servers; one server of each transport in a group."""
PHONE_HOST = 40


def workers() -> int:
    """How many workers the proxy is to have, by the environment."""
    return int(os.environ.get(WORKERS, "1"))


class FiveTransports:
    """A configuration with five listeners and, in each group, a trusted server per transport."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str) -> None:
        self.slot = slot
        self.listeners = {t: Address(slot.ip(PROXY_HOST), PORTS[t]) for t in TRANSPORTS}
        parties = authority.issue("parties", [self._host(s, t) for s in SIDES for t in TRANSPORTS],
                                  [self.domain(s, t) for s in SIDES for t in TRANSPORTS])
        own = authority.issue("proxy", [slot.ip(PROXY_HOST)], ["proxy.test"])
        self.tls: Tls = authority.contexts(parties)
        self.settings = Settings(
            [Listener(t, address) for t, address in self.listeners.items()],
            [Server(f"{s}-{t}", [self._host(s, t)], [self.domain(s, t)], t, PORTS[t])
             for s in SIDES for t in TRANSPORTS],
            domains=["proxy.test"], default_server="pbx-udp",
            workers=workers(),
            certificate=own.chain, key=own.key, ca=authority.ca)
        self.proxy = Roundabout(self.settings, folder, binary)

    @staticmethod
    def domain(side: str, transport: str) -> str:
        return f"{transport}.{side}.test"

    async def trunk(self, side: str, transport: str) -> UserAgent:
        """The trusted server of that side and transport."""
        return await UserAgent.start(
            transport, self._host(side, transport), f"sip:{side}@{self.domain(side, transport)}",
            port=PORTS[transport], proxy=self.listeners[transport], tls=self.tls)

    async def registrar(self, transport: str) -> Registrar:
        """The trusted server that phones register at."""
        return await Registrar.start(
            transport, self._host("pbx", transport), f"sip:pbx@{self.domain('pbx', transport)}",
            port=PORTS[transport], tls=self.tls)

    async def phone(self, transport: str, server: str, user: str = "alice",
                    host: int = PHONE_HOST, password: str = "") -> Phone:
        """A phone that speaks `transport` and belongs to the registrar that speaks `server`."""
        return await Phone.switch_on(
            transport, self.slot.ip(host), f"sip:{user}@{self.domain('pbx', server)}",
            self.listeners[transport], password=password, tls=self.tls)

    def passage(self, near: str, far: str, trusted: bool = True) -> Passage:
        """What messages undergo from a party that speaks `near` to one that speaks `far`."""
        return Passage(str(self.listeners[near]), str(self.listeners[far]), trusted=trusted)

    def _host(self, side: str, transport: str) -> str:
        return self.slot.ip(SIDES[side] + TRANSPORTS.index(transport))
