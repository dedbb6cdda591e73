"""What a training run needs and takes: memory a GPU by kind, the time of a step and where it goes, days, energy, disks and money.

`layouts` says how a model is cut over GPUs, `memory` and `steps` what a layout holds and takes, `calibration` sets the one fitted constant, `search`
tries all layouts, and `runs` turns the best into days and dollars. `flops` holds the arithmetic that reported runs (`puna.plan.runs`) are checked with.
"""
