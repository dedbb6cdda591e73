"""The page is for everyone: keyboard, screen reader, phone, either light; and for long answers."""

from __future__ import annotations

import pytest
from page_hands import say
from page_server import Answer

pytest_plugins = ("page_fixtures",)


def test_everything_can_be_done_with_the_keyboard(page, server):
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "draft"
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    page.wait_for_selector("#send:visible")
    assert server.requests[0]["messages"][0]["content"] == "one\ntwo"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.value") == "one\ntwo"
    page.keyboard.press("End")
    page.keyboard.type(" three")
    page.keyboard.press("Enter")
    page.wait_for_selector(".user .written:has-text('three')")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        assert page.evaluate("document.activeElement === document.body || document.activeElement.matches(':focus-visible')")
    assert {"new", "open-settings", "draft", "send", "Edit", "Copy", "Retry"} <= reached


def test_the_keyboards_focus_is_never_left_nowhere(page, server):
    server.answers.extend([Answer(["one"], wait_before=0), Answer(["two"], wait_before=0)])
    page.fill("#draft", "Count.")
    page.focus("#send")
    page.keyboard.press("Enter")
    page.wait_for_selector("#stop:focus")
    server.go.set()
    page.wait_for_selector("#draft:focus")
    server.go.clear()
    page.focus(".answer button:has-text('Retry')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#stop:focus")
    server.go.set()
    page.wait_for_selector("#draft:focus")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways(phone, server, scheme):
    phone.emulate_media(color_scheme=scheme)
    wide = (
        "| a | b | c | d | e | f |\n|---|---|---|---|---|---|\n| "
        + " | ".join(["wide cell"] * 6)
        + " |\n\n```\n"
        + "x" * 400
        + "\n```\n"
        + "y" * 300
    )
    server.answers.append(Answer([wide], calls=[("weather" * 9, '{"a": "' + "z" * 300 + '"}')]))
    say(phone, "w" * 300)
    phone.wait_for_selector(".call textarea")
    for step in ("", "#open-settings"):
        if step:
            phone.click(step)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.evaluate(
        "[...document.querySelectorAll('#settings :is(input, textarea, select, button)')].every((e) => e.getBoundingClientRect().right <= 390)"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(page, server, scheme):
    """WCAG's contrast of 4.5 for every text colour on every ground it stands on, tinted tokens included."""
    page.emulate_media(color_scheme=scheme)
    ratios = page.evaluate(
        """() => {
        const style = getComputedStyle(document.documentElement);
        const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const pixel = (...colours) => { for (const c of colours) { canvas.fillStyle = style.getPropertyValue(c); canvas.fillRect(0, 0, 1, 1); } return canvas.getImageData(0, 0, 1, 1).data; };
        const light = (p) => [0.2126, 0.7152, 0.0722].reduce((sum, w, i) => sum + w * ((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)(p[i] / 255), 0);
        const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
        const pairs = [['--ink', ['--paper']], ['--ink', ['--card']], ['--soft', ['--paper']], ['--soft', ['--card']], ['--bad', ['--card']], ['--bad', ['--badwash']], ['--ink', ['--badwash']],
          ['--onwarm', ['--warm']], ...['--p1', '--p2', '--p3', '--p4'].map((tint) => ['--ink', ['--paper', tint]])];
        return Object.fromEntries(pairs.map(([words, ground]) => [words + ' on ' + ground, ratio(pixel(words), pixel(...ground))]));
    }"""
    )
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}


def test_long_answers_stay_fast(page):
    """Ten thousand pieces of an answer that ends in one long code block: what is there is not made again."""
    made = page.evaluate(
        """async () => {
        const { Markdown } = await import('/page/markdown.js');
        const root = document.createElement('div');
        document.body.append(root);
        const text = '# Title\\n\\nSome words.\\n\\n'.repeat(500) + '```\\n' + 'a line of code\\n'.repeat(3000);
        const shown = new Markdown(root);
        let made = 0;
        new MutationObserver((changes) => { for (const change of changes) made += change.addedNodes.length; }).observe(root, { childList: true, subtree: true });
        for (let i = 0; i < text.length; i += 7) shown.push(text.slice(i, i + 7));
        await new Promise((done) => setTimeout(done));
        root.remove();
        return made;
    }"""
    )
    assert made < 10_000
