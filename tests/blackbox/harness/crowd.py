"""Servers, and clients of all transports that are registered at them."""

from __future__ import annotations

import itertools
import random

from agent.digest import Guard
from agent.endpoint import TRANSPORTS
from harness.lasting_call import LastingCall
from harness.proxied import FiveTransports
from harness.station import Client, Station

SERVERS = ("udp", "tls")
FIRST_HOST, HOSTS = 50, 200
PASSWORD = "open sesame"


class Crowd:
    """A server that speaks UDP and one that speaks TLS; two clients a transport, one at each."""

    def __init__(self, net: FiveTransports, chance: random.Random) -> None:
        self.net, self.chance = net, chance
        self.servers: dict[str, Station] = {}
        self.residents: list[Client] = []
        self._numbers = itertools.count()

    async def open(self, guarded: bool = False) -> None:
        """Servers up, residents registered; `guarded` servers want a password."""
        for transport in SERVERS:
            server = await self.net.registrar(transport)
            self.servers[transport] = Station(server, self.net.listeners[transport])
            if guarded:
                server.guard = Guard("pbx.test", AnyUser(PASSWORD))
        for transport, server in itertools.product(TRANSPORTS, SERVERS):
            self.residents.append(await self.client(transport, server))
            await self.residents[-1].register()

    async def close(self) -> None:
        """Fails where something went wrong beside the test."""
        for station in [*self.servers.values(), *self.residents]:
            await station.agent.close()

    async def client(self, transport: str, server: str, password: str = PASSWORD) -> Client:
        """A new user's phone, not registered yet."""
        number = next(self._numbers)
        phone = await self.net.phone(transport, server, f"user{number}",
                                     FIRST_HOST + number % HOSTS, password=password)
        return Client(phone, self.net.listeners[transport], self.servers[server])

    def call(self, transport: str, fates: list[str]) -> LastingCall:
        """A call from or to a resident of that transport, not begun yet."""
        of_it = [client for client in self.residents if client.agent.transport == transport]
        return LastingCall(self.chance.choice(of_it), self.chance.random() < 0.5,
                           self.chance.choice(fates))


class AnyUser(dict):
    """The same password for everybody."""

    def __init__(self, password: str) -> None:
        super().__init__()
        self._password = password

    def get(self, user: str, default: str | None = None) -> str:
        return self._password
