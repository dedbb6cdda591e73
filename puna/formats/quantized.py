"""Checkpoints whose weights are codes rather than numbers, refused by the name of what made them.

A quantized weight is integers plus scales plus a layout that only its own kernels know. Read as if it were a plain matrix it would load, or fail far from
the cause; so each method is recognised by its traces (a method named in a configuration, a file beside it, the names of its tensors) before anything else
is said about the directory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from puna.errors import FormatError
from puna.records import shown

# What `quant_method` says, and what people call it.
_METHODS = {
    "gptq": "GPTQ",
    "awq": "AWQ",
    "bitsandbytes": "bitsandbytes",
    "fp8": "FP8",
    "fbgemm_fp8": "FBGEMM's FP8",
    "compressed-tensors": "compressed-tensors",
    "mxfp4": "MXFP4",
    "torchao": "torchao",
    "hqq": "HQQ",
    "aqlm": "AQLM",
    "eetq": "EETQ",
    "quanto": "Quanto",
}
_FILES = {"quantize_config.json": "GPTQ", "quant_config.json": "AWQ"}
# The first that matches wins: AWQ has all of GPTQ's tensors but the order of its columns (g_idx).
_TENSORS = (
    (r".*\.g_idx", "GPTQ"),
    (r".*\.(qweight|qzeros|scales)", "GPTQ or AWQ"),
    (r".*\.(absmax|quant_map|nested_absmax|nested_quant_map|SCB|weight_format)|.*\.quant_state\..*", "bitsandbytes"),
    (r".*\.(weight_packed|weight_shape|weight_zero_point)", "compressed-tensors"),
    (r".*\.(weight_scale|input_scale|weight_scale_inv)|fp8_scale.*", "FP8"),
)


def refuse_quantized_config(values: Mapping[str, Any], where: str) -> None:
    """Raise `FormatError` where a `config.json` says that its weights are quantized, naming the method."""
    for key in ("quantization_config", "compression_config"):
        if (said := values.get(key)) is None:
            continue
        method = said.get("quant_method") if isinstance(said, Mapping) else None
        if isinstance(said, Mapping) and method is None and (said.get("load_in_4bit") or said.get("load_in_8bit")):
            method = "bitsandbytes"
        if method is None and key == "compression_config":
            method = "compressed-tensors"
        name = _METHODS.get(method, shown(method)) if isinstance(method, str) else f"a method that it does not name ({shown(method)})"
        raise FormatError(f"{where}: {_refusal(name)}")


def refuse_quantized_files(directory: Path) -> None:
    """Raise `FormatError` where a file that only quantizers write stands in the directory."""
    for file, name in _FILES.items():
        if (directory / file).exists():
            raise FormatError(f"{directory / file}: {_refusal(name)}")


def refuse_quantized_tensors(names: list[str], where: Path) -> None:
    """Raise `FormatError` where a tensor has a name that only a quantized checkpoint has."""
    for pattern, name in _TENSORS:
        found = next((tensor for tensor in names if re.fullmatch(pattern, tensor)), None)
        if found is not None:
            raise FormatError(f"{where}: tensor {shown(found)}: {_refusal(name)}")


def _refusal(name: str) -> str:
    return f"the weights are quantized with {name}, which Puna does not read; give the unquantized model"
