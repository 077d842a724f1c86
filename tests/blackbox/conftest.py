"""What every test here can ask for; coroutine tests run in a loop of their own."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.certificates import Authority
from harness.roundabout import BINARY
from harness.slot import Slot

TEST_LIMIT = 120.0


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs `async def` tests to their end, in at most TEST_LIMIT seconds."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), TEST_LIMIT))
    return True


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
