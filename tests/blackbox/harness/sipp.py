"""sipp with one of the scenarios beside these tests. Debian's sipp speaks UDP and TCP."""

from __future__ import annotations

from pathlib import Path

from agent.endpoint import Address
from harness.ports import await_bound
from harness.program import Program

SCENARIOS = Path(__file__).parent.parent / "sipp"
MODES = {"udp": "u1", "tcp": "t1"}
CALL_LIMIT = 40.0

PAIRS = [("uac", "uas"), ("uac_contact", "uas"), ("uac_bye", "uas_bye"),
         ("uac_bye", "uas_bye_contact"), ("uac_cancel", "uas_cancel")]
"""Scenarios that fit each other, caller first."""

LOSSY_PAIRS = [("uac_lossy", "uas_lossy"), ("uac_bye_lossy", "uas_bye_lossy")]
"""Those that do not hang on a message that nobody repeats (a 180)."""


class Sipp(Program):
    """One run of a scenario at `local`; the side that calls is given `remote` and `target`.

    `target` is the host of the R-URI (the called server's domain). `loss` is the share of messages
    lost on purpose, in percent. A waiting side ends by itself after `calls` calls, or `limit`
    seconds.
    """

    def __init__(self, scenario: str, transport: str, local: Address, folder: Path, *,
                 remote: Address | None = None, target: str = "", calls: int = 1,
                 loss: int = 0, service: str = "bob", limit: float = CALL_LIMIT) -> None:
        name = f"{scenario}-{local.host}"
        self.errors = folder / f"{name}.errors"
        self._waits = None if remote else (transport, local)
        command: list[str | Path] = [
            "sipp", "-sf", SCENARIOS / f"{scenario}.xml", "-t", MODES[transport],
            "-i", local.host, "-bind_local", "-p", str(local.port), "-m", str(calls),
            "-s", service, "-key", "target", target or "unset", "-nostdin", "-skip_rlimit",
            "-trace_err", "-error_file", self.errors, "-recv_timeout", "20000",
            "-timeout", f"{limit:.0f}s", "-timeout_error"]
        if loss:
            command += ["-lost", str(loss)]
        if remote:
            command += ["-l", "10", "-r", "10", str(remote)]
        super().__init__(f"sipp {name}", command, folder)

    def start(self) -> None:
        """Starts it; a side that waits for calls is ready for them afterwards."""
        super().start()
        if self._waits:
            await_bound(self, *self._waits)

    def finish(self) -> None:
        """Waits for the end of the scenario; fails unless every call went as it says."""
        status = self.wait(CALL_LIMIT + 10)
        if status != 0:
            words = self.errors.read_text(errors="replace") if self.errors.exists() else ""
            raise AssertionError(f"{self.name}: exit status {status}\n{words}\n{self.tail(80)}")
