"""Debian's baresip as a client: a configuration without sound hardware, commands and events by TCP.

Debian's build (1.0.0) speaks UDP, TCP and TLS. It has no WebSocket: its library has, but the
program never asks for it (libre's `sip_transp_add_websock` is not among what it imports).
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from agent.endpoint import Address
from agent.waiting import Mailbox
from harness.certificates import Issued
from harness.ports import await_bound
from harness.program import Program

MODULES = Path("/usr/lib/baresip/modules")
CONTROL_PORT = 4444
SIP_PORT = 5062
"""baresip takes the next port for TLS."""

CONFIG = """\
poll_method epoll
sip_listen {host}:{port}
sip_certificate {certificate}
sip_cafile {ca}
call_local_timeout 60
call_max_calls 4
audio_path /nowhere
audio_player aubridge,{user}
audio_source aubridge,{user}-source
audio_alert aubridge,{user}-alert
audio_level no
jitter_buffer_delay 5-10
rtp_ports 16000-16100
net_interface {host}
dns_server {host}:9
module_path {modules}
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
"""
ACCOUNT = ('"{user}" <sip:{user}@{domain};transport={transport}>;auth_user={user};'
           'auth_pass={password};outbound="sip:{proxy};transport={transport}";regint=600;'
           'answermode=manual;ptime=20')


class Baresip(Program):
    """One account, which registers as soon as it starts. Events are awaited by `expect`."""

    def __init__(self, user: str, domain: str, password: str, *, host: str, transport: str,
                 proxy: Address, certificate: Issued, ca: Path, folder: Path) -> None:
        self.user, self.aor = user, f"sip:{user}@{domain}"
        self._control = Address(host, CONTROL_PORT)
        self._events: Mailbox[dict] = Mailbox()
        self._answers: Mailbox[dict] = Mailbox()
        self._seen = 0
        self._listening: asyncio.Task | None = None
        self._sink: asyncio.StreamWriter | None = None
        place = folder / f"baresip-{user}"
        place.mkdir(exist_ok=True)
        both = place / "both.pem"
        both.write_bytes(certificate.key.read_bytes() + certificate.chain.read_bytes())
        (place / "config").write_text(CONFIG.format(
            host=host, port=SIP_PORT, certificate=both, ca=ca, user=user, modules=MODULES,
            control=CONTROL_PORT))
        self.account = ACCOUNT.format(user=user, domain=domain, password=password,
                                      transport=transport, proxy=proxy)
        (place / "accounts").write_text(f"{self.account}\n")
        super().__init__(f"baresip {user}", ["baresip", "-f", place], place)

    def start(self) -> None:
        """Starts it; returns when it takes commands."""
        super().start()
        await_bound(self, "tcp", self._control)

    async def __aenter__(self) -> Baresip:
        await asyncio.to_thread(self.start)
        source, self._sink = await asyncio.open_connection(self._control.host,
                                                            self._control.port)
        self._listening = asyncio.create_task(self._read_control(source))
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._listening.cancel()
        self._sink.close()
        if self.running:
            await asyncio.to_thread(self.kill)

    async def menu(self, name: str, parameters: str = "") -> str:
        """Has it carry out a command of its menu; fails unless it says that it did."""
        text = json.dumps({"command": name, "params": parameters, "token": name}).encode()
        self._sink.write(b"%d:%s," % (len(text), text))
        answer = await self._answers.take(lambda a: a.get("token") == name, f"answer to {name}")
        if not answer["ok"]:
            raise AssertionError(f"{self.name} {name} {parameters}: {answer['data']}")
        return answer["data"]

    async def registered(self) -> None:
        """Awaits the next 200 to a REGISTER; the first one comes before events can be awaited."""
        pattern = rf"^{self.aor.removeprefix('sip:')}: .*200 OK"
        line = await asyncio.to_thread(self.await_line, pattern, since=self._seen)
        self._seen = self.log.index(line, self._seen) + 1

    async def expect(self, kind: str) -> dict:
        """The next event of that type, such as CALL_INCOMING, CALL_ESTABLISHED or CALL_CLOSED."""
        return await self._events.take(lambda e: e.get("type") == kind, f"{kind} at {self.name}")

    async def _read_control(self, source: asyncio.StreamReader) -> None:
        """Sorts what comes, netstrings of JSON, into events and answers."""
        while True:
            length = int((await source.readuntil(b":"))[:-1])
            news = json.loads(await source.readexactly(length))
            await source.readexactly(1)
            (self._events if news.get("event") else self._answers).put(news)
