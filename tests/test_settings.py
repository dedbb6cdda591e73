"""Configuration: what is given is used or refused, in one line."""

from __future__ import annotations

import pytest

from puna.errors import ConfigError
from puna.settings import Settings, apply_override, parse, read_yaml


class Rate(Settings):
    lr: float = 0.1


class Outer(Settings):
    rate: Rate = Rate()
    names: tuple[str, ...] = ()


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "b: {a: 1, a: 2}", "- {a: 1, 'a': 1}", "b: [{c: {a: 1, d: 2, a: 3}}]"])
def test_a_key_given_twice_is_refused_by_name(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="the key 'a' is given twice") as caught:
        read_yaml(path)
    assert "\n" not in str(caught.value)


def test_a_merge_may_name_a_key_again(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("base: &base {a: 1, b: 2}\nnext: &next {<<: *base, a: 3}\nlast: {<<: *next, a: 4}\n")
    assert read_yaml(path)["last"] == {"a": 4, "b": 2}


@pytest.mark.parametrize(
    "text", ["2026-99-99", "[", "!!bool x", "!!int ''", "!!timestamp x", "0x_", "9" * 5000, "{[1]: 2}", "\0", "!!python/name:os.system"]
)
def test_a_value_that_is_none_is_refused_in_a_file_and_in_an_option(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(f"a: {text}\n")
    with pytest.raises(ConfigError, match=r"x\.yaml: not valid YAML"):
        read_yaml(path)
    with pytest.raises(ConfigError, match="--set a="):
        apply_override({}, f"a={text}")


def test_a_directory_is_called_one(tmp_path):
    with pytest.raises(ConfigError, match="is a directory"):
        read_yaml(tmp_path)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_numbers_are_finite(value):
    with pytest.raises(ConfigError, match=r"'rate\.lr'"):
        parse(Outer, {"rate": {"lr": value}}, where="x")


@pytest.mark.parametrize("values", [3, [], {"rate": 3}, {"rate": None}, {"names": 3}, {"rat": 1}])
def test_refusals_speak_of_no_class(values):
    with pytest.raises(ConfigError) as caught:
        parse(Outer, values, where="x.yaml")
    assert str(caught.value).startswith("x.yaml: ")
    assert not any(word in str(caught.value) for word in ("Outer", "Rate", "ictionary", "\n"))


def test_an_option_starts_below_a_place_and_is_named_as_it_was_typed():
    assert apply_override({"a": {"b": 1}}, "b.c=2", below=("x",)) == {"a": {"b": 1}, "x": {"b": {"c": 2}}}
    with pytest.raises(ConfigError, match=r"^--set b\.c=\["):
        apply_override({}, "b.c=[", below=("x",))
