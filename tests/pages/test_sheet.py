"""A sheet shows what it is given, escaped, in one file that refers to nothing outside."""

from puna.pages.charts import Axis, Band, Dots, Line, chart, shade
from puna.pages.sheet import BarRow, Picture, Section, Sheet, Table, legend_of

EVIL = "<script>alert(1)</script>"


def test_everything_is_shown_and_what_others_wrote_is_escaped():
    marks = [Line("a law", [1, 2], [3, 4], 1), Line("another", [1, 2], [4, 5], 2)]
    picture = Picture("A picture", chart(marks, title="t", x=Axis("x"), y=Axis("y")), legend_of(marks))
    table = Table(("name", "size"), [(EVIL, "3"), ("chosen", "4")], marked=frozenset({1}))
    page = Sheet(
        EVIL, EVIL, [("fact", EVIL)], [Section(EVIL, [EVIL], [picture], [BarRow("bar", "<svg></svg>", "7")], table)], [EVIL], [EVIL]
    ).page()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 9
    for told in ("A picture", "a law", "another", "<polyline", 'class="marked"', "7"):
        assert told in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "url(" not in page


def test_a_fact_has_its_interval_a_table_its_bars_and_a_legend_says_what_kind_of_mark():
    bars = [f'<svg class="bar" id="{i}"></svg>' for i in range(2)]
    page = Sheet(
        "t",
        "l",
        [("size", "393B", EVIL)],
        [Section("s", table=Table(("a", "b"), [("x", "1"), ("y", "2")], bars=bars), legend=(("one", "c1"), (EVIL, "c2")))],
    ).page()
    assert "393B<span>&lt;script&gt;" in page
    assert page.count("<th") == 4  # thead and three columns
    assert page.index('id="0"') < page.index('id="1"')
    assert '<td class="drawn"><svg' in page
    assert "<script" not in page
    marks = [
        Line("law", [1], [1], 0),
        Line("on", [1], [1], 0, dashed=True),
        Dots("runs", [1], [1], shade(9, 10)),
        Band("doubt", [1], [1], [2], 1),
        Dots("runs", [2], [1], 3),
    ]
    assert legend_of(marks) == (("law", "c0 line"), ("on", "c0 line dashed"), ("runs", "s9 round"), ("doubt", "c1 range"))
    assert "--key: var(--s9)" in page
