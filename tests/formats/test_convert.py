"""Between the layouts nothing is lost: bit for bit there and back, whole or not at all, and never much in memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import meta_reference as meta
import pytest
import torch
from tiny_model import edit_json, equal, tiny_config, tiny_model

from puna import formats
from puna.errors import ConfigError, FitError, FormatError, PunaError
from puna.model.config import RopeScaling
from puna.tokens.bpe import train_bpe

SHAPE = {"dim": 64, "num_heads": 16, "num_kv_heads": 8, "vocab_size": 64, "ffn_dim": 96}
LLAMA2 = {"rope_theta": 10_000.0, "max_positions": 4096}
SHAPES = {
    "llama 3": SHAPE,
    "llama 3.1": {**SHAPE, "rope_scaling": RopeScaling(factor=8), "max_positions": 131_072},
    "llama 3.2, tied": {**SHAPE, "rope_scaling": RopeScaling(factor=32), "tied": True},
    "llama 2": {**SHAPE, **LLAMA2},
    "llama 2 with every head its own keys": {**SHAPE, **LLAMA2, "num_kv_heads": 16},
}


def _bytes(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(directory.iterdir())}


def _ranks(directory: Path) -> list[dict[str, torch.Tensor]]:
    return [torch.load(file, weights_only=True) for file in sorted(directory.glob("*.pth"))]


def _same(ours: list[dict[str, torch.Tensor]], theirs: list[dict[str, torch.Tensor]]) -> bool:
    return len(ours) == len(theirs) and all(
        mine.keys() == other.keys() and all(torch.equal(mine[name], other[name]) and mine[name].dtype == other[name].dtype for name in mine)
        for mine, other in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("count", [1, 2, 8, 16])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_hugging_face_to_meta_and_back_gives_the_same_bytes(shape: dict, count: int, tmp_path: Path) -> None:
    model = tiny_model(dtype=torch.bfloat16, **shape)
    formats.save(tmp_path / "hf", model, None)
    formats.convert(tmp_path / "hf", tmp_path / "meta", to="meta", shards=count)
    assert len(_ranks(tmp_path / "meta")) == count
    formats.convert(tmp_path / "meta", tmp_path / "back", to="hf")
    assert _bytes(tmp_path / "back") == _bytes(tmp_path / "hf")
    loaded = formats.load(tmp_path / "meta", dtype="bfloat16").model
    assert loaded.config == model.config
    assert equal(loaded, model)


@pytest.mark.parametrize("count", [1, 2, 8, 16])
@pytest.mark.parametrize("params", [meta.LLAMA3, {**meta.LLAMA3, "use_scaled_rope": True}, meta.LLAMA2], ids=["3", "3.1", "2"])
def test_meta_to_hugging_face_and_back_gives_every_rank_its_bits(params: dict, count: int, tmp_path: Path) -> None:
    axis = 1 if params is meta.LLAMA2 else 0
    ranks = meta.cut(meta.random_state(params, torch.bfloat16), params, count, embedding_axis=axis)
    meta.write(tmp_path / "meta", params, ranks)
    formats.convert(tmp_path / "meta", tmp_path / "hf", to="hf")
    formats.convert(tmp_path / "hf", tmp_path / "back", to="meta", shards=count)
    assert _same(_ranks(tmp_path / "back"), ranks)
    first, second = (formats.read_config(tmp_path / name) for name in ("meta", "back"))
    assert first == second


def test_another_number_of_files_is_the_same_model_cut_anew(tmp_path: Path) -> None:
    state = meta.random_state(meta.LLAMA3)
    meta.write(tmp_path / "8", meta.LLAMA3, meta.cut(state, meta.LLAMA3, 8))
    formats.convert(tmp_path / "8", tmp_path / "2", to="meta", shards=2)
    formats.convert(tmp_path / "2", tmp_path / "16", to="meta", shards=16)
    assert _same(_ranks(tmp_path / "2"), meta.cut(state, meta.LLAMA3, 2))
    assert _same(_ranks(tmp_path / "16"), meta.cut(state, meta.LLAMA3, 16))


def test_a_tied_model_is_stored_once_and_named_twice(tmp_path: Path) -> None:
    formats.save(tmp_path / "hf", tiny_model(tied=True, **SHAPE), None)
    formats.convert(tmp_path / "hf", tmp_path / "meta", to="meta", shards=2)
    first = _ranks(tmp_path / "meta")[0]
    assert torch.equal(first["output.weight"], first["tok_embeddings.weight"])
    assert first["output.weight"].data_ptr() == first["tok_embeddings.weight"].data_ptr()


def test_hugging_faces_layout_in_pieces(tmp_path: Path) -> None:
    formats.save(tmp_path / "whole", tiny_model(), None)
    formats.convert(tmp_path / "whole", tmp_path / "pieces", to="hf", shard_bytes=4_000)
    assert len(list((tmp_path / "pieces").glob("*.safetensors"))) > 2
    formats.convert(tmp_path / "pieces", tmp_path / "back", to="hf")
    assert _bytes(tmp_path / "back") == _bytes(tmp_path / "whole")


@pytest.mark.parametrize("to", ["hf", "meta"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_a_dtype_that_is_asked_for_is_torchs_rounding(to: str, dtype: str, tmp_path: Path) -> None:
    model = tiny_model(**SHAPE)
    formats.save(tmp_path / "model", model, None)
    done = formats.convert(tmp_path / "model", tmp_path / "to", to=to, dtype=dtype)
    assert done.dtypes == [dtype]
    assert equal(formats.load(tmp_path / "to", dtype=dtype).model, model.to(getattr(torch, dtype)))


def test_dtypes_that_differ_from_tensor_to_tensor_stay_so(tmp_path: Path) -> None:
    state = meta.random_state(meta.LLAMA3, torch.bfloat16)
    state["norm.weight"] = state["norm.weight"].float() + 1e-7
    meta.write(tmp_path / "meta", meta.LLAMA3, meta.cut(state, meta.LLAMA3, 2))
    done = formats.convert(tmp_path / "meta", tmp_path / "hf", to="hf")
    assert done.dtypes == ["bfloat16", "float32"]
    assert json.loads((tmp_path / "hf" / "config.json").read_text())["torch_dtype"] == "bfloat16"
    formats.convert(tmp_path / "hf", tmp_path / "back", to="meta", shards=2)
    assert _same(_ranks(tmp_path / "back"), meta.cut(state, meta.LLAMA3, 2))


def test_a_value_too_large_for_float16_is_refused_and_an_infinite_one_kept(tmp_path: Path) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.norm.weight[3], model.norm.weight[4] = float("inf"), float("nan")
    formats.save(tmp_path / "infinite", model, None)
    formats.convert(tmp_path / "infinite", tmp_path / "kept", to="hf", dtype="float16")
    with torch.no_grad():
        model.norm.weight[3] = 70_000
    formats.save(tmp_path / "large", model, None)
    with pytest.raises(FormatError, match=r"'model\.norm\.weight' holds values beyond float16's 65504"):
        formats.convert(tmp_path / "large", tmp_path / "none", to="hf", dtype="float16")
    assert not (tmp_path / "none").exists()


def test_the_small_files_come_along(tmp_path: Path) -> None:
    tokenizer = train_bpe(["the llama and the puna"], vocab_size=256 + 16, num_special=16)
    generation = formats.GenerationDefaults((1, 8), 0, temperature=0.7, top_p=0.8)
    formats.save(tmp_path / "hf", tiny_model(**{**SHAPE, "vocab_size": 272}), tokenizer, generation=generation)
    edit_json(tmp_path / "hf" / "generation_config.json", made_by="somebody")
    edit_json(tmp_path / "hf" / "config.json", pad_token_id=4)
    (tmp_path / "hf" / "LICENSE").write_text("free")
    (tmp_path / "hf" / "other.py").write_text("not ours")
    there = formats.convert(tmp_path / "hf", tmp_path / "meta", to="meta")
    assert any("tokenizer.json" in note for note in there.notes)
    formats.convert(tmp_path / "meta", tmp_path / "back", to="hf")
    before, after = _bytes(tmp_path / "hf"), _bytes(tmp_path / "back")
    assert {name for name in before if before[name] != after.get(name)} == {"config.json", "other.py"}
    loaded = formats.load(tmp_path / "meta", dtype="float32")
    assert loaded.generation == generation
    assert loaded.tokenizer.hash == tokenizer.hash
    formats.convert(tmp_path / "hf", tmp_path / "same", to="hf", dtype="bfloat16")
    values = json.loads((tmp_path / "same" / "config.json").read_text())
    assert (values["pad_token_id"], values["torch_dtype"]) == (4, "bfloat16")


def test_a_tokenizer_that_transformers_reads_already_is_left_as_it_is(tmp_path: Path) -> None:
    meta.write(tmp_path / "meta", meta.LLAMA3, meta.cut(meta.random_state(meta.LLAMA3), meta.LLAMA3, 1))
    assert any("no tokenizer" in note for note in formats.convert(tmp_path / "meta", tmp_path / "none", to="hf").notes)
    (tmp_path / "meta" / "tokenizer_config.json").write_text('{"tokenizer_class": "LlamaTokenizer"}')
    assert formats.convert(tmp_path / "meta", tmp_path / "hf", to="hf").notes == []
    assert _bytes(tmp_path / "hf")["tokenizer_config.json"] == _bytes(tmp_path / "meta")["tokenizer_config.json"]
    assert not (tmp_path / "hf" / "tokenizer.json").exists()


def test_end_tokens_that_only_config_json_knows_reach_metas_layout_and_return(tmp_path: Path) -> None:
    formats.save(tmp_path / "hf", tiny_model(), None)
    (tmp_path / "hf" / "generation_config.json").unlink()
    edit_json(tmp_path / "hf" / "config.json", eos_token_id=[3, 4], bos_token_id=2)
    formats.convert(tmp_path / "hf", tmp_path / "meta", to="meta")
    formats.convert(tmp_path / "meta", tmp_path / "back", to="hf")
    values = json.loads((tmp_path / "back" / "config.json").read_text())
    assert (values["eos_token_id"], values["bos_token_id"]) == ([3, 4], 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"to": "gguf"}, "--to is 'gguf'"),
        ({"to": "hf", "dtype": "int8"}, "dtype 'int8' is not known"),
        ({"to": "hf", "shards": 2}, "--shards"),
        ({"to": "meta", "shards": 0}, "--shards is 0"),
        ({"to": "meta", "shards": 3}, "4 heads cannot be cut into 3"),
        ({"to": "meta", "shards": 101}, "--shards is 101"),
    ],
)
def test_options_that_make_no_sense(options: dict, said: str, tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(), None)
    with pytest.raises(PunaError, match=said) as caught:
        formats.convert(tmp_path / "model", tmp_path / "to", **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "to").exists()


def test_models_that_metas_layout_cannot_hold_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for name, changes in {"biases": {"attention_bias": True}, "heads": {"head_dim": 8}}.items():
        formats.save(tmp_path / name, tiny_model(**changes), None)
        with pytest.raises(FormatError, match=r"config\.json: .*Hugging Face's"):
            formats.convert(tmp_path / name, tmp_path / "to", to="meta")
    formats.save(tmp_path / "model", tiny_model(num_heads=12, dim=48, num_kv_heads=3, ffn_dim=96, vocab_size=96), None)
    with pytest.raises(FormatError, match="3 key-value heads can be neither cut"):
        formats.convert(tmp_path / "model", tmp_path / "to", to="meta", shards=4)
    assert not (tmp_path / "to").exists()


def test_nothing_finished_is_overwritten(tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(), None)
    before = _bytes(tmp_path / "model")
    (tmp_path / "link").symlink_to(tmp_path / "model")
    for target in ("model", "link"):
        with pytest.raises(ConfigError, match="is the source itself"):
            formats.convert(tmp_path / "model", tmp_path / target, to="meta")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").touch()
    with pytest.raises(ConfigError, match="nothing finished is overwritten"):
        formats.convert(tmp_path / "model", tmp_path / "other", to="meta")
    assert _bytes(tmp_path / "model") == before


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    formats.save(tmp_path / "model", tiny_model(), None)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**6))
    with pytest.raises(FitError, match=r"needs 0\.0 GB of disk, .* has 0\.0 GB free"):
        formats.convert(tmp_path / "model", tmp_path / "deep" / "to", to="meta")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


KILLED = """
import contextlib, os, signal, sys
from pathlib import Path
from puna import formats
class Deadly:
    left = int(sys.argv[4])
    @contextlib.contextmanager
    def bar(self, *args, **kwargs):
        yield self
    def advance(self, amount, note=""):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
