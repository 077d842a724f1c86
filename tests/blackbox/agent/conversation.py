"""Every method, spoken by both sides: the script that each cell of the matrix runs.

`converse(caller, callee, uri)` makes a call with PRACK and UPDATE, sends every other method both
ways within it, ends it, and sends what needs no call. `spurn` makes a call that is cancelled.
"""

from __future__ import annotations

from agent.dialog import Dialog
from agent.transaction import CONTACT_METHODS
from agent.user_agent import Rows, UserAgent
from agent.waiting import within

METHODS = ("INVITE", "PRACK", "UPDATE", "re-INVITE", "INFO", "REFER", "NOTIFY", "SUBSCRIBE",
           "MESSAGE", "OPTIONS", "BYE", "CANCEL")

SDP = ("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
       "m=audio 4000 RTP/AVP 0\r\na=x-note:na\u00efve \r\n"
       + "".join(f"a=candidate:{n} 1 udp 2130706431 192.0.2.9 {4000 + n} typ host\r\n"
                 for n in range(36))).encode()
"""As long as a browser's, which makes each INVITE larger than 1300 bytes (R39)."""
SDP_TYPE = [("Content-Type", "application/sdp")]
TEXT_TYPE = [("Content-Type", "text/plain")]

ORNAMENTS = [
    ("X-Unknown", '"quoted, comma" ; odd = "<sip:not@a.route>"'),
    ("x-MiXeD-cAsE", "kept\tas  it is "),
    ("Subject", "folded\r\n over two\r\n\tand three lines"),
    ("k", "100rel, timer"),
    ("X-Empty", ""),
    ("P-Asserted-Identity", '"Somebody" <sip:asserted@a.test>'),
]
"""Rows that a careless proxy would tidy up."""


async def exchange(sender: Dialog, receiver: Dialog, method: str, rows: Rows = (),
                   body: bytes = b"", status: int = 200) -> None:
    """One request within a dialog and its answer; both targets are refreshed where due."""
    transaction = await sender.request(method, rows, body)
    incoming = await receiver.expect(method)
    assert incoming.request.body == body, f"{method}: body is {incoming.request.body!r}"
    await receiver.agent.respond(incoming, status)
    response = await transaction.response(status)
    if method in CONTACT_METHODS:
        sender.refresh(response)


async def dial(caller: UserAgent, callee: UserAgent, uri: str) -> tuple[Dialog, Dialog]:
    """A call with a reliable 183 (PRACK), early UPDATEs, 180, 200 and ACK."""
    invite = await caller.request("INVITE", uri, SDP_TYPE, SDP)
    incoming = await callee.expect("INVITE", invite.request.call_id)
    assert incoming.request.body == SDP
    progress = await callee.respond(incoming, 183, [("Require", "100rel"), ("RSeq", "7")])
    there = Dialog.as_callee(callee, incoming.request, progress)
    here = Dialog.as_caller(caller, invite.request, await invite.response(183))
    await exchange(here, there, "PRACK", [("RAck", f"7 {invite.request.cseq} INVITE")])
    await exchange(here, there, "UPDATE", SDP_TYPE, SDP)
    await exchange(there, here, "UPDATE")
    await callee.respond(incoming, 180)
    await invite.response(180)
    await callee.respond(incoming, 200, SDP_TYPE, SDP)
    here.refresh(await invite.response(200))
    await here.ack(invite)
    await there.expect("ACK")
    return here, there


async def reinvite(sender: Dialog, receiver: Dialog) -> None:
    """A re-INVITE and its ACK."""
    invite = await sender.request("INVITE", SDP_TYPE, SDP)
    incoming = await receiver.expect("INVITE")
    await receiver.agent.respond(incoming, 200, SDP_TYPE, SDP)
    sender.refresh(await invite.response(200))
    await sender.ack(invite)
    await receiver.expect("ACK")


async def within_call(sender: Dialog, receiver: Dialog) -> None:
    """Every method that one side may send in a call."""
    await reinvite(sender, receiver)
    await exchange(sender, receiver, "UPDATE", SDP_TYPE, SDP)
    await exchange(sender, receiver, "INFO", TEXT_TYPE, b"a\x00b\r\n\r\n")
    await exchange(sender, receiver, "OPTIONS")
    await exchange(sender, receiver, "MESSAGE", TEXT_TYPE, b"in the call")
    await exchange(sender, receiver, "REFER",
                   [("Refer-To", "<sip:carol@elsewhere.test?Replaces=a%3Bto-tag%3Db>")], status=202)
    await exchange(receiver, sender, "NOTIFY",
                   [("Event", "refer"), ("Subscription-State", "terminated;reason=noresource"),
                    ("Content-Type", "message/sipfrag")], b"SIP/2.0 200 OK\r\n")


async def subscription(subscriber: UserAgent, notifier: UserAgent, uri: str) -> None:
    """SUBSCRIBE, NOTIFY, a refresh, the end; REFER outside of a dialog does likewise."""
    for method, event, status in (("SUBSCRIBE", "presence", 200), ("REFER", "refer", 202)):
        rows = [("Event", event), ("Expires", "60")] if method == "SUBSCRIBE" else [
            ("Refer-To", "<sip:carol@elsewhere.test>")]
        first = await subscriber.request(method, uri, rows)
        incoming = await notifier.expect(method, first.request.call_id)
        answer = await notifier.respond(incoming, status)
        there = Dialog.as_callee(notifier, incoming.request, answer)
        here = Dialog.as_caller(subscriber, first.request, await first.response(status))
        await exchange(there, here, "NOTIFY",
                       [("Event", event), ("Subscription-State", "active;expires=60")])
        if method == "SUBSCRIBE":
            await exchange(here, there, "SUBSCRIBE", [("Event", event), ("Expires", "0")])
        await exchange(there, here, "NOTIFY",
                       [("Event", event), ("Subscription-State", "terminated;reason=timeout")])


async def alone(sender: UserAgent, receiver: UserAgent, uri: str) -> None:
    """MESSAGE and OPTIONS outside of dialogs."""
    for method, rows, body in (("MESSAGE", TEXT_TYPE, b"hello"), ("OPTIONS", (), b"")):
        transaction = await sender.request(method, uri, rows, body)
        incoming = await receiver.expect(method, transaction.request.call_id)
        assert incoming.request.body == body
        await receiver.respond(incoming, 200)
        await transaction.response(200)


async def spurn(caller: UserAgent, callee: UserAgent, uri: str) -> None:
    """A call that is cancelled while it rings."""
    invite = await caller.request("INVITE", uri, SDP_TYPE, SDP)
    incoming = await callee.expect("INVITE", invite.request.call_id)
    await callee.respond(incoming, 180)
    await invite.response(180)
    await (await invite.cancel()).response(200)
    await invite.response(487)
    assert incoming.cancelled.is_set()
    await within(incoming.acked.wait(), "ACK to the 487")


async def converse(caller: UserAgent, callee: UserAgent, uri: str) -> None:
    """All of METHODS. The caller dials `uri` and hangs up; within the call both send everything."""
    caller.ornaments = callee.ornaments = ORNAMENTS
    here, there = await dial(caller, callee, uri)
    await within_call(here, there)
    await within_call(there, here)
    await exchange(here, there, "BYE")
    await subscription(caller, callee, uri)
    await alone(caller, callee, uri)
    await spurn(caller, callee, uri)
