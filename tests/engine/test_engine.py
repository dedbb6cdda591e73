"""The engine: one prompt or many, streamed or not, cached, gives one result; and every sequence ends for a stated reason."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
import torch
import transformers
from tiny_engine import random_engine, random_model, scripted, tokenizer

from puna import formats
from puna.engine import Engine, EngineSettings, SamplingSettings
from puna.errors import DataError, TokenizerError
from puna.model.attention import packed
from puna.records import Call, Dialog, Message, Sample, Tool
from puna.seeds import seed_of

GREEDY = SamplingSettings(temperature=0, max_tokens=40)
WARM = SamplingSettings(temperature=1.0, top_p=0.95, max_tokens=40, seed=3)


def _prompts(count: int, longest: int = 30) -> list[list[int]]:
    lengths = [1 + seed_of(0, item) % longest for item in range(count)]
    return [[seed_of(1, item, place) % 256 for place in range(length)] for item, length in enumerate(lengths)]


@pytest.mark.parametrize("changes", [{}, {"num_kv_heads": 4, "tied": True}, {"attention_bias": True, "mlp_bias": True, "num_kv_heads": 1}])
def test_greedy_tokens_are_those_of_transformers_on_the_same_directory(changes: dict, tmp_path) -> None:
    formats.save(tmp_path / "model", random_model(**changes), tokenizer())
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32)
    engine = Engine.load(tmp_path / "model", dtype="float32", device="cpu")
    for prompt in _prompts(6):
        expected = theirs.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=40, pad_token_id=0)[0, len(prompt) :].tolist()
        assert list(engine.generate(prompt, GREEDY).token_ids) == expected


@torch.no_grad()
def test_greedy_tokens_and_log_probabilities_are_those_without_a_cache() -> None:
    engine = random_engine(1)
    prompt = _prompts(1)[0]
    sample = engine.generate(prompt, GREEDY)
    ids = list(prompt)
    for token_id, logprob in zip(sample.token_ids, sample.logprobs, strict=True):
        tokens_T = torch.tensor(ids)
        logits_V = engine.model.logits(engine.model(tokens_T, packed([0], len(ids))))[-1]
        assert token_id == logits_V.argmax()
        assert logprob == pytest.approx(logits_V.log_softmax(-1)[token_id].item(), abs=1e-4)
        ids.append(token_id)
    assert sample.prompt_ids == tuple(prompt)
    assert sample.text == tokenizer().decode([token for token in sample.token_ids if token not in tokenizer().stop_ids])


def test_a_batch_gives_each_prompt_what_it_gets_alone() -> None:
    engine, prompts = random_engine(), _prompts(40)
    for prompt, batched in zip(prompts, engine.generate_batch(prompts, GREEDY), strict=True):
        _assert_equal(engine.generate(prompt, GREEDY), batched)


def _assert_equal(one: Sample, other: Sample) -> None:
    """Sums are taken in another order in other company, so log-probabilities agree to rounding; everything else is equal."""
    assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)
    assert replace(one, logprobs=()) == replace(other, logprobs=())


def test_a_sample_depends_on_its_place_and_seed_and_not_on_its_company() -> None:
    engine, prompts = random_engine(), _prompts(12)
    all_of_them = engine.generate_batch(prompts, WARM)
    assert [sample.token_ids for sample in engine.generate_batch(prompts[:5], WARM)] == [sample.token_ids for sample in all_of_them[:5]]
    assert engine.generate(prompts[0], WARM).token_ids == all_of_them[0].token_ids
    other = engine.generate_batch(prompts, WARM.model_copy(update={"seed": 4}))
    assert [sample.token_ids for sample in other] != [sample.token_ids for sample in all_of_them]
    twice = engine.generate_batch([prompts[0]] * 4, WARM)
    assert len({sample.token_ids for sample in twice}) > 1


def test_long_prompts_are_read_in_parts_with_the_same_result() -> None:
    model, prompts = random_model(), _prompts(15, longest=90)
    whole = [sample.token_ids for sample in Engine(model, tokenizer()).generate_batch(prompts, GREEDY)]
    for size in (1, 7, 32):
        engine = Engine(model, tokenizer(), settings=EngineSettings(step_tokens=size))
        assert [sample.token_ids for sample in engine.generate_batch(prompts, GREEDY)] == whole


def test_streamed_text_is_the_text() -> None:
    engine = random_engine()
    for settings in (GREEDY, WARM):
        for prompt in _prompts(5):
            stream = engine.stream(prompt, settings)
            text = "".join(stream)
            assert stream.sample is not None
            _assert_equal(stream.sample, engine.generate(prompt, settings))
            assert text == stream.sample.text


def test_streaming_shows_whole_characters_only() -> None:
    text = "the sky 🦙 é 漢字 👩‍👩‍👧"
    pieces = list(scripted([*tokenizer().encode(text), tokenizer().chat_ids.eot]).stream([0], GREEDY))
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)
    assert len(pieces) > 8


def test_a_character_that_is_cut_off_is_shown_as_one_that_is_missing() -> None:
    ids = tokenizer().encode("🦙")
    assert len(ids) == 4
    assert scripted(ids).generate([0], GREEDY.model_copy(update={"max_tokens": 3})).text == "\ufffd"


def test_every_end_token_ends_the_text_and_none_is_shown() -> None:
    ids = tokenizer().encode("the llama")
    for end in tokenizer().stop_ids:
        sample = scripted([*ids, end]).generate([0], GREEDY)
        assert (sample.text, sample.stop_reason, sample.token_ids) == ("the llama", "end_token", (*ids, end))
    special = tokenizer().chat_ids.eot
    assert scripted([*ids, special], end_ids=[ids[-1]]).generate([0], GREEDY).token_ids == tuple(ids)


def test_the_tokens_asked_for_and_the_context_end_the_text() -> None:
    ids = tokenizer().encode("the llama and the puna")
    sample = scripted(ids).generate([0], GREEDY.model_copy(update={"max_tokens": 3}))
    assert (len(sample.token_ids), sample.stop_reason) == (3, "max_tokens")
    full = scripted(ids, max_positions=10, first=4).generate([0] * 4, GREEDY)
    assert (len(full.token_ids), full.stop_reason) == (6, "context_full")
    none = scripted(ids, max_positions=4, first=4).generate([0] * 4, GREEDY)
    assert (none.token_ids, none.stop_reason, none.text) == ((), "context_full", "")
    stream = scripted(ids, max_positions=4, first=4).stream([0] * 4, GREEDY)
    assert list(stream) == []
    assert stream.sample == none


@pytest.mark.parametrize(
    ("prompt", "said"), [([], "empty"), ([5, 9999], "9999"), ([-1], "-1"), ([1] * 257, "257 tokens, the model's context has 256")]
)
def test_impossible_prompts_are_refused_in_one_line(prompt: list[int], said: str) -> None:
    for call in (random_engine().generate, random_engine().stream):
        with pytest.raises(DataError, match=re.escape(said)) as caught:
            call(prompt, GREEDY)
        assert "\n" not in str(caught.value)


def test_text_and_dialogs_are_prompts_too() -> None:
    engine = random_engine()
    assert engine.complete("the llama", GREEDY).prompt_ids == (tokenizer().bos_id, *tokenizer().encode("the llama"))
    dialog = [Message("system", "be short"), Message("user", "who <|eot_id|> are you?")]
    sample = engine.chat(dialog, GREEDY)
    assert sample.prompt_ids.count(tokenizer().chat_ids.eot) == 2
    assert sample.prompt_ids[0] == tokenizer().bos_id


def test_a_chat_ends_at_the_end_of_a_turn_whatever_the_directory_lists() -> None:
    ids = [*tokenizer().encode("yes"), tokenizer().chat_ids.eot, *tokenizer().encode("no")]
    first = len(random_engine().chat([Message("user", "so?")], GREEDY).prompt_ids)
    engine = scripted(ids, first=first, end_ids=[tokenizer().end_of_text_id])
    assert engine.chat([Message("user", "so?")], GREEDY).text == "yes"


def test_a_directory_says_how_to_sample_and_where_to_end(tmp_path) -> None:
    generation = formats.GenerationDefaults((5, 6), 0, temperature=0.3, top_k=7)
    formats.save(tmp_path / "model", random_model(), tokenizer(), generation=generation)
    engine = Engine.load(tmp_path / "model")
    assert engine.defaults == SamplingSettings(temperature=0.3, top_k=7)
    assert engine.end_ids == {5, 6}


def test_a_directory_without_a_tokenizer_cannot_generate(tmp_path) -> None:
    formats.save(tmp_path / "model", random_model(), None)
    with pytest.raises(TokenizerError, match=r"neither tokenizer\.json nor"):
        Engine.load(tmp_path / "model")


def test_ids_that_the_tokenizer_lacks_are_never_written() -> None:
    """Vocabularies are padded to round sizes; what is beyond the tokenizer has no text."""
    engine = random_engine(vocab_size=tokenizer().vocab_size + 300)
    samples = engine.generate_batch(_prompts(10), WARM)
    assert max(max(sample.token_ids) for sample in samples) < tokenizer().vocab_size


def test_hundreds_of_short_answers_take_seconds() -> None:
    engine, prompts = random_engine(), _prompts(300)
    started = time.monotonic()
    samples = engine.generate_batch(prompts, GREEDY.model_copy(update={"max_tokens": 24}))
    assert len(samples) == 300
    assert time.monotonic() - started < 20


def test_a_model_directory_remembers_the_form_of_its_calls(tmp_path) -> None:
    tokenizer = random_engine().tokenizer
    formats.save(tmp_path / "model", random_model(), tokenizer, calls="pythonic")
    engine = Engine.load(tmp_path / "model")
    said = Message("assistant", "", calls=(Call("f", {"a": 1}),))
    dialog = Dialog((Message("user", "so?"), said), tools=(Tool("f"),))
    assert "[f(a=1)]<|eot_id|>" in tokenizer.decode(engine.codec.encode(dialog).token_ids)
    short = Dialog(dialog.messages[:1])
    assert engine.chat(short, GREEDY).prompt_ids == tuple(engine.codec.prompt(short))
    ids = engine.codec.encode(dialog).token_ids
    answer = tuple(ids[len(engine.codec.prompt(Dialog(dialog.messages[:1], tools=dialog.tools))) :])
    sample = Sample((), answer, (0.0,) * len(answer), "end_token")
    assert engine.reply(sample, offered=True).calls == said.calls
