"""Section 1.1: the shapes of Llama 3 (arXiv 2407.21783, table 3, and the released configs), and what follows from them."""

from __future__ import annotations

from dataclasses import replace

from puna.plan.models import model_of
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import HERD, LLAMA3, embedding, params, shape
from puna.plan.oracles.table import Section

# FFN widths that an early version of the paper printed.
EARLY = {
    "8B with 6,144": ("llama-3.1-8b", 6144),
    "70B with 12,288": ("llama-3.1-70b", 12_288),
    "405B with 20,480": ("llama-3.1-405b", 20_480),
}


# A figure a line.
# fmt: off
def section(_: Digitised) -> Section:
    s = Section("1.1", "Architectures", f"{HERD} table 3 and released configs")
    s.data_row("layers", "32 80 126", LLAMA3, lambda name: shape(name).num_layers)
    s.data_row("model dim", "4,096 8,192 16,384", LLAMA3, lambda name: shape(name).dim)
    s.data_row("FFN dim", "14,336 28,672 53,248", LLAMA3, lambda name: shape(name).ffn_dim)
    s.data_row("heads", "32 64 128", LLAMA3, lambda name: shape(name).num_heads)
    s.data_row("KV heads", "8 8 8", LLAMA3, lambda name: shape(name).num_kv_heads)
    s.data_row("head dim", "128 128 128", LLAMA3, lambda name: shape(name).head_dim)
    s.absent("peak learning rates of 8B, 70B, 405B", "3e-4 1.5e-4 8e-5", why.RECIPE)
    s.absent("vocabulary as printed (the real one is an oracle)", "128,000", why.ROUNDED)
    s.data_row("vocabulary", "128,256 128,256 128,256", LLAMA3, lambda name: shape(name).vocab_size)
    s.data_row("RoPE theta", "500,000 500,000 500,000", LLAMA3, lambda name: shape(name).rope_theta)
    s.row("parameters", "8,030,261,248 70,553,706,496 405,853,388,800", LLAMA3, params, within=0)
    s.row("without either embedding", "6,979,588,096 68,452,360,192 401,650,696,192", LLAMA3, lambda name: params(name) - 2 * embedding(name), within=0, kind="arithmetic")
    s.row("one embedding table", "525,336,576 1,050,673,152 2,101,346,304", LLAMA3, embedding, within=0, kind="arithmetic")
    s.row("parameters with an early version's FFN dim", "4.8 38.3 202.9", EARLY, lambda said: _with_ffn(*said), unit="B")
    s.data("norm eps", "1e-5", lambda: shape("llama-3.1-8b").norm_eps)
    s.absent("characters a token of English, Llama 3 and Llama 2", "3.94 3.17", why.DATA_MIX)
    s.absent("data mix: general, maths, code, multilingual, %", "50 25 17 8", why.DATA_MIX)
    return s


def _with_ffn(name: str, ffn: int) -> float:
    model = model_of(name)
    return replace(model, llama=model.llama.model_copy(update={"ffn_dim": ffn})).total_params
