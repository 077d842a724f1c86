"""A name server on the loopback that knows a few names and asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.endpoint import Address
from harness.ports import await_bound
from harness.program import Program


class Dnsmasq(Program):
    """dnsmasq at `address`, answering for these host names with these addresses.

    `records`: words for it beside them, as `host`, `srv` and `naptr` make them. Every TTL is `ttl`.
    """

    def __init__(self, address: Address, names: Mapping[str, str], folder: Path,
                 records: Sequence[str] = (), ttl: int = 60) -> None:
        self.address = address
        super().__init__("dnsmasq", [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
            "--no-hosts", "--bind-interfaces", "--user=root", "--pid-file=", "--log-queries",
            "--log-facility=-", f"--listen-address={address.host}", f"--port={address.port}",
            "--local=/test/", f"--local-ttl={ttl}",
            *(f"--host-record={name},{place}" for name, place in names.items()), *records],
                         folder)

    def start(self) -> None:
        """Starts it; returns when its port is bound."""
        super().start()
        await_bound(self, "udp", self.address)


def host(name: str, *addresses: str) -> list[str]:
    """A and AAAA records."""
    return [f"--host-record={name},{address}" for address in addresses]


def srv(service: str, target: str, port: int, priority: int = 0, weight: int = 0) -> str:
    """An SRV record."""
    return f"--srv-host={service},{target},{port},{priority},{weight}"


def naptr(name: str, order: int, preference: int, service: str, replacement: str) -> str:
    """A NAPTR record that leads to SRV records."""
    return f"--naptr-record={name},{order},{preference},s,{service},,{replacement}"
