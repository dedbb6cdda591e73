"""Logits equal those of transformers' LlamaForCausalLM, whichever of the two wrote the directory."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers

from puna import formats
from puna.formats.config_file import config_from_hf, hf_config
from puna.model.attention import packed

NUM_TOKENS = 300  # far beyond the 64 positions that the scaled shapes were "trained" on


def _tokens(vocab_size: int) -> torch.Tensor:
    return torch.randint(0, vocab_size, (NUM_TOKENS,), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def _assert_equal_logits(ours, theirs) -> None:
    tokens_T = _tokens(ours.config.vocab_size)
    logits_TV = ours.logits(ours(tokens_T, packed([0], NUM_TOKENS)))
    expected_TV = theirs(tokens_T[None]).logits[0]
    torch.testing.assert_close(logits_TV, expected_TV, rtol=1e-4, atol=1e-4 * expected_TV.abs().mean().item())


def test_transformers_reads_what_we_save(family_config, make_model, tmp_path: Path) -> None:
    model = make_model(family_config)
    formats.save(tmp_path / "model", model, None)
    theirs, report = transformers.LlamaForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    _assert_equal_logits(model, theirs)


def test_we_read_what_transformers_saves(family_config, tmp_path: Path) -> None:
    torch.manual_seed(2)
    values = hf_config(family_config, dtype="float32")
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(**{**values, "initializer_range": 0.2}))
    theirs.save_pretrained(tmp_path)
    loaded = formats.load(tmp_path, dtype="float32")
    assert loaded.model.config == family_config
    _assert_equal_logits(loaded.model, theirs)


def test_the_directory_reads_alike_in_the_older_form_of_the_file(family_config) -> None:
    values = hf_config(family_config, dtype="float32")
    new = {key: value for key, value in values.items() if key not in ("rope_theta", "rope_scaling")}
    old = {key: value for key, value in values.items() if key != "rope_parameters"}
    for form in (new, old, values):
        assert config_from_hf(form, where="config.json") == family_config
