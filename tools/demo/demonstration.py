#!/usr/bin/python3
"""Runs Roundabout with all five transports and shows it at work on real sockets.

A client that speaks only secure WebSockets registers through it at a registrar that speaks only
UDP, is called from a UDP phone, talks and hangs up. Then Roundabout stays up, for one's own phone.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import ipaddress
import socket
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "blackbox"), str(Path(__file__).resolve().parent)]

from agent.endpoint import TRANSPORTS, Address  # noqa: E402
from agent.phone import Phone  # noqa: E402
from harness.certificates import Authority  # noqa: E402
from harness.config import Listener, Server, Settings  # noqa: E402
from harness.roundabout import Roundabout  # noqa: E402
from ladder import Ladder  # noqa: E402
from pbx import Pbx  # noqa: E402

USUAL_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061, "ws": 8080, "wss": 8443}
INSIDE, PBX_HOST, PHONE_HOST, CLIENT_HOST = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"
DOMAIN = "demo.test"


def check_address(host: str) -> None:
    """Ends with a sentence unless clients can be told to go to that address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise SystemExit(f"--listen wants an IP address of this machine, not {host!r}") from None
    if address.is_unspecified:
        raise SystemExit(f"--listen wants one address of this machine, since phones are told to go "
                         f"there; {host} is all of them")
    bind(socket.SOCK_STREAM, host, 0)


def bind(kind: socket.SocketKind, host: str, port: int) -> int | None:
    """The port, or one that is free for 0; None if somebody has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        try:
            probe.bind((host, port))
        except OSError as failure:
            if port and failure.errno in (errno.EADDRINUSE, errno.EACCES):
                return None
            raise SystemExit(f"cannot listen at {host}: {failure.strerror}") from None
        return probe.getsockname()[1]


def free_port(kind: socket.SocketKind, host: str, wanted: int) -> int:
    """`wanted` if nobody has it, else one that is free, and says so."""
    port = bind(kind, host, wanted)
    if port is None:
        port = bind(kind, host, 0)
        print(f"Port {wanted} of {host} is taken; using {port} instead.")
    return port


def choose_ports(host: str) -> dict[str, Address]:
    """Where each transport listens."""
    kinds = {t: socket.SOCK_DGRAM if t == "udp" else socket.SOCK_STREAM for t in TRANSPORTS}
    return {t: Address(host, free_port(kinds[t], host, USUAL_PORTS[t])) for t in TRANSPORTS}


def settings(listeners: dict[str, Address], inside: Address, pbx: Address, authority: Authority,
             networks: list[str]) -> Settings:
    """Five listeners for clients, one more towards the UDP server, and that server."""
    own = authority.issue("roundabout", {a.host for a in listeners.values()}, [DOMAIN])
    return Settings(
        [Listener("udp", inside, serves=["servers"]),
         *(Listener(t, a, serves=["clients"]) for t, a in listeners.items())],
        [Server("pbx", [pbx.host], [DOMAIN], "udp", pbx.port)],
        default_server="pbx", client_networks=networks,
        certificate=own.chain, key=own.key, ca=authority.ca, log_level="warning")


def client_host(listeners: dict[str, Address]) -> str:
    """Alice's address: one from which she gets to Roundabout."""
    host = listeners["wss"].host
    return host if ":" in host else CLIENT_HOST


