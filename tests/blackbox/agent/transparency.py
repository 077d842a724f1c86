"""The transparency rule, held byte for byte: what a proxy may change in a message, and no more.

`check(sent, received, passage)` takes the bytes that one party sent and those that the other party
received. It undoes each permitted change in what was received, after verifying that the change is
the right one, and fails on any difference that is left: order, spelling, folding, body.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass

from agent.message import Message, Row
from agent.transaction import CONTACT_METHODS, DIALOG_METHODS, MAGIC
from agent.uri import NameAddr, Uri, split_outside

CONTACT_URI = re.compile(rb"<([^>]*)>|(?<=[:,\s])(sips?:[^;,\s]*)", re.I)


class Altered(AssertionError):
    """A message did not come through as it must."""


@dataclass(frozen=True)
class Passage:
    """The way from one party to another through the proxy.

    `near` and `far` are the host:port by which the proxy is known to the sender and to the
    receiver. `mapped` are the URIs that an R-URI may become when it named the proxy: Contacts that
    the receiver published. `contacts` says whether Contacts are rewritten, and `record_routes`
    how many Record-Routes are added to requests that make dialogs (R14). What a sender that isn't
    `trusted` asserts of its identity must not come through (R43). `hops` proxies of ours stand in a
    row, each of which adds its own.
    """

    near: str
    far: str
    mapped: Collection[str] = ()
    contacts: bool = True
    record_routes: int = 2
    trusted: bool = True
    hops: int = 1

    def is_ours(self, uri: Uri) -> bool:
        """Whether a URI names the proxy on either side.

        Of several in a row the inner sides are not known: there a token tells.
        """
        return place(uri) in (self.near, self.far) or (self.hops > 1 and "rb" in uri.parameters)


def place(uri: Uri) -> str:
    """host:port of a URI, the port as its transport has it by default."""
    secure = uri.scheme == "sips" or (uri.parameters.get("transport") or "").lower() == "tls"
    return f"{uri.host}:{uri.port or (5061 if secure else 5060)}"


def require(condition: object, what: str) -> None:
    if not condition:
        raise Altered(what)


def check(sent: bytes, received: bytes, passage: Passage) -> None:
    """Raises Altered when `received` is not `sent` with permitted changes only."""
    before, after = Message(sent), Message(received)
    try:
        rows = undo_content_length(before, after)
        rows = undo_contact(before, rows, passage)
        if before.is_request:
            check_start(before, after, passage)
            rows = undo_max_forwards(before.rows, rows, passage)
            rows = undo_own_via(before.rows, rows, passage)
            rows = undo_record_route(before, rows, passage)
        else:
            require(before.start == after.start, f"{before.start!r} became {after.start!r}")
            rows = undo_via_taken(before.rows, rows, passage)
        rows = undo_removed(before.rows, rows, passage)
        compare_rows(before.rows, rows)
        require(before.body == after.body, f"the body {before.body!r} became {after.body!r}")
    except Altered as altered:
        raise Altered(f"{altered}\n--- sent\n{sent.decode(errors='replace')}\n"
                      f"--- received\n{received.decode(errors='replace')}") from None


def check_start(before: Message, after: Message, passage: Passage) -> None:
    """The method stays; the R-URI stays, or becomes a URI of the receiver's if it named us."""
    require(before.method == after.method, f"{before.start!r} became {after.start!r}")
    if passage.is_ours(Uri.parse(before.uri)):
        require(after.uri in passage.mapped,
                f"R-URI {before.uri} became {after.uri}, not one of {sorted(passage.mapped)}")
    else:
        require(before.uri == after.uri, f"R-URI {before.uri} became {after.uri}")


def named(rows: list[Row], name: str) -> list[Row]:
    return [row for row in rows if row.name == name]


def without(rows: list[Row], row: Row) -> list[Row]:
    """`rows` less that very row."""
    index = next(i for i, candidate in enumerate(rows) if candidate is row)
    return rows[:index] + rows[index + 1:]


def replaced(rows: list[Row], old: Row, new: Row) -> list[Row]:
    return [new if row is old else row for row in rows]


def undo_content_length(before: Message, after: Message) -> list[Row]:
    """Content-Length may be added where it was absent, and must then be right."""
    lengths = named(after.rows, "content-length")
    if named(before.rows, "content-length") or not lengths:
        return after.rows
    require(len(lengths) == 1 and lengths[0].value == str(len(after.body)),
            f"Content-Length added is {[row.value for row in lengths]}, not {len(after.body)}")
    return without(after.rows, lengths[0])


def undo_max_forwards(before: list[Row], rows: list[Row], passage: Passage) -> list[Row]:
    """Max-Forwards is one less for each hop, or added as 70 by the first (R31)."""
    was, now = named(before, "max-forwards"), named(rows, "max-forwards")
    require(len(now) == 1, f"{len(now)} Max-Forwards rows")
    if not was:
        require(now[0].value == str(71 - passage.hops), f"Max-Forwards added as {now[0].value}")
        return without(rows, now[0])
    wanted = re.sub(rb"\d+", str(int(was[0].value) - passage.hops).encode(), was[0].raw)
    require(now[0].raw == wanted, f"{was[0].raw!r} became {now[0].raw!r}")
    return replaced(rows, now[0], was[0])


