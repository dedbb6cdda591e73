"""What one GPU must hold while it trains, by kind, on the stage that holds most.

*Weights* are bf16. *Gradients* are fp32: Llama 3 adds up those of all micro-batches before they are reduced (arXiv 2407.21783, section 3.3.2), so a GPU
holds them whole for its layers. The *optimizer* keeps 12 bytes a parameter, Adam's two moments and the fp32 weights, spread over the data-parallel ranks
(arXiv 1910.02054). *Activations* are what backward needs again: the inputs of the matrices and of attention; what is made of those elementwise, norms
and the SwiGLU product, is made again on the fly, as fused kernels do, and no matrix product is. That is the reading under which Llama 3's runs of 8,192
tokens without activation checkpointing fit 80 GB; which tensors Meta freed is not printed.

A pipeline holds several micro-batches at once. Interleaved, the stage after the first holds most: `(virtual - 1) * pp + 2 * (pp - 2) + 1` chunks
(arXiv 2104.04473, section 2.2); the first stage has one more pair, but its first chunk is the embedding.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

from puna.plan.models import Sized
from puna.plan.training.layouts import Job, Layout, layers_a_stage

# CUDA's context, its libraries and the collectives' buffers: 1 to 3 GB in practice, an assumption.
RUNTIME_BYTES = 2e9
# The share of a GPU's memory that tensors can fill; the rest is lost to fragments. An assumption, like any such margin.
USABLE_SHARE = 0.95
OPTIMIZER_BYTES, GRADIENT_BYTES, WEIGHT_BYTES = 12, 4, 2


@dataclass(frozen=True)
class Memory:
    """Bytes on one GPU by kind."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    buffers: float

    @property
    def total(self) -> float:
        return float(sum(vars(self).values()))

    def plain(self) -> dict[str, float]:
        return {**asdict(self), "total": self.total}


def memory(work: Job, layout: Layout) -> Memory:
    """Return what the fullest GPU holds."""
    ends = ("only",) if layout.pp == 1 else ("first", "last") if layout.pp == 2 else ("first", "middle", "last")
    return max((_stage(work, layout, end) for end in ends), key=lambda held: held.total)


def usable_bytes(work: Job) -> float:
    """Return what tensors may fill of one chip."""
    return USABLE_SHARE * work.device.memory_per_chip


def zero_state_bytes(params: float, *, stage: int, shards: int) -> float:
    """Return weights, gradients and Adam's state of mixed-precision training as ZeRO's stages 0 to 3 spread them (arXiv 1910.02054, figure 1)."""
    optimizer, gradients, weights = (12.0, 2.0, 2.0)
    return params * sum(held / (shards if stage >= since else 1) for held, since in ((optimizer, 1), (gradients, 2), (weights, 3)))


def saved_elements(model: Sized) -> float:
    """Return the elements that one token leaves in one layer for backward: the inputs of both norms, queries, keys, values, attention's output, gate
    and up; of a mixture's FFNs those that the token visits, on average over the layers."""
    shape = model.llama
    return 2 * shape.dim + 2 * model.attention_width + 2 * shape.kv_dim + 2 * visited_ffn(model)


def visited_ffn(model: Sized) -> float:
    """Return the FFN width that a token meets in a layer, on average."""
    shape, experts = model.llama, model.experts
    if experts is None:
        return shape.ffn_dim
    share = model.num_expert_layers / shape.num_layers
    return share * (experts.num_active + experts.num_shared) * experts.ffn_dim + (1 - share) * shape.ffn_dim


def layer_params(work: Job, layout: Layout) -> float:
    """Return the parameters that a GPU holds of one layer, on average, before any spreading over data-parallel ranks."""
    shape, model = work.model.llama, work.model
    tables = (1 if shape.tied else 2) * shape.vocab_size * shape.dim
    return ((model.total_params - tables - model.routed_params) + model.routed_params / layout.ep) / shape.num_layers / layout.tp


def chunks_held(layout: Layout, micro_batches: int, rank: int) -> int:
    """Return how many chunks' activations the pipeline's stage `rank` holds at most."""
    if layout.virtual == 1:
        return min(micro_batches, layout.pp - rank)
    ahead = 2 * (layout.pp - 1 - rank) + (layout.virtual - 1) * min(layout.pp, micro_batches) + 1
    return min(ahead, layout.virtual * micro_batches)


def _stage(work: Job, layout: Layout, end: str) -> Memory:
    shape, tokens = work.model.llama, layout.micro * work.seq / layout.cp
    per = layers_a_stage(work.model, layout.pp)
    layers = per if end in ("only", "middle") else per - 1
    # A tied table is one matrix, but a pipeline holds it at both ends.
    tables = {"only": 1 if shape.tied else 2, "middle": 0, "first": 1, "last": 1}[end] * shape.vocab_size * shape.dim / layout.tp
    layer = layer_params(work, layout)
    params = layers * layer + tables
    # Experts spread over ep ranks have so many fewer ranks to spread their state over: in all, as if they were not spread.
    spread = (layers * layer_params(work, replace(layout, ep=1)) + tables) / layout.shards
    held = spread if layout.sharded else params
    # Tables and layers may be held in different formats; each part is spread alike.
    in_tables = tables / layout.shards if layout.sharded else tables
    gathered = 2 * layer * work.layer_bytes + tables * work.table_bytes + layer * GRADIENT_BYTES * work.trained if layout.sharded else 0.0
    # A quantized matrix is turned back to bf16 while it multiplies: the widest, one at a time.
    unpacked = WEIGHT_BYTES * shape.dim * shape.ffn_dim / layout.tp if work.base else 0.0
    keys_and_values = 2 * shape.kv_dim / layout.tp * layout.micro * work.seq * 2 if layout.cp > 1 else 0.0
    is_last = end in ("only", "last")
    # bf16 logits, and the fp32 probabilities that become their gradient.
    logits = 6 * tokens * shape.vocab_size / layout.tp if is_last else 0.0
    return Memory(
        weights=work.layer_bytes * (held - in_tables) + work.table_bytes * in_tables,
        gradients=GRADIENT_BYTES * held * work.trained,
        optimizer=OPTIMIZER_BYTES * spread * work.trained,
        activations=_activations(work, layout, end, layers),
        logits=logits,
        buffers=RUNTIME_BYTES + gathered + unpacked + keys_and_values + 4 * tokens * shape.dim / layout.tp,
    )


def _activations(work: Job, layout: Layout, end: str, layers: int) -> float:
    tokens = layout.micro * work.seq / layout.cp / layout.tp
    per = layers_a_stage(work.model, layout.pp)
    if layout.pp == 1:
        held = float(layers)
    else:
        rank = {"first": 0, "middle": 1, "last": layout.pp - 1}[end]
        chunks = chunks_held(layout, work.micro_batches(layout), rank)
        held = chunks * per / layout.virtual - (0 if end == "middle" else math.ceil(chunks / layout.virtual))
    whole = 2 * saved_elements(work.model) * tokens
    # Recomputing keeps each layer's input, and one layer whole while its backward runs.
    return held * 2 * work.model.llama.dim * tokens + whole if layout.recompute else held * whole
