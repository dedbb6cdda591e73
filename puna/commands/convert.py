"""`puna convert`: a model directory from one layout to another."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from puna.formats import Converted


def convert(
    source: Annotated[Path, typer.Argument(help="The model: a directory in Hugging Face's layout or Meta's, or hf://org/name.")],
    target: Annotated[Path, typer.Argument(help="The directory to write: a new one, or an empty one.")],
    *,
    to: Annotated[str, typer.Option("--to", help="The layout to write: hf (safetensors) or meta (consolidated.NN.pth).")],
    dtype: Annotated[
        str | None, typer.Option("--dtype", help="Store weights as float32, bfloat16 or float16 (else as they are, bit for bit).")
    ] = None,
    shards: Annotated[
        int | None, typer.Option("--shards", help="With --to meta: how many files, one for each GPU that will run it (1).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Convert a model between Hugging Face's layout and Meta's, tensor by tensor: a model larger than the memory is no obstacle."""
    from puna import progress
    from puna.formats import convert

    began = time.perf_counter()
    shown = progress.Silent() if as_json else progress.for_stderr()
    done = convert(source, target, to=to, dtype=dtype, shards=shards, progress=shown)  # type: ignore[arg-type]
    seconds = time.perf_counter() - began
    if as_json:
        facts = {"target": str(target), "layout": done.layout, "files": [{"name": name, "bytes": size} for name, size in done.files.items()],
                 "num_tensors": done.num_tensors, "weight_bytes": done.weight_bytes, "dtypes": done.dtypes, "notes": done.notes,
                 "seconds": round(seconds, 3)}  # fmt: skip
        print(json.dumps(facts, ensure_ascii=False))
    else:
        _show(done, target, seconds)


def _show(done: Converted, target: Path, seconds: float) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right")
    for name, size in done.files.items():
        table.add_row(Text(name), f"{size:,} bytes")
    console = Console(highlight=False)
    console.print(table)
    for note in done.notes:
        console.print(Text(f"Note: {note}"), soft_wrap=True)
    speed = f"{done.num_tensors} tensors of {', '.join(done.dtypes)}, {done.weight_bytes / 1e9:.2f} GB in {seconds:.1f} s"
    console.print(Text(f"Wrote {target}: {speed}"), soft_wrap=True)
