"""The tuning stage: the nearest model before it, fine-tuned on dialogs, with only the assistant's words in the loss (see `align/sft.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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

    def cost(self, settings: TrainSettings, makers: Callable[[str], Sequence[Maker]]) -> Cost:
        shape = next((maker.settings for maker in makers("model") if hasattr(maker.settings, "model")), None)
        if shape is None:
            return Cost()
        config = shape.model.config(vocab_size=makers("tokenizer")[0].settings.vocab_size, window=shape.window)
        return training.cost(settings, config)

    def told(self, figures: Mapping[str, Any]) -> str:
        return training.told(figures)

    def run(self, settings: TrainSettings, work: Work) -> Mapping[str, Any]:
        from puna.align.sft import write_dialog_shard
        from puna.errors import ConfigError
        from puna.formats import load, read_config

        path = work.find("model") / training.MODEL
        config = read_config(path)
        positions = config.max_positions
        if settings.window > positions:
            raise ConfigError(
                f"stage '{work.stage}': 'window' ({settings.window}) is longer than the model's max_positions ({positions}); lower it"
            )
        training.check_fits(config, stage=work.stage)
        start = load(path, dtype="float32")
        assert start.tokenizer is not None
        shard = work.directory / SHARD
        if not shard.exists():
            write_dialog_shard(work.find("dialogs") / "dialogs.jsonl", start.tokenizer, shard)
        return training.train(start.model, start.tokenizer, [shard], settings=settings, work=work, whole_documents=True)
