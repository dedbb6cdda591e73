"""kill -9 at random moments of a parent and its child: however often, the same command ends with the same bytes."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("tiny_child.yaml")
KILLS = 20
# What depends on the clock, the machine or the way there (docs/report.md has the list).
CHANGING = frozenset({
    "seconds", "attempts", "started", "machine", "machines", "code", "path", "peak_memory_bytes", "tokens_per_second", "mfu",
    "peak_flops_per_second", "predicted", "summary",
})  # fmt: skip


def raise_child(run):
    from puna.recipe.raising import raise_recipe
    from puna.recipe.schema import Recipe

    raise_recipe(Recipe.read(CHILD), run)


def timeless(value):
    if isinstance(value, dict):
        return {key: timeless(inner) for key, inner in value.items() if key not in CHANGING}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def ended(run):
    """Return the bytes of both reports and of every model's weights."""
    family = (run, run.parent / "elder")
    reports = [json.dumps(timeless(json.loads((member / "report.json").read_text()))) for member in family]
    weights = {str(path.relative_to(run.parent)): path.read_bytes() for member in family for path in member.rglob("model.safetensors")}
    return reports, weights


@pytest.fixture(scope="module")
def process():
    """Return what starts a process that raises into a directory; PyTorch is imported already where it comes from, so that kills meet the work."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["puna.train.trainer", "puna.engine.engine", "puna.formats", "puna.recipe.raising"])

    def start(run):
        made = context.Process(target=raise_child, args=(run,))
        made.start()
        return made

    return start


@pytest.mark.slow
def test_killed_at_twenty_random_moments_it_ends_with_the_same_bytes(process, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    whole = tmp_path / "whole" / "child"
    began = time.monotonic()
    process(whole).join(timeout=200)
    seconds, expected, rng = time.monotonic() - began, ended(whole), random.Random(20)
    kills, interrupted = 0, 0
    while kills < KILLS or interrupted:
        run = tmp_path / f"after-{kills - interrupted}" / "child"
        working = process(run)
        # Once all kills are spent, the last family is let live.
        working.join(timeout=rng.uniform(0, seconds / 3) if kills < KILLS else 200)
        if working.exitcode is None:
            working.kill()
            working.join()
            kills, interrupted = kills + 1, interrupted + 1
            continue
        assert working.exitcode == 0
        assert ended(run) == expected
        assert not list(run.parent.rglob("*.partial"))
        interrupted = 0
