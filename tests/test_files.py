"""Atomic files: whole or absent, and what killed attempts left goes."""

from __future__ import annotations

import os

import pytest

from puna import files
from puna.errors import WorkError


@pytest.mark.parametrize("name", ["x.json", "a[b]*?.json"])
def test_the_next_attempt_removes_what_killed_ones_left_and_nothing_of_others(tmp_path, name):
    left, other, longer = (tmp_path / f"{start}.123.partial" for start in (name, f"y{name}", f"{name}.gz"))
    for path in (left, other, longer):
        path.write_text("half")
    files.write_text(tmp_path / name, "whole")
    assert (tmp_path / name).read_text() == "whole"
    assert not left.exists()
    assert other.exists()
    assert longer.exists()


def test_a_pipe_or_a_device_is_not_replaced_by_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(WorkError, match="not a regular file"):
        files.write_text(pipe, "whole")
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]
