"""The loop's promises: the split into micro-batches changes nothing, padding does not count, nothing spoilt is kept."""

from __future__ import annotations

import gc
import json
import math
import os

import numpy as np
import pytest
import tiny_run
import torch
from tiny_run import MadeUpBatches

from puna.errors import ConfigError, DataError, FormatError, WorkError
from puna.progress import Silent
from puna.tokens.batch import Batch
from puna.train.metrics import METRICS
from puna.train.objective import NextToken, ObjectiveResult
from puna.train.settings import TrainSettings
from puna.train.trainer import CHECKPOINTS, Trainer

torch.set_num_threads(1)


def lines(directory) -> list[dict]:
    return [json.loads(line) for line in (directory / METRICS).read_text().splitlines()]


def short(**values) -> TrainSettings:
    return TrainSettings(**{"steps": 6, "window": 16, "batch_windows": 4, "lr": 1e-2, "warmup_steps": 2, "checkpoint_every": 2, **values})


def test_the_split_into_micro_batches_changes_neither_losses_nor_weights(tmp_path):
    trained = []
    for windows, micro in ((8, 1), (4, 2), (1, 8)):
        model, directory = tiny_run.model(), tmp_path / str(micro)
        settings = short(batch_windows=windows, micro_batches=micro, dtype="float32")
        Trainer(model, MadeUpBatches(window=16, windows=windows, padded=3), settings, directory=directory).run()
        trained.append((model, [(line["loss"], line["grad_norm"], line["targets"]) for line in lines(directory)]))
    (model, whole), *others = trained
    assert whole[0][2] < whole[1][2], "three windows of the first step were padding"
    for other, split in others:
        assert np.array(split) == pytest.approx(np.array(whole), rel=1e-5)
        for one, two in zip(model.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


class Padded(MadeUpBatches):
    """The batches of MadeUpBatches with as many windows of padding behind them."""

    def __next__(self) -> Batch:
        batch = super().__next__()
        size = len(batch.tokens_T)
        nothing = np.zeros(size, np.int64)
        starts = np.append(batch.starts_S, size)
        weights = np.append(batch.weights_T, np.zeros(size, np.float32))
        return Batch(np.append(batch.tokens_T, nothing), np.append(batch.targets_T, nothing), weights, starts)


def test_padding_changes_neither_losses_nor_gradients(tmp_path):
    Trainer(tiny_run.model(), MadeUpBatches(window=16, windows=4), short(), directory=tmp_path / "bare").run()
    Trainer(tiny_run.model(), Padded(window=16, windows=4), short(batch_windows=8), directory=tmp_path / "padded").run()
    bare, padded = ([(line["loss"], line["grad_norm"]) for line in lines(tmp_path / name)] for name in ("bare", "padded"))
    assert np.array(padded) == pytest.approx(np.array(bare), rel=1e-5)


def test_recomputing_activations_changes_no_loss(tmp_path):
    for keep in (False, True):
        tiny_run.trainer(tmp_path / str(keep), short(activation_checkpointing=keep)).run()
    assert [line["loss"] for line in lines(tmp_path / "True")] == [line["loss"] for line in lines(tmp_path / "False")]


def test_a_tiny_model_learns_a_few_documents_by_heart(tmp_path):
    settings = short(steps=120, lr=2e-2, warmup_steps=10, checkpoint_every=1000, weight_decay=0.0)
    loader = MadeUpBatches(window=16, windows=4, period=10**6, epoch=64)  # the same four windows again and again
    figures = Trainer(tiny_run.model(), loader, settings, directory=tmp_path).run()
    assert lines(tmp_path)[0]["loss"] > 0.95 * math.log(tiny_run.VOCAB)
    assert figures.loss < 0.3


def test_figures_and_lines_say_what_was_done(tmp_path):
    figures = tiny_run.trainer(tmp_path, short(log_every=4)).run()
    assert [line["step"] for line in lines(tmp_path)] == [4, 6]
    last = lines(tmp_path)[-1]
    assert (figures.steps, figures.tokens, last["tokens"]) == (6, 6 * 64, 6 * 64)
    assert (figures.loss, figures.bits_per_byte) == (last["loss"], last["bits_per_byte"])
    assert figures.num_params == tiny_run.CONFIG.num_params
    assert figures.targets < figures.tokens
    assert figures.tokens_per_second > 0
    assert 0 < figures.mfu < 1
    assert last["lr"] == short().lr_at(5)
    assert json.loads(json.dumps(figures.to_json())) == figures.to_json()


def test_a_finished_run_returns_its_figures_and_weights_without_training(tmp_path):
    first = tiny_run.trainer(tmp_path, short())
    figures = first.run()
    model = tiny_run.model()
    again = Trainer(model, MadeUpBatches(window=16, windows=4), short(), directory=tmp_path).run()
    assert again == figures
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), first._model.parameters(), strict=True))
    assert len(lines(tmp_path)) == 6


def test_a_damaged_checkpoint_costs_its_steps_and_changes_no_loss(tmp_path):
    tiny_run.trainer(tmp_path / "whole", short()).run()
    tiny_run.trainer(tmp_path / "hurt", short()).run()
    weights = tmp_path / "hurt" / CHECKPOINTS / "step-00000006" / "weights.safetensors"
    os.truncate(weights, 100)
    tiny_run.trainer(tmp_path / "hurt", short()).run()
    kept = [[(line["step"], line["loss"]) for line in lines(tmp_path / name)] for name in ("whole", "hurt")]
    assert kept[0] == kept[1]
    for path in (tmp_path / "hurt" / CHECKPOINTS).glob("step-*/weights.safetensors"):
        os.truncate(path, 100)
    with pytest.raises(FormatError, match="no checkpoint is whole"):
        tiny_run.trainer(tmp_path / "hurt", short()).run()


