"""How long one optimizer step takes, and on what: a stage's arithmetic, the traffic that it waits for, and the pipeline's idle ends.

A GPU multiplies matrices at a share of its dense peak, the one figure here that is fitted (`calibration`). Attention runs at the same share but executes
seven FLOPs for the six that an MFU counts, because its backward pass makes the scores again (arXiv 2205.14135). Elementwise work is bound by memory.

Traffic counts where nothing hides it. Tensor parallelism gathers and scatters the tokens' activations four times a layer forward and four times back
(arXiv 2205.05198, section 4.2.2), in the way of the matrices. Context parallelism gathers keys and values before attention, once more in backward, and
scatters their gradients; Llama 3 left that exposed (arXiv 2407.21783, section 3.3.2). Data parallelism gathers bf16 weights and reduces fp32 gradients
once a step behind the first and the last micro-batches; the first and last chunk have nothing to hide behind. Experts exchange tokens twice each way.

What is hidden is not free: the cores that move data do not multiply meanwhile, 20 of 132 on an H800 (arXiv 2412.19437, section 3.2.2). And each pass
around a ring costs a latency a hop, NCCL's own planning figures (src/graph/tuning.cc).

Weights and gradients pass through memory once a micro-batch whatever its size: bf16 weights forward and backward, fp32 gradients read and written back.
That is what keeps micro-batches from being cut ever smaller.

A pipeline of PP stages with V chunks each idles (PP - 1) / (V * M) of the time of M micro-batches. A group's traffic goes over the fast link within a
node; beyond, its ranks on one node share that node's network cards.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from puna.plan.training.flops import flops_per_token
from puna.plan.training.layouts import KEPT_BYTES, Job, Layout, layers_a_stage
from puna.plan.training.memory import layer_params, visited_ffn

# Seconds a hop of a ring with NCCL's Simple protocol, within a node and between nodes.
_LINK_HOP, _NETWORK_HOP = 3.4e-6, 14e-6
# The share of a GPU that moves data instead of multiplying while a collective runs behind the arithmetic.
_OVERLAP_COST = 20 / 132
# Bytes a parameter and micro-batch: bf16 weights read twice, fp32 gradients read and written.
_WEIGHTS_READ, _GRADIENTS_ADDED = 4, 8


@dataclass(frozen=True)
class Efficiency:
    """Shares of the data sheet that are reached: of the dense peak by kernels, of the links' bytes a second by collectives."""

    kernels: float
    link: float = 0.8
    network: float = 0.8


@dataclass(frozen=True)
class Step:
    """Seconds of one step by what they go to; only traffic that nothing hides is counted."""

    matmul: float
    attention: float
    recompute: float
    memory_bound: float
    tensor_parallel: float
    context_parallel: float
    expert_parallel: float
    bubble: float
    pipeline_hops: float
    data_parallel: float
    optimizer: float

    @property
    def seconds(self) -> float:
        return float(sum(vars(self).values()))

    @property
    def exposed(self) -> float:
        """Return the seconds spent waiting for other GPUs' data."""
        return self.tensor_parallel + self.context_parallel + self.expert_parallel + self.pipeline_hops + self.data_parallel

    def plain(self) -> dict[str, float]:
        return {**asdict(self), "total": self.seconds}


@dataclass(frozen=True)
class _Layer:
    """Seconds of one layer and micro-batch, forward and backward."""

    matmul: float
    attention: float
    recompute: float
    memory_bound: float
    tensor_parallel: float
    context_parallel: float
    expert_parallel: float

    @property
    def seconds(self) -> float:
        return (
            self.matmul
            + self.attention
            + self.recompute
            + self.memory_bound
            + self.tensor_parallel
            + self.context_parallel
            + self.expert_parallel
        )


def bubble_share(*, pp: int, virtual: int, micro_batches: int) -> float:
    """Return the idle time of a pipeline by its busy time: (PP - 1) / (V * M) (arXiv 2407.21783, section 3.3.2)."""
    return (pp - 1) / (virtual * micro_batches)


