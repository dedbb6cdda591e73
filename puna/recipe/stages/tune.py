"""The tuning stage: the nearest model before it, fine-tuned on dialogs, with only the assistant's words in the loss (see `align/sft.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from puna.model.config import LlamaConfig
from puna.recipe import training
from puna.recipe.kind import Cost, Maker, StageKind, Work
from puna.train.settings import TrainSettings

SHARD = "dialogs.shard"


class Tune(StageKind[TrainSettings]):
    """Makes a model directory from a model and dialogs."""

    name = "tune"
    settings = TrainSettings
    needs = frozenset({"dialogs", "model"})
    makes = frozenset({"model"})

    def keyed(self, settings: TrainSettings) -> Mapping[str, Any]:
        return training.keyed(settings)

    def check(self, settings: TrainSettings, makers: Callable[[str], Sequence[Maker]]) -> None:
        config = _config(makers)
        if config is not None and settings.window > config.max_positions:
            raise ValueError(f"'window' ({settings.window}) is longer than the model's max_positions ({config.max_positions}); lower it")

    def cost(self, settings: TrainSettings, makers: Callable[[str], Sequence[Maker]]) -> Cost:
        config = _config(makers)
        return Cost() if config is None else training.cost(settings, config)

    def told(self, figures: Mapping[str, Any]) -> str:
        return training.told(figures)

    def run(self, settings: TrainSettings, work: Work) -> Mapping[str, Any]:
        from puna.align.sft import write_dialog_shard
        from puna.formats import load, read_config

        path = work.find("model") / training.MODEL
        training.check_fits(read_config(path), stage=work.stage)
        start = load(path, dtype="float32")
        assert start.tokenizer is not None
        shard = work.directory / SHARD
        if not shard.exists():
            write_dialog_shard(work.find("dialogs") / "dialogs.jsonl", start.tokenizer, shard)
        return training.train(start.model, start.tokenizer, [shard], settings=settings, work=work, whole_documents=True)


def _config(makers: Callable[[str], Sequence[Maker]]) -> LlamaConfig | None:
    """Return the shape of the model that is tuned, as far as its recipe says it."""
    shape = next((maker.settings for maker in makers("model") if hasattr(maker.settings, "model")), None)
    if shape is None:
        return None
    return shape.model.config(vocab_size=makers("tokenizer")[0].settings.vocab_size, window=shape.window)  # type: ignore[no-any-return]
