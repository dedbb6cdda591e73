"""Training stages: no kill costs what is trained, a model too large is refused at once, and other data are another run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from puna import files, machine
from puna.errors import ConfigError, FitError
from puna.formats import read_config
from puna.progress import Silent
from puna.recipe import training
from puna.recipe.kind import Maker, Work
from puna.recipe.stages.pretrain import SHARD, Pretrain, PretrainSettings
from puna.recipe.stages.tune import Tune, TuneSettings
from puna.tokens import Loader, Shard, train_bpe
from puna.train.trainer import CHECKPOINTS, Trainer

TINY = {"dim": 16, "num_layers": 1, "num_heads": 2, "num_kv_heads": 1, "ffn_dim": 32, "tied": True}
DIALOG = {"messages": [{"role": "user", "content": "what eats grass?"}, {"role": "assistant", "content": "the llama."}]}


def settings(**values) -> PretrainSettings:
    return PretrainSettings(**{"steps": 4, "window": 16, "batch_windows": 2, "checkpoint_every": 1, "model": TINY, **values})


@pytest.fixture
def work(tmp_path) -> Work:
    """Return a pre-training stage's work whose inputs lie in one directory; a model from it would lie there too."""
    inputs, partial = tmp_path / "inputs", tmp_path / "pretrain.partial"
    partial.mkdir()
    text = "the llama and the puna, the grass and the sky. " * 4
    train_bpe([text], vocab_size=256 + 8 + 16, num_special=16).save(inputs)
    files.write_jsonl(inputs / "train.jsonl", [{"id": str(i), "text": f"{i} {text}"} for i in range(20)])
    files.write_jsonl(inputs / "dialogs.jsonl", [DIALOG])
    return Work("pretrain", partial, 1, lambda thing: [Maker("before", thing, None, inputs)], Silent())


def refuse(*_, **__):
    raise AssertionError("it is trained already")


def weights(directory: Path) -> bytes:
    return (directory / training.MODEL / "model.safetensors").read_bytes()


def test_a_stage_that_is_done_leaves_its_model_and_figures_and_no_passing_checkpoint(work):
    figures = Pretrain().run(settings(), work)
    assert json.loads((work.directory / training.FIGURES).read_text()).items() <= figures.items()
    assert read_config(work.directory / training.MODEL).num_params == figures["num_params"]
    assert not (work.directory / CHECKPOINTS).exists()


def test_permanent_checkpoints_stay(work):
    Pretrain().run(settings(permanent_every=3), work)
    assert [path.name for path in (work.directory / CHECKPOINTS).iterdir()] == ["step-00000003"]


def test_a_kill_before_the_manifest_costs_no_training(work, monkeypatch):
    figures, trained = Pretrain().run(settings(), work), weights(work.directory)
    monkeypatch.setattr(Trainer, "run", refuse)
    assert Pretrain().run(settings(), work) == figures
    assert weights(work.directory) == trained


def test_a_kill_amid_dropping_the_checkpoints_costs_no_training(work, monkeypatch):
    def killed(path, **_):
        if path.name.startswith("step-") and path.exists():
            next(path.iterdir()).unlink()
            raise KeyboardInterrupt

    asked = settings(keep_latest=4)  # so that none is removed before the end
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            Pretrain().run(asked, work)
    assert (work.directory / CHECKPOINTS / "step-00000004").exists()
    monkeypatch.setattr(Trainer, "run", refuse)
    assert Pretrain().run(asked, work)["steps"] == 4
    assert not (work.directory / CHECKPOINTS).exists()


def test_a_kill_between_model_and_figures_goes_on_from_the_last_checkpoint(work, monkeypatch):
    write = files.write_json

    def killed(path, value):
        if path.name == training.FIGURES:
            raise KeyboardInterrupt
        write(path, value)

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            Pretrain().run(settings(), work)
    trained = weights(work.directory)
    monkeypatch.setattr(Trainer, "_accumulate", refuse)
    assert Pretrain().run(settings(), work)["steps"] == 4
    assert weights(work.directory) == trained


def test_a_model_that_cannot_be_trained_here_is_refused_in_one_line_before_anything_is_made(work):
    with pytest.raises(FitError, match=r"^stage 'pretrain': training 40\d,\d{3},\d{3},\d{3} parameters needs 6\d{3}\.\d GB") as caught:
        Pretrain().run(settings(model={"named": "llama-3.1-405b"}), work)
    assert "\n" not in str(caught.value)
    assert not any(work.directory.iterdir())


def test_a_model_that_can_be_loaded_but_not_tuned_here_is_refused(work, tmp_path, monkeypatch):
    num_params = Pretrain().run(settings(), work)["num_params"]
    tuned = tmp_path / "tune.partial"
    tuned.mkdir()
    where = {"model": work.directory}
    tuning = Work("tune", tuned, 1, lambda thing: [Maker("before", thing, None, where.get(thing, work.find(thing)))], Silent())
    asked = TuneSettings(steps=1, window=16, batch_windows=16)
    monkeypatch.setattr(machine, "device", lambda: "cpu")
    with monkeypatch.context() as patched:
        for name in ("memory_bytes", "available_memory_bytes"):
            patched.setattr(machine, name, lambda: 8 * num_params)
        with pytest.raises(FitError, match=rf"^stage 'tune': training {num_params:,} parameters needs"):
            Tune().run(asked, tuning)
    assert not any(tuned.iterdir())
    assert Tune().run(asked, tuning)["steps"] == 1


def test_a_loader_s_fingerprint_follows_its_tokens_its_seed_and_its_packing(work, tmp_path):
    Pretrain().run(settings(steps=1), work)
    shards = [Shard.open(work.directory / SHARD)]

    def fingerprint(shards=shards, *, seed=1, **options):
        return Loader(shards, stage="pretrain", window=16, batch_windows=2, seed=seed, **options).fingerprint

    copy = shutil.copy(work.directory / SHARD, tmp_path / "copy.shard")
    assert fingerprint([Shard.open(copy)]) == fingerprint()
    others = {fingerprint(), fingerprint(seed=2), fingerprint(whole_documents=True), fingerprint(shards * 2)}
    assert len(others) == 4


def test_a_killed_run_is_not_resumed_over_other_tokens(work, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("puna.formats.directory.save", killed)
        with pytest.raises(KeyboardInterrupt):
            Pretrain().run(settings(), work)
    (work.directory / SHARD).unlink()
    text = (work.find("documents") / "train.jsonl").read_text()
    (work.find("documents") / "train.jsonl").write_text(text.replace("sky", "yks"))
    with pytest.raises(ConfigError, match=r"trained with (data|tokens_per_epoch) = \w+, now") as caught:
        Pretrain().run(settings(), work)
    assert "\n" not in str(caught.value)
