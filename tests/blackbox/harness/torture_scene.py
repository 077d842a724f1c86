"""The proxy between one sender of torture messages and one sink for all that it sends on."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from websockets.exceptions import ConnectionClosed

from agent.datagram import DatagramEndpoint
from agent.endpoint import Address, Endpoint, Flow
from agent.message import Message, compose, read_rows
from agent.network import open_endpoint
from agent.transaction import new_branch
from agent.transparency import Passage, check
from agent.waiting import within
from harness.config import Listener, Server, Settings
from harness.roundabout import Roundabout
from harness.slot import Slot
from harness.torture import Torture, manifest, mark_of

PORTS = {"udp": 5060, "tcp": 5060, "ws": 8080}
DOMAINS = ["example.com", "example.org", "example.net", "company.com", "registrar.example.com",
           "services.example.com", "chair-dnrc.example.com", "host.example.net", "[2001:db8::10]",
           "[2001:db8::10:5070]", "[2001:db8::c000:201]", "sink.test"]
"""What Request-URIs and Routes of the messages name."""


OWN_ROUTE = b"Route: <sip:127.0.0.1:5080>\r\n"
"""Of mpart01; the address is made the proxy's own."""
LONG_CONTACT = b"amazinglylongcallername"
"""Of longreq: the one Contact that is too long to be wrapped and so stays."""


@dataclass
class Trace:
    """What one sent message led to."""

    raw: bytes
    forwarded: list[Message] = field(default_factory=list)
    replies: list[Message] = field(default_factory=list)
    """Final responses to the sender."""
    answers: list[bytes] = field(default_factory=list)
    """What the sink answered."""
    closed: bool = False

    @property
    def verdict(self) -> str:
        """In the manifest's words, without an answer that came from the sink."""
        if self.forwarded:
            register = self.forwarded[0].method == "REGISTER"
            return "forward-register" if register else "forward"
        if self.replies:
            return str(self.replies[0].status)
        return "close" if self.closed else "drop"


