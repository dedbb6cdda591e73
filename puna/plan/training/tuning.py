"""After pre-training: adapters in place of all weights, and rounds of sampling, supervised tuning and preferences.

LoRA (arXiv 2106.09685) freezes the weights and learns two thin matrices beside each: gradients, Adam's state and the traffic of data parallelism shrink
to the adapters' size, activations do not, and a token costs four FLOPs a weight and not six. So it saves memory far more than time. What is frozen may be quantized
as well (QLoRA, arXiv 2305.14314): matrices are held in 4 bits and turned back to bf16, one at a time, to multiply; a LLaMA of 65B then fits a card
of 48 GB.

Llama 3 went through six rounds of rejection sampling, supervised tuning and DPO (arXiv 2407.21783, sections 3.4 and 4.1): 8,500 to 9,000 supervised
steps at 405B, 10 to 30 sampled answers a prompt. How many prompts and how large the batches were is not printed, so those are assumptions to set.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from puna.errors import ConfigError
from puna.plan.estimate import Estimate
from puna.plan.formats import KEPT_BITS, Format, format_named, formats
from puna.plan.models import Sized
from puna.settings import Settings

SOURCE = "post-training: six rounds, 8,500 to 9,000 supervised steps and 10 to 30 answers a prompt as printed (arXiv 2407.21783); batch, prompts and lengths assumed"


def base_format(name: str) -> Format | None:
    """Return the format that frozen weights are held in, None for bf16. Raises `ConfigError` for one in which nobody trains."""
    form = format_named(name)
    if form.bits == KEPT_BITS:
        return None
    if form.kind == "gguf" or form.kept == "outer":
        known = [one.name for one in formats().values() if one.kind != "gguf" and one.kept != "outer"]
        raise ConfigError(f"--base {form.name}: adapters are trained beside weights in {', '.join(known)}; give one of them")
    return form


class Rounds(Settings):
    """One post-training, `rounds` times over; lengths and batches count tokens. Defaults without a printed figure are assumptions."""

    rounds: int = Field(default=6, ge=1)
    prompts: int = Field(default=200_000, ge=1)
    prompt_tokens: int = Field(default=512, ge=1)
    answer_tokens: int = Field(default=512, ge=1)
    answers_low: int = Field(default=10, ge=1)
    answers_high: int = Field(default=30, ge=1)
    sft_steps_low: int = Field(default=8_500, ge=0)
    sft_steps_high: int = Field(default=9_000, ge=0)
    sft_batch_tokens: int = Field(default=1_048_576, ge=1)
    pairs: int = Field(default=100_000, ge=0)
    generation_utilisation: float = Field(default=0.1, gt=0, le=1)


def lora_params(model: Sized, rank: int) -> int:
    """Return the parameters of adapters of `rank` beside every matrix of every layer. Raises `ConfigError` where that is not counted."""
    if rank < 1:
        raise ConfigError(f"--lora-rank {rank}: must be at least 1")
    if model.latent is not None or model.experts is not None:
        raise ConfigError(f"adapters are counted for dense models with ordinary attention, and {model.name} is not one; use --tune full")
    shape = model.llama
    attention = 2 * (shape.dim + shape.q_dim) + 2 * (shape.dim + shape.kv_dim)
    return rank * shape.num_layers * (attention + 3 * (shape.dim + shape.ffn_dim))


def post_training(model: Sized, *, peak_flops: float, mfu: float, effective_share: float, plan: Rounds | None = None) -> dict[str, Any]:
    """Return the GPU-hours of each part of a round and of all rounds; `peak_flops` and `mfu` are those of training.

    Answers are sampled at 2 N a token and `generation_utilisation` of the peak. A preference pair trains on two answers, 6 N a token, and a frozen
    reference reads both, 2 N.
    """
    plan = plan or Rounds()
    params = model.active_params
    hour = 3600 * peak_flops * effective_share

    def sampled(answers: int) -> float:
        read, written = plan.prompts * plan.prompt_tokens * 2.0 * params, plan.prompts * answers * plan.answer_tokens * 2.0 * params
        return read / (hour * mfu) + written / (hour * plan.generation_utilisation)

    def tuned(steps: float) -> float:
        return steps * plan.sft_batch_tokens * 6.0 * params / (hour * mfu)

    sampling = Estimate(sampled((plan.answers_low + plan.answers_high) // 2), sampled(plan.answers_low), sampled(plan.answers_high))
    supervised = Estimate(tuned((plan.sft_steps_low + plan.sft_steps_high) / 2), tuned(plan.sft_steps_low), tuned(plan.sft_steps_high))
    preferences = plan.pairs * 2 * (plan.prompt_tokens + plan.answer_tokens) * 8.0 * params / (hour * mfu)
    total = Estimate(*(plan.rounds * (sampling_hours + supervised_hours + preferences) for sampling_hours, supervised_hours in
                       ((sampling.value, supervised.value), (sampling.low, supervised.low), (sampling.high, supervised.high))))  # fmt: skip
    return {"rounds": plan.rounds, "sampling_gpu_hours_a_round": sampling, "supervised_gpu_hours_a_round": supervised,
            "preference_gpu_hours_a_round": preferences, "gpu_hours": total, "assumed": plan.model_dump()}  # fmt: skip
