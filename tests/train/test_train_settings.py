"""Settings that contradict each other are refused, and so is resuming another run."""

from __future__ import annotations

import pytest

from puna.errors import ConfigError
from puna.settings import parse
from puna.train.settings import TrainSettings, check_resumable


def settings(**values) -> TrainSettings:
    return parse(TrainSettings, values, where="train")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "'steps'"),
        ({"steps": 10, "tokens": 10}, "'steps'"),
        ({"steps": 10, "warmup_steps": 11}, "warm-up"),
        ({"steps": 10, "schedule": "wsd", "warmup_steps": 5, "decay_steps": 6}, "decay"),
        ({"steps": 10, "decay_steps": 5}, "decay_steps"),
        ({"steps": 10, "schedule": "linear", "final_fraction": 0.1}, "final_fraction"),
        ({"steps": 10, "checkpoint_every": 4, "permanent_every": 6}, "permanent_every"),
        ({"steps": 10, "betas": [0.9, 1.0]}, "betas"),
        ({"steps": 10, "lr": 0}, "lr"),
        ({"steps": 10, "learning_rate": 1}, "unknown key 'learning_rate'"),
    ],
)
def test_a_contradiction_is_refused_in_one_line_that_names_it(values, named):
    with pytest.raises(ConfigError) as caught:
        settings(**values)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_setting_is_described():
    assert all(field.description for field in TrainSettings.model_fields.values())


def test_tokens_are_rounded_up_to_whole_steps():
    run = settings(tokens=1000, window=16, batch_windows=4, micro_batches=2)
    assert (run.tokens_per_step, run.num_steps) == (128, 8)


def test_the_rate_follows_the_schedule_from_the_peak():
    run = settings(steps=12, lr=0.5, warmup_steps=4, schedule="cosine", final_fraction=0.1)
    assert [run.lr_at(step) for step in (0, 3, 8)] == pytest.approx([0.125, 0.5, 0.275])


def test_yaml_s_reading_of_on_and_off_is_understood():
    assert [settings(steps=1, compile=value).compile for value in (True, False, "auto")] == ["on", "off", "auto"]


def identity(model_dim: int = 8, **values) -> dict:
    return {
        "settings": settings(**values).model_dump(mode="json"),
        "model": {"dim": model_dim},
        "stage": "pretrain",
        "tokens_per_epoch": 99,
    }


RUN = {"steps": 100, "schedule": "wsd", "warmup_steps": 2, "decay_steps": 10}


@pytest.mark.parametrize(
    ("now", "named"),
    [
        (identity(**{**RUN, "seed": 1}), "settings.seed = 0, now 1"),
        (identity(**{**RUN, "batch_windows": 8}), "settings.batch_windows"),
        (identity(**{**RUN, "lr": 1e-3}), "settings.lr"),
        (identity(**{**RUN, "clip": None}), "settings.clip"),
        (identity(model_dim=16, **RUN), "model.dim = 8, now 16"),
        ({**identity(**RUN), "stage": "anneal"}, "stage = pretrain, now anneal"),
        ({**identity(**RUN), "tokens_per_epoch": 98}, "tokens_per_epoch"),
    ],
)
def test_a_run_that_differs_is_refused_with_the_key_named(now, named):
    with pytest.raises(ConfigError, match=named):
        check_resumable(identity(**RUN), now, step=50, where="step-00000050")


def test_what_never_reaches_the_weights_may_change():
    now = identity(**RUN, checkpoint_every=5, keep_latest=9, permanent_every=10, log_every=3)
    check_resumable(identity(**RUN), now, step=50, where="step-00000050")


def test_a_run_may_be_lengthened_only_where_the_steps_done_had_the_same_rate():
    longer = identity(**{**RUN, "steps": 200})
    check_resumable(identity(**RUN), longer, step=91, where="here")  # the first step of the fall is still at the peak
    with pytest.raises(ConfigError, match=r"settings\.steps = 100, now 200"):
        check_resumable(identity(**RUN), longer, step=92, where="here")
