"""`puna plan serve` and `puna plan fits`: one JSON document, tables within 80 columns, refusals of one line."""

import json
import subprocess
import sys

import pytest

KEYS = {"fits", "weight_bytes", "kv_bytes_per_token", "decode_tokens_per_second", "decode_tokens_per_second_interval", "quality", "sources"}


def puna(*words):
    done = subprocess.run(
        [sys.executable, "-m", "puna", "plan", *words], capture_output=True, text=True, check=False, timeout=60,
        env={**__import__("os").environ, "COLUMNS": "80"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_serve_prints_one_document_with_the_promised_keys():
    code, out, err = puna("serve", "llama-3.1-70b", "--device", "8xh100", "--format", "FP8", "--batch", "16", "--served", "1e12", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert set(found) >= KEYS
    assert found["fits"] is True
    assert found["kv_bytes_per_token"] == 320 * 1024
    assert found["quality"]["recovery"] < 100
    assert [life["format"] for life in found["lifetime"]] == ["bf16", "fp8-meta", "fp8", "int4"]


def test_what_does_not_fit_is_an_answer_and_says_what_would():
    code, out, _ = puna("serve", "llama-3.1-405b", "--device", "8xh100", "--format", "bf16", "--json")
    found = json.loads(out)
    assert (code, found["fits"], found["decode_tokens_per_second"]) == (0, False, None)
    assert "--device 16xh100" in found["instead"]
    code, out, _ = puna("serve", "llama-3.1-405b", "--device", "8xh100", "--format", "bf16")
    assert code == 0
    assert "does not fit on 8xh100" in out


@pytest.mark.parametrize(
    "words",
    [
        ("serve", "llama-3.1-405b", "--device", "8xh100", "--format", "fp8-meta", "--batch", "8", "--served", "1e13"),
        ("serve", "llama-3-8b", "--device", "iphone-15-pro", "--format", "q4_k_m"),
        ("fits", "llama-3.1-70b"),
        ("fits", "--device", "macbook-m3-max-128"),
        ("fits", "--device", "raspberry-pi-5-8gb", "--context", "100"),
    ],
)
def test_tables_fit_80_columns(words):
    code, out, err = puna(*words)
    assert (code, err) == (0, "")
    assert max(len(line) for line in out.splitlines()) <= 80


def test_fits_asks_from_both_sides():
    found = json.loads(puna("fits", "llama-3.1-405b", "--json")[1])
    devices = {choice["device"]: choice for choice in found["choices"]}
    assert "bf16" in devices["16xh100"]["formats"]
    assert "bf16" not in devices["8xh100"]["formats"]
    assert "fp8" in devices["8xh100"]["formats"]
    found = json.loads(puna("fits", "--device", "rtx-4090", "--json")[1])
    assert {choice["model"]: choice["best_format"] for choice in found["choices"]}["llama-3.1-8b"] == "bf16"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("serve", "llama-3.1-8", "--device", "h100"), "did you mean 'llama-3.1-8b'"),
        (("serve", "llama-3.1-8b", "--device", "h101"), "did you mean 'h100'"),
        (("serve", "llama-3.1-8b", "--device", "h100", "--format", "q4km"), "did you mean 'q4_k_m'"),
        (("serve", "llama-2-7b", "--device", "h100", "--context", "8192"), "8,192 tokens is beyond the 4,096 positions"),
        (("serve", "llama-3.1-8b", "--device", "h100", "--batch", "0"), "0 users"),
        (("serve", "llama-3.1-8b", "--device", "h100", "--served", "nan"), "a lifetime needs served tokens"),
        (("serve", "llama-3.1-8b", "--device", "h100", "--trained", "0"), "above 0"),
        (("fits",), "give a model or --device NAME"),
        (("fits", "llama-3.1-8b", "--device", "h100"), "one of the two"),
        (("fits", "llama-3.1-8b", "--context", "200000"), "beyond the 131,072 positions"),
    ],
)
def test_refusals_are_one_line(words, says):
    code, out, err = puna(*words)
    assert code == 2
    assert out == ""
    assert says in err
    assert err.count("\n") == 1
