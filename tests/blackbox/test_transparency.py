"""The transparency checker: a faithful hop passes, each single deviation from it fails."""

from __future__ import annotations

import pytest

from agent.transparency import Altered, Passage, check
from agent.wire import check_wire
from agent.user_agent import UserAgent
from harness.slot import Slot

PASSAGE = Passage("10.0.0.1:5060", "10.0.0.2:5061", mapped=["sip:bob@10.9.9.9:5070"])

SENT = b"""INVITE sip:bob@b.test SIP/2.0
Via: SIP/2.0/TCP 10.1.1.1:5060;branch=z9hG4bKaaa;rport
X-Odd: "a, b"
  folded ;c
Max-Forwards: 70
Route: <sip:10.0.0.1:5060;transport=tcp;lr>, <sip:next.test;lr>
Record-Route: <sip:earlier.test;lr>
f: <sip:alice@a.test>;tag=1
t: <sip:bob@b.test>
Call-ID: c1
CSeq: 1 INVITE
P-Asserted-Identity: <sip:alice@a.test>
Contact: "Alice, A" <sip:alice@10.1.1.1:5060;transport=tcp>;+sip.instance="<urn:x>"

v=0
""".replace(b"\n", b"\r\n")

RECEIVED = b"""INVITE sip:bob@b.test SIP/2.0
Via: SIP/2.0/TLS 10.0.0.2:5061;branch=z9hG4bKours
Via: SIP/2.0/TCP 10.1.1.1:5060;branch=z9hG4bKaaa;rport=40000;received=10.1.1.1
X-Odd: "a, b"
  folded ;c
Max-Forwards: 69
Route: <sip:next.test;lr>
Record-Route: <sip:tok1@10.0.0.2:5061;transport=tls;lr>
Record-Route: <sip:tok2@10.0.0.1:5060;transport=tcp;lr>
Record-Route: <sip:earlier.test;lr>
f: <sip:alice@a.test>;tag=1
t: <sip:bob@b.test>
Call-ID: c1
CSeq: 1 INVITE
P-Asserted-Identity: <sip:alice@a.test>
Contact: "Alice, A" <sip:alice@10.0.0.2:5061;transport=tls;rb=xyz>;+sip.instance="<urn:x>"
Content-Length: 5

v=0
""".replace(b"\n", b"\r\n")

RESPONSE = b"""SIP/2.0 200 OK
Via: SIP/2.0/TLS 10.0.0.1:5060;branch=z9hG4bKours
Via: SIP/2.0/TCP 10.1.1.1:5060;branch=z9hG4bKaaa;rport=40000;received=10.1.1.1
Record-Route: <sip:earlier.test;lr>
f: <sip:alice@a.test>;tag=1
t: <sip:bob@b.test>;tag=2
Call-ID: c1
CSeq: 1 INVITE
Contact: <sip:bob@10.9.9.9:5070>
l: 0

""".replace(b"\n", b"\r\n")

RESPONSE_RECEIVED = RESPONSE.replace(
    b"Via: SIP/2.0/TLS 10.0.0.1:5060;branch=z9hG4bKours\r\n", b"").replace(
    b"<sip:bob@10.9.9.9:5070>", b"<sip:bob@10.0.0.2:5061;transport=tls;rb=abc>")

OWN_ROUTES = (b"Record-Route: <sip:tok1@10.0.0.2:5061;transport=tls;lr>\r\n"
              b"Record-Route: <sip:tok2@10.0.0.1:5060;transport=tcp;lr>\r\n")


def test_a_faithful_request_passes():
    check(SENT, RECEIVED, PASSAGE)


def test_a_faithful_response_passes():
    check(RESPONSE, RESPONSE_RECEIVED, PASSAGE)