def undo_own_via(before: list[Row], rows: list[Row], passage: Passage) -> list[Row]:
    """Our Via stands on top in a row of its own; the sender's top one may be stamped (§18.2.1)."""
    vias, was = named(rows, "via"), named(before, "via")
    require(len(vias) >= len(was) + passage.hops, "no Via was added")
    parts = split_outside(vias[0].value, ";")
    sent_by = parts[0].split()[-1]
    require(sent_by == passage.far, f"the Via added says {sent_by}, not {passage.far}")
    require(any(part.startswith(f"branch={MAGIC}") for part in parts), f"no branch: {parts}")
    top = vias[passage.hops]
    received = re.compile(rb";\s*received=[^;,\r]*")
    plain = re.sub(rb"(;\s*rport)=\d+", rb"\1", received.sub(b"", top.raw, count=1), count=1)
    # A `received` that the sender wrote itself is replaced.
    same = was[0].raw in (plain, top.raw) or received.sub(b"", was[0].raw, count=1) == plain
    require(same, f"{was[0].raw!r} became {top.raw!r}")
    rows = replaced(rows, top, was[0])
    for via in vias[:passage.hops]:
        rows = without(rows, via)
    return rows


def undo_via_taken(before: list[Row], rows: list[Row], passage: Passage) -> list[Row]:
    """Exactly our own Vias are taken off a response."""
    taken = named(before, "via")[:passage.hops]
    top = taken[0]
    values = split_outside(top.value, ",")
    sent_by = split_outside(values[0], ";")[0].split()[-1]
    require(sent_by == passage.near, f"{sent_by} was on top of the response, not {passage.near}")
    require(len(values) == 1, "peers here write one Via a row")
    index = next(i for i, row in enumerate(before) if row is top)
    return rows[:index] + taken + rows[index:]


def undo_record_route(before: Message, rows: list[Row], passage: Passage) -> list[Row]:
    """Requests that make dialogs get two Record-Routes, the outgoing side on top (R14)."""
    wanted = passage.record_routes if before.method in DIALOG_METHODS else 0
    routes, had = named(rows, "record-route"), len(before.values("record-route"))
    values = [value for row in routes for value in split_outside(row.value, ",")]
    added = [NameAddr.parse(value).uri for value in values[:len(values) - had]]
    require(len(added) == wanted,
            f"{len(added)} Record-Routes were added to {before.method}, not {wanted}")
    require(all("lr" in uri.parameters for uri in added), "a Record-Route without lr")
    require(not added or (place(added[0]), place(added[-1])) == (passage.far, passage.near),
            f"Record-Routes are {values}, not {passage.far} above {passage.near}")
    taken = 0
    for row in routes:
        if taken < wanted:
            taken += len(split_outside(row.value, ","))
            rows = without(rows, row)
    return rows


def undo_removed(before: list[Row], rows: list[Row], passage: Passage) -> list[Row]:
    """Puts back the rows that may go: Routes that name us (R15), an untrusted identity (R43).

    Through several proxies in a row the peers here send no Routes but ours.
    """
    kept = iter(named(rows, "route"))
    popping = True
    for index, row in enumerate(before):
        if row.name == "p-asserted-identity" and not passage.trusted:
            rows = rows[:index] + [row] + rows[index:]
        if row.name != "route":
            continue
        left = values = split_outside(row.value, ",")
        while popping and left and (passage.hops > 1
                                    or passage.is_ours(NameAddr.parse(left[0]).uri)):
            left = left[1:]
        popping = not left
        now = next(kept, None) if left else None
        if not left:
            rows = rows[:index] + [row] + rows[index:]
        elif now and left != values and split_outside(now.value, ",") == left:
            rows = replaced(rows, now, row)
    return rows


def undo_contact(before: Message, rows: list[Row], passage: Passage) -> list[Row]:
    """The Contact URI names us where it can set a remote target (R16), and stays elsewhere."""
    rewritten = before.method in CONTACT_METHODS and (before.is_request or before.status < 300)
    was, now = named(before.rows, "contact"), named(rows, "contact")
    if not was or not (rewritten and passage.contacts or before.method == "REGISTER"):
        return rows
    require(len(was) == len(now), f"{len(was)} Contact rows became {len(now)}")
    for old, new in zip(was, now):
        if CONTACT_URI.sub(b"<>", old.raw) != CONTACT_URI.sub(b"<>", new.raw):
            raise Altered(f"more than the URI changed: {old.raw!r} became {new.raw!r}")
        if before.method != "REGISTER":
            check_contact(old.value, new.value, passage)
        rows = replaced(rows, new, old)
    return rows


def check_contact(old: str, new: str, passage: Passage) -> None:
    """A Contact in a dialog becomes a URI of ours as the receiver knows us; a GRUU stays (R13).

    The second proxy in a row leaves alone what would grow too long, so that it names the first.
    """
    was, now = NameAddr.parse(old).uri, NameAddr.parse(new).uri
    if "gr" in was.parameters:
        require(was.text == now.text, f"the GRUU {was.text} became {now.text}")
    else:
        right = passage.is_ours(now) if passage.hops > 1 else place(now) == passage.far
        require(right, f"Contact {was.text} became {now.text}, which does not name {passage.far}")


def compare_rows(before: list[Row], rows: list[Row]) -> None:
    """What is left must be the same rows, byte for byte."""
    was = [repr(row.raw) for row in before]
    now = [repr(row.raw) for row in rows]
    if was != now:
        raise Altered("rows differ:\n" + "\n".join(difflib.ndiff(was, now)))
