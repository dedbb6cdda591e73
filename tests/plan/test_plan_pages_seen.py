"""The planner's pages in a real browser: on a laptop's window no column hides behind a scroll bar, and on none does the page itself scroll sideways."""

import shutil

import pytest
from typer.testing import CliRunner

from puna.commands import app

HIDDEN = "[...document.querySelectorAll('.scroll')].map((one) => one.scrollWidth - one.clientWidth)"
BEYOND = "document.documentElement.scrollWidth - window.innerWidth"
QUESTIONS = [
    ("serve", "llama-3.1-405b", "--device", "8xh100", "--format", "fp8", "--served", "1e13"),
    ("faults", "--gpus", "16384", "--days", "54"),
    ("overtrain", "--served", "1e13"),
    ("fits", "llama-3.1-70b"),
    ("optimal", "-c", "3.8e25", "--law", "all"),
    ("train", "llama-3.1-405b", "--gpus", "16384", "--gpu", "h100"),
]


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="no browser tests: playwright is not installed")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no browser tests: neither chromium nor google-chrome is installed")
    with playwright.sync_playwright() as p:
        one = p.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        yield one
        one.close()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_no_column_hides_on_a_laptop(question, browser, tmp_path):
    assert CliRunner().invoke(app, ["plan", *question, "--html", str(tmp_path / "page.html")]).exit_code == 0
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((tmp_path / "page.html").as_uri())
    hidden = page.evaluate(HIDDEN)
    assert hidden
    assert max(hidden) == 0
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(BEYOND) == 0
    page.close()
