"""Adapters beside quantized weights: what a card holds that could not hold them in bf16, and what is refused."""

import pytest

from puna.errors import ConfigError, FitError
from puna.plan.devices import device
from puna.plan.models import model_of
from puna.plan.training.calibration import fitted
from puna.plan.training.layouts import Layout, job
from puna.plan.training.memory import memory
from puna.plan.training.planning import train
from puna.plan.training.steps import step
from puna.plan.training.tuning import base_format

SMALL, LARGE = model_of("llama-3.1-8b"), model_of("llama-3.1-70b")
TUNE = {"tune": "lora", "tokens": 1e7, "seq": 2048, "batch_tokens": 2**16}


def test_a_base_in_bf16_is_no_base_at_all():
    one, other = train(SMALL, gpus=1, gpu="h100", **TUNE), train(SMALL, gpus=1, gpu="h100", base="bf16", **TUNE)
    assert one == other


@pytest.mark.parametrize(("base", "bits", "tables"), [("nf4", 4.127, 16), ("int4", 4.25, 4.25), ("int8", 8, 8), ("fp8", 8, 8)])
def test_weights_are_held_in_the_bits_of_the_format(base, bits, tables):
    held = train(SMALL, gpus=1, gpu="h100", base=base, **TUNE).best.memory
    in_tables = 2 * SMALL.llama.vocab_size * SMALL.llama.dim
    assert held.weights == pytest.approx(((SMALL.total_params - in_tables) * bits + in_tables * tables) / 8, rel=1e-5)
    # Adapters learn in full precision whatever lies beside them.
    assert held.optimizer == train(SMALL, gpus=1, gpu="h100", **TUNE).best.memory.optimizer


def test_70b_is_tuned_on_one_card_of_80_gb_only_with_its_weights_in_4_bits():
    with pytest.raises(FitError, match="does not fit"):
        train(LARGE, gpus=1, gpu="h100", **TUNE)
    found = train(LARGE, gpus=1, gpu="h100", base="nf4", **TUNE)
    assert found.best.memory.total < 76e9
    assert found.plain()["base_format"] == "nf4"
    assert any("nf4" in line for line in found.sources)


def test_a_llama_of_65b_is_tuned_on_48_gb_as_the_paper_has_it():
    llama = model_of("dim=8192,layers=80,heads=64,ffn=22016,vocab=32000,context=2048")
    assert llama.total_params == pytest.approx(65.2e9, rel=2e-3)
    assert train(llama, gpus=1, gpu="a6000", base="nf4", **{**TUNE, "seq": 512}).best.memory.total < 48e9


def test_unpacking_takes_time_and_spread_weights_travel_in_their_bits():
    plain, packed = (train(SMALL, gpus=8, gpu="h100", layout="1,1,1,8", base=base, **TUNE).best for base in ("bf16", "nf4"))
    assert packed.step.memory_bound > plain.step.memory_bound
    jobs = [job(LARGE, device("h100"), seq=2048, batch_tokens=2**16, trained=0.003, base=base_format(base)) for base in ("bf16", "nf4")]
    spread = Layout(1, 1, 1, 8, sharded=True)
    waits = [step(one, spread, fitted()).data_parallel for one in jobs]
    assert waits[1] < waits[0]
    assert memory(jobs[1], spread).weights < 0.3 * memory(jobs[0], spread).weights


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"base": "nf4", "tune": "full"}, "only frozen weights may be quantized"),
        ({"base": "q4_k_m"}, "adapters are trained beside weights in bf16, fp8"),
        ({"base": "fp8-meta"}, "give one of them"),
        ({"base": "nf5"}, "did you mean 'nf4'"),
    ],
)
def test_what_cannot_be_a_base_is_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        train(SMALL, gpus=1, gpu="h100", **{**TUNE, **options})