async def show(ladder: Ladder, listeners: dict[str, Address], pbx: Pbx,
               authority: Authority) -> None:
    """The call across transports."""
    at = client_host(listeners)
    tls = authority.contexts(authority.issue("client", [at]))
    alice = await Phone.switch_on("wss", at, f"sip:alice@{DOMAIN}", listeners["wss"], tls=tls)
    bob = await Phone.start("udp", PHONE_HOST, f"sip:bob@{DOMAIN}", proxy=pbx.endpoint.local)
    async with alice, bob:
        ladder.watch("alice", alice.endpoint, client=True)
        ladder.watch("bob", bob.endpoint)
        ladder.watch("server", pbx.endpoint)

        ladder.say("alice, who speaks only WSS, registers at a server that speaks only UDP:")
        await alice.register()

        ladder.say("bob, a UDP phone, calls her through that server:")
        bob.proxy, server = None, await bob.endpoint.flow_to(pbx.endpoint.local)
        invite = bob.compose("INVITE", f"sip:alice@{DOMAIN}", f"<{bob.aor}>;tag=b1",
                             f"<sip:alice@{DOMAIN}>", "demonstration", 1)
        call = await bob.transactions.send(invite, server)
        ringing = await alice.ring()
        await call.response(180)
        answered = asyncio.create_task(alice.answer(ringing))
        at_bob = await bob.confirm(call)
        at_alice = await answered

        ladder.say("alice hangs up:")
        over = asyncio.create_task(bob.hung_up(at_bob))
        await alice.hang_up(at_alice)
        await over


def introduce(listeners: dict[str, Address], pbx: Address) -> None:
    """Who takes part, and how to read what follows."""
    places = ", ".join(f"{t.upper()} {address.port}" for t, address in listeners.items())
    print(f"""
Roundabout runs at {listeners["udp"].host}: {places}.
The server at {pbx} speaks UDP alone, alice at {client_host(listeners)} WSS alone, bob at
{PHONE_HOST} UDP alone.
Below each message stands what Roundabout changed in it: - as it came in, + as it went out.""")


def invite_others(listeners: dict[str, Address], config: Path, authority: Authority) -> None:
    """How to point one's own phone at it."""
    print(f"""
Roundabout stays up. Point phones at it, and they can call each other: any user of the domain
{DOMAIN}, no password, with Roundabout as outbound proxy:""")
    for transport, address in listeners.items():
        scheme = {"ws": f"ws://{address}/", "wss": f"wss://{address}/"}.get(
            transport, f"sip:{address};transport={transport}")
        print(f"  {transport.upper():4} {scheme}")
    print(f"TLS and WSS show a throw-away certificate; its authority: {authority.ca}\n"
          f"Configuration: {config}\nEnd it with Ctrl-C.", flush=True)


async def run(arguments: argparse.Namespace) -> None:
    check_address(arguments.listen)
    listeners = choose_ports(arguments.listen)
    inside = Address(INSIDE, free_port(socket.SOCK_DGRAM, INSIDE, 5070))
    pbx_address = Address(PBX_HOST, free_port(socket.SOCK_DGRAM, PBX_HOST, 5060))
    ladder = Ladder(sys.stdout.isatty())
    with tempfile.TemporaryDirectory(prefix="roundabout-demo-") as name:
        folder = Path(name)
        authority = Authority(folder)
        loopback = ipaddress.ip_address(arguments.listen).is_loopback
        networks = ["127.0.0.0/8", "::1/128"] if loopback else ["0.0.0.0/0", "::/0"]
        configured = settings(listeners, inside, pbx_address, authority, networks)
        with Roundabout(configured, folder, str(arguments.binary)) as proxy:
            async with await Pbx.start("udp", PBX_HOST, f"sip:pbx@{DOMAIN}",
                                       port=pbx_address.port, proxy=inside) as pbx:
                pbx.begin()
                introduce(listeners, pbx_address)
                await show(ladder, listeners, pbx, authority)
                ladder.say("It works.")
                if not arguments.once:
                    invite_others(listeners, proxy.config, authority)
                    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS",
                        help="where Roundabout listens for clients (default: %(default)s)")
    parser.add_argument("--once", action="store_true", help="end after the demonstration")
    parser.add_argument("--binary", type=Path, default=ROOT / "build/release/bin/roundabout",
                        help="the proxy (default: %(default)s)")
    try:
        asyncio.run(run(parser.parse_args()))
    except KeyboardInterrupt:
        print("\nended")


if __name__ == "__main__":
    main()
