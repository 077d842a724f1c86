"""Debian's nginx and HAProxy as the proxies that stand in front of ours."""

from __future__ import annotations

from pathlib import Path

from agent.endpoint import Address
from harness.certificates import Issued
from harness.ports import await_bound
from harness.program import Program

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 128; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address} ssl;
        ssl_certificate {issued.chain};
        ssl_certificate_key {issued.key};
        location / {{
            proxy_pass http://{behind};
            proxy_bind {address.host};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""
HAPROXY = """
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
listen front
    bind {address}
    server behind {behind} {option} source {address.host}
"""


class Front(Program):
    """A proxy that listens by TCP at `address` and connects from that address's host."""

    def __init__(self, name: str, command: list[str | Path], address: Address,
                 folder: Path) -> None:
        super().__init__(name, command, folder)
        self.address = address

    def start(self) -> None:
        super().start()
        await_bound(self, "tcp", self.address)


def nginx(address: Address, behind: Address, issued: Issued, folder: Path) -> Front:
    """Ends TLS, passes WebSockets on without it, and appends to X-Forwarded-For."""
    place = folder / "nginx"
    place.mkdir()
    config = place / "nginx.conf"
    config.write_text(NGINX.format(folder=place, address=address, behind=behind, issued=issued))
    return Front("nginx", ["nginx", "-e", "stderr", "-p", place, "-c", config], address, place)


def haproxy(address: Address, behind: Address, option: str, folder: Path) -> Front:
    """Passes bytes on as they are, with the PROXY header that `option` says."""
    config = folder / "haproxy.cfg"
    config.write_text(HAPROXY.format(address=address, behind=behind, option=option))
    return Front("haproxy", ["haproxy", "-db", "-f", config], address, folder)
