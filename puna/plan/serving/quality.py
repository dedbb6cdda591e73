"""What quantization takes from a model: a law's shape, calibrated on what was measured.

Kumar et al. (arXiv 2411.04330) found that rounding a trained model to P bits adds to its loss

    delta = C * tokens^0.5068 / params^0.3439 * exp(-P / gamma)

so that what many tokens wrote into few parameters is rounded away first: at any P their constants let Llama 3 8B, on 15T tokens, lose 2.6 times what Llama 2 7B
lost, on 2T. The authors say that the constants themselves, from models below 220M parameters, are unlikely to be useful. Here the two exponents are kept, for the published
tables hold nothing better, and C and gamma are fitted to the perplexities that llama.cpp measured (pull request 6936). The fit is rough (the measured ratio of the two Llamas is
4.4 at Q2_K, 2.0 at Q4_K_M, 1 at Q8_0, and a later paper lays part of the tokens' effect to the learning rate's schedule), so every figure carries the 95 % interval
for one more measurement, about a factor of five either way. It is never nought.

Benchmarks see less: 8-bit formats score between 97 and 102 % of 16 bits (arXiv 2411.02355), which is noise on both sides. Meta judged its fp8 by a reward model over 100,000
answers, because benchmarks missed answers that were corrupted (arXiv 2407.21783, section 6.2). No interval here is a promise of losslessness.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from puna.plan.estimate import Estimate
from puna.plan.formats import KEPT_BITS, Format, format_named, stored
from puna.plan.serving.model import served
from puna.plan.tables import rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from puna.plan.serving.model import Model

# Kumar et al., table 2 and appendix K.
KUMAR_SCALE, KUMAR_TOKENS, KUMAR_PARAMS, KUMAR_GAMMA = 0.0598, 0.5068, 0.3439, 0.5907
# Where nobody says how long a model was trained: between Chinchilla's 20 tokens a parameter and the 1,900 of Llama 3 8B.
TOKENS_PER_PARAM = (20.0, 1900.0)
SOURCES = (
    "loss of quantization: shape of arXiv 2411.04330, calibrated on llama.cpp pull request 6936",
    "recovery on benchmarks: arXiv 2411.02355 (8B, 70B, 405B)",
)


@dataclass(frozen=True)
class Quality:
    """What a format costs. `loss` is in nats a token added on WikiText-like text, `recovery` in percent of the 16-bit model's benchmark average."""

    loss: Estimate
    perplexity_ratio: Estimate
    recovery: Estimate
    measured_perplexity_ratio: float | None
    measured_recovery: float | None


@dataclass(frozen=True)
class Calibration:
    """Least squares for y = x @ weights, with what an interval for one more measurement needs."""

    weights: NDArray[np.float64]
    covariance: NDArray[np.float64]
    spread: float
    freedom: int

    def predict(self, x: NDArray[np.float64]) -> Estimate:
        """Return the prediction at `x` with its 95 % interval."""
        from scipy.special import stdtrit

        value = float(x @ self.weights)
        half = float(stdtrit(self.freedom, 0.975)) * self.spread * math.sqrt(1 + float(x @ self.covariance @ x))
        return Estimate(value, value - half, value + half)


def kumar_loss(params: float, tokens: float, bits: float) -> float:
    """Return the loss that the printed constants give to `bits` a weight: for comparison, not for use."""
    return KUMAR_SCALE * math.exp(_log_reach(params, tokens) - bits / KUMAR_GAMMA)


def loss_added(model: Model, form: Format) -> Estimate:
    """Return the nats a token that quantizing `model` to `form` adds, with its interval; 16-bit formats add none.

    Where the model's training tokens are unknown the interval spans 20 to 1,900 a parameter. Layers that stay in 16 bits lose nothing.
    """
    if form.bits >= KEPT_BITS:
        return Estimate(0.0, 0.0, 0.0)
    params = model.sized.total_params
    span = [model.tokens] if model.tokens else [params * ratio for ratio in TOKENS_PER_PARAM]
    found = [calibration().predict(np.array([1.0, -form.bits])) for _ in span]
    logs = [_log_reach(params, tokens) for tokens in span]
    share = stored(model.sized, form).share
    return Estimate(
        share * math.exp(found[0].value + sum(logs) / len(logs)),
        share * math.exp(found[0].low + logs[0]),
        share * math.exp(found[-1].high + logs[-1]),
    )


def quality(model: Model, form: Format) -> Quality:
    """Return what `form` takes from `model`: estimated, and measured where somebody did."""
    loss = loss_added(model, form)
    ratio = Estimate(math.exp(loss.value), math.exp(loss.low), _finite_exp(loss.high))
    return Quality(loss, ratio, recovery(loss, form), _measured(model, form, "perplexity_ratio"), _measured(model, form, "recovery"))


def recovery(loss: Estimate, form: Format) -> Estimate:
    """Return the percent of a 16-bit benchmark average that is left after `loss` was added: a line through 100 at no loss, with what benchmarks scatter."""
    if form.bits >= KEPT_BITS:
        return Estimate(100.0, 100.0, 100.0)
    line = _recovery_line()
    value = max(100.0 - line.predict(np.array([loss.value])).value, 0.0)
    worst, best = line.predict(np.array([loss.high])).high, line.predict(np.array([loss.low])).low
    return Estimate(value, min(max(100.0 - worst, 0.0), value), max(100.0 - best, value))


@cache
def calibration() -> Calibration:
    """Fit log delta - log(tokens^0.5068 / params^0.3439) = c - bits / gamma to the measured perplexities."""
    x, y = [], []
    for row in rows_of("quality.csv"):
        if row["measure"] == "perplexity_ratio":
            model, form = served(row["model"]), format_named(row["format"])
            assert model.tokens
            x.append([1.0, -form.bits])
            y.append(math.log(math.log(float(row["figure"]))) - _log_reach(model.sized.total_params, model.tokens))
    return _least_squares(np.array(x), np.array(y))


@cache
def _recovery_line() -> Calibration:
    """Fit percent lost = k * loss added to the measured recoveries."""
    rows = [row for row in rows_of("quality.csv") if row["measure"] == "recovery"]
    x = [[loss_added(served(row["model"]), format_named(row["format"])).value] for row in rows]
    return _least_squares(np.array(x), np.array([100.0 - float(row["figure"]) for row in rows]))


def _least_squares(x: NDArray[np.float64], y: NDArray[np.float64]) -> Calibration:
    covariance: NDArray[np.float64] = np.linalg.inv(x.T @ x).astype(np.float64)
    weights: NDArray[np.float64] = (covariance @ x.T @ y).astype(np.float64)
    freedom = len(y) - x.shape[1]
    return Calibration(weights, covariance, float(np.sqrt(np.sum((y - x @ weights) ** 2) / freedom)), freedom)


def _log_reach(params: float, tokens: float) -> float:
    return KUMAR_TOKENS * math.log(tokens) - KUMAR_PARAMS * math.log(params)


def _finite_exp(power: float) -> float:
    """Return e^power, cut where a perplexity would pass that of guessing in Llama 3's vocabulary."""
    return math.exp(min(power, math.log(128_256)))


def _measured(model: Model, form: Format, measure: str) -> float | None:
    for row in rows_of("quality.csv"):
        if (row["model"], row["format"], row["measure"]) == (model.name, form.name, measure):
            return float(row["figure"])
    return None
