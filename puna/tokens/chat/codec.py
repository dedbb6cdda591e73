"""One codec for everything that speaks: training, evaluation, the engine, the server.

    dialog  --encode-->  ids, each with its class        (what is learnt, by objective: `classes.py`)
    dialog  --prompt-->  ids, up to where the assistant begins to write
    ids     --reply -->  the message that a model wrote  (calls read: `calls.py`)
    ids     --parse -->  all messages of a dialog

Special tokens are ids that the codec alone puts down and looks for. Text never becomes one, whatever it spells, and a reply is cut into its parts by ids, never by
searching decoded text: a model that writes *about* `<|eot_id|>` does not end its turn, and a user cannot end it for the model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from puna.records import CallForm, Dialog, Message
from puna.tokens.chat.classes import EncodedDialog
from puna.tokens.tokenizer import Tokenizer


class Codec(ABC):
    """Dialogs to ids and back, for one tokenizer. `calls` is the form in which calls are written; any is read."""

    def __init__(self, tokenizer: Tokenizer, *, calls: CallForm = "json") -> None:
        self.tokenizer, self.calls = tokenizer, calls

    @abstractmethod
    def encode(self, dialog: Dialog) -> EncodedDialog:
        """Return the whole dialog's ids and what each is. Raises `DataError` for what the format cannot say, and for half a surrogate pair."""

    @abstractmethod
    def prompt(self, dialog: Dialog) -> list[int]:
        """Return the ids of `dialog` and of the header of the assistant's next message, where generation begins. Raises as `encode`."""

    @abstractmethod
    def reply(self, token_ids: Sequence[int], *, offered: bool = False) -> Message:
        """Return the message that a model wrote after a prompt, its end token included where there was one.

        `offered` says that tools were offered: then calls are looked for in text too, not only after `<|python_tag|>`. Without an end token the message's `end` is
        `"cut"`, and a call that was cut off is its `rest`. Raises `DataError` where ids follow the end, `TokenizerError` at an unknown id.
        """

    @abstractmethod
    def parse(self, token_ids: Sequence[int], *, offered: bool = False) -> tuple[Message, ...]:
        """Return the messages of a whole dialog's ids, tools told in them. Raises `DataError` naming the token where they are no dialog."""

    @property
    @abstractmethod
    def template(self) -> str:
        """Return the `chat_template` with which Jinja renders what `encode` and `prompt` put down, special tokens by name."""