DEVIATIONS = {
    "row spelled out": (b"f: <sip:alice", b"From: <sip:alice"),
    "blank taken away": (b"  folded ;c", b" folded ;c"),
    "row unfolded": (b"\r\n  folded ;c", b" folded ;c"),
    "unknown row lost": (b'X-Odd: "a, b"\r\n  folded ;c\r\n', b""),
    "rows swapped": (b"Call-ID: c1\r\nCSeq: 1 INVITE", b"CSeq: 1 INVITE\r\nCall-ID: c1"),
    "body cut": (b"v=0\r\n", b"v=0"),
    "body grown": (b"v=0\r\n", b"v=0\r\n\r\n"),
    "wrong Content-Length": (b"Content-Length: 5", b"Content-Length: 6"),
    "Max-Forwards kept": (b"Max-Forwards: 69", b"Max-Forwards: 70"),
    "R-URI changed": (b"INVITE sip:bob@b.test", b"INVITE sip:bob@B.test"),
    "no Via": (b"Via: SIP/2.0/TLS 10.0.0.2:5061;branch=z9hG4bKours\r\n", b""),
    "Via of the wrong side": (b"TLS 10.0.0.2:5061;branch", b"TLS 10.0.0.1:5060;branch"),
    "branch without cookie": (b"z9hG4bKours", b"ours"),
    "sender's branch changed": (b"z9hG4bKaaa", b"z9hG4bKaab"),
    "own Route left": (b"Route: <sip:next", b"Route: <sip:10.0.0.1:5060;lr>, <sip:next"),
    "foreign Route popped": (b"Route: <sip:next.test;lr>\r\n", b""),
    "one Record-Route": (b"Record-Route: <sip:tok2@10.0.0.1:5060;transport=tcp;lr>\r\n", b""),
    "no Record-Route": (OWN_ROUTES, b""),
    "Record-Routes upside down": (
        OWN_ROUTES, b"\r\n".join(reversed(OWN_ROUTES.strip().split(b"\r\n"))) + b"\r\n"),
    "Record-Route without lr": (b"tcp;lr>", b"tcp>"),
    "Contact as it was": (b"alice@10.0.0.2:5061;transport=tls;rb=xyz",
                          b"alice@10.1.1.1:5060;transport=tcp"),
    "Contact parameter lost": (b';+sip.instance="<urn:x>"', b""),
    "Contact name changed": (b'"Alice, A" <', b"Alice <"),
    "identity removed": (b"P-Asserted-Identity: <sip:alice@a.test>\r\n", b""),
    "row added": (b"CSeq: 1 INVITE", b"CSeq: 1 INVITE\r\nServer: x"),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_fails(name: str):
    old, new = DEVIATIONS[name]
    assert RECEIVED.count(old) == 1
    with pytest.raises(Altered):
        check(SENT, RECEIVED.replace(old, new), PASSAGE)


@pytest.mark.parametrize("old, new", [
    (b"200 OK", b"200 Okay"),
    (b"rport=40000;received", b"rport;received"),
    (b"Via: SIP/2.0/TCP", b"Via: SIP/2.0/TLS 10.0.0.1:5060;branch=z9hG4bKours\r\nVia: SIP/2.0/TCP"),
    (b"l: 0", b"Content-Length: 0"),
    (b"sip:earlier.test", b"sip:later.test"),
    (b"10.0.0.2:5061;transport=tls;rb=abc", b"10.0.0.1:5060"),
])
def test_a_deviation_in_a_response_fails(old: bytes, new: bytes):
    assert RESPONSE_RECEIVED.count(old) == 1
    with pytest.raises(Altered):
        check(RESPONSE, RESPONSE_RECEIVED.replace(old, new), PASSAGE)


@pytest.mark.parametrize("method", [b"REGISTER", b"MESSAGE", b"OPTIONS", b"PUBLISH"])
def test_record_routes_fail_where_no_dialog_can_come(method: bytes):
    sent = SENT.replace(b"INVITE", method)
    kept = RECEIVED.replace(b"INVITE", method)
    if method != b"REGISTER":
        kept = kept.replace(b"alice@10.0.0.2:5061;transport=tls;rb=xyz",
                            b"alice@10.1.1.1:5060;transport=tcp")
    check(sent, kept.replace(OWN_ROUTES, b""), PASSAGE)
    with pytest.raises(Altered, match="Record-Routes"):
        check(sent, kept, PASSAGE)


def test_an_r_uri_that_named_us_must_become_one_of_the_receivers_contacts():
    sent = SENT.replace(b"sip:bob@b.test SIP", b"sip:bob@10.0.0.1:5060;rb=abc SIP")
    right = RECEIVED.replace(b"sip:bob@b.test SIP", b"sip:bob@10.9.9.9:5070 SIP")
    check(sent, right, PASSAGE)
    with pytest.raises(Altered, match="R-URI"):
        check(sent, right.replace(b"10.9.9.9:5070 SIP", b"10.9.9.9 SIP"), PASSAGE)


def test_untrusted_identity_must_go():
    untrusted = Passage(PASSAGE.near, PASSAGE.far, trusted=False)
    check(SENT, RECEIVED.replace(b"P-Asserted-Identity: <sip:alice@a.test>\r\n", b""), untrusted)
    with pytest.raises(Altered, match="Identity"):
        check(SENT, RECEIVED, untrusted)


def test_absent_max_forwards_becomes_70():
    sent = SENT.replace(b"Max-Forwards: 70\r\n", b"")
    check(sent, RECEIVED.replace(b"Max-Forwards: 69", b"Max-Forwards: 70"), PASSAGE)
    with pytest.raises(Altered):
        check(sent, RECEIVED, PASSAGE)


async def test_a_message_that_nobody_sent_fails(slot: Slot):
    async with (await UserAgent.start("udp", slot.ip(3), "sip:a@a.test") as alice,
                await UserAgent.start("udp", slot.ip(4), "sip:b@b.test") as bob):
        bob.endpoint.received.append(RECEIVED)
        with pytest.raises(Altered, match="nobody sent"):
            check_wire(alice.endpoint, bob.endpoint, PASSAGE)
        alice.endpoint.sent.append(SENT)
        assert check_wire(alice.endpoint, bob.endpoint, PASSAGE) == 1