formats.convert(sys.argv[1], Path(sys.argv[2]), to=sys.argv[3], shards=2 if sys.argv[3] == "meta" else None, progress=Deadly())
"""


@pytest.mark.parametrize("to", ["hf", "meta"])
def test_a_killed_conversion_leaves_nothing_that_looks_whole_and_the_next_one_works(to: str, tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(), None)
    num_tensors = formats.convert(tmp_path / "model", tmp_path / "whole", to=to, shards=2 if to == "meta" else None).num_tensors
    for tensor in (1, num_tensors // 2, num_tensors):
        arguments = [str(tmp_path / "model"), str(tmp_path / "to"), to, str(tensor)]
        done = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == -9, done.stderr
        assert not (tmp_path / "to").exists()
        (left,) = (path for path in tmp_path.iterdir() if path.name not in ("model", "whole"))
        with pytest.raises(FormatError, match="not a model directory"):
            formats.load(left)
    formats.convert(tmp_path / "model", tmp_path / "to", to=to, shards=2 if to == "meta" else None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "to", "whole"]
    assert _bytes(tmp_path / "to") == _bytes(tmp_path / "whole")


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from puna import formats
from puna.errors import WorkError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
try:
    formats.convert(sys.argv[1], Path(sys.argv[2]), to=sys.argv[3])
except WorkError as error:
    print("refused:", error)
"""


