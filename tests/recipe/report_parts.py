"""The content of a report with every part in it, made up, and run directories that hold such reports."""

from __future__ import annotations

import copy
import json


def measured(value, low, high, over="40 items"):
    return {"value": value, "low": low, "high": high, "over": over}


def stage(name, kind, seconds=1.5, memory=None, **figures):
    return {
        "name": name, "kind": kind, "status": "finished", "key": "0123456789abcdef", "inputs": {}, "files": {}, "config": {}, "machine": "a machine",
        "code": {"version": "1", "commit": None}, "started": "2026-01-01", "seconds": seconds, "attempts": 1,
        "peak_memory_bytes": memory, "predicted": {"seconds": 1.0, "memory_bytes": 1_000_000_000}, "figures": figures, "summary": f"what {name} made",
    }  # fmt: skip


def claim(name, difference, *, holds, rows=None):
    made = {
        "id": name, "claim": f"The claim {name}", "control": f"the control of {name}", "measured": difference, "unit": "bits per byte",
        "sides": [{"name": "mine", "measured": measured(0.4, 0.3, 0.5)}, {"name": "control", "measured": measured(0.5, 0.4, 0.6)}], "holds": holds,
    }  # fmt: skip
    return made | ({"rows": rows} if rows else {})


def sample(model, prompt, text, expected=None):
    return {"model": model, "about": "continues a held-out text", "prompt": prompt, "text": text, "stopped": True, "expected": expected}


FUNNEL = [
    {"step": "as found", "documents": 100, "characters": 10_000, "by_quality": {"good": 5000, "mixed": 1000, "junk": 4000}},
    {"step": "kept by the parent", "documents": 60, "characters": 6000, "by_quality": {"good": 4800, "mixed": 900, "junk": 300}},
]
CURVE = {
    "tokens": [1000, 2000, 4000, 8000], "seconds": [1.0, 2.0, 4.0, 8.0], "loss": [6.0, 4.0, 3.0, 2.5], "bits_per_byte": [3.0, 2.0, 1.5, 1.2],
    "tokens_per_second": [1000.0] * 4,
}  # fmt: skip
MODEL = {
    "stage": "tune", "directory": "tune/model", "path": "runs/made up/tune/model", "bytes": 2_600_000, "parameters": 648_064, "kv_bytes_per_token": 1536,
    "config": {
        "num_layers": 3, "dim": 128, "ffn_dim": 320, "num_heads": 4, "head_dim": 32, "num_kv_heads": 2, "vocab_size": 1024, "tied": True, "max_positions": 256,
    },
}  # fmt: skip
CONTENT = {
    "name": "child", "description": "Made up.", "seed": 7, "code": [{"version": "1", "commit": None}], "machines": ["a machine"], "seconds": 12.5,
    "lineage": [
        {"recipe": "parent", "run": "../parent", "stage": "pretrain", "parameters": 402_112, "tokens": 500_736, "vocab_size": 512, "bits_per_byte": measured(0.6, 0.5, 0.7)},
        {"recipe": "child", "run": ".", "stage": "pretrain", "parameters": 648_064, "tokens": 2_500_736, "vocab_size": 1024, "bits_per_byte": measured(0.4, 0.3, 0.5)},
    ],
    "model": MODEL,
    "stages": [
        stage("corpus", "corpus", kinds={"stories": 80, "spam": 20}), stage("chosen", "filter", funnel=FUNNEL), stage("pretrain", "pretrain", tokens=8000, memory=1_200_000_000),
        stage("twin", "pretrain", tokens=8000), stage("tune", "tune", tokens=4000), stage("evaluate", "evaluate"),
    ],
    "claims": [
        claim("held", measured(0.1, 0.05, 0.15), holds=True, rows=[["characters per token", 3.25], ["cache", "1,024 bytes"]]),
        claim("lost", measured(-0.1, -0.15, -0.05), holds=False), claim("open", measured(0.01, -0.05, 0.07), holds=False),
    ],
    "left_out": [{"what": "Something", "reason": "it could not be shown"}],
    "measured": {
        "bits_per_byte": {
            "base": "pretrain", "models": {"pretrain": measured(0.4, 0.3, 0.5), "parent": measured(0.6, 0.5, 0.7)}, "control_name": "3-gram model",
            "control": measured(0.5, 0.4, 0.6), "gain": measured(0.1, 0.05, 0.15), "longest_order": 6, "orders_left_out": [],
        },
        "questions": {
            "facts": {
                "base": "pretrain", "tuned": "tune", "models": {"tune, in chat": measured(0.5, 0.2, 0.8), "parent, as text": measured(0.0, 0.0, 0.3)},
                "controls": {"commonest answer": measured(0.2, 0.1, 0.4)}, "gains": {}, "stops": {"tune, in chat": measured(1.0, 0.7, 1.0)},
            },
        },
        "no_questions": None,
    },
    "samples": [sample("parent", "Once upon", "a parent's end"), sample("pretrain", "Once upon", "a child's end"), sample("tune", "Who?", "Ann.", "Anna.")],
    "answers": [
        {
            "task": "facts", "asked": 2, "models": ["parent, as text", "tune, in chat"], "right": {"parent, as text": 0, "tune, in chat": 1}, "file": "evaluate/answers.jsonl",
            "shown": [
                {"prompt": "Who has a goose?", "expected": "Simon.", "answers": {"tune, in chat": {"text": "Simon.", "right": True, "stopped": True}, "parent, as text": {"text": "the the", "right": False, "stopped": False}}},
                {"prompt": "Who is a fisher?", "expected": "Vera.", "answers": {"tune, in chat": {"text": "Lily.", "right": False, "stopped": True}, "parent, as text": {"text": "", "right": False, "stopped": True}}},
            ],
        },
    ],
    "curves": {"pretrain": CURVE, "twin": CURVE, "tune": CURVE},
}  # fmt: skip


def content(**changes):
    return {**copy.deepcopy(CONTENT), **changes}


def bare():
    """Return the content of a run that made nothing but a corpus: all that a recipe may lack is absent."""
    return content(
        lineage=[], model=None, stages=[stage("corpus", "corpus")], claims=[], left_out=[], measured=None, samples=[], answers=[], curves={}
    )


def run_directory(path, *, seed=7, lr=0.001, bits=0.4, holds=True, name="child", **changes):
    """Write a finished run of a recipe of one stage into `path` and return it."""
    recipe = {
        "name": name,
        "description": "",
        "seed": seed,
        "stages": {"pretrain": {"kind": "pretrain", "inputs": [], "lr": lr, "model": {"dim": 16}}},
    }
    trained = {**stage("pretrain", "pretrain", tokens=8000, bits_per_byte=bits), "config": {"lr": lr, "model": {"dim": 16}}}
    report = content(name=name, seed=seed, stages=[trained], claims=[claim("held", measured(bits - 0.3, 0.05, 0.15), holds=holds)])
    report["measured"]["bits_per_byte"]["models"]["pretrain"] = measured(bits, bits - 0.1, bits + 0.1, "40 documents")
    path.mkdir(parents=True)
    (path / "recipe.json").write_text(json.dumps(recipe))
    (path / "report.json").write_text(json.dumps({**report, **changes}))
    return path
