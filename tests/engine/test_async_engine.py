"""Many coroutines at once get what they would get alone, and nobody who leaves or fails holds up the others."""

from __future__ import annotations

import asyncio

import pytest
from test_workloads import MODEL, engine, plain

from puna.engine import AsyncEngine, EngineClosedError, Request, SamplingSettings
from puna.errors import DataError, WorkError

GREEDY = SamplingSettings(temperature=0, max_tokens=20)
ENDLESS = SamplingSettings(temperature=0, max_tokens=200, ignore_end=True)
PROMPTS = [[(5 * item + place) % 250 for place in range(2 + 3 * item)] for item in range(20)]


async def _read(answer) -> tuple[int, ...]:
    return tuple([token.id async for token in answer])


def test_everybody_gets_what_the_plain_loop_writes() -> None:
    async def main() -> None:
        serving = AsyncEngine(engine(blocks=20))
        serving.start()
        answers = [serving.submit(Request(prompt, GREEDY)) for prompt in PROMPTS]
        written = await asyncio.gather(*map(_read, answers))
        assert written == [plain(prompt, GREEDY) for prompt in PROMPTS]
        assert [answer.sample.token_ids for answer in answers] == written
        assert serving.num_open == 0
        await serving.close()
        assert serving.stats().blocks_used == 0
        serving.engine.check()

    asyncio.run(main())


def test_tokens_come_while_the_text_is_written() -> None:
    async def main() -> None:
        serving = AsyncEngine(engine())
        serving.start()
        answer = serving.submit(Request(PROMPTS[0], ENDLESS))
        await anext(answer)
        assert answer.sample is None
        assert serving.num_open == 1
        answer.cancel()
        written = 1 + len(await _read(answer))
        assert written < 200
        assert answer.sample.stop_reason == "cancelled"
        assert len(answer.sample.token_ids) == written
        await serving.close()
        assert serving.stats().blocks_used == 0

    asyncio.run(main())


def test_impossible_requests_are_refused_at_once_and_disturb_nobody() -> None:
    async def main() -> None:
        serving = AsyncEngine(engine())
        serving.start()
        good = serving.submit(Request(PROMPTS[3], GREEDY))
        for bad in ([], [10**6], [1] * 1000):
            with pytest.raises(DataError):
                serving.submit(Request(bad, GREEDY))
        assert await _read(good) == plain(PROMPTS[3], GREEDY)
        nothing = serving.submit(Request(PROMPTS[0], SamplingSettings(max_tokens=0)))
        assert await _read(nothing) == ()
        assert nothing.sample.stop_reason == "max_tokens"
        await serving.close()

    asyncio.run(main())


def test_a_step_that_fails_is_told_to_all_who_wait_and_to_nobody_after(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        serving = AsyncEngine(engine())
        serving.start()
        with monkeypatch.context() as patch:

            def broken(*_: object) -> None:
                raise RuntimeError("out of luck")

            patch.setattr(MODEL, "forward", broken)
            answers = [serving.submit(Request(prompt, GREEDY)) for prompt in PROMPTS[:3]]
            for answer in answers:
                with pytest.raises(WorkError, match="out of luck"):
                    await _read(answer)
        assert await _read(serving.submit(Request(PROMPTS[5], GREEDY))) == plain(PROMPTS[5], GREEDY)
        await serving.close()

    asyncio.run(main())


def test_closing_finishes_what_was_asked_for_and_takes_nothing_new() -> None:
    async def main(*, drain: bool) -> str:
        serving = AsyncEngine(engine())
        serving.start()
        answer = serving.submit(Request(PROMPTS[2], ENDLESS))
        await anext(answer)
        closing = asyncio.create_task(serving.close(drain=drain))
        await asyncio.sleep(0)
        with pytest.raises(WorkError, match="closing"):
            serving.submit(Request(PROMPTS[0], GREEDY))
        await closing
        try:
            await _read(answer)
        except EngineClosedError:
            assert not drain
        else:
            assert drain
        return answer.sample.stop_reason

    assert asyncio.run(main(drain=True)) == "max_tokens"
    assert asyncio.run(main(drain=False)) == "cancelled"


@pytest.mark.parametrize("broken", ["stats", "check", "enqueue", "cancel"])
def test_where_the_thread_breaks_everybody_who_waits_or_asks_hears_it(broken: str) -> None:
    """Whatever of the engine raises outside of a step: after a step, on idle, or in a job."""

    async def main() -> None:
        serving = AsyncEngine(engine())
        serving.start()
        answers = [serving.submit(Request(prompt, ENDLESS)) for prompt in PROMPTS[:3]]
        await anext(answers[0])

        def out_of_luck(*_: object) -> None:
            raise RuntimeError("out of luck")

        setattr(serving.engine, broken, out_of_luck)
        if broken == "enqueue":
            answers.append(serving.submit(Request(PROMPTS[3], GREEDY)))
        elif broken == "cancel":
            answers[0].cancel()
        if broken == "check":
            # Nothing waits while the engine is idle, so who comes next has to be told.
            assert [len(await _read(answer)) for answer in answers[1:]] == [200, 200]
            while serving.failure is None:
                await asyncio.sleep(0.01)
        else:
            for answer in answers:
                with pytest.raises(EngineClosedError, match="out of luck"):
                    await asyncio.wait_for(_read(answer), 10)
        assert serving.num_open == 0
        with pytest.raises(EngineClosedError, match="out of luck"):
            serving.submit(Request(PROMPTS[0], GREEDY))
        await serving.close()

    asyncio.run(main())
