"""How many FLOPs a token costs, by four conventions that give one run four utilisations.

`6n` multiplies all parameters that a token meets by six; `matmul` leaves out the embedding, which is looked up; `full` adds attention as if every token
saw the whole sequence (arXiv 2204.02311, appendix B, and most trainers' logs); `causal` counts the half that a causal model really computes. At 8,192
tokens they differ by a twelfth for 405B and by a third for 8B, so no MFU means much without its convention. Puna's own is `causal`: under it the rows of
Llama 3's table 4 agree with each other, which they do not under `full` (at 131,072 tokens it would count 1.4 times the work that is done).
"""

from __future__ import annotations

from typing import Literal

from puna.plan.devices import Device
from puna.plan.models import Sized

Convention = Literal["6n", "matmul", "full", "causal"]
SECONDS_A_DAY = 86_400.0


def flops_per_token(model: Sized, *, seq: int, convention: Convention = "causal") -> float:
    """Return the FLOPs of training on one token, forward and backward, in sequences of `seq` tokens."""
    if convention == "6n":
        return 6.0 * model.active_params
    attention = {"matmul": 0.0, "causal": 6.0, "full": 12.0}[convention]
    return 6.0 * model.matmul_params + attention * model.llama.num_layers * model.attention_width * seq


def attention_share(model: Sized, *, seq: int) -> float:
    """Return attention's FLOPs, by the `full` convention, as a share of those of the weights."""
    return flops_per_token(model, seq=seq, convention="full") / flops_per_token(model, seq=seq, convention="matmul") - 1


def utilisation(
    model: Sized, *, tokens_per_second_per_chip: float, peak_flops: float, seq: int, convention: Convention = "causal"
) -> float:
    """Return the MFU, 0 to 1, of chips that train on so many tokens a second each."""
    return tokens_per_second_per_chip * flops_per_token(model, seq=seq, convention=convention) / peak_flops


def train_flops(params: float, tokens: float) -> float:
    """Return 6 N D, the compute that scaling laws and model cards mean."""
    return 6.0 * params * tokens


def days(flops: float, *, chips: int, flops_per_chip: float, effective_share: float = 1.0) -> float:
    """Return the days in which `chips` that reach `flops_per_chip` FLOP/s each, for `effective_share` of the time, do `flops`."""
    return flops / (chips * flops_per_chip * effective_share) / SECONDS_A_DAY


def compute_bound_batch(device: Device) -> float:
    """Return the tokens at once from which multiplying bf16 weights is bound by arithmetic and not by reading them (FLOP/s by bytes/s)."""
    return device.bf16_flops / device.bandwidth_bytes_per_second
