"""Waiting for what must happen: each wait is on an event and has a limit that fails the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE = 15.0
"""Seconds that a wait takes at most unless the caller says otherwise."""


class Missing(AssertionError):
    """Something that had to come did not come."""


async def within(awaitable: Awaitable[T], what: str, timeout: float = PATIENCE) -> T:
    """The awaitable's result; fails with `what` when it takes longer than `timeout` seconds."""
    try:
        return await asyncio.wait_for(awaitable, timeout)
    except asyncio.TimeoutError:
        raise Missing(f"{what} did not come within {timeout} s") from None


class Mailbox(Generic[T]):
    """Things that arrived and were not yet taken; `take` picks the first one that fits."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._takers: list[tuple[Callable[[T], bool], asyncio.Future[T]]] = []

    def put(self, item: T) -> None:
        """Hands the item to the first taker that it fits, or keeps it."""
        for fits, taker in self._takers:
            if not taker.done() and fits(item):
                taker.set_result(item)
                return
        self._items.append(item)

    async def take(self, fits: Callable[[T], bool], what: str, timeout: float = PATIENCE) -> T:
        """Removes and returns the first item for which `fits` is true, waiting for it if needed."""
        for index, item in enumerate(self._items):
            if fits(item):
                return self._items.pop(index)
        entry = (fits, asyncio.get_running_loop().create_future())
        self._takers.append(entry)
        try:
            return await within(entry[1], what, timeout)
        except Missing as missing:
            raise Missing(f"{missing}; what came instead: {self._items}") from None
        finally:
            self._takers.remove(entry)

    def peek(self) -> list[T]:
        """What is there now and untaken."""
        return list(self._items)