def step(work: Job, layout: Layout, efficiency: Efficiency) -> Step:
    """Return where one step's time goes."""
    count = work.micro_batches(layout)
    layer, head = _layer(work, layout, efficiency), _head(work, layout, efficiency)
    per = layers_a_stage(work.model, layout.pp)
    # The busiest stage sets the pace: one full of layers, or the last, which has the output in place of a layer.
    whole, last = (per, 0.0), (per - 1 if layout.pp > 1 else per, 1.0)
    layers, heads = max((whole, last) if layout.pp > 1 else (last,), key=lambda held: held[0] * layer.seconds + held[1] * head)
    stage = layers * layer.seconds + heads * head
    hop, chunk = _hop(work, layout, efficiency), stage / 3 / layout.virtual
    # Filling and draining wait for each hop; between, a hop hides behind the next chunk's arithmetic unless it is the longer.
    hops = 2 * (layout.pp - 1) * hop + 2 * count * layout.virtual * max(0.0, hop - chunk)
    waits = layers * (layer.context_parallel + layer.expert_parallel)
    return Step(
        matmul=count * (layers * layer.matmul + heads * head),
        attention=count * layers * layer.attention,
        recompute=count * layers * layer.recompute,
        memory_bound=count * layers * layer.memory_bound,
        tensor_parallel=count * layers * layer.tensor_parallel,
        context_parallel=count * layers * layer.context_parallel,
        expert_parallel=count * layers * layer.expert_parallel,
        bubble=bubble_share(pp=layout.pp, virtual=layout.virtual, micro_batches=count) * count * stage,
        pipeline_hops=hops,
        data_parallel=_data_parallel(work, layout, efficiency, window=stage - waits, count=count),
        optimizer=_optimizer(work, layout),
    )


def job_flops_per_token(work: Job) -> float:
    """Return a token's FLOPs in this job, the causal half of attention counted: frozen weights have no gradients to multiply out, 4 a weight and not 6."""
    return flops_per_token(work.model, seq=work.seq) - 2 * (1 - work.trained) * work.model.matmul_params


def mfu(work: Job, layout: Layout, taken: Step) -> float:
    """Return the model's FLOPs in one step, the causal half of attention counted, by what the GPUs' dense peak would do in its time."""
    return job_flops_per_token(work) * work.batch * work.seq / (taken.seconds * layout.gpus * work.device.bf16_flops)


