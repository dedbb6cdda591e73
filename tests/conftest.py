"""Fixtures that every room's tests may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Models of tests are so small that a second thread only waits for the first, and spins while others on the machine would work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long one example takes says nothing on a machine that is shared.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real inputs, or skip: `PUNA_TEST_DATA`, else `../shared/data` beside the repository."""
    folder = Path(os.environ.get("PUNA_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real inputs: {folder} is absent (set PUNA_TEST_DATA)")
    return folder
