"""Every module can be imported, and the names that `puna` offers are there."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import puna

MODULES = sorted(module.name for module in pkgutil.walk_packages(puna.__path__, "puna."))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports_and_says_what_it_is_for(name: str) -> None:
    assert (importlib.import_module(name).__doc__ or "").strip()


@pytest.mark.parametrize("name", puna.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(puna, name)
    assert isinstance(value, str) if name == "__version__" else value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nosuchname"):
        _ = puna.nosuchname


def test_tools_that_list_names_see_the_public_ones() -> None:
    assert set(puna.__all__) <= set(dir(puna))
