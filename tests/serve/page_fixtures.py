"""Fixtures of the page's tests (they name this file in `pytest_plugins`): a browser, and a page of which whatever breaks its policy or leaves its origin
fails the test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from page_server import PageServer, running

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = "window.violations = []; document.addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI));"


@dataclass
class Watched:
    """What a page did that it must not do."""

    origin: str
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def watch(self, page: Any) -> None:
        page.on(
            "request", lambda request: None if request.url.startswith((self.origin, "data:", "blob:")) else self.outside.append(request.url)
        )
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def assert_clean(self, page: Any) -> None:
        assert self.outside == []
        assert self.errors == []
        assert self.dialogs == []
        assert page.evaluate("window.violations") == []


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return Chromium, or skip where neither it nor Playwright is installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no browser tests: playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser tests: none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def page_server() -> Iterator[PageServer]:
    server = PageServer()
    with running(server.app) as url:
        server.url = url
        yield server


@pytest.fixture
def server(page_server: PageServer) -> Iterator[PageServer]:
    page_server.reset()
    yield page_server
    page_server.go.set()


@pytest.fixture
def page(browser: Any, server: PageServer) -> Iterator[Any]:
    """The chat page, freshly opened, on a desktop's window. What it did is looked at when the test is done."""
    yield from opened(browser, server.url, width=1180, height=900)


@pytest.fixture
def phone(browser: Any, server: PageServer) -> Iterator[Any]:
    yield from opened(browser, server.url, width=390, height=844, has_touch=True, is_mobile=True)


def opened(browser: Any, url: str, *, width: int, height: int, **options: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", accept_downloads=True, **options)
    context.set_default_timeout(15_000)
    context.add_init_script(WATCH)
    page = context.new_page()
    watched = Watched(url)
    watched.watch(page)
    page.goto(url)
    page.wait_for_selector("#facts div", state="attached")
    yield page
    watched.assert_clean(page)
    context.close()
