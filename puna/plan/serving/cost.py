"""What serving costs: a device's price by the hour, shared among the tokens that it reads and writes in one."""

from __future__ import annotations

from dataclasses import dataclass

from puna.plan.devices import Device, Price, chip_of, prices
from puna.plan.estimate import Estimate


@dataclass(frozen=True)
class Hour:
    """What an hour of a whole device costs in US dollars, and the price that says so."""

    dollars: float
    price: Price

    @property
    def estimate(self) -> Estimate:
        """Return the dollars with what rented prices of one device lie apart."""
        return self.price.of(Estimate(1.0, 1.0, 1.0)).scaled(self.dollars / self.price.dollars_per_hour)


def hour_of(device: Device) -> Hour | None:
    """Return what an hour of `device` costs: its own price, else that of its chips together, None where nobody rents them."""
    known, chip = prices(), chip_of(device)
    if device.name in known:
        return Hour(known[device.name].dollars_per_hour, known[device.name])
    if chip.name in known:
        return Hour(known[chip.name].dollars_per_hour * device.chips / chip.chips, known[chip.name])
    return None


def dollars_per_million(hour: Hour, tokens_per_second: Estimate) -> Estimate:
    """Return the dollars of a million tokens at that speed: from the fastest at the lowest price to the slowest at the highest."""
    hours = tokens_per_second.reciprocal().scaled(1e6 / 3600 * hour.dollars / hour.price.dollars_per_hour)
    return hour.price.of(hours)


def kilowatt_hours_per_million(device: Device, tokens_per_second: Estimate) -> Estimate | None:
    """Return the energy of a million tokens where the maker says the watts under load."""
    if device.watts is None:
        return None
    one = device.watts / 3.6e6 * 1e6
    return Estimate(one / tokens_per_second.value, one / tokens_per_second.high, one / tokens_per_second.low)
