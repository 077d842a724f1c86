"""The endpoint for a transport's name."""

from __future__ import annotations

from agent.datagram import DatagramEndpoint
from agent.endpoint import Endpoint, Tls
from agent.stream import StreamEndpoint
from agent.websocket import WebSocketEndpoint


async def open_endpoint(transport: str, host: str, port: int | None = 0,
                        tls: Tls | None = None) -> Endpoint:
    """An endpoint at `host` that listens at `port` (0: a free one; None: it doesn't listen)."""
    if transport == "udp":
        endpoint: Endpoint = DatagramEndpoint(host)
    elif transport in ("tcp", "tls"):
        endpoint = StreamEndpoint(transport, host, tls)
    else:
        endpoint = WebSocketEndpoint(transport, host, tls)
    if port is not None:
        await endpoint.listen(port)
    return endpoint
