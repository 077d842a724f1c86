"""Metrics and health as Prometheus, its promtool and a load balancer see them."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest

from agent.endpoint import Address
from agent.phone import Phone
from agent.registrar import Registrar
from harness.certificates import Authority
from harness.config import Listener, Server, Settings
from harness.program import Program
from harness.proxied import workers
from harness.roundabout import Roundabout
from harness.slot import Slot

DOMAIN = "pbx.test"
DASHBOARD = Path(__file__).parents[2] / "etc" / "grafana-dashboard.json"
README = Path(__file__).parents[2] / "README.md"
NAME = re.compile(r"roundabout_[a-z_]+")
PARTS = re.compile(r"_(bucket|sum|count)$")
LOOK_AGAIN = 0.05
LIMIT = 30.0


class Site:
    """A registrar, the proxy with metrics, and what asks for them."""

    def __init__(self, slot: Slot, authority: Authority, folder: Path, binary: str) -> None:
        self.slot, self.folder = slot, folder
        self.listeners = {t: Address(slot.ip(2), 5061 if t == "tls" else 5060)
                          for t in ("udp", "tcp", "tls")}
        self.http = Address(slot.ip(2), 9506)
        issued = authority.issue("proxy", [slot.ip(2)])
        self.settings = Settings(
            [Listener(t, address) for t, address in self.listeners.items()],
            [Server("pbx", [slot.ip(3)], [DOMAIN], "udp", 5060)],
            default_server="pbx", workers=workers(), metrics=self.http,
            certificate=issued.chain, key=issued.key)
        self.proxy = Roundabout(self.settings, folder, binary)

    def get(self, path: str, method: str = "GET", headers: dict | None = None) \
            -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self.http.host, self.http.port, timeout=LIMIT)
        connection.request(method, path, headers=headers or {})
        return connection.getresponse()

    def metrics(self) -> str:
        response = self.get("/metrics")
        assert response.status == 200
        assert response.getheader("Content-Type").startswith("text/plain; version=0.0.4")
        return response.read().decode()

    async def traffic(self) -> None:
        """A registration by TCP, a call that ends, and bytes that are no SIP."""
        async with await Registrar.start("udp", self.slot.ip(3), f"sip:pbx@{DOMAIN}",
                                         port=5060) as pbx, \
                await Phone.switch_on("tcp", self.slot.ip(4), f"sip:alice@{DOMAIN}",
                                      self.listeners["tcp"]) as alice:
            await alice.register()
            invite = await pbx.call(f"sip:alice@{DOMAIN}")
            ringing = await alice.ring()
            ours, theirs = await asyncio.gather(alice.answer(ringing), pbx.confirm(invite))
            bye = await ours.request("BYE")
            await pbx.respond(await theirs.expect("BYE"), 200)
            await bye.response(200)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((self.slot.ip(5), 0))
            stranger.sendto(b"INVITE nonsense\r\n\r\n", (self.slot.ip(2), 5060))


def value(text: str, name: str, **labels: str) -> float:
    """The one sample of that name with these labels among its own."""
    found = [line for line in text.splitlines() if re.match(rf"{name}(\{{|\s)", line)
             and all(f'{key}="{label}"' in line for key, label in labels.items())]
    assert len(found) == 1, (name, labels, found)
    return float(found[0].rsplit(" ", 1)[1])


def names(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+)", text, re.M))


def await_value(site: Site, name: str, least: float, **labels: str) -> None:
    """Waits until that sample is there and not below `least`."""
    until = time.monotonic() + LIMIT
    while True:
        try:
            if value(site.metrics(), name, **labels) >= least:
                return
        except AssertionError:
            pass
        assert time.monotonic() < until, (name, labels, site.metrics())
        time.sleep(LOOK_AGAIN)


@pytest.fixture
def site(slot: Slot, authority: Authority, tmp_path: Path, binary: str) -> Site:
    return Site(slot, authority, tmp_path, binary)


async def test_metrics_count_what_happened(site: Site):
    with site.proxy:
        await site.traffic()
        await asyncio.to_thread(await_value, site, "roundabout_messages_refused_total", 1)
        text = await asyncio.to_thread(site.metrics)
        for direction, transport in (("received", "tcp"), ("sent", "udp")):
            assert value(text, "roundabout_sip_messages_total", method="REGISTER", code="",
                         direction=direction, transport=transport) == 1
            assert value(text, "roundabout_sip_messages_total", method="BYE", code="",
                         direction=direction, transport=transport) == 1
        for direction, transport in (("received", "udp"), ("sent", "tcp")):
            assert value(text, "roundabout_sip_messages_total", method="REGISTER", code="200",
                         direction=direction, transport=transport) == 1
        assert value(text, "roundabout_connections_accepted_total", transport="tcp") == 1
        assert value(text, "roundabout_handshakes_total", transport="tcp") == 1
        assert value(text, "roundabout_bindings", server="pbx") == 1
        assert value(text, "roundabout_first_response_seconds_count", method="REGISTER") == 1
        assert value(text, "roundabout_final_response_seconds_count", method="INVITE") == 1
        assert value(text, "roundabout_store_commit_seconds_count") >= 1
        assert value(text, "roundabout_store_degraded") == 0
        assert value(text, "roundabout_parked_requests") == 0
        assert 0 < value(text, "roundabout_certificate_left_seconds") <= 2 * 86400
        assert value(text, "roundabout_server_up", server="pbx", transport="udp") == 1
        assert value(text, "roundabout_requests_decided_total", decision="forwarded",
                     rule="REGISTER to the trusted server that the R-URI names") == 1
        assert value(text, "roundabout_workers") == workers()
        busy = [line for line in text.splitlines()
                if line.startswith("roundabout_loop_busy_seconds_count")]
        assert len(busy) == workers()


async def test_promtool_finds_nothing_to_say(site: Site):
    with site.proxy:
        await site.traffic()
        text = await asyncio.to_thread(site.metrics)
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                 capture_output=True, check=False, timeout=LIMIT)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_readme_names_every_metric_and_no_other(site: Site):
    with site.proxy:
        assert set(NAME.findall(README.read_text())) == names(site.metrics())


class Prometheus(Program):
    """Debian's own, which scrapes the proxy every second."""

    def __init__(self, site: Site) -> None:
        self.address = Address(site.slot.ip(6), 9090)
        config = site.folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "roundabout",
                                "static_configs": [{"targets": [str(site.http)]}]}]}))
        super().__init__("prometheus", [
            "prometheus", f"--config.file={config}",
            f"--storage.tsdb.path={site.folder / 'tsdb'}",
            f"--web.listen-address={self.address}"], site.folder)

    def start(self) -> None:
        super().start()
        self.await_line("Server is ready to receive web requests")

    def query(self, expression: str) -> list[dict]:
        connection = http.client.HTTPConnection(self.address.host, self.address.port,
                                                timeout=LIMIT)
        connection.request("GET", "/api/v1/query?" +
                           urllib.parse.urlencode({"query": expression}))
        answer = json.load(connection.getresponse())
        assert answer["status"] == "success", (expression, answer)
        return answer["data"]["result"]

    def await_result(self, expression: str) -> list[dict]:
        until = time.monotonic() + LIMIT
        while not (result := self.query(expression)):
            assert time.monotonic() < until, (expression, self.tail())
            time.sleep(LOOK_AGAIN)
        return result


