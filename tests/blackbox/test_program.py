"""The program by its command line and its log: --check, refusals to start, JSON, masked trace."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agent.digest import Guard
from agent.endpoint import Address
from agent.phone import Phone
from agent.registrar import Registrar
from harness.config import Listener, Server, Settings
from harness.program import Program
from harness.roundabout import Roundabout
from harness.slot import Slot


class Desk:
    """A configuration of one server and one listener, as text that a test may spoil."""

    def __init__(self, slot: Slot, folder: Path, binary: str, **log: object) -> None:
        self.door, self.place = Address(slot.ip(2), 5060), Address(slot.ip(3), 5060)
        self.phone_host, self.binary, self.folder = slot.ip(4), binary, folder
        self.settings = Settings(
            [Listener("udp", self.door)],
            [Server("pbx", [self.place.host], ["pbx.test"], "udp", self.place.port)],
            default_server="pbx", **log)
        self.file = folder / "roundabout.toml"
        self.settings.write(self.file)

    def run(self, *options: str) -> tuple[int, str]:
        """Exit status and words of a run that ends by itself."""
        program = Program("roundabout", [self.binary, "--config", self.file, *options],
                          self.folder)
        program.start()
        return program.wait(), program.tail(200)


@pytest.fixture
def desk(slot: Slot, tmp_path: Path, binary: str) -> Desk:
    return Desk(slot, tmp_path, binary)


def test_check_prints_the_configuration_with_its_defaults(desk: Desk):
    status, words = desk.run("--check")
    assert status == 0
    for key in ("strict_host", "unknown_source", "large_requests", "durability"):
        assert re.search(rf"\b{key} = ", words), words
    assert not (desk.folder / "clients.db").exists()


@pytest.mark.parametrize("options", [("--check",), ()])
def test_an_error_names_file_line_column_and_the_nearest_key(options: tuple, desk: Desk):
    text = desk.file.read_text().replace("transport =", "transprot =", 1)
    desk.file.write_text(text)
    line = next(n for n, words in enumerate(text.splitlines(), 1) if "transprot" in words)
    status, words = desk.run(*options)
    assert status != 0
    assert re.search(rf"{re.escape(str(desk.file))}:{line}:\d+", words), words
    assert "transprot" in words and re.search(r"\btransport\b", words)
    assert "roundabout ready" not in words


@pytest.mark.parametrize("good, bad, wanted", [
    ('transport = "udp"', 'transport = "upd"', "udp"),
    ('default_server = "pbx"', 'default_server = "pbk"', "pbx"),
    ("workers = 1", 'workers = "many"', "workers"),
])
def test_an_error_says_what_to_write_instead(good: str, bad: str, wanted: str, desk: Desk):
    text = desk.file.read_text()
    assert good in text
    desk.file.write_text(text.replace(good, bad, 1))
    status, words = desk.run("--check")
    assert status != 0
    assert re.search(rf"{re.escape(str(desk.file))}:\d+:\d+", words), words
    assert wanted in words


def test_a_port_that_is_taken_is_named(desk: Desk, slot: Slot, tmp_path: Path, binary: str):
    """Also by another Roundabout, which shares its ports among its own workers only."""
    other = tmp_path / "other"
    other.mkdir()
    with Roundabout(desk.settings, tmp_path, binary):
        second = Desk(slot, other, binary)
        status, words = second.run()
        assert status != 0
        assert str(desk.door) in words, words


async def test_the_log_is_json_by_option_and_masks_credentials(slot: Slot, tmp_path: Path,
                                                               binary: str):
    desk = Desk(slot, tmp_path, binary, log_level="trace")
    text = desk.file.read_text().replace('level = "trace"', 'level = "trace"\njson = true')
    proxy = Program("roundabout", [binary, "--config", desk.file], tmp_path)
    desk.file.write_text(text)
    proxy.start()
    proxy.await_line("roundabout ready")
    async with await Registrar.start("udp", desk.place.host, "sip:pbx@pbx.test",
                                     port=desk.place.port) as pbx, \
            await Phone.switch_on("udp", desk.phone_host, "sip:alice@pbx.test", desk.door,
                                  password="secret") as phone:
        pbx.guard = Guard("pbx.test", {"alice": "secret"})
        await phone.register()
        proof = re.search(r'response="?(\w+)', pbx.registers[-1].get("authorization"))[1]
    assert proxy.stop() == 0
    said = [json.loads(line)["text"] for line in proxy.log if line != "roundabout ready"]
    assert any("REGISTER" in words and "trusted server" in words for words in said)
    assert any("Authorization: Digest" in words for words in said)
    assert not any(proof in words for words in said)
