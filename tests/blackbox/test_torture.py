"""The messages of RFC 4475 and RFC 5118 through the running proxy: a row of the table each.

A message is sent over UDP, TCP and WebSocket. The verdict in its cell is the manifest's, or one
that the manifest also allows, or what a stream makes of it: then a sentence says why. After each
message the proxy must answer OPTIONS. What is forwarded is compared byte for byte, on its way
there and on the answer's way back.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from agent.endpoint import Flow
from agent.message import Message
from agent.transparency import Passage, check
from harness.slot import Slot
from harness.table import Table
from harness.torture import Torture, manifest
from harness.torture_scene import Trace, TortureScene, plain_answer, torture_answer

TRANSPORTS = ("udp", "tcp", "ws")
SPLITS = 16
SEED = 4475

WAIT = "wait"
"""On a stream: nothing happens until the rest comes, or the connection ends."""

UNREADABLE = ("inv2543", "tcp")
"""Without Content-Length its body is no part of it, and nothing behind that can be read."""

ALSO_OK = {
    "unksm2": ("416", "Who keeps bindings needs a SIP URI in To, as the registrar does, which "
                      "would refuse this one (RFC 4475 §3.3.4)."),
    "test": ("drop", "Without a version nothing shows that these bytes are SIP at all, and there "
                     "is no Via that an answer could go by."),
}
"""Verdicts that the manifest allows beside the one that it expects, and why they are given here."""

ELSEWHERE = {
    ("clerr", "tcp"): (WAIT, "The rest of the body may still come; a timer bounds the wait."),
    ("baddn", "tcp"): (WAIT, "The file has no empty line at its end, so the header goes on."),
    ("dblreq", "ws"): ("400", "A WebSocket message is one SIP message (RFC 7118 §5), so there is "
                              "no noise behind it that could be left away."),
}
"""What streams make of messages that the manifest judges as datagrams."""


def wanted(message: Torture, transport: str) -> str:
    """The one verdict that is right for this message by that transport."""
    if (message.name, transport) in ELSEWHERE:
        return ELSEWHERE[message.name, transport][0]
    if message.name in ALSO_OK:
        return ALSO_OK[message.name][0]
    return message.expect


def is_two(message: Torture, transport: str) -> bool:
    """Whether there are two requests in it; what is behind the first is noise in a datagram."""
    return message.name == "dblreq" and transport == "tcp"


async def judge(scene: TortureScene, message: Torture, transport: str, flow: Flow,
                trace: Trace) -> str:
    """Awaits what a sent message leads to, compares what was forwarded; the verdict."""
    right = wanted(message, transport)
    if right == WAIT:
        for _ in range(2):
            await scene.alive()
        verdict = WAIT if trace.verdict == "drop" else trace.verdict
        await flow.close()
        return verdict
    if right not in ("drop", "close"):
        await scene.until(lambda: trace.verdict not in ("drop", "close"),
                          f"{message.name}: {right}")
    if right == "close":
        await scene.until(lambda: trace.closed, f"{message.name}: {right}")
    if trace.forwarded:
        count = 2 if is_two(message, transport) else 1
        await scene.until(lambda: len(trace.replies) == count, f"{message.name}: answer")
        scene.check_way_there(trace, transport)
        scene.check_way_back(trace)
    readable = (message.name, transport) != UNREADABLE and not flow.closed.is_set()
    await scene.alive(flow if readable else None)
    return trace.verdict


def check_trace(message: Torture, transport: str, trace: Trace) -> None:
    """Faults that show only once everything has come: a second message, a `must_not`."""
    context = f"{message.name} by {transport}: {trace}"
    forwards = trace.verdict.startswith("forward")
    count = 2 if is_two(message, transport) else 1
    assert len(trace.forwarded) == count * forwards, context
    assert len(trace.replies) <= count, context
    for fault in message.must_not:
        assert fault != "forward" or not trace.forwarded, context
        assert fault not in (str(reply.status) for reply in trace.replies), context
        if fault == "apply-header" and trace.forwarded:
            assert not trace.forwarded[0].values("route"), context
        if fault == "treat-as-register":
            assert trace.verdict == "forward", context


@pytest.fixture(scope="module")
def verdicts(tables: list[Table]) -> Table:
    """Printed at the end, with the sentences below."""
    table = Table("Torture messages", [m.name for m in manifest()], [*TRANSPORTS, "why"])
    for message in manifest():
        why = [sentence for key, (_, sentence) in ALSO_OK.items() if key == message.name]
        why += [f"{transport}: {sentence}" for (name, transport), (_, sentence)
                in ELSEWHERE.items() if name == message.name]
        table.put(message.name, "why", " ".join(why))
    tables.append(table)
    return table


def test_the_sentences_are_about_verdicts_that_the_manifest_allows():
    messages = {message.name: message for message in manifest()}
    assert len(messages) == 62
    for name, (verdict, _) in ALSO_OK.items():
        assert verdict in messages[name].also_ok
    assert {name for name, _ in ELSEWHERE} <= messages.keys()


async def send_whole(scene: TortureScene, transport: str, message: Torture) -> tuple[Flow, Trace]:
    flow, trace = await scene.connect(transport), scene.make(message)
    scene.watch(flow, trace)
    await flow.write(trace.raw)
    return flow, trace


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_verdicts(transport: str, slot: Slot, tmp_path: Path, binary: str, verdicts: Table):
    scene, failures = TortureScene(slot, tmp_path, binary), []
    sent: list[tuple[Torture, Trace]] = []
    async with scene.running():
        for message in manifest():
            flow, trace = await send_whole(scene, transport, message)
            try:
                verdict = await judge(scene, message, transport, flow, trace)
            except AssertionError as failure:
                verdict = f"FAILED: {trace.verdict}"
                failures.append(f"{message.name}: {failure}")
            verdicts.put(message.name, transport, verdict)
            sent.append((message, trace))
            if verdict != wanted(message, transport):
                failures.append(f"{message.name}: {verdict}, not {wanted(message, transport)}")
        await scene.alive()
    for message, trace in sent:
        check_trace(message, transport, trace)
    assert not failures, "\n".join(failures)


def split_points(message: Torture) -> Iterable[int]:
    """Seeded positions within a message."""
    return random.Random(f"{SEED} {message.file}").sample(range(1, len(message.raw)), SPLITS)


async def test_split_in_two_on_a_tcp_stream(slot: Slot, tmp_path: Path, binary: str):
    """The second part leaves when the proxy has answered another request since the first one."""
    scene = TortureScene(slot, tmp_path, binary)
    async with scene.running():
        for message in manifest():
            for position in split_points(message):
                flow, trace = await scene.connect("tcp"), scene.make(message)
                scene.watch(flow, trace)
                await flow.write(trace.raw[:position])
                await scene.alive()
                if not flow.closed.is_set():
                    await flow.write(trace.raw[position:])
                verdict = await judge(scene, message, "tcp", flow, trace)
                assert verdict == wanted(message, "tcp"), f"{message.name} split at {position}"
                check_trace(message, "tcp", trace)
                await flow.close()


async def test_several_in_one_tcp_segment(slot: Slot, tmp_path: Path, binary: str):
    """All after which the stream can be read on, each with its verdict."""
    scene = TortureScene(slot, tmp_path, binary)
    ending = {"ncl", "mcl01", "inv2543", "baddn", "clerr"}
    several = [message for message in manifest() if message.name not in ending]
    async with scene.running():
        flow = await scene.connect("tcp")
        traces = [scene.make(message) for message in several]
        await flow.write(b"".join(trace.raw for trace in traces))
        for message, trace in zip(several, traces):
            verdict = await judge(scene, message, "tcp", flow, trace)
            assert verdict == wanted(message, "tcp"), message.name
        assert not flow.closed.is_set()
        for message, trace in zip(several, traces):
            check_trace(message, "tcp", trace)


RESPONSES = {"unreason": 200, "noreason": None, "scalarlg": None, "bigcode": None, "bcast": 200}
"""What a torture response comes to where it answers a live request; None: it goes no further."""


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_responses_to_live_requests(transport: str, slot: Slot, tmp_path: Path, binary: str):
    """The phrase and the rest pass byte for byte; a 100 (R24) and what is malformed stay here, and
    the transaction is then ended by a proper response as if nothing had been.
    """
    scene = TortureScene(slot, tmp_path, binary)
    messages = {message.name: message for message in manifest()}
    assert RESPONSES.keys() == {name for name, m in messages.items() if m.is_response}
    async with scene.running():
        for name, status in RESPONSES.items():
            scene.answers = [lambda request, m=messages[name]: torture_answer(request, m),
                             plain_answer]
            flow, trace = await send_whole(scene, transport, messages["lwsdisp"])
            await scene.until(lambda: trace.replies, f"{name}: an answer")
            await scene.alive(flow)
            assert [reply.status for reply in trace.replies] == [status or 480], name
            answer = trace.answers[0 if status else 1]
            check(answer, trace.replies[0].raw, Passage(str(scene.listeners["udp"]), "-"))
            assert Message(answer).start == trace.replies[0].start