async def test_prometheus_scrapes_it_and_the_dashboard_asks_for_what_is_there(site: Site):
    with site.proxy:
        await site.traffic()
        with Prometheus(site) as prometheus:
            found = await asyncio.to_thread(
                prometheus.await_result, 'roundabout_bindings{job="roundabout",server="pbx"}')
            assert found[0]["value"][1] == "1"
            text = await asyncio.to_thread(site.metrics)
            exported = names(text)
            asked = 0
            for panel in json.loads(DASHBOARD.read_text())["panels"]:
                for target in panel.get("targets", []):
                    for name in NAME.findall(target["expr"]):
                        assert name in exported or PARTS.sub("", name) in exported, name
                    expression = target["expr"].replace("$__rate_interval", "1m") \
                                               .replace("$job", ".*")
                    prometheus.query(expression)
                    asked += 1
            assert asked > 20


def test_health_and_readiness(site: Site):
    with site.proxy:
        response = site.get("/healthz")
        assert (response.status, response.read()) == (200, b"ok\n")
        until = time.monotonic() + LIMIT
        while (says := site.get("/readyz").read()) != b"ready\n":
            assert says == b"ready, bindings are still being read\n"
            assert time.monotonic() < until
            time.sleep(LOOK_AGAIN)
        head = site.get("/readyz", "HEAD")
        assert (head.status, head.read(), head.getheader("Content-Length")) == (200, b"", "6")


