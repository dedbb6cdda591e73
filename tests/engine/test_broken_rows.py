"""A row that cannot be sampled costs its own sequence its answer, and nobody else anything."""

from __future__ import annotations

import copy
import typing

import pytest
import torch
from test_workloads import MODEL, PREFIX, engine
from tiny_engine import tokenizer

from puna.engine import Engine, EngineSettings, Request, SamplingSettings
from puna.engine.cache import BLOCK_SIZE
from puna.errors import ConfigError, WorkError

GREEDY = SamplingSettings(temperature=0, max_tokens=20, ignore_end=True)
NUMBERS = [
    name for name, field in SamplingSettings.model_fields.items() if {int, float} & {field.annotation, *typing.get_args(field.annotation)}
]
BAD = 255  # the token that a damaged model cannot read


def _neighbours() -> list[Request]:
    warm = SamplingSettings(temperature=1, seed=3, max_tokens=20, ignore_end=True)
    return [Request([*PREFIX[: 20 * item], item], settings, item=item) for item, settings in enumerate((GREEDY, warm, GREEDY))]


def _damaged() -> torch.nn.Module:
    model = copy.deepcopy(MODEL)
    with torch.no_grad():
        model.embed.weight[BAD] = float("nan")
    return model


def _serving(model: torch.nn.Module, *, guesses: int = 0) -> Engine:
    size = 14 * BLOCK_SIZE * MODEL.config.kv_bytes_per_token(8)
    return Engine(model, tokenizer(), settings=EngineSettings(cache_bytes=size, guesses=guesses))


@pytest.mark.parametrize("name", [name for name in NUMBERS if name != "ignore_end"])
def test_every_number_has_bounds(name: str) -> None:
    for value in (10**400, -(10**400), float("inf"), float("nan")):
        with pytest.raises(ConfigError):
            SamplingSettings(**{name: value})


@pytest.mark.parametrize("name", NUMBERS)
def test_settings_at_their_bounds_are_sampled_and_disturb_nobody(name: str) -> None:
    alone = [engine().run([request])[0].token_ids for request in _neighbours()]
    field = SamplingSettings.model_fields[name]
    bounds = [getattr(limit, side) for limit in field.metadata for side in ("ge", "le", "lt") if hasattr(limit, side)]
    tiny = [5e-324] if name in ("temperature", "top_p", "min_p") else []
    extremes = [
        SamplingSettings(**{"temperature": 1.0, "max_tokens": 5, "repetition_penalty": 1.1, name: min(value, 2**63 - 1)})
        for value in [*bounds, *tiny]
    ]
    requests = [Request([1, 2, 3, 3], settings, item=item) for item, settings in enumerate(extremes)]
    written = engine().run([*_neighbours(), *requests])
    assert [one.token_ids for one in written[:3]] == alone
    assert all(one.stop_reason in ("max_tokens", "end_token", "context_full") for one in written[3:])


def test_a_row_that_cannot_be_drawn_ends_its_own_text_and_no_other() -> None:
    """A copy of settings is not checked again, so what no field allows can still come in."""
    alone = [engine().run([request])[0].token_ids for request in _neighbours()]
    impossible = SamplingSettings(temperature=1).model_copy(update={"top_k": 10**400})
    serving = engine(guesses=3)
    others = [serving.submit(request) for request in _neighbours()]
    doomed = serving.submit(Request([5, 6], impossible))
    while serving.has_work:
        serving.step()
        serving.check()
    assert doomed.stop_reason == "failed"
    assert "OverflowError" in doomed.problem
    assert isinstance(doomed.error, WorkError)
    assert [one.sample().token_ids for one in others] == alone
    with pytest.raises(WorkError, match="OverflowError"):
        serving.run([Request([5, 6], impossible)])


@pytest.mark.parametrize("guesses", [0, 3])
def test_what_is_no_number_ends_its_own_text_and_reaches_no_other(guesses: int) -> None:
    """Blocks go round: what one leaves behind lies masked within another's, and there too it has to be a number."""
    alone = [_serving(MODEL).run([request])[0] for request in _neighbours()]
    serving = _serving(_damaged(), guesses=guesses)
    for _ in range(4):
        doomed = [serving.submit(Request([9, *PREFIX[:30], BAD, item], GREEDY)) for item in range(2)]
        others = [serving.submit(request) for request in _neighbours()]
        while serving.has_work:
            serving.step()
            serving.check()
        assert {(one.stop_reason, one.num_written) for one in doomed} == {("failed", 0)}
        assert [one.sample().token_ids for one in others] == [one.token_ids for one in alone]
        assert [one.sample().logprobs for one in others] == [pytest.approx(one.logprobs) for one in alone]
    assert all(bool(tensor.isfinite().all()) for tensor in (*serving._runner.cache.keys, *serving._runner.cache.values))


def test_logits_and_scores_that_are_no_numbers_are_an_error_and_no_figures() -> None:
    with pytest.raises(WorkError, match="not finite"):
        _serving(_damaged()).generate([1, BAD], GREEDY)
    with pytest.raises(WorkError, match="not finite"):
        _serving(_damaged()).score([[1, BAD, 3]], num_scored=[1])
    model = copy.deepcopy(MODEL)
    with torch.no_grad():
        model.head.weight[7] = float("inf")
    with pytest.raises(WorkError, match="not finite"):
        _serving(model).generate([1, 2], GREEDY)
