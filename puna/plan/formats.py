"""Number formats: how many bits a weight takes in each, which weights keep 16, and what the products are computed in.

A format's name promises a round number that its file does not have: groups of 4-bit weights carry scales, and llama.cpp keeps some matrices finer, so that
"four bits" are 4.89 (Q4_K_M, measured on Llama 3.1 8B). A calculator that takes 4.0 makes 405B a fifth too small. Some formats leave whole layers alone: Meta's
own fp8 of 405B quantizes the feed-forward layers only and keeps attention, the first and the last layer in bf16 (arXiv 2407.21783, section 6.2).

One row of `data/formats.csv` each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from puna.errors import ConfigError
from puna.plan.tables import rows_of
from puna.settings import nearest

if TYPE_CHECKING:
    from puna.plan.models import Sized

KEPT_BITS = 16.0


@dataclass(frozen=True)
class Format:
    """A format's name, `kind` (float, int, gguf), the bits of a quantized weight, and what it `kept` in 16 bits (nothing: "").

    `shared_bits` are those of an embedding that is the output matrix too, `output_bits` those of an output matrix of its own. `maths` is what a chip that has such units multiplies in; `like` names the format whose
    measured efficiency this one borrows, "" where its bits say it (`puna.plan.serving.speed`).
    """

    name: str
    kind: str
    bits: float
    kept: str
    shared_bits: float
    output_bits: float
    maths: str
    like: str
    source: str


@dataclass(frozen=True)
class Stored:
    """The bytes of a model's weights in a format, and how many of its parameters are in the format rather than in 16 bits."""

    num_bytes: float
    quantized: int
    kept: int

    @property
    def share(self) -> float:
        return self.quantized / (self.quantized + self.kept)


@cache
def formats() -> Mapping[str, Format]:
    """Return every format by its name, in the table's order."""
    return {row["name"]: _format(row) for row in rows_of("formats.csv")}


def format_named(name: str) -> Format:
    """Return a format by name, whatever the case (`"Q4_K_M"`). Raises `ConfigError` naming the nearest."""
    known = formats()
    if name.lower() not in known:
        raise ConfigError(f"no format is called '{name}'{nearest(name.lower(), list(known))}")
    return known[name.lower()]


def stored(model: Sized, form: Format) -> Stored:
    """Return what the weights of `model` take in `form`."""
    kept = _kept(model, form)
    output = model.llama.vocab_size * model.llama.dim if form.kept == "" else 0
    quantized = model.total_params - kept
    bits = kept * KEPT_BITS + output * (form.shared_bits if model.llama.tied else form.output_bits) + (quantized - output) * form.bits
    return Stored(bits / 8, quantized, kept)


def weight_bytes(model: Sized, form: Format) -> float:
    """Return the bytes of all weights of `model` in `form`."""
    return stored(model, form).num_bytes


def _kept(model: Sized, form: Format) -> int:
    """Return the parameters that stay in 16 bits."""
    if form.kept == "":
        return 0
    shape = model.llama
    outside = (1 if shape.tied else 2) * shape.vocab_size * shape.dim + (2 * shape.num_layers + 1) * shape.dim
    if form.kept == "embeddings":
        return outside
    assert form.kept == "outer", form.kept
    feed_forward = model.total_params - outside - shape.num_layers * model.attention_params
    return model.total_params - feed_forward * max(shape.num_layers - 2, 0) // shape.num_layers


def _format(row: Mapping[str, str]) -> Format:
    bits = float(row["bits"])
    shared, output = (float(row[key] or bits) for key in ("shared_bits", "output_bits"))
    return Format(row["name"], row["kind"], bits, row["kept"], shared, output, row["maths"], row["like"], row["source"])
