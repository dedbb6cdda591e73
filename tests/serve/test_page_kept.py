"""Nothing that was typed is lost: not when the server fails, not at a reload, not by an edit or a file."""

from __future__ import annotations

import json

import pytest
from page_hands import say, setting, shown
from page_server import Answer

pytest_plugins = ("page_fixtures",)


# --- what goes wrong ---


def test_a_busy_server_is_told_with_its_wait_and_tried_again(page, server):
    server.answers.append(Answer(error=(429, {"message": "12 requests wait already."}, {"Retry-After": "30"})))
    say(page, "Room?")
    note = page.inner_text(".answer .note")
    assert "12 requests wait already." in note
    assert "30 seconds" in note or "29 seconds" in note
    page.click(".answer .note button")
    page.wait_for_selector(".answer p:has-text('You said: Room?')")
    assert len(page.query_selector_all(".message.answer")) == 1
    assert page.query_selector(".answer .note") is None


def test_a_lost_connection_keeps_what_came(page, server):
    server.answers.append(Answer(["half a sen", "tence"], breaks_off=True))
    say(page, "Speak.")
    assert "lost" in page.inner_text(".answer .note").lower()
    assert shown(page) == ["half a sentence"]
    page.click(".answer .note button")
    page.wait_for_selector(".answer p:has-text('You said: Speak.')")


def test_a_key_is_asked_for_checked_and_kept_for_the_tab_alone(page, server):
    server.key = "sesame"
    page.reload()
    page.wait_for_selector("#key:visible")
    page.fill("#draft", "kept words")
    page.fill("#key-field", "wrong")
    page.press("#key-field", "Enter")
    page.wait_for_selector("#key-wrong:has-text('wrong or missing')")
    page.fill("#key-field", "sesame")
    page.press("#key-field", "Enter")
    page.wait_for_selector("#key", state="hidden")
    assert page.input_value("#draft") == "kept words"
    page.press("#draft", "Enter")
    page.wait_for_selector(".answer p:has-text('kept words')")
    assert "sesame" not in page.evaluate("JSON.stringify(localStorage)")
    assert "sesame" in page.evaluate("JSON.stringify(sessionStorage)")


def test_a_key_that_stops_being_right_is_asked_for_and_the_question_then_answered(page, server):
    server.key = "sesame"
    say(page, "Hello?")
    assert page.is_visible("#key")
    page.fill("#key-field", "sesame")
    page.press("#key-field", "Enter")
    page.wait_for_selector(".answer p:has-text('You said: Hello?')")


def test_an_answer_without_a_word_is_told_apart_from_none(page, server):
    server.answers.append(Answer([]))
    say(page, "Nothing?")
    assert "before the first word" in page.inner_text(".answer .note")
    page.click(".answer .note button")
    page.wait_for_selector(".answer p:has-text('You said: Nothing?')")


def test_a_server_that_is_not_there_is_told_and_asked_again(page, server):
    page.route("**/page/info.json", lambda route: route.abort())
    page.reload()
    page.wait_for_selector("#unanswered .note:has-text('connection')")
    page.unroute("**/page/info.json")
    page.click("#unanswered .note button")
    page.wait_for_selector("#facts div")


# --- what is kept ---


def test_everything_typed_survives_a_reload(page, server):
    server.answers.extend([Answer(["**bold** answer"]), Answer(calls=[("weather", "{}")])])
    setting(page, "temperature", "0.3")
    setting(page, "system", "Be kind.")
    page.click("#close-settings")
    say(page, "first")
    say(page, "second")
    page.fill(".call textarea", "half a result")
    page.click(".user >> nth=0 >> text=Edit")
    page.fill(".user textarea", "half an edit")
    page.fill("#draft", "half a message")
    page.reload()
    page.wait_for_selector(".answer strong")
    assert page.input_value("#draft") == "half a message"
    assert page.input_value(".user textarea") == "half an edit"
    assert page.input_value(".call textarea") == "half a result"
    assert page.input_value("#set-temperature") == "0.3"
    assert page.input_value("#set-system") == "Be kind."


def test_an_answer_that_a_reload_cut_short_keeps_what_came(page, server):
    server.answers.append(Answer(["so ", "far"], wait_before=2))
    say(page, "Speak.", wait=False)
    page.wait_for_selector(".answer p:has-text('so far')")
    page.reload()
    page.wait_for_selector(".answer p:has-text('so far')")
    assert page.is_visible("#send")


def test_a_dialog_goes_out_and_comes_in_again(page, server, tmp_path):
    server.answers.extend([Answer(["old"]), Answer(["new"])])
    say(page, "question")
    page.click(".answer button:has-text('Retry')")
    page.wait_for_selector(".answer p:has-text('new')")
    page.click("#open-settings")
    with page.expect_download() as download:
        page.click("#export")
    path = tmp_path / "dialog.json"
    download.value.save_as(path)
    assert json.loads(path.read_text())["messages"] == [{"role": "user", "content": "question"}, {"role": "assistant", "content": "new"}]
    page.click("#clear")
    assert page.query_selector(".message") is None
    assert "question" not in page.evaluate("JSON.stringify(localStorage)")
    page.set_input_files("#import-file", path)
    page.wait_for_selector(".answer p:has-text('new')")
    page.click(".answer button[aria-label='The one before']")
    assert shown(page) == ["old"]


def test_what_was_cleared_can_be_had_back(page):
    say(page, "precious")
    page.click("#open-settings")
    page.click("#clear")
    page.click("#notice >> text=Undo")
    assert shown(page, "user") == ["precious"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"messages": 3}', '{"messages": [{"role": "boss", "content": "x"}]}', '{"messages": [{"role": "user", "content": 3}]}',
             '{"puna_chat": 9, "rows": []}', '{"puna_chat": 1, "rows": [{"role": "user", "content": "x", "parent": 5}]}',
             '{"puna_chat": 1, "rows": [{"role": "assistant", "content": "x", "calls": [{"id": 1}]}]}']
)  # fmt: skip
def test_a_file_that_is_no_dialog_changes_nothing_and_says_why(page, tmp_path, text):
    say(page, "mine")
    path = tmp_path / "bad.json"
    path.write_text(text)
    page.set_input_files("#import-file", path)
    page.wait_for_selector("#notice:has-text('bad.json was not read')")
    assert shown(page, "user") == ["mine"]


def test_a_store_that_is_full_or_broken_is_told_and_the_page_works(page):
    page.evaluate("() => { localStorage.setItem('puna.chat', '{broken'); Storage.prototype.setItem = () => {}; }")
    page.reload()
    page.wait_for_selector("#notice:has-text('could not be read')")
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }")
    say(page, "still here")
    page.wait_for_selector(".answer p:has-text('You said: still here')")
    page.wait_for_selector("#notice:has-text('no room')")


def test_a_new_dialog_leaves_the_one_before_within_reach_also_after_a_reload(page, server):
    say(page, "old talk")
    page.click("#new")
    assert page.query_selector(".message") is None
    page.click("#notice >> text=Go back")
    assert shown(page, "user") == ["old talk"]
    page.click("#new")
    page.reload()
    page.wait_for_selector("#intro:visible")
    assert page.query_selector(".message") is None
    say(page, "new talk")
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "new talk"}]
    page.click(".user button[aria-label='The one before']")
    assert shown(page, "user") == ["old talk"]
