"""What fits where: the reference's table, the cache's bytes, and what is said where it does not fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puna.errors import ConfigError
from puna.plan.devices import device, devices
from puna.plan.formats import format_named, formats
from puna.plan.serving.answer import serve
from puna.plan.serving.choices import fits_device, fits_model, offered, smallest_counts
from puna.plan.serving.memory import Load, fit, usable_bytes
from puna.plan.serving.model import served

SHORT, LONG = 8192, 131_072


def fits(model, form, where, context=SHORT):
    return fit(served(f"llama-3.1-{model}"), format_named(form), device(where), Load(context)).fits


@pytest.mark.parametrize(
    ("model", "form", "weights", "short", "long"),
    [
        ("8b", "bf16", 16.1, 17.1, 33.2),
        ("8b", "fp8", 8.0, 9.1, 25.2),
        ("8b", "q4_k_m", 4.9, 6.0, 22.1),
        ("70b", "bf16", 141.1, 143.8, 184.1),
        ("70b", "fp8", 70.6, 73.2, 113.5),
        ("70b", "q4_k_m", 43.2, 45.8, 86.1),
        ("70b", "int4", 37.5, 40.2, 80.4),
        ("405b", "bf16", 811.7, 815.9, 879.4),
        ("405b", "fp8", 405.9, 410.1, 473.5),
        ("405b", "q4_k_m", 248, 252, 316),
        ("405b", "int4", 216, 220, 283),
    ],
)
def test_weights_and_cache_are_the_references_gigabytes(model, form, weights, short, long):
    tolerance = 0.06 if weights != round(weights) or model != "405b" else 0.6
    whole = served(f"llama-3.1-{model}")
    at = {context: fit(whole, format_named(form), device("h100"), Load(context)) for context in (SHORT, LONG)}
    assert at[SHORT].weight_bytes / 1e9 == pytest.approx(weights, abs=tolerance)
    assert at[SHORT].needed_bytes / 1e9 == pytest.approx(short, abs=tolerance)
    assert at[LONG].needed_bytes / 1e9 == pytest.approx(long, abs=tolerance)


@pytest.mark.parametrize(
    ("model", "form", "yes", "no"),
    [
        ("8b", "bf16", ["rtx-4090", "h100"], ["t4"]),
        ("8b", "fp8", ["t4"], ["rtx-4060-8gb"]),
        ("8b", "q4_k_m", ["rtx-4060-8gb"], []),
        ("70b", "bf16", ["8xh100", "2xh200", "mi300x", "b200"], ["h200", "h100"]),
        ("70b", "fp8", ["h200", "4xrtx-4090", "2xh100"], ["h100", "a100-80"]),
        ("70b", "q4_k_m", ["h100", "desktop-ddr5-64gb"], ["2xrtx-4090", "2xrtx-3090"]),
        ("70b", "int4", ["2xrtx-4090", "2xrtx-3090"], ["rtx-4090"]),
        ("405b", "bf16", ["16xh100", "16xa100-80", "8xh200", "8xmi300x", "8xb200"], ["8xh100"]),
        ("405b", "fp8", ["8xh100", "8xa100-80"], ["4xh100"]),
        ("405b", "q4_k_m", ["4xh100", "8xa6000", "8xl40s", "server-ddr5-512gb"], ["server-ddr5-256gb"]),
        ("405b", "int4", ["4xh100", "8xa6000", "server-ddr5-512gb", "server-ddr5-256gb"], []),
        ("405b", "fp8-meta", ["8xh100"], ["4xh100"]),
    ],
)
def test_the_references_table_of_what_fits(model, form, yes, no):
    assert [where for where in yes if not fits(model, form, where)] == []
    assert [where for where in no if fits(model, form, where)] == []


@pytest.mark.parametrize("where", ["mi300x", "b200"])
def test_70b_in_bf16_fits_one_large_gpu_with_a_short_context_only(where):
    assert fits("70b", "bf16", where)
    assert not fits("70b", "bf16", where, LONG)


def test_8b_in_bf16_fits_24_gb_with_a_short_context_only():
    assert not fits("8b", "bf16", "rtx-4090", LONG)


@pytest.mark.parametrize(("model", "kib"), [("llama-2-7b", 512), ("llama-3-8b", 128), ("llama-3-70b", 320), ("llama-3.1-405b", 504)])
def test_a_token_leaves_its_exact_bytes_in_the_cache(model, kib):
    assert fit(served(model), format_named("bf16"), device("h100"), Load(1)).kv_bytes_per_token == kib * 1024
    assert fit(served(model), format_named("bf16"), device("h100"), Load(1, cache="fp8")).kv_bytes_per_token == kib * 512


@given(st.sampled_from(["8b", "70b", "405b"]), st.sampled_from(list(formats())), st.sampled_from([one.name for one in offered()]))
def test_as_many_users_and_tokens_as_are_promised_fit_and_no_more(model, form, where):
    whole, asked, chip = served(f"llama-3.1-{model}"), format_named(form), device(where)
    found = fit(whole, asked, chip, Load())
    if found.users:
        assert fit(whole, asked, chip, Load(batch=found.users)).fits
    assert not fit(whole, asked, chip, Load(batch=found.users + 1)).fits
    if found.longest:
        assert fit(whole, asked, chip, Load(found.longest)).fits
    if found.longest < LONG:
        assert not fit(whole, asked, chip, Load(found.longest + 1)).fits


def test_several_of_a_device_need_no_row_of_their_own():
    four = device("4xRTX-4090")
    assert four.chips == 4
    assert four.memory_bytes == 4 * device("rtx-4090").memory_bytes
    assert device("16xh100").memory_bytes == device("2x8xh100").memory_bytes == 1280e9
    assert device("1xh100") is device("h100")
    assert device("8xh100") is devices()["8xh100"]


@pytest.mark.parametrize("name", ["0xh100", "x", "2x", "h101", "²xh100", "-2xh100", "1x1xh100", "99999999999xh100"])
def test_unknown_devices_are_refused(name):
    with pytest.raises(ConfigError, match="no device is called"):
        device(name)


def test_two_phones_keep_a_phones_share_free():
    assert usable_bytes(device("2xiphone-15-pro")) == 2 * usable_bytes(device("iphone-15-pro")) == 8e9


def test_every_suggestion_fits():
    whole, form, load = served("llama-3.1-70b"), format_named("bf16"), Load(SHORT, 2)
    found = serve(whole, form, device("h200"), load)
    assert not found.memory.fits
    assert found.speed is None
    options = dict(line.split() for line in found.instead)
    assert fit(whole, format_named(options["--format"]), device("h200"), load).fits
    assert fit(whole, form, device(options["--device"]), load).fits


def test_a_long_context_is_offered_shorter_and_fewer_users():
    found = serve(served("llama-3.1-8b"), format_named("bf16"), device("rtx-4090"), Load(LONG, 1)).instead
    context = next(int(line.split()[1]) for line in found if line.startswith("--context"))
    assert fits("8b", "bf16", "rtx-4090", context)
    many = serve(served("llama-3.1-8b"), format_named("bf16"), device("rtx-4090"), Load(SHORT, 64)).instead
    assert "--batch 5" in many


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (Load(9000), "9,000 tokens is beyond the 8,192 positions of llama-3-8b"),
        (Load(0), "0 tokens"),
        (Load(batch=0), "0 users"),
        (Load(cache="fp7"), "no cache format is called 'fp7'"),
    ],
)
def test_loads_that_no_device_could_serve_are_refused(load, words):
    with pytest.raises(ConfigError, match=words):
        serve(served("llama-3-8b"), format_named("bf16"), device("h100"), load)


def test_what_can_run_it_counts_each_chip():
    counts = smallest_counts(fits_model(served("llama-3.1-405b"), Load()))
    assert counts["h100"]["bf16"] == 16
    assert counts["h100"]["fp8"] == 8
    assert counts["h100"]["q4_k_m"] == 4
    assert "rtx-4060-8gb" not in {name for name, found in counts.items() if "bf16" in found}


def test_what_can_i_run_cuts_the_context_to_each_models_positions():
    found = {choice.model.name: choice for choice in fits_device(device("rtx-4090"), Load(16_384))}
    assert found["llama-2-7b"].load.context == 4096
    assert found["llama-3.1-8b"].load.context == 16_384
    assert "llama-3.1-70b" not in found
