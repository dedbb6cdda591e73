"""The recipe file: what is refused, and with which words."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from toy_kinds import KINDS, toy

from puna.errors import ConfigError, PunaError
from puna.recipe.schema import Recipe, parse_recipe

GOOD = {"name": "toy", "stages": {"grow": {"rows": 3}, "mill": {"kind": "grind"}, "taste": {}}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nam": "toy"}, ["unknown key 'nam'", "'name'"]),
        ({"name": None}, ["name"]),
        ({"name": "a/b"}, ["name"]),
        ({"seed": "x"}, ["seed", "'x'"]),
        ({"stages": {}}, ["stages"]),
        ({"stages": {"grow": 3}}, ["grow"]),
        ({"stages": {"grov": {}}}, ["stage 'grov'", "unknown kind 'grov'", "'grow'"]),
        ({"stages": {"grow": {"row": 3}}}, ["stage 'grow'", "unknown key 'row'", "'rows'"]),
        ({"stages": {"grow": {"rows": "many"}}}, ["stage 'grow'", "'rows'", "'many'"]),
        ({"stages": {"grow": {"rows": 0}}}, ["stage 'grow'", "'rows'"]),
        ({"stages": {"grow": {}, "grind": {"inputs": ["grwo"]}}}, ["unknown input 'grwo'", "'grow'"]),
        ({"stages": {"grow": {}, "grind": {"inputs": "grow"}}}, ["'inputs' is a list"]),
        ({"stages": {"grow": {}, "grind": {"inputs": ["grow", "grow"]}}}, ["twice"]),
        ({"stages": {"../x": {"kind": "grow"}}}, ["name"]),
        ({"stages": {"seed": {"kind": "grow"}}}, ["name"]),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line_that_names_the_place(change, words):
    with pytest.raises(ConfigError) as caught:
        parse_recipe({**GOOD, **change}, KINDS, where="toy.yaml")
    text = str(caught.value)
    assert text.startswith("toy.yaml")
    assert "\n" not in text
    assert all(word in text for word in words), text


def test_set_reaches_into_stages_by_name_and_into_the_file(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(GOOD, sort_keys=False))
    recipe = Recipe.read(path, ["mill.lr=3e-4", "grow.rows=7", "seed=5"], kinds=KINDS)
    stages = {stage.name: stage for stage in recipe.stages}
    assert recipe.seed == 5
    assert stages["mill"].settings.lr == 3e-4
    assert stages["grow"].settings.rows == 7


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("mil.lr=1", "'mill'"),
        ("mill=3", "mill.key=value"),
        ("mill.lrr=1", "'lr'"),
        ("mill.lr", "write it as key=value"),
        ("nonsense", "^--set nonsense: write it as key=value"),
        ("mill.lr=[", r"^--set mill\.lr=\[: "),
        ("sead=1", "'seed'"),
    ],
)
def test_a_wrong_set_is_refused_naming_the_nearest(tmp_path, assignment, words):
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(GOOD, sort_keys=False))
    with pytest.raises(ConfigError, match=words):
        Recipe.read(path, [assignment], kinds=KINDS)


def test_a_path_may_be_a_string(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(GOOD, sort_keys=False))
    assert Recipe.read(str(path), kinds=KINDS) == Recipe.read(path, kinds=KINDS)


def test_no_class_of_ours_and_no_word_of_pydantics_reaches_the_user():
    for change in ({"stages": {}}, {"stages": 3}, {"stages": {"grow": {"rows": {}}}}):
        with pytest.raises(ConfigError) as caught:
            parse_recipe({**GOOD, **change}, KINDS, where="toy.yaml")
        assert not any(word in str(caught.value) for word in ("ictionary", "RecipeFile", "Farm", "Input")), caught.value


def test_a_damaged_recipe_is_a_recipe_or_one_line(tmp_path):
    source = Path(__file__).with_name("tiny.yaml").read_text()
    rng = random.Random(7)
    bits = [
        *"[]{}:,-#&*!|>%@`\"'\n\t \0\x85",
        "\n  ",
        "2026-99-99",
        "!!bool x",
        "!!int ''",
        "!!timestamp x",
        ".nan",
        "1e999",
        "0x_",
        "<<: ",
        "~",
        "? ",
        "é",
        "9" * 5000,
    ]
    refused, path = [], tmp_path / "damaged.yaml"
    for _ in range(1000):
        text = source
        for _ in range(rng.randint(1, 3)):
            at, until = sorted(rng.randrange(len(text) + 1) for _ in range(2))
            until = min(until, at + 8)
            text = text[:at] + rng.choice([rng.choice(bits), "", text[at:until] * 2]) + text[rng.choice([at, until]) :]
        try:
            path.write_text(text, encoding="utf-8", newline="")
            assert isinstance(Recipe.read(path), Recipe)
        except PunaError as error:
            refused.append(str(error))
    assert 100 < len(refused) < 1000
    assert not any("\n" in line for line in refused)


def test_a_recipe_written_out_with_its_defaults_reads_back_the_same():
    recipe = toy()
    assert parse_recipe(recipe.to_json(), KINDS, where="toy.yaml") == recipe


def test_a_recipe_that_is_absent_or_not_yaml_or_no_mapping_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        Recipe.read(tmp_path / "none.yaml", kinds=KINDS)
    path = tmp_path / "bad.yaml"
    for text in ("[", "- 1", ""):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"bad\.yaml"):
            Recipe.read(path, kinds=KINDS)
