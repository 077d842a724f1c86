"""Under a service manager: what it is told, and sockets that outlive the proxy (sd_notify(3))."""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from agent.endpoint import Address
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.ctl import Ctl
from harness.flags import FlagProxy
from harness.manager import HIGH, Manager, hand_over
from harness.roundabout import Roundabout
from harness.slot import Slot
from harness.steady import Answering, Connecting, Datagrams, answer, request
from harness.table import Table

STREAMS = ["tcp", "tls", "ws", "wss"]
PING, PONG = b"\r\n\r\n", b"\r\n"
UPGRADE = (b"GET / HTTP/1.1\r\nHost: proxy.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           b"Sec-WebSocket-Protocol: sip\r\n\r\n")
SWITCHING = b"HTTP/1.1 101"
WORKERS = [2, 4, 1, 3]
"""One start after the other."""
PORTS = range(6000, 6016)
ENOUGH = 200
TEST_LIMIT = 60.0
WATCHDOG = 0.4


class Scene:
    """Two trusted servers, `a` who asks and `b` who answers, and the proxy between them."""

    def __init__(self, slot: Slot, folder: Path, binary: str, workers: int = 2) -> None:
        self.door = Address(slot.ip(2), 5060)
        self.asking, self.answering = slot.ip(3), Address(slot.ip(4), 5060)
        self.socket = folder / "run" / "control"
        self.settings = Settings(
            [Listener("udp", self.door), Listener("tcp", self.door)],
            [Server("a", [self.asking], ["a.test"], "udp", 5060),
             Server("b", [self.answering.host], ["b.test"], "udp", 5060)],
            workers=workers, control=self.socket, log_level="info")
        self.proxy = Roundabout(self.settings, folder, binary)
        self.ctl = Ctl("--socket", self.socket)
        self.names = [f"{kind}_{str(self.door).replace(':', '-')}" for kind in ("udp", "tcp")]


@pytest.fixture
def scene(slot: Slot, tmp_path: Path, binary: str) -> Scene:
    return Scene(slot, tmp_path, binary)


async def test_a_restart_loses_no_connection_and_no_datagram(scene: Scene, tables: list[Table]):
    """The kernel's queues hold what comes while no process is there, for any number of workers."""
    steps = [f"{a} to {b} workers" for a, b in zip(WORKERS, WORKERS[1:])]
    gap, late, cut = "without a process, ms", "slowest answer, ms", "connections made anew"
    table = Table("a restart under load, by descriptors that are kept", steps, [gap, late, cut])
    with Manager() as manager:
        scene.settings.workers = WORKERS[0]
        await asyncio.to_thread(manager.start, scene.proxy)
        server = await Answering.start(scene.answering)
        datagrams = Datagrams(scene.door, "sip:x@b.test")
        connecting = Connecting(scene.asking, scene.door)
        await datagrams.start(scene.asking, PORTS)
        await connecting.start()
        for step, workers in zip(steps, WORKERS[1:]):
            await datagrams.answered(ENOUGH)
            before = connecting.cut
            datagrams.slowest = 0.0
            assert await asyncio.to_thread(scene.proxy.stop) == 0
            ended = time.monotonic()
            scene.settings.workers = workers
            await asyncio.to_thread(manager.start, scene.proxy)
            table.put(step, gap, f"{1000 * (time.monotonic() - ended):.0f}")
            await datagrams.answered(ENOUGH)
            table.put(step, late, f"{1000 * datagrams.slowest:.0f}")
            table.put(step, cut, str(connecting.cut - before))
        await datagrams.stop()
        await connecting.stop()
        assert [manager.count(name) for name in scene.names] == [max(WORKERS)] * 2
        assert len(server.got) == len(datagrams.sent) and connecting.answered
        scene.proxy.terminate()
    tables.append(table)


async def test_sockets_of_a_crashed_proxy_serve_its_successor(scene: Scene):
    with Manager() as manager, await asyncio.to_thread(socket.socket, type=socket.SOCK_DGRAM) as a:
        await asyncio.to_thread(manager.start, scene.proxy)
        scene.proxy.kill()
        a.bind((scene.asking, 5060))
        a.settimeout(10)
        own = Address(scene.asking, 5060)
        a.sendto(request("OPTIONS", f"sip:{scene.door}", "udp", own),
                 (scene.door.host, scene.door.port))
        with socket.create_connection((scene.door.host, scene.door.port), 10,
                                      (scene.asking, 0)) as stream:
            stream.sendall(request("OPTIONS", f"sip:{scene.door}", "tcp", own))
            await asyncio.to_thread(manager.start, scene.proxy)
            assert a.recv(4096).startswith(b"SIP/2.0 200")
            assert stream.recv(4096).startswith(b"SIP/2.0 200")
        scene.proxy.terminate()


@pytest.mark.parametrize("shared, user", [(False, None), (True, None), (True, 65534)],
                         ids=["sole", "shared", "of_another_user"])
def test_sockets_that_were_bound_beforehand_are_used(shared: bool, user: int | None,
                                                     scene: Scene):
    """Socket activation, also where all workers have to share one socket. One too many is closed."""
    place = (scene.door.host, scene.door.port)
    named: list[tuple[str, int]] = []
    other = (scene.door.host, 5099)
    for kind, where in [(socket.SOCK_DGRAM, place), (socket.SOCK_STREAM, place),
                        (socket.SOCK_STREAM, other)]:
        bound = socket.socket(type=kind)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        if user is not None:
            os.fchown(bound.fileno(), user, user)
        bound.bind(where)
        if kind == socket.SOCK_STREAM:
            bound.listen(8)
        number = HIGH + len(named)
        os.dup2(bound.fileno(), number)
        bound.close()
        named.append((f"given{len(named)}", number))
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        asking.bind((scene.asking, 5060))
        asking.settimeout(10)
        early = request("OPTIONS", f"sip:{scene.door}", "udp", Address(scene.asking, 5060))
        asking.sendto(early, place)
        hand_over(scene.proxy, named)
        with scene.proxy:
            for _, number in named:
                os.close(number)
            assert asking.recv(4096).startswith(b"SIP/2.0 200")
            asking.sendto(request("OPTIONS", f"sip:{scene.door}", "udp",
                                  Address(scene.asking, 5060)), place)
            assert asking.recv(4096).startswith(b"SIP/2.0 200")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(other, 10)
            scene.proxy.await_line(rf"tcp {re.escape(f'{other[0]}:{other[1]}')}.* no listener")


def test_the_service_manager_hears_of_start_reload_and_stop(scene: Scene):
    with Manager() as manager:
        manager.start(scene.proxy)
        since = len(manager.heard)
        scene.ctl.run("reload")
        said = manager.await_state("RELOADING", "1", since)
        assert said["STATUS"] and 0 < int(said["MONOTONIC_USEC"]) <= time.monotonic() * 1e6
        said = manager.await_state("READY", "1", since)
        assert said["STATUS"] == "serving at 2 addresses by 2 workers"
        since = len(manager.heard)
        scene.settings.servers[0].domains = ["not a name"]
        scene.settings.write(scene.proxy.config)
        scene.ctl.run("reload", status=4)
        manager.await_that(lambda: any("refused" in said.get("STATUS", "")
                                       for said in manager.heard[since:]), "the refusal")
        manager.await_state("READY", "1", since)
        since = len(manager.heard)
        scene.proxy.terminate()
        manager.await_state("STOPPING", "1", since)


def test_listeners_that_a_reload_adds_and_removes_are_kept_and_forgotten(scene: Scene):
    more = Address(scene.door.host, 5070)
    name = f"udp_{str(more).replace(':', '-')}"
    with Manager() as manager:
        manager.start(scene.proxy)
        assert manager.count(name) == 0
        scene.settings.listeners.append(Listener("udp", more))
        scene.settings.write(scene.proxy.config)
        scene.ctl.run("reload")
        manager.await_that(lambda: manager.count(name) == scene.settings.workers, name)
        scene.settings.listeners.pop()
        scene.settings.write(scene.proxy.config)
        scene.ctl.run("reload")
        manager.await_that(lambda: manager.count(name) == 0, f"the end of {name}")
        scene.settings.listeners.append(Listener("tcp", more))
        scene.settings.write(scene.proxy.config)
        scene.ctl.run("reload")
        manager.await_that(lambda: manager.count(name.replace("udp", "tcp")), "another one")
        scene.proxy.terminate()


def test_where_not_all_is_kept_requests_under_way_may_end(scene: Scene):
    with Manager(room=2) as manager:
        manager.start(scene.proxy)
        scene.proxy.await_line("service manager does not keep")
        scene.proxy.terminate()
        scene.proxy.await_line("waiting up to .* for those under way")


def test_all_streams_can_connect_while_nobody_is_there(slot: Slot, authority: Authority,
                                                       tmp_path: Path, binary: str):
    """They wait for the next start, which shakes hands with them."""
    issued = authority.issue("proxy", [slot.ip(2)])
    context = authority.contexts(issued).client
    places = {name: Address(slot.ip(2), 5060 + i) for i, name in enumerate(STREAMS)}
    settings = Settings([Listener(name, place) for name, place in places.items()], workers=2,
                        certificate=issued.chain, key=issued.key, log_level="info")
    proxy = Roundabout(settings, tmp_path, binary)
    with Manager() as manager:
        manager.start(proxy)
        assert proxy.stop() == 0
        waiting = {name: socket.create_connection((place.host, place.port), 10)
                   for name, place in places.items()}
        manager.start(proxy)
        for name, plain in waiting.items():
            with plain, context.wrap_socket(plain, server_hostname=slot.ip(2)) \
                    if name in ("tls", "wss") else plain as stream:
                stream.sendall(UPGRADE if name in ("ws", "wss") else PING)
                assert stream.recv(4096).startswith(SWITCHING if "w" in name else PONG)
        proxy.terminate()


def test_default_listeners_take_sockets_that_are_there_already(slot: Slot, tmp_path: Path,
                                                               binary: str):
    """What was handed over is no other program's."""
    place = (slot.ip(2), 5060)
    proxy = FlagProxy(["-local-ip", place[0], "-trusted-server", f"{slot.ip(3)}:a.test:5060:udp:"],
                      tmp_path)
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        with socket.socket(type=socket.SOCK_DGRAM) as bound:
            bound.bind(place)
            os.dup2(bound.fileno(), HIGH)
        asking.bind((slot.ip(3), 5060))
        asking.settimeout(10)
        asking.sendto(request("OPTIONS", f"sip:{place[0]}", "udp", Address(slot.ip(3), 5060)),
                      place)
        hand_over(proxy, [("given", HIGH)])
        with proxy:
            os.close(HIGH)
            assert asking.recv(4096).startswith(b"SIP/2.0 200")
            assert proxy.stop() == 0


class Held:
    """Threads of a process that stand still."""

    ATTACH, DETACH = 16, 17
    WALL = 0x40000000

    def __init__(self, threads: list[int]) -> None:
        self._threads = threads
        self._ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self._ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]

    def __enter__(self) -> None:
        for thread in self._threads:
            if self._ptrace(self.ATTACH, thread, None, None) != 0:
                pytest.skip(f"no ptrace here: {os.strerror(ctypes.get_errno())}")
            os.waitpid(thread, self.WALL)

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            self._ptrace(self.DETACH, thread, None, None)


def test_the_watchdog_hears_of_us_only_while_the_workers_answer(scene: Scene):
    with Manager(WATCHDOG) as manager:
        manager.start(scene.proxy)

        def beat(since: int) -> None:
            manager.await_state("WATCHDOG", "1", since)

        beat(0)
        beat(len(manager.heard))
        threads = [int(name) for name in os.listdir(f"/proc/{scene.proxy.pid}/task")]
        with Held([thread for thread in threads if thread != scene.proxy.pid]):
            since = len(manager.heard) + 1  # one may be on its way
            with pytest.raises(AssertionError):
                manager.await_that(lambda: any("WATCHDOG" in said for said in manager.heard[since:]),
                                   "a beat", 2 * WATCHDOG)
        beat(len(manager.heard))
        scene.proxy.signal(signal.SIGTERM)
        assert scene.proxy.wait() == 0
