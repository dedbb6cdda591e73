"""Every Llama shape, one after another."""

from __future__ import annotations

import pytest
from tiny_family import FAMILY, random_model

from puna.model.config import LlamaConfig


@pytest.fixture(params=FAMILY.values(), ids=FAMILY.keys())
def family_config(request: pytest.FixtureRequest) -> LlamaConfig:
    return request.param


@pytest.fixture
def make_model():
    return random_model