def bytes_per_second(work: Job, efficiency: Efficiency, *, inside: int, ranks: int) -> float:
    """Return the bytes a second that each rank of a group can take in; `inside` is how many GPUs lie between one rank and the next.

    Within a node that is half the link's printed figure, which counts both directions. Beyond it, the ranks that a node holds share its cards.
    """
    device = work.device
    link = (device.link_bytes_per_second or 0.0) / 2 * efficiency.link
    if inside * ranks <= work.domain:
        return link
    assert device.network_bytes_per_second is not None
    here = max(1, work.domain // inside)
    network = device.network_bytes_per_second * efficiency.network * min(here, ranks)
    return min(link, network) if here > 1 else network


def _layer(work: Job, layout: Layout, efficiency: Efficiency) -> _Layer:
    shape, model = work.model.llama, work.model
    tokens, busy = layout.micro * work.seq / layout.cp, work.device.bf16_flops * efficiency.kernels * layout.tp
    multiplied = (model.matmul_params - shape.vocab_size * shape.dim) / shape.num_layers
    matmul = (4 + 2 * work.trained) * multiplied * tokens / busy
    attention = 7 * model.attention_width * work.seq * tokens / busy
    # Reads and writes of norms, residuals, rotary and SwiGLU: forward once, backward twice, in bf16.
    memory_bound = 3 * 2 * (10 * shape.dim + 3 * visited_ffn(model)) * tokens / layout.tp / work.device.bandwidth_bytes_per_second
    memory_bound += (
        (_weights_read(work) + _GRADIENTS_ADDED * work.trained) * layer_params(work, layout) / work.device.bandwidth_bytes_per_second
    )
    again = 4 / 3 if layout.recompute else 1.0
    exchanged = tokens * shape.dim * 2
    tensor = 8 * again * _moved(work, efficiency, exchanged, inside=1, ranks=layout.tp)
    gathered = 2 * work.seq * layout.micro * shape.kv_dim / min(layout.tp, shape.num_kv_heads) * 2
    context = (4 if layout.recompute else 3) * _moved(work, efficiency, gathered, inside=layout.tp, ranks=layout.cp)
    experts = model.experts
    routed = 0.0
    if experts is not None:
        visits = exchanged / layout.tp * experts.num_active * model.num_expert_layers / shape.num_layers
        routed = 4 * again * _moved(work, efficiency, visits, inside=layout.tp * layout.cp * layout.pp, ranks=layout.ep)
    forward = 2 * multiplied * tokens / busy + attention * 2 / 7 + memory_bound / 3
    return _Layer(matmul, attention, forward if layout.recompute else 0.0, memory_bound, tensor, context, routed)


def _weights_read(work: Job) -> float:
    """Return the bytes a parameter of a layer that pass through memory for a micro-batch: read forward and backward, and before that, where they are quantized, read and written once more each time."""
    return _WEIGHTS_READ if work.base is None else _WEIGHTS_READ + 2 * (work.layer_bytes + KEPT_BYTES)


def _head(work: Job, layout: Layout, efficiency: Efficiency) -> float:
    """Return the seconds of the output matrix and the loss for one micro-batch; the loss reads and writes its logits four times in fp32."""
    shape, tokens = work.model.llama, layout.micro * work.seq / layout.cp / layout.tp
    multiplied = (4 + 2 * work.trained) * shape.vocab_size * shape.dim * tokens / (work.device.bf16_flops * efficiency.kernels)
    return multiplied + 16 * shape.vocab_size * tokens / work.device.bandwidth_bytes_per_second


def _moved(work: Job, efficiency: Efficiency, size: float, *, inside: int, ranks: int) -> float:
    """Return the seconds in which each of `ranks` gathers, or scatters, `size` bytes of which it has its share."""
    if ranks == 1:
        return 0.0
    nodes = math.ceil(inside * ranks / work.domain) if inside < work.domain else ranks
    latency = (nodes - 1) * _NETWORK_HOP + (ranks - nodes) * _LINK_HOP
    return size * (ranks - 1) / ranks / bytes_per_second(work, efficiency, inside=inside, ranks=ranks) + latency


def _hop(work: Job, layout: Layout, efficiency: Efficiency) -> float:
    """Return the seconds in which one stage hands a micro-batch to the next."""
    if layout.pp == 1:
        return 0.0
    sent = layout.micro * work.seq / layout.cp / layout.tp * work.model.llama.dim * 2
    inside = layout.tp * layout.cp
    if inside * layout.pp <= work.domain:
        return sent / bytes_per_second(work, efficiency, inside=inside, ranks=layout.pp) + _LINK_HOP
    # One rank talks to one, through a network card of its own.
    return sent / bytes_per_second(work, efficiency, inside=work.domain, ranks=layout.pp) + _NETWORK_HOP


def _data_parallel(work: Job, layout: Layout, efficiency: Efficiency, *, window: float, count: int) -> float:
    """Return what gathering weights and reducing gradients costs a step: what nothing hides, and the cores that the rest takes from the arithmetic.

    `window` is the seconds of one micro-batch in which the network is free and the GPU multiplies.
    """
    if layout.shards == 1:
        return 0.0
    per, shape = layers_a_stage(work.model, layout.pp), work.model.llama
    tables = 2 * shape.vocab_size * shape.dim / layout.tp if layout.pp == 1 else 0.0
    params = per * layer_params(work, layout) + tables
    inside = layout.tp if layout.cp > 1 else layout.tp * layout.cp * layout.pp
    # Whole weights are gathered as they were updated, in bf16; spread ones as they are held.
    size = work.layer_bytes * (params - tables) + work.table_bytes * tables if layout.sharded else 2 * params
    gathered = _moved(work, efficiency, size, inside=inside, ranks=layout.shards)
    reduced = _moved(work, efficiency, 4 * params * work.trained, inside=inside, ranks=layout.shards)
    if layout.sharded:
        # Gathered for forward and again for backward, and reduced, at each micro-batch; all but one layer's worth hides behind the others.
        moved, pieces, passes, window = 2 * gathered + reduced, per, count, max(window, 0.0)
    else:
        moved, pieces, passes, window = (
            gathered * work.trained + reduced,
            layout.virtual if layout.pp > 1 else per,
            1,
            max(window, 0.0) * min(count, layout.pp),
        )
    exposed = max(moved / pieces, moved - window)
    return passes * (exposed + (moved - exposed) * _OVERLAP_COST)


def _optimizer(work: Job, layout: Layout) -> float:
    """Return the seconds of AdamW: 30 bytes read or written a parameter that a rank keeps the state of."""
    return 30 * work.trained * work.model.total_params / layout.gpus / work.device.bandwidth_bytes_per_second
