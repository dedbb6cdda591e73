"""Laws from runs: IsoFLOP parabolas, a parametric surface, and how sure either is."""

from puna.plan.fits.isoflop import IsoflopFit, fit_isoflop, resampled_points
from puna.plan.fits.parametric import ParametricFit, fit_parametric

__all__ = ["IsoflopFit", "ParametricFit", "fit_isoflop", "fit_parametric", "resampled_points"]
