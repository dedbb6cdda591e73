"""The planner's tables: cells under one another, folded at spaces where the terminal is narrow, and never a word lost."""

from hypothesis import given
from hypothesis import strategies as st

from puna.commands.plan.showing import laid, print_table

CELLS = st.lists(st.text("abc %0.", max_size=30), min_size=3, max_size=3)


def test_cells_stand_under_one_another():
    rows = [("law", "params"), ("llama3", "393B"), ("x", "1,234B")]
    assert laid(rows, left=[True, False], uncut=[False, False], width=80) == [["law     params"], ["llama3    393B"], ["x       1,234B"]]


def test_the_widest_column_is_folded_and_what_must_stay_whole_is_not():
    rows = [("a name that stays", "words that may be folded where they are too many", "7")]
    (lines,) = laid(rows, left=[True, True, False], uncut=[True, False, False], width=40)
    assert lines == ["a name that stays  words that may be   7", "                   folded where they", "                   are too many"]


@given(st.lists(CELLS, min_size=1, max_size=5), st.integers(24, 100))
def test_nothing_is_lost_and_no_line_is_too_long(rows, width):
    for row, lines in zip(rows, laid(rows, left=[True, False, True], uncut=[False] * 3, width=width), strict=True):
        assert max(map(len, lines)) <= width
        # Folding moves no letter into another order within its cell, and drops only spaces.
        assert sorted("".join(lines).replace(" ", "")) == sorted("".join(row).replace(" ", ""))


def test_an_interval_is_not_cut_in_two():
    ((first, second),) = laid([("12,846 (2,057 – 83,699)", "x")], left=[False, True], uncut=[False, False], width=20)
    assert (first, second) == ("           12,846  x", " (2,057 – 83,699)")


def test_words_in_brackets_are_words(capsys):
    print_table(["what"], [["[bold]as it stands[/bold]"]])
    assert "[bold]as it stands[/bold]" in capsys.readouterr().out
