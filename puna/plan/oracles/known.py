"""Short words for what the sections' tables ask of the planner again and again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from puna.model.config import LlamaConfig
from puna.plan.devices import Device, device
from puna.plan.estimate import Estimate
from puna.plan.formats import Format, format_named, weight_bytes
from puna.plan.laws import catalogue
from puna.plan.laws.allocation import Allocation
from puna.plan.laws.law import Optimum
from puna.plan.laws.surface import Surface
from puna.plan.models import Sized, model_of

LLAMA3 = {"8B": "llama-3.1-8b", "70B": "llama-3.1-70b", "405B": "llama-3.1-405b"}
LLAMA2 = {"Llama 2 7B": "llama-2-7b", "Llama 2 13B": "llama-2-13b", "Llama 2 70B": "llama-2-70b"}
HERD, CHINCHILLA, SARDANA, GADRE = "arXiv 2407.21783", "arXiv 2203.15556", "arXiv 2401.00448", "arXiv 2403.08540"


def shape(name: str) -> LlamaConfig:
    """Return a published model's shape."""
    return model_of(name).llama


def params(name: str) -> int:
    """Return all parameters of a published model."""
    return model_of(name).total_params


def embedding(name: str) -> int:
    """Return the parameters of one embedding: what a token is not multiplied with, but for the last norm."""
    model = model_of(name)
    return model.total_params - model.matmul_params - model.llama.dim


def line(name: str) -> Allocation:
    """Return a law that splits compute by a power of it."""
    found = catalogue.law(name)
    assert isinstance(found, Allocation)
    return found


@cache
def surface(name: str) -> Surface:
    """Return a law that is a surface, without its alternatives: an oracle asks for a figure, and would throw the interval away that takes hundreds of laws to find."""
    found = catalogue.law(name)
    assert isinstance(found, Surface)
    return replace(found, alternatives=())


def best(name: str, compute: float) -> Optimum:
    """Return a law's split of `compute` FLOPs."""
    return catalogue.law(name).optimum(compute)


def value(figure: Estimate | float | None) -> float:
    """Return a figure without its interval."""
    assert figure is not None
    return figure.value if isinstance(figure, Estimate) else float(figure)


def optional(figure: float | None) -> float:
    """Return a figure of a table's cell that must not be empty."""
    assert figure is not None
    return figure


def weights(model: str, form: str) -> float:
    """Return the bytes of a published model's weights in a format."""
    return weight_bytes(model_of(model), format_named(form))


__all__ = [
    "CHINCHILLA", "GADRE", "HERD", "LLAMA2", "LLAMA3", "SARDANA", "Device", "Format", "Sized", "best", "device", "embedding", "line", "model_of", "optional", "params", "shape", "surface",
    "value", "weights",
]  # fmt: skip