class TortureScene:
    """Sends marked messages and collects their traces; the sink answers everything."""

    def __init__(self, slot: Slot, folder: Path, binary: str) -> None:
        self.proxy_host, self.sink_host, self.host = slot.ip(2), slot.ip(3), slot.ip(5)
        self.listeners = {t: Address(self.proxy_host, port) for t, port in PORTS.items()}
        routed = Listener("udp", Address(self.proxy_host, 5080), advertised="127.0.0.1:5080")
        self.proxy = Roundabout(Settings(
            [*(Listener(t, address) for t, address in self.listeners.items()), routed],
            [Server("sink", [self.sink_host], DOMAINS, "udp", 5060),
             Server("sink-5070", [self.sink_host], ["[2001:db8::10]"], "udp", 5070)],
            domains=["proxy.test"], client_networks=[f"{self.host}/32"],
            limits={"messages_per_source": 1_000_000, "messages_burst": 1_000_000},
            more={"drain": 0}), folder, binary)
        self.answers: list[Callable[[Message], bytes]] = [plain_answer]
        """What the sink sends when a request comes."""
        self.traces: dict[int, Trace] = {}
        self._numbers = itertools.count(1)
        self._last: Trace | None = None
        self._news = asyncio.Event()
        self._datagrams: dict[int, DatagramEndpoint] = {}
        self._streams: dict[str, Endpoint] = {}
        self._seen: set[bytes] = set()
        """Every message received, so that one sent again counts once."""
        self._pings: set[str] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[TortureScene]:
        """The proxy and both parties up."""
        with self.proxy:
            async with AsyncExitStack() as stack:
                for port in (5060, 5070):
                    sink = await open_endpoint("udp", self.sink_host, port)
                    stack.push_async_callback(sink.close)
                    sink.on_message = self._at_sink
                for port in {5060, *(message.reply_port for message in manifest())}:
                    self._datagrams[port] = await open_endpoint("udp", self.host, port)
                for transport in ("tcp", "ws"):
                    self._streams[transport] = await open_endpoint(transport, self.host, None)
                for endpoint in (*self._datagrams.values(), *self._streams.values()):
                    endpoint.on_message = self._at_sender
                    stack.push_async_callback(endpoint.close)
                yield self

    def make(self, message: Torture) -> Trace:
        """A marked copy, ready to be sent."""
        number = next(self._numbers)
        self._last = self.traces[number] = Trace(message.marked(number))
        return self._last

    async def connect(self, transport: str) -> Flow:
        """A new connection of the sender's, or its one way by UDP."""
        if transport == "udp":
            return await self._datagrams[5060].flow_to(self.listeners["udp"])
        flow = await self._streams[transport].connect(self.listeners[transport])
        flow.binary = True
        return flow

    async def alive(self, flow: Flow | None = None) -> None:
        """The proxy answers OPTIONS, by that flow (if it stays open) or by UDP.

        What was sent by the same flow before is then dealt with.
        """
        flow = flow or await self.connect("udp")
        call_id = f"ping-{next(self._numbers)}"
        with suppress(ConnectionError, ConnectionClosed):
            await flow.write(compose("OPTIONS sip:proxy.test SIP/2.0", [
                ("Via", f"SIP/2.0/UDP {self.host}:5060;branch={new_branch()}"),
                ("Max-Forwards", "70"), ("From", f"<sip:{self.host}>;tag=1"),
                ("To", "<sip:proxy.test>"), ("Call-ID", call_id), ("CSeq", "1 OPTIONS")]))
        await self.until(lambda: call_id in self._pings or flow.closed.is_set(),
                         f"answer to OPTIONS by {flow}")

    async def until(self, condition, what: str, timeout: float = 8.0) -> None:
        """Waits until messages or closed connections have made the condition true."""
        async def wait() -> None:
            while not condition():
                self._news.clear()
                await self._news.wait()
        await within(wait(), what, timeout)

    def watch(self, flow: Flow, trace: Trace) -> None:
        """Notes in the trace when the connection ends."""
        async def closed() -> None:
            await flow.closed.wait()
            trace.closed = True
            self._news.set()
        flow.endpoint.spawn(closed())

    def check_way_there(self, trace: Trace, transport: str) -> None:
        """What was forwarded differs from what was sent in nothing but what a proxy may change."""
        wraps = LONG_CONTACT not in trace.raw
        check(self._as_sent(trace, transport), trace.forwarded[0].raw,
              Passage(str(self.listeners[transport]), str(self.listeners["udp"]), trusted=False,
                      contacts=wraps))

    def check_way_back(self, trace: Trace) -> None:
        """So does the sink's answer, and a registered Contact is again what the client sent."""
        for answer in trace.answers:
            back = next(r for r in trace.replies if r.method == Message(answer).method)
            check(answer, back.raw, Passage(str(self.listeners["udp"]), "-"))
            if back.method != "REGISTER":
                continue
            sent = Message(trace.raw)
            contacts = [[re.sub(rb"[<>]", b"", row.raw) for row in m.rows if row.name == "contact"]
                        for m in (sent, back)]
            assert contacts[0] == contacts[1], contacts

    def _as_sent(self, trace: Trace, transport: str) -> bytes:
        """The message as its framing delimits it, without the Route that is the proxy's own."""
        head, blank, rest = trace.raw.replace(OWN_ROUTE, b"").partition(b"\r\n\r\n")
        length = re.search(rb"^(?:content-length|l)\s*:\s*(\d+)", head, re.I | re.M)
        if length:
            rest = rest[:int(length[1])]
        elif transport == "tcp":
            rest = b""
        return head + blank + rest

    def _trace_of(self, raw: bytes) -> Trace | None:
        number = mark_of(raw)
        return self.traces.get(number) if number else self._last

    def _at_sink(self, message: Message, flow: Flow) -> None:
        trace = self._trace_of(message.raw)
        fresh = message.raw not in self._seen
        self._seen.add(message.raw)
        if trace and fresh and message.is_request and message.method != "ACK":
            trace.forwarded.append(message)
            trace.answers += [make(message) for make in self.answers]
            flow.endpoint.spawn(self._write(flow, trace.answers))
        self._news.set()

    @staticmethod
    async def _write(flow: Flow, messages: list[bytes]) -> None:
        for raw in messages:
            await flow.write(raw)

    def _at_sender(self, message: Message, _: Flow) -> None:
        trace = self._trace_of(message.raw)
        if message.call_id.startswith("ping-"):
            self._pings.add(message.call_id)
        elif trace and message.raw not in self._seen and message.status >= 200:
            trace.replies.append(message)
        self._seen.add(message.raw)
        self._news.set()


def plain_answer(request: Message) -> bytes:
    """200 with the same Contacts to REGISTER, 480 to all else."""
    register = request.method == "REGISTER"
    rows = [*answer_rows(request), *(row.raw for row in request.rows if register
                                     and row.name in ("contact", "expires"))]
    start = b"SIP/2.0 200 OK" if register else b"SIP/2.0 480 Temporarily Unavailable"
    return b"\r\n".join([start, *rows, b"Content-Length: 0", b"", b""])


def torture_answer(request: Message, response: Torture) -> bytes:
    """A torture message as the answer to this request: what names the transaction becomes its own,
    but for a CSeq that is out of range, and everything else stays.
    """
    head, blank, body = response.raw.partition(b"\r\n\r\n")
    start, _, rest = head.partition(b"\r\n")
    own = {"via", "from", "to", "call-id"} | ({"cseq"} if response.name != "scalarlg" else set())
    rows = [row for row in answer_rows(request)
            if response.name != "scalarlg" or not row.lower().startswith(b"cseq")]
    rows += [row.raw for row in read_rows(rest) if row.name not in own]
    return b"\r\n".join([start, *rows]) + blank + body


def answer_rows(request: Message) -> list[bytes]:
    """The rows that a response takes from its request (RFC 3261 §8.2.6.2)."""
    rows = []
    for row in request.rows:
        if row.name in ("via", "from", "to", "call-id", "cseq"):
            tagged = row.name != "to" or re.search(r";\s*tag\s*=", row.value, re.I)
            rows.append(row.raw if tagged else row.raw + b";tag=sink")
    return rows
