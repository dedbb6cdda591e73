"""Calls against the tools that were offered: their names, and the names of their arguments.

Of a tool's JSON schema only names are looked at, and which are required: that is what a model gets wrong when its data do, and it needs no
validator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from puna.align.lint import rules
from puna.align.lint.findings import Finding
from puna.records import BUILTIN_TOOLS, Call, Dialog, Tool, shown
from puna.tokens.chat.instructions import IPYTHON

# How prompts list tools in words: as JSON, perhaps within a string; as Llama 3.1's prompt names the function to use; or as a tag.
_LISTED = r"""\\?["']name\\?["']\s*:\s*\\?["']{0}\\?["']|\b(?:function|tool)s?:?\s+["'`]{0}["'`]|<function={0}>"""
_MOST = 8  # names that are listed


def check_calls(dialog: Dialog) -> Iterator[Finding]:
    """Yield calls of tools that were not offered, and calls that do not fit the tool's schema."""
    tools = {tool.name: tool for tool in dialog.tools}
    for number, message in enumerate(dialog.messages, 1):
        for call in message.calls:
            if call.name in tools:
                yield from (Finding(rules.ARGUMENTS, f"message {number}: {what}") for what in _misfits(call, tools[call.name]))
            elif not _offered_otherwise(call, dialog, before=number):
                told = f"offered: {_listed(list(tools))}" if tools else "none was offered"
                yield Finding(rules.TOOL_NOT_OFFERED, f"message {number} calls {shown(call.name)}; {told}")


def _offered_otherwise(call: Call, dialog: Dialog, *, before: int) -> bool:
    """Return whether the tool is a built-in one that is switched on, or one that some message before lists in words."""
    told = [message.content for message in dialog.messages[: before - 1] if message.role in ("system", "user")]
    if call.name in BUILTIN_TOOLS and (call.name in dialog.builtin_tools or (dialog.builtin_tools and call.name == "code_interpreter")):
        return True
    if call.name == "code_interpreter" and any(text.startswith(IPYTHON) for text in told):
        return True
    listing = re.compile(_LISTED.format(re.escape(call.name)))
    return any(listing.search(text) for text in told)


def _misfits(call: Call, tool: Tool) -> Iterator[str]:
    properties, required = tool.parameters.get("properties"), tool.parameters.get("required")
    if isinstance(properties, Mapping) and not tool.parameters.get("additionalProperties"):
        unknown = [name for name in call.arguments if name not in properties]
        if unknown:
            yield f"{shown(call.name)} has no argument {_listed(unknown)}; it has {_listed(list(properties)) or 'none'}"
    if isinstance(required, Sequence) and not isinstance(required, str):
        missing = [name for name in required if isinstance(name, str) and name not in call.arguments]
        if missing:
            yield f"{shown(call.name)} is called without {_listed(missing)}, which it requires"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(shown, names[:_MOST])) + (", …" if len(names) > _MOST else "")
