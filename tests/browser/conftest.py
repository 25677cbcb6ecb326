"""Chromium, driven by Playwright."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.floor import in_ms
from tests.conftest import CHROMIUM

# Without these Chromium looks for its maker's servers, which a test has no business with.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium per test file.

    Playwright keeps an event loop in this thread, in which Django refuses to use the database; hence the
    permission, and hence no wider scope.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=in_ms(5))
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def new_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """`new_context(**options)` opens a clean browser profile: a tablet, a wall board or an office computer."""
    contexts: list[BrowserContext] = []

    def open_context(**options: object) -> BrowserContext:
        context = chromium.new_context(locale="es-CL", timezone_id="America/Santiago", **options)  # type: ignore[arg-type]  # handed on
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()
