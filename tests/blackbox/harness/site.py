"""Kamailio as a UDP and TCP registrar, the proxy before it, and the phones of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.endpoint import TRANSPORTS, Address
from agent.phone import Phone
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.kamailio import KamailioRegistrar
from harness.proxied import PORTS, workers
from harness.roundabout import Roundabout
from harness.slot import Slot


class Site:
    """Kamailio, the proxy before it, and phones on either side of the proxy."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str,
                 server_transport: str, by_path: bool = False, **more: object) -> None:
        """`by_path`: clients are registered by Path; `more`: keys of the proxy's configuration."""
        self.slot = slot
        self.place = Address(slot.ip(3), 5060)
        self.pbx = KamailioRegistrar(self.place, folder, outbound=by_path)
        self.listeners = {t: Address(slot.ip(2), PORTS[t]) for t in TRANSPORTS}
        own = authority.issue("proxy", [slot.ip(2)])
        self.tls = authority.contexts(authority.issue("phones", [slot.ip(4), slot.ip(5)]))
        self.proxy = Roundabout(Settings(
            [Listener(t, address) for t, address in self.listeners.items()],
            [Server("pbx", [self.place.host], [self.pbx.domain], server_transport,
                    self.place.port, more={"register_as": "path"} if by_path else {})],
            domains=["proxy.test"], default_server="pbx", workers=workers(),
            certificate=own.chain, key=own.key, ca=authority.ca, more=more), folder, binary)

    async def phone(self, transport: str, user: str, host: int, registrar: str = "") -> Phone:
        """A phone behind the proxy."""
        return await Phone.switch_on(
            transport, self.slot.ip(host), f"sip:{user}@{self.pbx.domain}",
            self.listeners[transport], password=self.pbx.password, tls=self.tls,
            registrar=registrar)

    async def desk_phone(self, user: str) -> Phone:
        """A UDP phone that knows nothing of the proxy: it is registered at Kamailio directly."""
        phone = await Phone.switch_on("udp", self.slot.ip(6), f"sip:{user}@{self.pbx.domain}",
                                      self.place, password=self.pbx.password, listens=True)
        await phone.register()
        return phone


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[Site]:
    """Both servers up."""
    with site.pbx, site.proxy:
        yield site


async def restart(proxy: Roundabout, ending: str) -> None:
    """Ends the proxy by SIGTERM ("terminate") or kill -9 ("kill") and starts it again."""
    await asyncio.to_thread(getattr(proxy, ending))
    await asyncio.to_thread(proxy.start)
