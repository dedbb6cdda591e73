"""The kinds of stages, one small file each, and the table by which recipes name them."""

from __future__ import annotations

from typing import Any

from puna.recipe.kind import StageKind
from puna.recipe.stages.corpus import Corpus
from puna.recipe.stages.evaluate import Evaluate
from puna.recipe.stages.filter import Filter
from puna.recipe.stages.pretrain import Pretrain
from puna.recipe.stages.tokenizer import TokenizerStage
from puna.recipe.stages.tune import Tune

KINDS: dict[str, StageKind[Any]] = {kind.name: kind for kind in (Corpus(), Filter(), TokenizerStage(), Pretrain(), Tune(), Evaluate())}
