"""The proxies that are compared, each set up to do the same."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agent.endpoint import Address
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.kamailio import Kamailio
from harness.program import Program
from harness.roundabout import Roundabout
from harness.slot import Slot

DOMAIN = "callee.test"
HERE = Path(__file__).resolve().parent
TABLES = Path("/usr/share/kamailio/db_sqlite")
ALLOCATOR = "fm"
"""Kamailio's fastest: its default, which looks for errors, needs four times the CPU here."""


@dataclass
class Network:
    """Who is where: a trusted server that calls, clients, one that is called, by UDP."""

    slot: Slot
    authority: Authority
    folder: Path

    def __post_init__(self) -> None:
        self.server, self.client = self.slot.ip(2), self.slot.ip(3)
        self.callee = Address(self.slot.ip(4), free_port(self.slot.ip(4)))
        self.proxy_host = self.slot.ip(1)
        self.issued = self.authority.issue("proxy", [self.proxy_host], ["localhost"])

    @property
    def many(self) -> str:
        """256 addresses of clients."""
        return f"{self.client.rpartition('.')[0].rpartition('.')[0]}.1.0/24"

    def source(self, transport: str) -> str:
        """Whose address calls by that transport."""
        return self.server if transport == "udp" else self.client


ONE_BUSY_SOURCE = {"connections_per_source": 100_000, "handshakes_per_source": 5_000,
                   "messages_per_source": 10_000_000, "messages_burst": 10_000_000,
                   "transactions": 5_000_000}
"""Limits for load that comes from one address."""


@dataclass
class Proxy:
    """A proxy that can be started, and where it listens by transport."""

    name: str
    program: Program
    listeners: dict[str, Address]


_given: set[int] = set()


def free_port(host: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has now, and that was not given before."""
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind((host, 0))
            port = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def roundabout(network: Network, binary: str, workers: int = 0) -> Proxy:
    """Roundabout with that many workers; 0: one a core."""
    listeners = {t: Address(network.proxy_host, free_port(network.proxy_host))
                 for t in ("udp", "tcp", "tls", "ws", "wss")}
    caller = Server("caller", [network.server], ["caller.test"], "udp", 5060)
    callee = Server("callee", [network.callee.host], [DOMAIN], "udp", network.callee.port)
    settings = Settings([Listener(t, a) for t, a in listeners.items()], [caller, callee],
                        client_networks=[f"{network.client}/32", network.many], workers=workers,
                        certificate=network.issued.chain, key=network.issued.key,
                        ca=network.authority.ca, log_level="warning", limits=ONE_BUSY_SOURCE)
    folder = network.folder / "roundabout"
    shutil.rmtree(folder, ignore_errors=True)  # no registration from the run before
    folder.mkdir()
    return Proxy("Roundabout", Roundabout(settings, folder, binary), listeners)


def kamailio_registrar(network: Network) -> Proxy:
    """Kamailio as a registrar that writes each binding to a file, which is new each time."""
    address = Address(network.proxy_host, free_port(network.proxy_host, socket.SOCK_DGRAM))
    folder = network.folder / "kamailio-registrar"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    database = folder / "location.db"
    with closing(sqlite3.connect(database)) as connection:
        for name in ("standard", "usrloc"):
            connection.executescript((TABLES / f"{name}-create.sql").read_text(encoding="ascii"))
        connection.execute("PRAGMA journal_mode=WAL")
    program = Kamailio("kamailio_register", address, folder, templates=HERE, memory=1024,
                       allocator=ALLOCATOR, database=database, domain=DOMAIN)
    return Proxy("Kamailio", program, {"udp": address})


def kamailio(network: Network) -> Proxy:
    """Kamailio with as many processes for UDP, and for connections, as it has cores: one."""
    plain = Address(network.proxy_host, free_port(network.proxy_host))
    secure = Address(network.proxy_host, free_port(network.proxy_host))
    program = Kamailio("kamailio", plain, network.folder, templates=HERE, memory=1024,
                       allocator=ALLOCATOR, processes=1, secure=secure.port, callee=network.callee,
                       certificate=network.issued.chain, key=network.issued.key)
    return Proxy("Kamailio", program, {"udp": plain, "tcp": plain, "ws": plain, "tls": secure,
                                       "wss": secure})