async def await_readiness(site: Site, status: int, words: bytes) -> None:
    """Waits until /readyz answers so."""
    until = time.monotonic() + LIMIT
    while True:
        response = await asyncio.to_thread(site.get, "/readyz")
        said = response.read()
        if response.status == status and words in said:
            return
        assert time.monotonic() < until, (response.status, said)
        await asyncio.sleep(LOOK_AGAIN)


async def test_readiness_says_that_the_store_is_degraded_and_that_the_proxy_stops(site: Site):
    with site.proxy:
        async with await Registrar.start("udp", site.slot.ip(3), f"sip:pbx@{DOMAIN}",
                                         port=5060) as pbx, \
                await Phone.switch_on("tcp", site.slot.ip(4), f"sip:alice@{DOMAIN}",
                                      site.listeners["tcp"]) as alice:
            database = sqlite3.connect(site.folder / "clients.db", isolation_level=None)
            database.execute("BEGIN IMMEDIATE")
            await alice.register()
            await await_readiness(site, 200, b"ready, store degraded: ")
            database.execute("COMMIT")
            database.close()
            await await_readiness(site, 200, b"ready\n")
            invite = await pbx.call(alice.aor)
            ringing = await alice.ring()
            site.proxy.signal(signal.SIGTERM)
            await await_readiness(site, 503, b"stopping")
            await alice.respond(ringing, 486)
            await invite.final()
            assert await asyncio.to_thread(site.proxy.wait) == 0
            await asyncio.to_thread(site.proxy.start)
            await await_readiness(site, 200, b"ready")


def test_http_takes_nothing_else(site: Site):
    with site.proxy:
        assert site.get("/").status == 404
        posted = site.get("/metrics", "POST")
        assert (posted.status, posted.getheader("Allow")) == (405, "GET, HEAD")
        assert site.get("/metrics", headers={"X-Long": "x" * 10_000}).status == 431
        with socket.create_connection((site.http.host, site.http.port), LIMIT) as raw:
            raw.sendall(b"\x00\x01\x02 not HTTP\r\n\r\n")
            assert raw.recv(100) == b""


def test_http_serves_so_many_connections_and_no_more(site: Site):
    most = 16
    with site.proxy:
        held = [socket.create_connection((site.http.host, site.http.port), LIMIT)
                for _ in range(most)]
        for each in held:
            each.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert each.recv(12) == b"HTTP/1.1 200"
        with socket.create_connection((site.http.host, site.http.port), LIMIT) as refused:
            assert refused.recv(100) == b""
        for each in held:
            each.close()
        until = time.monotonic() + LIMIT
        while True:
            try:
                assert site.get("/readyz").status == 200
                break
            except (ConnectionError, http.client.RemoteDisconnected):
                assert time.monotonic() < until
                time.sleep(LOOK_AGAIN)


def test_metrics_are_off_by_default_and_an_address_in_use_is_said(site: Site):
    site.settings.metrics = None
    with site.proxy, pytest.raises(ConnectionRefusedError):
        site.get("/metrics")
    site.settings.metrics = site.http
    with socket.create_server((site.http.host, site.http.port)), pytest.raises(AssertionError):
        site.proxy.start()
    assert any("cannot serve metrics at" in line for line in site.proxy.log)
