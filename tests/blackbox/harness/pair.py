"""The proxy between two trusted servers, one a side."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agent.endpoint import Address, Tls
from agent.transparency import Passage
from agent.user_agent import UserAgent
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.proxied import workers
from harness.roundabout import Roundabout


@dataclass(frozen=True)
class Side:
    """A trusted server: where it is, and the proxy's listener that faces it."""

    name: str
    transport: str
    server: Address
    listener: Address
    more: dict[str, object] = field(default_factory=dict, compare=False)

    @property
    def domain(self) -> str:
        return f"{self.name}.test"

    def uri(self, user: str) -> str:
        """A URI that names this server."""
        return f"sip:{user}@{self.domain}"


class TrunkPair:
    """A proxy whose configuration has the servers `a` and `b` and nothing else."""

    def __init__(self, a: Side, b: Side, authority: Authority, folder: Path, binary: str) -> None:
        self.a, self.b = a, b
        self.parties = authority.issue("parties", {a.server.host, b.server.host},
                                       [a.domain, b.domain])
        own = authority.issue("proxy", {a.listener.host, b.listener.host}, ["proxy.test"])
        self.tls: Tls = authority.contexts(self.parties)
        listeners = {(side.transport, side.listener) for side in (a, b)}
        self.settings = Settings(
            [Listener(transport, address) for transport, address in sorted(listeners, key=str)],
            [Server(side.name, [side.server.host], [side.domain], side.transport,
                    side.server.port, more=side.more) for side in (a, b)],
            workers=workers(), certificate=own.chain, key=own.key, ca=authority.ca)
        self.proxy = Roundabout(self.settings, folder, binary)

    async def party(self, side: Side) -> UserAgent:
        """The agent as the trusted server of that side."""
        return await UserAgent.start(
            side.transport, side.server.host, side.uri(side.name), port=side.server.port,
            proxy=side.listener, tls=self.tls)

    def passage(self, sender: Side, receiver: Side) -> Passage:
        """What messages undergo from one server to the other."""
        return Passage(str(sender.listener), str(receiver.listener))
