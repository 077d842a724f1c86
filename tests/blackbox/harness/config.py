"""The proxy's configuration file: the only place in these tests that knows its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.endpoint import Address


def toml(value: object) -> str:
    """A TOML value; JSON's strings and numbers are TOML's too."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {toml(item)}' for key, item in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(str(value) if isinstance(value, Path) else value)


@dataclass
class Listener:
    """A `[[listen]]` table."""

    transport: str
    address: Address
    serves: list[str] = field(default_factory=lambda: ["clients", "servers"])
    advertised: str | None = None
    more: dict[str, object] = field(default_factory=dict)

    def keys(self) -> dict[str, object]:
        return {"transport": self.transport, "bind": str(self.address), "serves": self.serves,
                "advertised": self.advertised, **self.more}


@dataclass
class Server:
    """A `[[server]]` table: a trusted server. None leaves transport or port to DNS."""

    name: str
    addresses: list[str]
    domains: list[str]
    transport: str | None
    port: int | None
    routes: list[str] = field(default_factory=list)
    more: dict[str, object] = field(default_factory=dict)

    def keys(self) -> dict[str, object]:
        return {"name": self.name, "addresses": self.addresses, "domains": self.domains,
                "transport": self.transport, "port": self.port, "routes": self.routes or None,
                **self.more}


@dataclass
class Settings:
    """The whole file. None leaves a key out; `more` adds keys at the top level."""

    listeners: list[Listener]
    servers: list[Server] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    default_server: str | None = None
    client_networks: list[str] = field(default_factory=lambda: ["127.0.0.0/8"])
    strict_client: bool = True
    workers: int = 1
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    log_level: str = "debug"
    control: Path | None = None
    control_group: str | None = None
    limits: dict[str, object] = field(default_factory=dict)
    store: dict[str, object] = field(default_factory=dict)
    metrics: Address | None = None
    more: dict[str, object] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Writes the file; the client cache lies beside it."""
        path.write_text("\n".join(self._lines(path.parent)) + "\n")
        return path

    def _lines(self, folder: Path) -> Iterator[str]:
        yield from self._table("", {
            "domains": self.domains or None, "default_server": self.default_server,
            "strict_client": self.strict_client, "client_networks": self.client_networks,
            "workers": self.workers, **self.more})
        for listener in self.listeners:
            yield from self._table("[[listen]]", listener.keys())
        for server in self.servers:
            yield from self._table("[[server]]", server.keys())
        if self.certificate:
            yield from self._table("[tls]", {"certificate": self.certificate, "key": self.key,
                                             "ca": self.ca})
        if self.limits:
            yield from self._table("[limits]", self.limits)
        yield from self._table("[store]", {"path": folder / "clients.db", **self.store})
        if self.control:
            yield from self._table("[control]", {"socket": self.control,
                                                 "group": self.control_group})
        if self.metrics:
            yield from self._table("[metrics]", {"bind": str(self.metrics)})
        yield from self._table("[log]", {"level": self.log_level})

    @staticmethod
    def _table(title: str, keys: dict[str, object]) -> Iterator[str]:
        yield title
        yield from (f"{key} = {toml(value)}" for key, value in keys.items() if value is not None)
