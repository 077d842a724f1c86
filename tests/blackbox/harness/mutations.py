"""Requests that are well formed or nearly so, each with a word for what was done to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from harness.torture import manifest

Rows = list[bytes]
Mutation = Callable[[list[bytes]], list[bytes]]

METHODS = (b"OPTIONS", b"INVITE", b"MESSAGE", b"SUBSCRIBE", b"REGISTER", b"BYE", b"PUBLISH")
URIS = (b"sip:bob@far.test", b"sip:far.test", b"sips:bob:secret@far.test:5061",
        b"sip:+49%2030@[2001:db8::1]:5070;transport=tcp;lr", b"sip:bob;x=y@192.0.2.9")
DISPLAYS = (b"", b"Bob ", b'"Bob \\" , <x>" ', b"Bob Anders\r\n on ", b'"M\xc3\xbcller" ')
FOLDS = (b" ", b"\r\n ", b"\t", b"  ")
UNKNOWN = (b"X-Unknown: ;;,,;;,;", b"Subject:", b"!odd-Name0*~_%: \xe6\x97\xa5",
           b"s : folded\r\n\ton",
           b"Supported: path, outbound", b"User-Agent: a/1 (b; c)", b"Date: never")


def host_port(host: str) -> bytes:
    return f"{host}:5060".encode()


def valid(source: random.Random, host: str) -> Rows:
    """The lines of a random request that every clause of the grammar allows."""
    method, uri = source.choice(METHODS), source.choice(URIS)
    fold = source.choice(FOLDS)
    rows = [b"From:" + fold + source.choice(DISPLAYS) + b"<sip:alice@near.test>;tag=a1",
            source.choice((b"To: ", b"t:", b"TO : ")) + source.choice(DISPLAYS) + b"<" + uri + b">",
            source.choice((b"Call-ID: ", b"i: ")) + b"call-id-%d@near" % source.getrandbits(40),
            b"CSeq:" + fold + b"%d " % source.randrange(1, 2**31) + method,
            source.choice((b"Max-Forwards: 70", b"max-forwards:0068", b"MAX-FORWARDS : 255"))]
    if method != b"MESSAGE" or source.random() < 0.2:
        rows.append(source.choice((b"Contact: ", b"m:")) + b"<sip:alice@near.test;ob>;+x=\"a,b\"")
    rows += source.sample(UNKNOWN, source.randrange(4))
    source.shuffle(rows)
    branch = b";branch=z9hG4bK%012x" % source.getrandbits(48)
    via = source.choice((b"Via: SIP/2.0/UDP ", b"v:SIP/2.0/UDP ", b"Via: SIP / 2.0 / UDP "))
    top = [via + host_port(host) + b";rport" + branch]
    if source.random() < 0.5:
        top.append(b"Via: SIP/2.0/TLS [2001:db8::5];branch=z9hG4bKfar, SIP/2.0/WS x.invalid")
    return [method + b" " + uri + b" SIP/2.0", *top, *rows, b"Content-Length: 0"]


def name_of(row: bytes) -> bytes:
    """Lower-case long name of a row."""
    name = row.partition(b":")[0].strip().lower()
    return {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id", b"m": b"contact",
            b"l": b"content-length"}.get(name, name)


def without(name: bytes) -> Mutation:
    return lambda rows: [rows[0], *(row for row in rows[1:] if name_of(row) != name)]


def instead(name: bytes, row: bytes) -> Mutation:
    """The first row of that name becomes another one, in the same place."""
    def change(rows: Rows) -> Rows:
        place = next((i for i, old in enumerate(rows) if i and name_of(old) == name), len(rows))
        return [*rows[:place], row, *rows[place + 1:]]
    return change


def also(row: bytes) -> Mutation:
    return lambda rows: [*rows[:2], row, *rows[2:]]


def twice(name: bytes) -> Mutation:
    return lambda rows: [*rows, next(row for row in rows[1:] if name_of(row) == name)]


def start(line: bytes) -> Mutation:
    """Another start line, which may name the `%m`ethod."""
    return lambda rows: [line.replace(b"%m", rows[0].partition(b" ")[0]), *rows[1:]]


def uri(text: bytes) -> Mutation:
    return start(b"%m " + text + b" SIP/2.0")


def cseq(value: bytes) -> Mutation:
    return lambda rows: instead(b"cseq", b"CSeq: " + value.replace(
        b"%m", rows[0].partition(b" ")[0]))(rows)


def via(text: bytes) -> Mutation:
    """Another top Via; `%s` is our sent-by and branch."""
    def change(rows: Rows) -> Rows:
        sent_by, _, parameters = rows[1].rpartition(b"UDP ")[2].partition(b";")
        parts = {b"%b": b";" + parameters, b"%h": sent_by}
        line = text
        for word, part in parts.items():
            line = line.replace(word, part)
        return [rows[0], line, *rows[2:]]
    return change


MUTATIONS: dict[str, Mutation] = {
    "nothing": lambda rows: rows,
    # The start line.
    "uri in brackets": uri(b"<sip:bob@far.test>"),
    "uri with headers": uri(b"sip:bob@far.test?Subject=x"),
    "uri with a space": uri(b"sip:bob@far.test; lr"),
    "uri without host": uri(b"sip:bob@"),
    "uri without a user before @": uri(b"sip:@far.test"),
    "uri with two @": uri(b"sip:a@b@far.test"),
    "uri port 0": uri(b"sip:bob@far.test:0"),
    "uri port 65536": uri(b"sip:bob@far.test:65536"),
    "uri port empty": uri(b"sip:bob@far.test:"),
    "uri port not a number": uri(b"sip:bob@far.test:x"),
    "uri IPv6 without brackets": uri(b"sip:bob@2001:db8::1"),
    "uri IPv6 not closed": uri(b"sip:bob@[2001:db8::1"),
    "uri IPv6 garbage": uri(b"sip:bob@[x:y]"),
    "uri escape not hexadecimal": uri(b"sip:b%zzb@far.test"),
    "uri host with underscore": uri(b"sip:bob@far_away.test"),
    "uri host ends with a dot": uri(b"sip:bob@far.test."),
    "uri host with empty label": uri(b"sip:bob@far..test"),
    "uri host begins with a hyphen": uri(b"sip:bob@-far.test"),
    "uri # in user": uri(b"sip:bob#1@far.test"),
    "uri quote in user": uri(b'sip:b"b@far.test'),
    "uri user of UTF-8": uri(b"sip:b\xc3\xb6b@far.test"),
    "uri scheme in capitals": uri(b"SIP:bob@far.test"),
    "uri tel": uri(b"tel:+358-555-1234567"),
    "uri urn": uri(b"urn:service:sos"),
    "uri parameter without name": uri(b"sip:bob@far.test;=x"),
    "uri parameter empty": uri(b"sip:bob@far.test;;lr"),
    "uri parameter with = in its value": uri(b"sip:bob@far.test;x=a=b"),
    "uri parameter in quotes": uri(b'sip:bob@far.test;x="a"'),
    "version in lower case": start(b"%m sip:bob@far.test sip/2.0"),
    "version 3.0": start(b"%m sip:bob@far.test SIP/3.0"),
    "version 2.00": start(b"%m sip:bob@far.test SIP/2.00"),
    "no version": start(b"%m sip:bob@far.test"),
    "two spaces": start(b"%m  sip:bob@far.test SIP/2.0"),
    "tab after method": start(b"%m\tsip:bob@far.test SIP/2.0"),
    "space at the end of the start line": start(b"%m sip:bob@far.test SIP/2.0 "),
    "empty lines before the start line": lambda rows: [b"", b"", *rows],
    # Content of the mandatory fields.
    "no From": without(b"from"), "no To": without(b"to"), "no Call-ID": without(b"call-id"),
    "no CSeq": without(b"cseq"), "no Via": without(b"via"),
    "no Max-Forwards": without(b"max-forwards"), "no Content-Length": without(b"content-length"),
    "From twice": twice(b"from"), "To twice": twice(b"to"), "Call-ID twice": twice(b"call-id"),
    "CSeq twice": twice(b"cseq"), "Max-Forwards twice": twice(b"max-forwards"),
    "From without tag": instead(b"from", b"From: <sip:alice@near.test>"),
    "From empty": instead(b"from", b"From:"),
    "From without brackets": instead(b"from", b"From: sip:alice@near.test;tag=a1"),
    "From quote not closed": instead(b"from", b'From: "Alice <sip:alice@near.test>;tag=a1'),
    "From bracket not closed": instead(b"from", b"From: <sip:alice@near.test;tag=a1"),
    "From display with a comma": instead(b"from", b"From: Bell, A <sip:a@near.test>;tag=a1"),
    "From display with a bracket": instead(b"from", b"From: A (b) <sip:a@near.test>;tag=a1"),
    "From uri with spaces": instead(b"from", b"From: < sip:a@near.test >;tag=a1"),
    "From tag empty": instead(b"from", b"From: <sip:a@near.test>;tag="),
    "From two tags": instead(b"from", b"From: <sip:a@near.test>;tag=a;tag=b"),
    "From parameter empty": instead(b"from", b"From: <sip:a@near.test>;;tag=a1"),
    "From of another scheme": instead(b"from", b"From: <http://near.test/>;tag=a1"),
    "From without scheme": instead(b"from", b"From: <alice@near.test>;tag=a1"),
    "To unquoted UTF-8": instead(b"to", b"To: M\xc3\xbcller <sip:a@near.test>"),
    "To two values": instead(b"to", b"To: <sip:a@near.test>, <sip:b@near.test>"),
    "Call-ID empty": instead(b"call-id", b"Call-ID:"),
    "Call-ID with a space": instead(b"call-id", b"Call-ID: a b"),
    "Call-ID with brackets": instead(b"call-id", b"Call-ID: <x>{y}(z)@[1:2]"),
    "Call-ID with two @": instead(b"call-id", b"Call-ID: a@b@c"),
    "Call-ID of UTF-8": instead(b"call-id", b"Call-ID: m\xc3\xbc@b"),
    "CSeq 0": cseq(b"0 %m"), "CSeq zeros": cseq(b"0007 %m"), "CSeq negative": cseq(b"-1 %m"),
    "CSeq 2^31": cseq(b"2147483648 %m"), "CSeq 2^32-1": cseq(b"4294967295 %m"),
    "CSeq 2^32": cseq(b"4294967296 %m"),
    "CSeq without method": cseq(b"7"), "CSeq without number": cseq(b"%m"),
    "CSeq tabs": cseq(b"7\t\t%m"), "CSeq folded": cseq(b"7\r\n %m"),
    "CSeq other method": cseq(b"7 INFO"), "CSeq with more": cseq(b"7 %m x"),
    "Max-Forwards 0": instead(b"max-forwards", b"Max-Forwards: 0"),
    "Max-Forwards 256": instead(b"max-forwards", b"Max-Forwards: 256"),
    "Max-Forwards negative": instead(b"max-forwards", b"Max-Forwards: -1"),
    "Max-Forwards empty": instead(b"max-forwards", b"Max-Forwards:"),
    "Max-Forwards not a number": instead(b"max-forwards", b"Max-Forwards: many"),
    "Content-Length too small": lambda rows: [*instead(
        b"content-length", b"Content-Length: 2")(rows), b"", b"abcd"],
    "Content-Length too large": instead(b"content-length", b"Content-Length: 9"),
    "Content-Length negative": instead(b"content-length", b"Content-Length: -1"),
    "Content-Length with sign": instead(b"content-length", b"Content-Length: +0"),
    "Content-Length empty": instead(b"content-length", b"Content-Length:"),
    "Content-Length hexadecimal": instead(b"content-length", b"Content-Length: 0x0"),
    "Content-Length zeros": instead(b"content-length", b"Content-Length: 0000"),
    "Content-Length 2^32": instead(b"content-length", b"Content-Length: 4294967296"),
    "Content-Length twice": twice(b"content-length"),
    "Content-Lengths that differ": also(b"l: 5"),
    "Expires too large": also(b"Expires: 99999999999999"),
    "Expires negative": also(b"Expires: -1"),
    # Via.
    "Via without branch": via(b"Via: SIP/2.0/UDP %h;rport"),
    "Via with the bare cookie": via(b"Via: SIP/2.0/UDP %h;rport;branch=z9hG4bK"),
    "Via branch empty": via(b"Via: SIP/2.0/UDP %h;rport;branch="),
    "Via branch in quotes": via(b'Via: SIP/2.0/UDP %h;rport;branch="z9hG4bKquoted1"'),
    "Via unknown transport": via(b"Via: SIP/2.0/CARRIER-PIGEON %h%b"),
    "Via other protocol": via(b"Via: HTTP/1.1/UDP %h%b"),
    "Via lower case": via(b"Via: sip/2.0/udp %h%b"),
    "Via without sent-by": via(b"Via: SIP/2.0/UDP %b"),
    "Via port 0": via(b"Via: SIP/2.0/UDP near.test:0%b"),
    "Via port 65536": via(b"Via: SIP/2.0/UDP near.test:65536%b"),
    "Via port empty": via(b"Via: SIP/2.0/UDP near.test:%b"),
    "Via IPv6 without brackets": via(b"Via: SIP/2.0/UDP 2001:db8::1%b"),
    "Via host with underscore": via(b"Via: SIP/2.0/UDP near_by.test%b"),
    "Via spaces everywhere": via(b"Via: SIP / 2.0 / UDP near.test : 5060 ; x = y %b"),
    "Via semicolon at the end": via(b"Via: SIP/2.0/UDP %h%b;"),
    "Via two semicolons": via(b"Via: SIP/2.0/UDP %h;%b"),
    "Via with comment": via(b"Via: SIP/2.0/UDP %h%b (acme)"),
    "Via comma at the end": via(b"Via: SIP/2.0/UDP %h%b,"),
    "Via received of IPv6": via(b"Via: SIP/2.0/UDP %h;received=2001:db8::1%b"),
    "Via parameter with empty value": via(b"Via: SIP/2.0/UDP %h;x=%b"),
    "Via second one broken": lambda rows: [*rows[:2], b"Via: broken", *rows[2:]],
    "Via empty": lambda rows: [*rows[:2], b"Via:", *rows[2:]],
    # Contact, Route and other lists.
    "Contact *": instead(b"contact", b"Contact: *"),
    "Contact * and more": instead(b"contact", b"Contact: *, <sip:a@near.test>"),
    "Contact empty": instead(b"contact", b"Contact:"),
    "Contact comma at the end": instead(b"contact", b"Contact: <sip:a@near.test>,"),
    "Contact bracket not closed": instead(b"contact", b"Contact: <sip:a@near.test"),
    "Contact with headers, no brackets": instead(b"contact", b"Contact: sip:a@near.test?x=y"),
    "Contact of another scheme": instead(b"contact", b"Contact: <tel:+1-555>"),
    "Contact without scheme": instead(b"contact", b"Contact: <alice@near.test>"),
    "Contact uri port 0": instead(b"contact", b"Contact: <sip:a@near.test:0>"),
    "Contact garbage behind": instead(b"contact", b"Contact: <sip:a@near.test> x"),
    "Contact semicolons": instead(b"contact", b"Contact: <sip:a@near.test>;;;;"),
    "Contact q above 1": instead(b"contact", b"Contact: <sip:a@near.test>;q=1.5"),
    "Route without brackets": also(b"Route: sip:next.test;lr"),
    "Route without lr": also(b"Route: <sip:next.test>"),
    "Route empty": also(b"Route:"),
    "Route garbage": also(b"Route: <next>"),
    "Record-Route garbage": also(b"Record-Route: ,,garbage<"),
    "Proxy-Require": also(b"Proxy-Require: nothing"),
    # Lines.
    "no colon": also(b"this is no header field"),
    "no name": also(b": value"),
    "space before colon": also(b"X-Spaced  : value"),
    "name with a space": also(b"X Spaced: value"),
    "name not a token": also(b"X(odd)<name>: value"),
    "name of UTF-8": also(b"X-M\xc3\xbcll: value"),
    "value with control characters": also(b"X-Bell: a\x07\x01b"),
    "value with NUL": also(b"X-Nul: a\x00b"),
    "value with NUL as a quoted pair": also(b'X-Nul: "a\\\x00b"'),
    "value with DEL and Latin-1": also(b"X-Latin: \x7f\xfc"),
    "CR alone": also(b"X-Cr: a\rb"),
    "LF alone": also(b"X-Lf: a\nX-More: b"),
    "all line ends LF": lambda rows: [b"\n".join([*rows, b"", b""])],
    "folded with a tab": also(b"X-Fold: a\r\n\tb"),
    "folded to an empty line": also(b"X-Fold: a\r\n \r\n b"),
    "first header folded": lambda rows: [rows[0], b" " + rows[1], *rows[2:]],
    "no empty line at the end": lambda rows: [b"\r\n".join(rows) + b"\r\n"],
    "nothing at the end": lambda rows: [b"\r\n".join(rows)],
    "very long value": also(b"X-Long: " + b"x" * 8000),
    "many headers": lambda rows: [*rows, *(b"X-%d: x" % i for i in range(200))],
    "method in lower case": lambda rows: [
        row.replace(rows[0].partition(b" ")[0], b"options") for row in rows],
    "method with odd characters": lambda rows: [
        row.replace(rows[0].partition(b" ")[0], b"!odd%m*") for row in rows],
    "method not a token": lambda rows: [
        row.replace(rows[0].partition(b" ")[0], b"OPT(IONS)") for row in rows],
}


def raw(rows: Rows) -> bytes:
    """The message; a mutation that returned one line has said how it ends."""
    return rows[0] if len(rows) == 1 else b"\r\n".join(
        rows if b"" in rows[2:] else [*rows, b"", b""])


def requests(seed: int, host: str, rounds: int) -> Iterator[tuple[str, bytes]]:
    """Each mutation of `rounds` random requests, valid ones among them, and the torture messages.

    ACK is not among them, since nobody answers it.
    """
    for number, message in enumerate(manifest()):
        if not message.is_response:
            yield f"torture {message.name}", message.marked(number)
    for turn in range(rounds):
        for kind, mutation in MUTATIONS.items():
            source = random.Random(f"{seed} {turn} {kind}")
            yield kind, raw(mutation(valid(source, host)))
