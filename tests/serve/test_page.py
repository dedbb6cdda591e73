"""The chat page in a real browser: what it sends and what it shows."""

from __future__ import annotations

import pytest
from page_hands import say, setting, shown, with_tools
from page_server import Answer

pytest_plugins = ("page_fixtures",)


# --- an answer as it comes ---


def test_text_appears_while_it_is_written(page, server):
    server.answers.append(Answer(["The lla", "ma eats ", "grass."], wait_before=2))
    say(page, "What does it eat?", wait=False)
    page.wait_for_selector(".answer p:has-text('The llama eats')")
    assert "grass" not in page.inner_text("#log")
    server.go.set()
    page.wait_for_selector(".answer p:has-text('The llama eats grass.')")


def test_stopping_keeps_what_came_and_tells_the_server(page, server):
    server.answers.append(Answer(["one ", "two ", "three"], wait_before=2))
    say(page, "Count.", wait=False)
    page.wait_for_selector(".answer p:has-text('one two')")
    page.keyboard.press("Escape")
    page.wait_for_selector(".answer .stats:has-text('stopped')")
    assert shown(page) == ["one two"]
    assert server.left.wait(5)
    say(page, "Go on.")
    assert [message["content"] for message in server.requests[1]["messages"]] == ["Count.", "one two ", "Go on."]


def test_stopping_before_the_first_word_leaves_the_question_to_ask_again(page, server):
    server.answers.extend([Answer(["late"], wait_before=0), Answer(["again"])])
    say(page, "A question", wait=False)
    page.click("#stop")
    page.click("#unanswered button")
    page.wait_for_selector(".answer p:has-text('again')")
    assert shown(page, "user") == ["A question"]


def test_retry_asks_the_same_again_and_keeps_the_answer_before(page, server):
    server.answers.extend([Answer(["first"]), Answer(["second"])])
    say(page, "Say something.")
    page.click(".answer button:has-text('Retry')")
    page.wait_for_selector(".answer p:has-text('second')")
    assert server.requests[0]["messages"] == server.requests[1]["messages"]
    assert server.requests[0]["seed"] != server.requests[1]["seed"]
    page.click(".answer button[aria-label='The one before']")
    assert shown(page) == ["first"]


def test_an_edited_message_is_answered_anew_and_what_followed_the_old_one_is_kept(page, server):
    say(page, "one")
    say(page, "two")
    page.click(".user >> nth=0 >> text=Edit")
    page.fill(".user textarea", "three")
    page.press(".user textarea", "Enter")
    page.wait_for_selector(".answer p:has-text('three')")
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "three"}]
    assert shown(page, "user") == ["three"]
    page.click(".user button[aria-label='The one before']")
    assert shown(page, "user") == ["one", "two"]


def test_speed_and_context_stand_where_one_looks_for_them(page, server):
    server.answers.append(Answer(["a "] * 12, delay=0.02))
    say(page, "Say a.")
    stats = page.inner_text(".answer .stats")
    assert "12 tokens" in stats
    assert "tokens/s" in stats
    assert "first after" in stats
    assert page.inner_text("#context").strip() == "32 of 8,192 tokens"


def test_the_reader_who_scrolled_up_is_left_there(page, server):
    server.answers.append(Answer(["line\n\n"] * 80, wait_before=60))
    say(page, "Write much.", wait=False)
    page.wait_for_selector(".answer p >> nth=59")
    page.mouse.move(400, 400)
    page.mouse.wheel(0, -600)
    page.wait_for_selector("#latest:visible")
    before = page.evaluate("scrollY")
    server.go.set()
    page.wait_for_selector("#send:visible")
    assert page.evaluate("scrollY") == before
    page.click("#latest")
    assert page.evaluate("innerHeight + scrollY >= document.documentElement.scrollHeight - 2")


def test_a_screen_reader_hears_the_answer_once_when_it_is_done(page, server):
    page.evaluate(
        "window.heard = []; new MutationObserver(() => heard.push(said.textContent)).observe(said, { childList: true, characterData: true, subtree: true })"
    )
    server.answers.append(Answer(["word "] * 30, delay=0.01))
    say(page, "Speak.")
    heard = page.evaluate("heard")
    assert heard[0] == "Writing"
    assert heard[1:] == ["Answered: " + "word " * 30]
    assert page.get_attribute("#log", "aria-live") == "off"


# --- what is sent ---


def test_settings_reach_the_request_and_what_is_empty_is_left_to_the_server(page, server):
    say(page, "plain")
    assert set(server.requests[0]) == {"model", "messages", "seed", "stream", "stream_options"}
    typed = {"temperature": "0,7", "top_p": ".95", "top_k": "40", "min_p": "0.05", "max_tokens": "99", "seed": "5", "stop": "END\n\\n\\n"}
    for name, value in typed.items():
        setting(page, name, value)
    setting(page, "system", "Be brief.")
    say(page, "set")
    sent = server.requests[1]
    assert {name: sent[name] for name in ("temperature", "top_p", "top_k", "min_p", "max_tokens", "seed", "stop")} == {
        "temperature": 0.7, "top_p": 0.95, "top_k": 40, "min_p": 0.05, "max_tokens": 99, "seed": 5, "stop": ["END", "\n\n"]}  # fmt: skip
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert sent["stream_options"] == {"include_usage": True}
    assert page.get_attribute("#set-temperature", "placeholder") == "0.6"


