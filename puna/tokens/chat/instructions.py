"""How a Llama is told of its tools: a dialog with tools becomes plain messages that describe them.

Three ways, one for each form of calls (llama-models, `llama3_1/prompt_format.md`, `llama3_2/text_prompt_format.md`; the words are part of the format, for the models
were trained on them):

- **Built-in tools** are switched on by the first lines of the system's message: `Environment: ipython` (which offers the code interpreter) and
  `Tools: brave_search, wolfram_alpha`.
- **json** and **tag** (3.1): the functions stand in a user's message of their own before the first one, and the system says `Environment: ipython`.
- **pythonic** (3.2): the functions stand in the system's message, before its own words.

Each function is shown by its whole JSON schema. (Meta's generator for the json form writes every argument's type as "object"; the schema's own types say more.)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from puna.records import CallForm, Dialog, Message, Tool
from puna.tokens.chat.calls import SEARCH_TOOLS

IPYTHON = "Environment: ipython"

JSON_BEFORE = """\
Answer the user's question by making use of the following functions if needed.
If none of the function can be used, please say so.
Here is a list of functions in JSON format:
"""
JSON_AFTER = "\nReturn function calls in JSON format."

TAG_BEFORE = "You have access to the following functions:\n\n"
TAG_AFTER = """\
Think very carefully before calling functions.
If you choose to call a function ONLY reply in the following format with no prefix or suffix:

<function=example_function_name>{"example_name": "example_value"}</function>

Reminder:
- If looking for real time information use relevant functions before falling back to brave_search
- Function calls MUST follow the specified format, start with <function= and end with </function>
- Required parameters MUST be specified
- Only call one function at a time
- Put the entire function call reply on one line"""

PYTHONIC_BEFORE = """\
You are an expert in composing functions. You are given a question and a set of possible functions.
Based on the question, you will need to make one or more function/tool calls to achieve the purpose.
If none of the function can be used, point it out. If the given question lacks the parameters required by the function,
also point it out. You should only return the function call in tools call sections.

If you decide to invoke any of the function(s), you MUST put it in the format of \
[func_name1(params_name1=params_value1, params_name2=params_value2...), func_name2(params)]
You SHOULD NOT include any other text in the response.

Here is a list of functions in JSON format that you can invoke.

"""


def with_tools(dialog: Dialog, form: CallForm) -> tuple[Message, ...]:
    """Return the dialog's messages, its tools told in them; without tools they are returned as they are."""
    messages = dialog.messages
    if dialog.tools and form == "pythonic":
        messages = _begun(messages, pythonic_text(dialog.tools) + "\n\n")
    if dialog.builtin_tools or (dialog.tools and form != "pythonic"):
        messages = _begun(messages, _environment(dialog.builtin_tools))
    if not dialog.tools or form == "pythonic":
        return messages
    told = Message("user", json_text(dialog.tools) if form == "json" else tag_text(dialog.tools))
    after_system = int(bool(messages) and messages[0].role == "system")
    return (*messages[:after_system], told, *messages[after_system:])


def runs_ipython(messages: Sequence[Message]) -> bool:
    """Return whether the system's message switches on `<|python_tag|>` before calls and `<|eom_id|>` after them."""
    return any(message.role == "system" and message.content.startswith(IPYTHON) for message in messages[:1])


def json_text(tools: Sequence[Tool]) -> str:
    """Return the user's message that offers `tools` for JSON calls."""
    return JSON_BEFORE + "".join(f"{json.dumps(tool.to_json(), indent=4, ensure_ascii=False)}\n" for tool in tools) + JSON_AFTER


def tag_text(tools: Sequence[Tool]) -> str:
    """Return the user's message that offers `tools` for calls in `<function=…>` tags."""
    told = (f"Use the function '{tool.name}' to '{tool.description}':\n{_function(tool)}\n\n" for tool in tools)
    return TAG_BEFORE + "".join(told) + TAG_AFTER


def pythonic_text(tools: Sequence[Tool]) -> str:
    """Return the system's message that offers `tools` for pythonic calls."""
    return PYTHONIC_BEFORE + json.dumps([tool.to_json()["function"] for tool in tools], indent=4, ensure_ascii=False)


def _function(tool: Tool) -> str:
    return json.dumps(tool.to_json()["function"], ensure_ascii=False)


def _environment(builtin_tools: Sequence[str]) -> str:
    """Return the system's first lines. Meta's examples leave a blank line after the environment alone, and none after the tools."""
    named = [tool for tool in builtin_tools if tool in SEARCH_TOOLS]
    return f"{IPYTHON}\nTools: {', '.join(named)}\n" if named else f"{IPYTHON}\n\n"


def _begun(messages: tuple[Message, ...], text: str) -> tuple[Message, ...]:
    """Return `messages` with `text` at the beginning of the system's message, which is made where there is none."""
    if not messages or messages[0].role != "system":
        # Nothing follows, so nothing is to be kept apart from it; Meta's examples keep the line end after a list of tools.
        alone = text if text.endswith("\n") and not text.endswith("\n\n") else text.rstrip("\n")
        return (Message("system", alone), *messages)
    system = messages[0]
    if text.startswith(IPYTHON) and system.content.startswith(IPYTHON):
        return messages
    return (replace(system, content=text + system.content), *messages[1:])