class SpoilsStep:
    """The next-token loss, but what it returns in one step is not finite, or its gradient is not."""

    def __init__(self, step: int, *, gradient: bool) -> None:
        self.calls, self.step, self.gradient = 0, step, gradient

    def __call__(self, model, batch) -> ObjectiveResult:
        self.calls += 1
        result = NextToken()(model, batch)
        if self.calls != self.step:
            return result
        spoilt = torch.nan * result.loss_sum
        return ObjectiveResult(
            result.loss_sum + spoilt - spoilt.detach().nan_to_num() if not self.gradient else Steep.apply(result.loss_sum),
            result.num_tokens,
        )


class Steep(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * torch.inf


@pytest.mark.parametrize("gradient", [False, True])
def test_what_is_not_finite_stops_the_run_before_it_spoils_the_weights(tmp_path, gradient):
    trainer = tiny_run.trainer(tmp_path, short(), objective=SpoilsStep(4, gradient=gradient))
    with pytest.raises(WorkError) as caught:
        trainer.run()
    assert "stage 'pretrain', step 4" in str(caught.value)
    assert "step-00000002" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert all(weight.isfinite().all() for weight in trainer._model.parameters())
    assert gc.isenabled()
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3]
    assert tiny_run.trainer(tmp_path, short()).run().steps == 6, "it goes on from the good checkpoint"


def test_metrics_of_an_objective_are_means_over_what_counts(tmp_path):
    class Counting:
        def __call__(self, model, batch):
            result = NextToken()(model, batch)
            return ObjectiveResult(result.loss_sum, result.num_tokens, {"twice": torch.tensor(2.0 * result.num_tokens)})

    tiny_run.trainer(tmp_path, short(micro_batches=2), objective=Counting()).run()
    assert {line["twice"] for line in lines(tmp_path)} == {2.0}


def test_a_step_without_anything_to_learn_is_refused(tmp_path):
    loader = MadeUpBatches(window=16, windows=4, padded=10**6)
    with pytest.raises(DataError, match="no token of the batch counts"):
        Trainer(tiny_run.model(), loader, short(), directory=tmp_path).run()


def test_a_loader_of_another_shape_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="128 tokens a batch"):
        Trainer(tiny_run.model(), MadeUpBatches(window=16, windows=8), short(), directory=tmp_path).run()


def test_another_run_s_directory_is_refused_with_the_key_named(tmp_path):
    tiny_run.trainer(tmp_path, short()).run()
    with pytest.raises(ConfigError, match=r"settings\.lr = 0\.01, now 0\.02"):
        tiny_run.trainer(tmp_path, short(lr=2e-2)).run()
    wider = tiny_run.CONFIG.model_copy(update={"ffn_dim": 32})
    with pytest.raises(ConfigError, match=r"model\.ffn_dim = 24, now 32"):
        Trainer(tiny_run.model(wider), MadeUpBatches(window=16, windows=4), short(), directory=tmp_path).run()


def test_other_data_are_refused_though_there_is_as_much_of_them(tmp_path):
    tiny_run.trainer(tmp_path, short()).run()
    loader = MadeUpBatches(window=16, windows=4)
    loader.fingerprint = "others"
    with pytest.raises(ConfigError, match=r"trained with data = made up, now others") as caught:
        Trainer(tiny_run.model(), loader, short(), directory=tmp_path).run()
    assert "\n" not in str(caught.value)


def test_products_in_bfloat16_leave_weights_in_fp32_and_losses_near_those_of_fp32(tmp_path):
    models, figures = [], []
    for dtype in ("float32", "bfloat16"):
        models.append(tiny_run.model())
        loader, settings = MadeUpBatches(window=16, windows=4), short(steps=2, dtype=dtype)
        figures.append(Trainer(models[-1], loader, settings, directory=tmp_path / dtype).run())
    assert [found.dtype for found in figures] == ["float32", "bfloat16"]
    exact, rounded = ([line["loss"] for line in lines(tmp_path / dtype)] for dtype in ("float32", "bfloat16"))
    assert rounded == pytest.approx(exact, rel=0.01)
    assert rounded != exact
    assert all(weight.dtype == torch.float32 and weight.isfinite().all() for weight in models[1].parameters())


def test_several_processes_are_refused_for_now(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="WORLD_SIZE is 2"):
        tiny_run.trainer(tmp_path)


def test_choices_are_told_with_their_reasons_and_progress_counts_tokens(tmp_path):
    class Heard(Silent):
        def __init__(self):
            self.said, self.tokens, self.note = [], 0, ""

        def say(self, text):
            self.said.append(text)

        def advance(self, amount, note=""):
            self.tokens, self.note = self.tokens + amount, note

    heard = Heard()
    tiny_run.trainer(tmp_path, short(), progress=heard).run()
    assert any("float32" in line or "bfloat16" in line for line in heard.said)
    assert any("torch.compile off" in line for line in heard.said)
    assert heard.tokens == 6 * 64
    assert "loss" in heard.note
    assert "bits/byte" in heard.note
