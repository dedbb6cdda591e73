"""Dialogs in the four shapes that people exchange, in and out.

| shape | a record | who writes it |
|---|---|---|
| `messages` | `{"messages": [{"role", "content", "tool_calls"?}], "tools"?}` | Hugging Face, OpenAI, and Puna itself |
| `prompt-completion` | `{"prompt", "completion", "tools"?}`, each a string or a list of messages | TRL, completion APIs |
| `sharegpt` | `{"conversations": [{"from", "value"}], "system"?, "tools"?}` | ShareGPT, LLaMA-Factory, Axolotl |
| `alpaca` | `{"instruction", "input"?, "output", "system"?, "history"?}` | Stanford Alpaca, LLaMA-Factory |

**The rule.** Keys tell a shape: `messages`, `conversations`, `prompt` with `completion`, `instruction` with `output`. A record with the
keys of one shape is of that shape, whatever other keys it has; with those of two, or of none, it is refused, for a guess that is wrong half
of the time trains on the wrong words. A key whose value is null counts as absent, as tables fill their columns. Each record is judged
alone, so a file may mix shapes.

**What survives.** Reading what was written gives an equal `Dialog`. What a shape has no words for (a tool call in Alpaca) is a `DataError`
that says what. Flags of ours (`id`, `train`, `end`, `builtin_tools`, …) travel as extra keys, which other programs pass over: they learn
every answer. Keys that no shape knows (`source`, `score`, `tool_call_id`) are not carried.
"""

from puna.formats.dialogs.reading import Meter, read_dialogs, read_records
from puna.formats.dialogs.shapes import SHAPES, Shape, export_dialogs, parse_dialog, to_shape

__all__ = ["SHAPES", "Meter", "Shape", "export_dialogs", "parse_dialog", "read_dialogs", "read_records", "to_shape"]
