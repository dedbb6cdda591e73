"""The pre-training stage: documents to a shard, a new model, and next-token prediction over everything.

A document is `<|begin_of_text|>`, its text, `<|end_of_text|>`; windows are cut from the stream of documents and attention stops at their borders (arXiv 2407.21783,
section 3.2). The model starts from weights drawn from the recipe's seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from pydantic import model_validator

from puna.recipe import training
from puna.recipe.kind import Cost, Maker, StageKind, Work
from puna.recipe.stages.tokenizer import texts_of
from puna.recipe.training import ModelShape
from puna.seeds import seed_of
from puna.train.settings import TrainSettings

if TYPE_CHECKING:
    from pathlib import Path

    from puna.tokens import Tokenizer

SHARD = "tokens.shard"


class PretrainSettings(TrainSettings):
    """The trainer's settings and the model's shape."""

    model: ModelShape

    @model_validator(mode="after")
    def _windows_fit(self) -> Self:
        positions = self.model.config(vocab_size=1, window=self.window).max_positions
        if self.window > positions:
            raise ValueError(f"'window' ({self.window}) is longer than the model's max_positions ({positions})")
        return self


class Pretrain(StageKind[PretrainSettings]):
    """Makes a model directory from documents and a tokenizer."""

    name = "pretrain"
    settings = PretrainSettings
    needs = frozenset({"documents", "tokenizer"})
    makes = frozenset({"model"})
    twins = True

    def keyed(self, settings: PretrainSettings) -> Mapping[str, Any]:
        return training.keyed(settings)

    def cost(self, settings: PretrainSettings, makers: Callable[[str], Sequence[Maker]]) -> Cost:
        vocab_size = makers("tokenizer")[0].settings.vocab_size
        return training.cost(settings, settings.model.config(vocab_size=vocab_size, window=settings.window))

    def told(self, figures: Mapping[str, Any]) -> str:
        return training.told(figures)

    def run(self, settings: PretrainSettings, work: Work) -> Mapping[str, Any]:
        import torch

        from puna.model.llama import Llama
        from puna.tokens import Tokenizer
        from puna.tokens.shards import Shard, write_shard

        tokenizer = Tokenizer.load(work.find("tokenizer"))
        config = settings.model.config(vocab_size=tokenizer.vocab_size, window=settings.window)
        training.check_fits(config, stage=work.stage)
        shard = work.directory / SHARD
        if not shard.exists():
            write_shard(shard, documents(work.find("documents") / "train.jsonl", tokenizer), tokenizer=tokenizer)
        with torch.device("meta"):
            model = Llama(config)
        model = model.to_empty(device="cpu")
        model.init_weights(seed_of(work.seed, "weights", settings.seed))
        figures = training.train(model, tokenizer, [shard], settings=settings, work=work, whole_documents=False)
        return {**figures, "corpus_tokens": Shard.open(shard, verify=False).num_tokens}


def documents(path: Path, tokenizer: Tokenizer) -> Iterator[list[int]]:
    """Yield each document's ids between the tokens that begin and end a text."""
    waiting = texts_of(path)
    while texts := list(islice(waiting, 256)):
        for ids in tokenizer.encode_batch(texts):
            yield [tokenizer.bos_id, *ids, tokenizer.end_of_text_id]