def test_the_servers_word_on_a_setting_stands_under_its_field(page, server):
    error = {"message": "temperature is 9; it is 0 to 2", "type": "invalid_request_error", "param": "temperature", "code": None}
    server.answers.append(Answer(error=(400, error, {})))
    setting(page, "temperature", "9")
    say(page, "Hot?")
    assert page.inner_text("#wrong-temperature") == error["message"]
    assert page.get_attribute("#set-temperature", "aria-invalid") == "true"
    assert error["message"] in page.inner_text(".answer .note")
    page.fill("#set-temperature", "1")
    assert page.inner_text("#wrong-temperature") == ""
    page.click(".answer .note button")
    page.wait_for_selector(".answer p:has-text('You said: Hot?')")
    assert server.requests[1]["temperature"] == 1


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", "warm"), ("top_k", "1.5"), ("tools", '[{"type": "function"'), ("tools", '[{"name": "f"}]')]
)
def test_what_cannot_be_sent_is_not_sent_and_the_message_stays_in_its_field(page, server, name, value):
    page.click("#open-settings")
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    page.fill(f"#set-{name}", value)
    say(page, "my words")
    assert page.inner_text(f"#wrong-{name}") != ""
    assert page.evaluate("document.activeElement.id") == f"set-{name}"
    assert page.input_value("#draft") == "my words"
    assert server.requests == []


# --- tools ---


def test_a_tools_call_is_shown_as_it_grows_and_its_result_goes_back(page, server):
    arguments = '{"place": "Puno",  "days": 3}'
    server.answers.extend([Answer(["Looking. "], calls=[("weather", arguments)], wait_before=4), Answer(["It is sunny."])])
    with_tools(page)
    say(page, "Weather?", wait=False)
    page.wait_for_selector(".call pre:has-text('{\"place')")
    assert page.inner_text(".call .head") == "calls weather"
    assert page.inner_text(".call pre") == arguments[:10]
    assert page.query_selector(".call textarea") is None
    server.go.set()
    page.fill(".call textarea", '{"sky": "clear"}')
    page.press(".call textarea", "Enter")
    page.wait_for_selector(".answer p:has-text('It is sunny.')")
    call = {"id": "call_0", "type": "function", "function": {"name": "weather", "arguments": arguments}}
    assert server.requests[1]["messages"][1:] == [
        {"role": "assistant", "content": "Looking. ", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_0", "content": '{"sky": "clear"}'},
    ]
    assert server.requests[1]["tools"][0]["function"]["name"] == "weather"


def test_the_model_goes_on_when_every_call_has_its_result_whatever_their_order(page, server):
    server.answers.append(Answer(calls=[("weather", "{}"), ("time", "{}")]))
    with_tools(page)
    say(page, "Both?")
    page.fill(".call >> nth=1 >> textarea", "noon")
    page.click(".call >> nth=1 >> text=Give result")
    assert len(server.requests) == 1
    page.fill(".call >> nth=0 >> textarea", "sun")
    page.click(".call >> nth=0 >> text=Give result")
    page.wait_for_selector(".answer p:has-text('You said')")
    given = [(message["tool_call_id"], message["content"]) for message in server.requests[1]["messages"] if message["role"] == "tool"]
    assert given == [("call_0", "sun"), ("call_1", "noon")]


def test_an_edited_result_replaces_its_own_alone(page, server):
    server.answers.append(Answer(calls=[("weather", "{}"), ("time", "{}")]))
    with_tools(page)
    say(page, "Both?")
    for i, text in enumerate(("sun", "noon")):
        page.fill(f".call >> nth={i} >> textarea", text)
        page.click(f".call >> nth={i} >> text=Give result")
    page.wait_for_selector(".answer p:has-text('You said')")
    page.click(".message.tool >> nth=0 >> text=Edit")
    page.fill(".message.tool textarea", "rain")
    page.press(".message.tool textarea", "Enter")
    page.wait_for_selector("#send:visible")
    assert [message["content"] for message in server.requests[-1]["messages"] if message["role"] == "tool"] == ["rain", "noon"]


# --- log-probabilities ---


def test_tokens_show_what_they_might_have_been_to_mouse_and_keyboard(page, server):
    server.answers.append(Answer(["The", " puna", " is", " high"], probabilities=[0.97, 0.6, 0.05, 0.002]))
    page.click("#open-settings")
    page.check("#set-logprobs")
    page.click("#close-settings")
    say(page, "Where?")
    assert server.requests[0]["logprobs"] is True
    assert server.requests[0]["top_logprobs"] == 5
    assert [token.get_attribute("class") for token in page.query_selector_all(".token")] == ["token p0", "token p1", "token p3", "token p4"]
    page.hover(".token >> nth=1")
    assert "60.0 %" in page.inner_text("#tip")
    assert "grass" in page.inner_text("#tip")
    page.mouse.move(5, 5)
    assert page.is_hidden("#tip")
    page.focus(".token >> nth=0")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "5.0 %" in page.inner_text("#tip")
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "tip"
    page.keyboard.press("Escape")
    assert page.is_hidden("#tip")


def test_a_character_of_several_tokens_is_shown_whole(page):
    page.evaluate(
        """async () => {
        const { Tokens } = await import('/page/tokens.js');
        const root = document.createElement('div');
        root.id = 'probe';
        document.body.append(root);
        const bytes = [...new TextEncoder().encode('🦙')];
        const entry = (part) => ({ token: '\ufffd', bytes: part, logprob: -0.1, top_logprobs: [] });
        new Tokens(root, { hide() {}, show() {} }).push([entry(bytes.slice(0, 2)), entry(bytes.slice(2))]);
    }"""
    )
    assert [token.inner_text() for token in page.query_selector_all("#probe .token")] == ["f0 9f", "🦙"]
