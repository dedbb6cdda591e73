"""What a person does on the chat page, and reads there."""

from __future__ import annotations


def say(page, text, *, wait=True):
    page.fill("#draft", text)
    page.press("#draft", "Enter")
    if wait:
        page.wait_for_selector("#send:visible")


def shown(page, role="answer"):
    return [element.inner_text() for element in page.query_selector_all(f".message.{role} > .body")]


def setting(page, name, value):
    if page.is_hidden("#settings"):
        page.click("#open-settings")
    page.fill(f"#set-{name}", value)


def with_tools(page):
    page.click("#open-settings")
    page.click("summary:has-text('Tools')")
    page.click("#example-tools")
    page.click("#close-settings")