@pytest.mark.parametrize("to", ["hf", "meta"])
def test_a_write_that_fails_leaves_nothing_and_is_one_line(to: str, tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(), None)
    arguments = [str(tmp_path / "model"), str(tmp_path / "to"), to]
    done = subprocess.run([sys.executable, "-c", FULL_DISK, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("refused:")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


PEAK = """
import re, sys, threading, time
from pathlib import Path
import torch
from puna import formats
def private(): return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
peak, done = 0, threading.Event()
def watch():
    global peak
    while not done.is_set():
        peak = max(peak, private()); time.sleep(0.0005)
tiny, large, work = map(Path, sys.argv[1:4])
for to in ("meta", "hf"):  # so that what torch imports when it is first used does not count
    formats.convert(tiny, work / f"tiny-{to}", to=to)
before = private()
watcher = threading.Thread(target=watch); watcher.start()
formats.convert(large, work / "meta", to="meta", shards=4)
formats.convert(work / "meta", work / "hf", to="hf", dtype="float32")
done.set(); watcher.join()
print(max(peak, private()) - before, max(peak, private()))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads Linux's account of memory")
def test_memory_is_bounded_by_the_largest_tensor_and_not_by_the_model(tmp_path: Path) -> None:
    """A model of 270 MB whose largest tensor has 25 MB, cut into four files and joined again with another dtype."""
    from puna.model.llama import Llama

    shape = {"vocab_size": 8192, "dim": 1536, "num_layers": 4, "num_heads": 12, "num_kv_heads": 4, "head_dim": 128, "ffn_dim": 4096}
    model = Llama(tiny_config(**shape)).to(torch.bfloat16)
    formats.save(tmp_path / "large", model, None)
    largest = max(weight.nbytes for _, weight in model.named_parameters())
    total = sum(weight.nbytes for weight in model.parameters())
    del model
    assert total > 6 * largest
    formats.save(tmp_path / "tiny", tiny_model(), None)
    (tmp_path / "work").mkdir()
    arguments = [str(tmp_path / name) for name in ("tiny", "large", "work")]
    done = subprocess.run([sys.executable, "-c", PEAK, *arguments], capture_output=True, text=True, check=True)
    grown, peak = map(int, done.stdout.split())
    assert grown < 2 * largest + 48 * 2**20
    assert peak < 500 * 10**6 + 2 * largest
