"""What every test here can ask for; coroutine tests run in a loop of their own."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.certificates import Authority
from harness.program import Program
from harness.roundabout import BINARY
from harness.slot import Slot
from harness.table import Table

TEST_LIMIT = 300.0
LOG_LINES = 200
ALL_SKIPPED = 77
TABLES = pytest.StashKey[list[Table]]()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs `async def` tests to their end, in at most TEST_LIMIT seconds, or what their file says."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    limit = getattr(pyfuncitem.module, "TEST_LIMIT", TEST_LIMIT)
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), limit))
    return True


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Says by the exit status that all tests were skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    ran = any(reporter.stats.get(kind) for kind in ("passed", "failed", "error"))
    if reporter.stats.get("skipped") and not ran:
        session.exitstatus = ALL_SKIPPED


def pytest_runtest_setup() -> None:
    """Forgets the programs that ended in earlier tests."""
    Program.started[:] = [program for program in Program.started if program.running]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Puts the logs of the programs that took part into the report of a failed test."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        report.sections += [(f"log of {program.name}", program.tail(LOG_LINES))
                            for program in Program.started]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter,
                            config: pytest.Config) -> None:
    """Prints the tables that tests filled."""
    for table in config.stash.get(TABLES, []):
        terminalreporter.write_line(f"\n{table.render()}")


@pytest.fixture(scope="session")
def tables(pytestconfig: pytest.Config) -> list[Table]:
    """Tables put here are printed when all tests are done."""
    return pytestconfig.stash.setdefault(TABLES, [])


@pytest.fixture(scope="session")
def slot() -> Iterator[Slot]:
    """Loopback addresses of this process alone."""
    taken = Slot()
    yield taken
    taken.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The test's own certificate authority."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def binary() -> str:
    """Path of the proxy; tests that need it are skipped without one."""
    path = os.environ.get(BINARY)
    if not path:
        pytest.skip(f"{BINARY} does not name the proxy's program")
    assert Path(path).is_file(), f"{BINARY} names {path}, which is not there"
    return path
