"""Browsers over WSS, through the proxy, at a Kamailio that speaks UDP and TCP only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from agent import webrtc
from agent.conversation import SDP_TYPE, TEXT_TYPE
from agent.dialog import Dialog
from agent.phone import Phone
from agent.waiting import within
from harness.browser import LIBRARIES, PATIENCE, BrowserPhone, Chromium, missing
from harness.certificates import Authority
from harness.site import Site, restart, running
from harness.slot import Slot

each_library = pytest.mark.parametrize("library", LIBRARIES)


@pytest.fixture(scope="module")
def chromium(slot: Slot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser for all tests; each test has pages of its own in it."""
    if absent := missing():
        pytest.skip(f"not installed: {absent}")
    with Chromium(slot.ip(1), tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


class Office:
    """A site, the phone of bob at its Kamailio, and a browser for those who work with one."""

    def __init__(self, site: Site, browser: Chromium, bob: Phone) -> None:
        self.site, self.bob = site, bob
        self._browser = browser

    def browser_phone(self, library: str, user: str, password: str = "") -> BrowserPhone:
        """A page that registers through the proxy as soon as it is opened."""
        return BrowserPhone(self._browser, user, library=library,
                            server=f"wss://{self.site.listeners['wss']}",
                            aor=f"sip:{user}@{self.site.pbx.domain}",
                            password=password or self.site.pbx.password)


@pytest.fixture
def office(slot: Slot, authority: Authority, tmp_path: Path, binary: str, chromium: Chromium):
    """Opens an office: `async with office() as ...`."""
    @asynccontextmanager
    async def opened() -> AsyncIterator[Office]:
        async with AsyncExitStack() as stack:
            site = await stack.enter_async_context(
                running(Site(slot, authority, tmp_path, binary, "udp")))
            bob = await stack.enter_async_context(await site.desk_phone("bob"))
            yield Office(site, chromium, bob)
    return opened


async def call_browser(bob: Phone, alice: BrowserPhone) -> Dialog:
    """Bob calls the page, which rings and answers with its SDP."""
    invite = await bob.call(alice.aor, webrtc.offer(), SDP_TYPE)
    await invite.response(180, PATIENCE)
    assert await alice.expect("ringing") == bob.aor
    await alice.act("answer")
    response = await invite.response(200, PATIENCE)
    webrtc.check(response.body)
    dialog = Dialog.as_caller(bob, invite.request, response)
    await dialog.ack(invite)
    await alice.expect("accepted")
    # SIP.js ends a call in which it began a re-INVITE before it had this.
    await alice.receive("ACK ")
    return dialog


async def call_from_browser(alice: BrowserPhone, bob: Phone) -> Dialog:
    """The page calls bob, who rings and answers."""
    await alice.act("call", bob.aor)
    invite = await bob.expect("INVITE", timeout=PATIENCE)
    await bob.respond(invite, 180)
    dialog = await bob.accept(invite, webrtc.answer(invite.request.body), SDP_TYPE)
    await dialog.expect("ACK", PATIENCE)
    await alice.expect("accepted")
    return dialog


async def browser_hangs_up(alice: BrowserPhone, dialog: Dialog) -> None:
    """BYE from the page, answered."""
    await alice.act("hangUp")
    await dialog.agent.respond(await dialog.expect("BYE", PATIENCE), 200)
    await alice.expect("ended")


async def bob_hangs_up(alice: BrowserPhone, dialog: Dialog) -> None:
    """BYE to the page, which answers it."""
    bye = await dialog.request("BYE")
    await bye.response(200, PATIENCE)
    await alice.expect("ended")


@each_library
async def test_browser_is_challenged_registers_and_unregisters(library: str, office):
    async with office() as place, place.browser_phone(library, "alice") as alice:
        await alice.expect("registered")
        assert alice.received("SIP/2.0 401") == 1
        assert alice.count("refused") == 0
        contact, = place.site.pbx.bindings("alice")
        assert str(place.site.listeners["udp"]) in contact
        await alice.act("unregister")
        await alice.expect("unregistered")
        assert not place.site.pbx.bindings("alice")


@each_library
async def test_browser_with_a_wrong_password_learns_that_it_is_refused(library: str, office):
    async with office() as place, place.browser_phone(library, "alice", "wrong") as alice:
        await alice.expect("refused")
        assert alice.count("registered") == 0
        assert not place.site.pbx.bindings("alice")


@each_library
@pytest.mark.parametrize("hangs_up", [browser_hangs_up, bob_hangs_up])
async def test_browser_is_called(library: str, hangs_up, office):
    async with office() as place, place.browser_phone(library, "alice") as alice:
        await alice.expect("registered")
        await hangs_up(alice, await call_browser(place.bob, alice))


@each_library
@pytest.mark.parametrize("hangs_up", [browser_hangs_up, bob_hangs_up])
async def test_browser_calls(library: str, hangs_up, office):
    async with office() as place, place.browser_phone(library, "alice") as alice:
        await alice.expect("registered")
        await hangs_up(alice, await call_from_browser(alice, place.bob))


@each_library
@pytest.mark.parametrize("begins", [call_browser, call_from_browser])
async def test_browser_holds_a_call_of_either_side(library: str, begins, office):
    async with office() as place, place.browser_phone(library, "alice") as alice:
        await alice.expect("registered")
        dialog = await begins(alice=alice, bob=place.bob)
        await alice.act("hold")
        invite = await dialog.expect("INVITE", PATIENCE)
        answer = webrtc.answer(invite.request.body)
        await place.bob.respond(invite, 200, SDP_TYPE, answer)
        await dialog.expect("ACK", PATIENCE)
        await alice.expect("held")
        await bob_hangs_up(alice, dialog)


@each_library
async def test_browser_cancels_its_call_and_a_call_for_it_is_cancelled(library: str, office):
    async with office() as place, place.browser_phone(library, "alice") as alice:
        await alice.expect("registered")
        await alice.act("call", place.bob.aor)
        incoming = await place.bob.expect("INVITE", timeout=PATIENCE)
        await place.bob.respond(incoming, 180)
        await alice.expect("progress")
        await alice.act("hangUp")
        await alice.expect("failed")
        await within(incoming.cancelled.wait(), "CANCEL", PATIENCE)
        invite = await place.bob.call(alice.aor, webrtc.offer(), SDP_TYPE)
        await invite.response(180, PATIENCE)
        await alice.expect("ringing")
        await (await invite.cancel()).response(200)
        await invite.response(487, PATIENCE)
        await alice.expect("failed")


@each_library
async def test_messages_go_both_ways(library: str, office):
    async with office() as place, place.browser_phone(library, "alice") as alice:
        await alice.expect("registered")
        sent = await place.bob.request("MESSAGE", alice.aor, TEXT_TYPE, b"to the browser")
        assert await alice.expect("message") == "to the browser"
        await sent.response(200, PATIENCE)
        await alice.act("message", place.bob.aor, "from the browser")
        incoming = await place.bob.expect("MESSAGE", timeout=PATIENCE)
        assert incoming.request.body == b"from the browser"
        await place.bob.respond(incoming, 200)
        await alice.expect("delivered")


@pytest.mark.parametrize("first, second", [("jssip", "jssip"), ("sipjs", "sipjs"),
                                           ("jssip", "sipjs")])
async def test_browsers_call_each_other(first: str, second: str, office):
    async with office() as place, place.browser_phone(first, "alice") as alice, \
            place.browser_phone(second, "carol") as carol:
        await asyncio.gather(alice.expect("registered"), carol.expect("registered"))
        for caller, callee in ((alice, carol), (carol, alice)):
            await caller.act("call", callee.aor)
            assert await callee.expect("ringing") == caller.aor
            await callee.act("answer")
            await asyncio.gather(alice.expect("accepted"), carol.expect("accepted"))
            await alice.act("hangUp")
            await asyncio.gather(alice.expect("ended"), carol.expect("ended"))


@each_library
async def test_reloaded_page_registers_anew_and_is_called_once(library: str, office):
    async with office() as place, place.browser_phone(library, "alice") as alice:
        await alice.expect("registered")
        before, = place.site.pbx.bindings("alice")
        await alice.reload()
        await alice.expect("registered")
        after = place.site.pbx.bindings("alice")
        # JsSIP leaves without a word, so that both are called; SIP.js unregisters as it goes.
        assert (before in after, len(after)) == ((True, 2) if library == "jssip" else (False, 1))
        await bob_hangs_up(alice, await call_browser(place.bob, alice))
        assert alice.received("INVITE ") == 1


@each_library
async def test_reloaded_page_registers_anew_and_is_called_once(library: str, office):
    async with office() as place, place.browser_phone(library, "alice") as alice:
        await alice.expect("registered")
        await alice.reload()
        await alice.expect("registered")
        await bob_hangs_up(alice, await call_browser(place.bob, alice))
        assert alice.received("INVITE ") == 1


@each_library
@pytest.mark.parametrize("ending", ["terminate", "kill"])
async def test_browser_reconnects_to_a_restarted_proxy_and_is_called(library: str, ending: str,
                                                                     office):
    async with office() as place, place.browser_phone(library, "alice") as alice:
        await alice.expect("registered")
        before = place.site.pbx.bindings("alice")
        await restart(place.site.proxy, ending)
        await alice.expect("disconnected")
        await alice.expect("registered")
        assert place.site.pbx.bindings("alice") == before
        await browser_hangs_up(alice, await call_browser(place.bob, alice))
