"""Whether the proxy refuses what other implementations take for well formed.

Random valid requests, what mutations make of them, and the torture messages go to the proxy, to
Kamailio (its parser and its sanity module) and to sipp. The proxy sends nothing on here: a request
that is well formed it answers with 403. Where it answers 400 or the like to what another one
accepts, the table says by which clause; a difference that is not in the table fails, and so does a
line of the table that no message needs.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from agent.endpoint import Address
from agent.message import compose
from agent.network import open_endpoint
from agent.transaction import new_branch
from agent.waiting import within
from harness.config import Listener, Settings
from harness.kamailio import KamailioReferee
from harness.mutations import MUTATIONS, requests
from harness.program import Program
from harness.roundabout import Roundabout
from harness.sipp import Sipp
from harness.slot import Slot
from harness.table import Table
from harness.torture import manifest

SEED = 20
ROUNDS = 10
REFUSALS = {400, 413, 501, 505, 513, None}
"""What the proxy says to a request that is not well formed; None: nothing."""

BY_CLAUSE = {
    "§7: lines end with CRLF": ["LF alone", "all line ends LF", "CR alone",
                                "no empty line at the end", "nothing at the end"],
    "§7.1: Request-Line": ["two spaces", "tab after method", "space at the end of the start line",
                           "no version", "method not a token", "uri with a space",
                           "uri in brackets"],
    "§7.1, §21.5.6: SIP-Version": ["version 3.0", "version 2.00"],
    "§7.3.1: field-name is a token, then a colon": [
        "no colon", "no name", "name with a space", "name not a token", "name of UTF-8",
        "first header folded"],
    "§8.1.1: fields that each request has once": [
        "no From", "no CSeq", "no Via", "From twice", "To twice",
        "Call-ID twice", "CSeq twice", "Max-Forwards twice", "To two values"],
    "§8.1.1.5: CSeq": ["CSeq 2^32", "CSeq negative", "CSeq other method", "CSeq with more",
                       "CSeq without method", "CSeq without number"],
    "§8.1.1.7: what follows the cookie is unique": ["Via with the bare cookie"],
    "§18.3, §20.14: Content-Length": [
        "Content-Length 2^32", "Content-Length hexadecimal", "Content-Length negative",
        "Content-Length empty", "Content-Length too large", "Content-Length twice",
        "Content-Length with sign", "Content-Lengths that differ"],
    "§19.1.1: no headers in a Request-URI": ["uri with headers"],
    "§20: a URI with a question mark is bracketed": ["Contact with headers, no brackets"],
    "§20.22: Max-Forwards is 0 to 255": ["Max-Forwards 256", "Max-Forwards empty",
                                         "Max-Forwards negative", "Max-Forwards not a number"],
    "§20.34: Route holds bracketed URIs": ["Route without brackets", "Route garbage"],
    "§25.1: callid": ["Call-ID empty", "Call-ID with a space"],
    "§25.1: name-addr, addr-spec and their parameters": [
        "From bracket not closed", "From display with a comma", "From empty",
        "From parameter empty", "From quote not closed", "From tag empty", "From uri with spaces",
        "From without scheme", "Contact bracket not closed", "Contact garbage behind",
        "Contact semicolons", "Contact without scheme"],
    "§25.1: via-parm": [
        "Via IPv6 without brackets", "Via branch empty", "Via parameter with empty value",
        "Via port 65536", "Via port empty", "Via second one broken", "Via semicolon at the end",
        "Via two semicolons", "Via with comment", "Via without sent-by"],
    "§25.1: SIP-URI": [
        "uri IPv6 garbage", "uri IPv6 not closed", "uri IPv6 without brackets",
        "uri escape not hexadecimal", "uri parameter empty", "uri parameter in quotes",
        "uri parameter without name", "uri port 65536", "uri port empty", "uri port not a number",
        "uri quote in user", "uri user of UTF-8", "uri with two @", "uri without a user before @",
        "uri without host"],
    "§25.1: header values hold no NUL": ["value with NUL"],
}
"""By RFC 3261: what the proxy refuses though another implementation accepts it."""

CLAUSES = {kind: clause for clause, kinds in BY_CLAUSE.items() for kind in kinds} | {
    f"torture {message.name}": message.clause for message in manifest()
    if not message.expect.startswith("forward")}


class Judge:
    """Sends requests by UDP from one host and tells how each was answered."""

    def __init__(self, host: str, remote: Address) -> None:
        self.host, self.remote = host, remote
        self._answers: list[bytes] = []
        """Since the last request; what echoes its faults need not be a message."""
        self._seen: set[bytes] = set()
        self._news = asyncio.Event()
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def sitting(self) -> AsyncIterator[Judge]:
        """Bound to all ports that an answer may go to."""
        async with AsyncExitStack() as stack:
            for port in sorted({5060, *(message.reply_port for message in manifest())}):
                endpoint = await open_endpoint("udp", self.host, port)
                stack.push_async_callback(endpoint.close)
                endpoint.deliver = lambda raw, _: self._answered(raw)
                if port == 5060:
                    self._flow = await endpoint.flow_to(self.remote)
            yield self

    async def status(self, request: bytes) -> int | None:
        """The final status that the request is answered with; None where there is no answer."""
        self._answers.clear()
        await self._flow.write(request)
        for _ in range(2):  # what was answered before the second ping has been read by its answer
            await self._ping()
            for raw in self._answers:
                status = int(raw[8:11])
                if status >= 200 and b"ping-" not in raw:
                    return status
        return None

    async def _ping(self) -> None:
        call_id = f"ping-{next(self._numbers)}"
        await self._flow.write(compose("OPTIONS sip:proxy.test SIP/2.0", [
            ("Via", f"SIP/2.0/UDP {self.host}:5060;branch={new_branch()};rport"),
            ("Max-Forwards", "70"), ("From", "<sip:ping@near.test>;tag=1"),
            ("To", "<sip:proxy.test>"), ("Call-ID", call_id), ("CSeq", "1 OPTIONS")]))

        async def answered() -> None:
            while not any(f"{call_id}\r\n".encode() in raw for raw in self._answers):
                self._news.clear()
                await self._news.wait()
        await within(answered(), f"answer of {self.remote}")

    def _answered(self, raw: bytes) -> None:
        if raw not in self._seen:  # the answer to an INVITE is sent again, for want of an ACK
            self._answers.append(raw)
        self._seen.add(raw)
        self._news.set()


async def verdicts(program: Program, host: str, remote: Address) -> list[int | None]:
    """The answers to all requests, by that program."""
    with program:
        async with Judge(host, remote).sitting() as judge:
            return [await judge.status(raw) for _, raw in requests(SEED, host, ROUNDS)]


def proxy(place: Address, host: str, folder: Path, binary: str) -> Roundabout:
    return Roundabout(Settings([Listener("udp", place)], domains=["proxy.test"],
                               client_networks=[f"{host}/32"],
                               limits={"messages_per_source": 1_000_000,
                                       "messages_burst": 1_000_000}), folder, binary)


async def test_what_others_accept_is_refused_by_a_clause_or_not_at_all(
        slot: Slot, tmp_path: Path, binary: str, tables: list[Table]):
    ours_at, kamailio_at, sipp_at = (Address(slot.ip(host), 5060) for host in (2, 3, 4))
    kamailio = KamailioReferee(kamailio_at, tmp_path)
    sipp = Sipp("referee", "udp", sipp_at, tmp_path, calls=1_000_000, limit=120)
    kinds = [kind for kind, _ in requests(SEED, "", ROUNDS)]
    ours = await verdicts(proxy(ours_at, slot.ip(5), tmp_path, binary), slot.ip(5), ours_at)
    answers: dict[str, dict[str, str]] = {}
    for name, program, place, host in (("kamailio", kamailio, kamailio_at, slot.ip(6)),
                                       ("sipp", sipp, sipp_at, slot.ip(7))):
        theirs = await verdicts(program, host, place)
        # Not all: Kamailio takes no folded CSeq.
        assert any(their == 200 for kind, their in zip(kinds, theirs) if kind == "nothing"), name
        for kind, our, their in zip(kinds, ours, theirs):
            if their == 200 and our in REFUSALS:
                answers.setdefault(kind, {"answer": str(our or "none")})[name] = "accepted"
    table = Table(f"Refused here, accepted elsewhere; of {len(kinds)} requests", sorted(answers),
                  ["answer", "kamailio", "sipp", "clause"])
    for kind, cells in answers.items():
        for column, text in cells.items():
            table.put(kind, column, text)
        table.put(kind, "clause", CLAUSES.get(kind, "NONE"))
    tables.append(table)
    assert all(our not in REFUSALS for kind, our in zip(kinds, ours) if kind == "nothing")
    assert not answers.keys() - CLAUSES.keys(), "differences without a clause"
    mutated = {kind for kind in CLAUSES if kind in MUTATIONS}
    assert not mutated - answers.keys(), "lines of the table that no message needs"
