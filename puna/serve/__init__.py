"""The server: one engine behind OpenAI's HTTP interface, for programs and for a page in a browser.

    bytes → `security` (who, from where) → `bodies` (JSON, within bounds) → `protocol` (every field known) → `messages`, `grammars` (a dialog, a format)
          → `service` (a place in the queue) → `writing` (the engine's tokens) → `speaking` (text and calls) → `chat`, `completions`, `streaming` (OpenAI's shapes)

What cannot be done is refused and says so; nothing given is ignored.
"""
