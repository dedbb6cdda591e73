"""A sheet shows what it is given, escaped, in one file that refers to nothing outside."""

from puna.pages.charts import Axis, Line, chart
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
