"""The demonstration's server: a UDP-only registrar that also passes calls on to who registered.

It knows nothing of TCP, TLS or WebSocket; that clients which speak those can register at it is
Roundabout's doing.
"""

from __future__ import annotations

from agent.endpoint import Address, Flow
from agent.message import Message
from agent.registrar import Registrar
from agent.transaction import new_branch
from agent.uri import NameAddr, Uri


def not_found(lines: list[str]) -> bytes:
    """404 to a request of these header lines (RFC 3261 §8.2.6.2)."""
    copied = ("via:", "from:", "to:", "call-id:", "cseq:")
    kept = [line + ";tag=pbx" if line.lower().startswith("to:") else line
            for line in lines if line.lower().startswith(copied)]
    return "\r\n".join(["SIP/2.0 404 Not Found", *kept, "Content-Length: 0", "", ""]).encode()


class Pbx(Registrar):
    """A registrar, and a stateless proxy with Record-Route (RFC 3261 §16.11) for all else."""

    def begin(self) -> None:
        """From now on requests are passed on: by Route, to bindings, or to their R-URI."""
        self._ways: dict[str, Flow] = {}
        self._to_transactions = self.endpoint.on_message
        self.endpoint.on_message = self._take

    def _take(self, message: Message, flow: Flow) -> None:
        if message.is_request and message.method != "REGISTER":
            self.endpoint.spawn(self._pass_on(message, flow))
        elif not message.is_request and message.branch in self._ways:
            lines = message.raw.split(b"\r\n")
            back = b"\r\n".join(lines[:1] + lines[2:])
            self.endpoint.spawn(self._ways[message.branch].send(back))
        else:
            self._to_transactions(message, flow)

    async def _pass_on(self, request: Message, flow: Flow) -> None:
        start, *lines = request.raw.decode().split("\r\n")
        own = f"Route: <sip:{self.endpoint.local};lr>"
        routes = [line for line in lines if line.startswith("Route:") and line != own]
        lines = [line for line in lines if line != own]
        target = request.uri
        if not request.to_tag:
            known = self.bindings(NameAddr.parse(request.get("to")).uri.text)
            if not known:
                if request.method != "ACK":
                    await flow.send(not_found(lines))
                return
            target = known[0].uri
            lines.insert(0, f"Record-{own}")
        branch = new_branch()
        self._ways[branch] = flow
        lines.insert(0, f"Via: SIP/2.0/UDP {self.endpoint.local};branch={branch}")
        raw = "\r\n".join([start.replace(request.uri, target), *lines]).encode()
        hop = NameAddr.parse(routes[0].partition(": ")[2]).uri if routes else Uri.parse(target)
        await (await self.endpoint.flow_to(Address(hop.bare_host, hop.port or 5060))).send(raw)
