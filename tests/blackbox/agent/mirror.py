"""A stateless proxy that sends every request back to where it came from, as a misled one does."""

from __future__ import annotations

import hashlib

from agent.endpoint import Endpoint, Flow
from agent.message import Message
from agent.network import open_endpoint


class Mirror:
    """Puts a Via on each request, takes it off each response, and returns both to the sender.

    `retarget` maps an R-URI to the one that the request goes back with; by default it stays.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.retarget = lambda uri: uri
        self.invites = 0
        """How many INVITEs came."""
        endpoint.on_message = lambda message, flow: endpoint.spawn(self._return(message, flow))

    @classmethod
    async def start(cls, host: str, port: int) -> Mirror:
        return cls(await open_endpoint("udp", host, port))

    async def __aenter__(self) -> Mirror:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.endpoint.close()

    async def _return(self, message: Message, flow: Flow) -> None:
        rows = [row.raw for row in message.rows]
        start = message.start
        if message.is_request:
            self.invites += message.method == "INVITE"
            start = f"{message.method} {self.retarget(message.uri)} SIP/2.0"
            # Follows from the branch that came, so that CANCEL and ACK get the same one.
            branch = "z9hG4bK" + hashlib.sha256(message.branch.encode()).hexdigest()[:20]
            rows = [self._fewer_hops(row) for row in rows]
            rows.insert(0, f"Via: SIP/2.0/UDP {self.endpoint.local};branch={branch}".encode())
        else:
            del rows[next(i for i, row in enumerate(message.rows) if row.name == "via")]
        await flow.send(b"\r\n".join([start.encode(), *rows, b"", b""]) + message.body)

    @staticmethod
    def _fewer_hops(row: bytes) -> bytes:
        name, _, value = row.partition(b":")
        if name.lower() != b"max-forwards":
            return row
        return name + b": " + str(int(value) - 1).encode()
