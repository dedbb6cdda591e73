"""Nothing of a stop string is ever shown, however the text is cut, and nothing else is held back for good."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tiny_engine import scripted, tokenizer

from puna.engine import SamplingSettings
from puna.engine.stopping import StopStrings

GREEDY = SamplingSettings(temperature=0, max_tokens=100)


def _through(stops: list[str], pieces: list[str]) -> tuple[list[str], bool]:
    matcher = StopStrings(stops)
    shown = [matcher.push(piece) for piece in pieces]
    return [*shown, matcher.flush()], matcher.matched


def _cut(text: str, stops: list[str]) -> str:
    """The text before the stop string that is complete first (the longest of those), found the slow way."""
    for end in range(len(text) + 1):
        found = [stop for stop in stops if text[:end].endswith(stop)]
        if found:
            return text[: end - max(map(len, found))]
    return text


@given(
    text=st.text("ab\n", max_size=30),
    stops=st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3),
    cuts=st.sets(st.integers(0, 30)),
)
def test_however_the_text_is_cut_what_is_shown_ends_before_the_first_stop_string(text: str, stops: list[str], cuts: set[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut <= len(text)), len(text)]
    shown, matched = _through(stops, [text[a:b] for a, b in pairwise(edges)])
    assert "".join(shown) == _cut(text, stops)
    assert matched == any(stop in text for stop in stops)


def test_text_that_can_be_no_beginning_is_shown_at_once() -> None:
    assert _through(["\n\nUser:"], ["a\n", "b", "\n\nUs", "e", "r", ":", "x"]) == (["a", "\nb", "", "", "", "", "", ""], True)


def test_a_stop_string_over_several_tokens_stops_the_engine() -> None:
    text = "the llama and the puna STOP the grass"
    ids = tokenizer().encode(text)
    engine = scripted(ids)
    pieces = [tokenizer().decode([token]) for token in ids]
    assert not any("STOP" in piece for piece in pieces)
    settings = GREEDY.model_copy(update={"stop": ("puna STO", "nothing")})
    stream = engine.stream([0], settings)
    shown = list(stream)
    assert "".join(shown) == stream.sample.text == "the llama and the "
    assert stream.sample.stop_reason == "stop_string"
    assert tokenizer().decode(stream.sample.token_ids).endswith("STO")
    assert len(stream.sample.logprobs) == len(stream.sample.token_ids)


def test_a_beginning_that_comes_to_nothing_is_shown() -> None:
    ids = tokenizer().encode("the sky ST")
    sample = scripted([*ids, tokenizer().chat_ids.eot]).generate([0], GREEDY.model_copy(update={"stop": ("STOP",)}))
    assert sample.text == "the sky ST"
    assert sample.stop_reason == "end_token"
