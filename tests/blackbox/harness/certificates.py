"""A throw-away certificate authority, made with the openssl command."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.endpoint import Tls


@dataclass(frozen=True)
class Issued:
    """Files of one certificate: chain (leaf first) and private key, PEM."""

    chain: Path
    key: Path


class Authority:
    """A CA in `folder`; `ca` is its certificate's file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ca = folder / "ca.pem"
        self._key = folder / "ca.key"
        self._openssl("req", "-x509", *self._new_key(self._key), "-subj", "/CN=Test authority",
                      "-days", "2", "-addext", "basicConstraints=critical,CA:TRUE",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.ca)

    def issue(self, name: str, ips: Iterable[str] = (), names: Iterable[str] = ()) -> Issued:
        """A certificate for those addresses and host names, usable by servers and clients."""
        request, leaf = self._folder / f"{name}.csr", self._folder / f"{name}.crt"
        issued = Issued(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        alternatives = [*(f"IP:{ip}" for ip in ips), *(f"DNS:{host}" for host in names)]
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(alternatives)}\n"
                              "basicConstraints=CA:FALSE\n"
                              "extendedKeyUsage=serverAuth,clientAuth\n")
        self._openssl("req", *self._new_key(issued.key), "-subj", f"/CN={name}", "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key,
                      "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", leaf)
        issued.chain.write_bytes(leaf.read_bytes() + self.ca.read_bytes())
        return issued

    def contexts(self, issued: Issued) -> Tls:
        """TLS contexts for a party of the agent: it shows `issued` and believes this CA alone."""
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for context in (server, client):
            context.load_cert_chain(issued.chain, issued.key)
            context.load_verify_locations(self.ca)
        return Tls(server, client)

    @staticmethod
    def _new_key(path: Path) -> tuple[str | Path, ...]:
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", path)

    @staticmethod
    def _openssl(*arguments: str | Path) -> None:
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
