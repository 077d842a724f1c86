"""Transparency over a whole conversation: each message received is held against the one sent."""

from __future__ import annotations

import dataclasses

from agent.endpoint import Endpoint
from agent.message import Message
from agent.transparency import Altered, Passage, check
from agent.uri import NameAddr


def identity(message: Message) -> tuple:
    """What a message and its forwarded copy have in common, whatever else a proxy does."""
    kind = message.method if message.is_request else message.status
    return (message.is_request, kind, message.get("cseq"), message.call_id,
            message.get("from"), message.get("to"))


def is_hop_by_hop(message: Message, invites: set[str]) -> bool:
    """Messages that a stateful proxy makes itself: 100, CANCEL and its answer, ACK to non-2xx."""
    return (message.method == "CANCEL" or message.status == 100
            or (message.is_request and message.method == "ACK" and message.branch in invites))


def check_wire(sender: Endpoint, receiver: Endpoint, passage: Passage) -> int:
    """Checks all that `receiver` got, which must come from `sender`; returns how many messages.

    `passage.mapped` is extended by the Contacts that the receiver itself sent.
    """
    incoming = [Message(raw) for raw in receiver.received]
    invites = {m.branch for m in incoming if m.is_request and m.method == "INVITE"}
    outgoing: dict[tuple, list[bytes]] = {}
    for raw in sender.sent:
        outgoing.setdefault(identity(Message(raw)), []).append(raw)
    mapped = {*passage.mapped, *published_contacts(receiver)}
    passage = dataclasses.replace(passage, mapped=mapped)
    through = [message for message in incoming if not is_hop_by_hop(message, invites)]
    for message in through:
        originals = outgoing.get(identity(message))
        if not originals:
            raise Altered(f"nobody sent this:\n{message.raw.decode(errors='replace')}")
        check_any(originals, message.raw, passage)
    return len(through)


def check_any(originals: list[bytes], received: bytes, passage: Passage) -> None:
    """Passes if `received` is a faithful copy of one of the originals."""
    failures = []
    for raw in originals:
        try:
            check(raw, received, passage)
            return
        except Altered as altered:
            failures.append(altered)
    raise failures[0]


def published_contacts(endpoint: Endpoint) -> set[str]:
    """All Contact URIs that a party has sent."""
    values = (value for raw in endpoint.sent for value in Message(raw).values("contact"))
    return {NameAddr.parse(value).uri.text for value in values if value != "*"}
