"""Scaling laws: what a law is, the published ones by name, and laws in files."""

from puna.plan.laws.allocation import Allocation
from puna.plan.laws.catalogue import law, names
from puna.plan.laws.errata import said
from puna.plan.laws.law import About, Law, Optimum, estimate, far
from puna.plan.laws.lawfile import read_law, write_law
from puna.plan.laws.surface import Surface

__all__ = ["About", "Allocation", "Law", "Optimum", "Surface", "estimate", "far", "law", "names", "read_law", "said", "write_law"]
