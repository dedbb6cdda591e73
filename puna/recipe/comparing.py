"""Runs beside each other: what their recipes differ in, and what came of it.

One run is one draw: another seed gives other weights, other batches, other figures. So runs of one recipe that differ in the seed alone stand together in one column
as a mean with Student's interval over the seeds (Student 1908): of n seeds, mean ± t · s / √n, where s is the seeds' standard deviation and t the 97.5 % point of
Student's distribution with n − 1 degrees of freedom. Few seeds give a wide interval, as they should: 12.7 standard errors for two, 4.3 for three, 2.8 for five.

A single run keeps the intervals of its own report, which are over documents or questions: they say what another test would have given, not another seed.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from puna.errors import ConfigError, FormatError
from puna.evals.statistics import LEAST_SEEDS as LEAST
from puna.evals.statistics import half_width
from puna.files import hash_json, read_json
from puna.pages import words
from puna.recipe import report
from puna.recipe.runner import RECIPE
from puna.recipe.stages.evaluate import COMMONEST
from puna.train.settings import FREE

# What names a run, and does not change what is made.
LABELS = ("name", "description", "seed")
REPORT_KEYS = ("name", "seed", "stages", "claims", "measured", "seconds")
WHOLE = "whole run"


@dataclass(frozen=True)
class Run:
    """A finished run: its directory, its recipe with every default filled in, and what its report holds."""

    directory: str
    recipe: Mapping[str, Any]
    report: Mapping[str, Any]

    @property
    def seed(self) -> int:
        return int(self.recipe["seed"])

    @property
    def label(self) -> str:
        return Path(self.directory).resolve().name


@dataclass(frozen=True)
class Column:
    """One run, or the runs of one recipe that differ in the seed alone."""

    label: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Cell:
    """A figure of one column: its value, its interval where it has one, and what that is over. `None` where the column has no such figure."""

    value: float
    low: float | None = None
    high: float | None = None
    over: str | None = None

    @property
    def told(self) -> str:
        if self.low is None or self.low == self.high:
            text = words.told(int(self.value) if float(self.value).is_integer() else self.value)
        else:
            text = words.measured(asdict(self))
        return f"{text}, {self.over}" if self.over and " of " in self.over else text


@dataclass(frozen=True)
class Row:
    """One figure of every column. `group` is the stage or the measure that it belongs to."""

    group: str
    name: str
    cells: tuple[Cell | None, ...]

    @property
    def differs(self) -> bool:
        return len({cell and cell.told for cell in self.cells}) > 1


@dataclass(frozen=True)
class Verdict:
    """One claim in every column: the difference to its control, and in how many of the column's runs the claim holds."""

    id: str
    claim: str
    unit: str
    cells: tuple[Cell | None, ...]
    held: tuple[int, ...]
    tested: tuple[int, ...]

    def holds(self, column: int) -> bool:
        """Say whether the claim holds in a column: by its single run's verdict, or, over seeds, where the whole interval is on its side."""
        if self.tested[column] == 1:
            return self.held[column] == 1
        cell = self.cells[column]
        return cell is not None and cell.low is not None and cell.low > 0

    @property
    def verdicts(self) -> list[str | None]:
        """Return each column's verdict in words; `None` where it does not test the claim."""
        return [_verdict(held, tested) for held, tested in zip(self.held, self.tested, strict=True)]


@dataclass(frozen=True)
class Comparison:
    """Everything that differs between runs, and everything that was measured of them. `settings` are (key, one value a column)."""

    columns: tuple[Column, ...]
    settings: tuple[tuple[str, tuple[Any, ...]], ...]
    figures: tuple[Row, ...]
    measured: tuple[Row, ...]
    claims: tuple[Verdict, ...]

    def to_json(self) -> dict[str, Any]:
        columns = [
            {"label": column.label, "runs": [run.directory for run in column.runs], "seeds": [run.seed for run in column.runs]}
            for column in self.columns
        ]
        settings = [{"key": key, "values": list(values)} for key, values in self.settings]
        figures, measured = ([asdict(row) for row in rows] for rows in (self.figures, self.measured))
        return {
            "columns": columns,
            "settings": settings,
            "figures": figures,
            "measured": measured,
            "claims": [asdict(claim) for claim in self.claims],
        }


def compare(directories: Sequence[Path]) -> Comparison:
    """Return the finished runs in `directories` beside each other, in the order given. Raises `ConfigError` and `FormatError`."""
    if len(directories) < 2:
        raise ConfigError("a comparison needs two runs or more; name another run directory")
    twice = next((path for i, path in enumerate(directories) if path.resolve() in [other.resolve() for other in directories[:i]]), None)
    if twice is not None:
        raise ConfigError(f"{twice}: is named twice; name each run once")
    columns = grouped([read(path) for path in directories])
    return Comparison(columns, tuple(_settings(columns)), tuple(_figures(columns)), tuple(_measured(columns)), tuple(_claims(columns)))


def read(directory: Path) -> Run:
    """Return the finished run in `directory`. Raises `ConfigError` where there is none, `FormatError` where it is damaged."""
    if not directory.is_dir():
        raise ConfigError(f"{directory}: is no directory; name a run directory, such as runs/smoke")
    if not (directory / RECIPE).exists():
        raise ConfigError(f"{directory}: is no run directory (it has no {RECIPE}); name one that 'puna raise' wrote")
    again = "run the same 'puna raise' again and it goes on where it stopped"
    if not (directory / report.JSON).exists():
        raise ConfigError(f"{directory}: the run is not finished (it has no {report.JSON}); {again}")
    recipe, content = read_json(directory / RECIPE), read_json(directory / report.JSON)
    if not isinstance(recipe, dict) or not isinstance(recipe.get("stages"), dict) or not isinstance(recipe.get("seed"), int):
        raise FormatError(f"{directory / RECIPE}: is not the recipe of a run; raise it again into another directory")
    missing = [key for key in REPORT_KEYS if not isinstance(content, dict) or key not in content]
    if missing:
        raise FormatError(f"{directory / report.JSON}: has no '{missing[0]}'; {again} and writes the report anew")
    if not _same(recipe, content):
        raise ConfigError(f"{directory}: the run is not finished (its recipe has changed since its report was written); {again}")
    return Run(str(directory), recipe, content)


def grouped(runs: Sequence[Run]) -> tuple[Column, ...]:
    """Return one column for each recipe, with its runs by seed. Runs that share a seed too are no further draws, and stand by themselves."""
    recipes: dict[str, list[Run]] = {}
    for run in runs:
        recipes.setdefault(hash_json({key: value for key, value in run.recipe.items() if key not in LABELS}), []).append(run)
    found: list[tuple[Run, ...]] = []
    for members in recipes.values():
        distinct = len({run.seed for run in members}) == len(members)
        found += [tuple(members)] if distinct else [(run,) for run in members]
    labels = [_label(members) for members in found]
    # Directories of one name in different places are told apart by their whole paths.
    return tuple(
        Column(label if labels.count(label) == 1 else ", ".join(run.directory for run in members), members)
        for label, members in zip(labels, found, strict=True)
    )


def mean_of(values: Sequence[float], *, seeds: int | None = None) -> Cell:
    """Return the mean of one value a seed, with Student's 95 % interval where there are three or more. Of `seeds` runs some may lack the figure: `over` says so."""
    mean, count = statistics.fmean(values), len(values)
    over = f"{count} of {seeds} seeds" if seeds and seeds > count else f"{count} seeds" if count > 1 else None
    if count < LEAST:
        return Cell(mean, over=over)
    half = half_width(values)
    return Cell(mean, mean - half, mean + half, over)


def _label(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return runs[0].label
    names = list(dict.fromkeys(str(run.recipe["name"]) for run in runs))
    return f"{' and '.join(names)}, {len(runs)} seeds"


def _verdict(held: int, tested: int) -> str | None:
    if tested <= 1:
        return None if tested == 0 else "holds" if held else "does not hold"
    return f"holds in {held} of {tested}"


def _same(recipe: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    """Return whether the report is of this recipe: a stopped run of a changed recipe leaves the report of the one before."""
    stages = {stage["name"]: stage for stage in content["stages"]}
    if recipe["seed"] != content["seed"] or set(stages) != set(recipe["stages"]):
        return False
    # What may change without building a stage again is not the same in an older stage that was reused.
    free = ("kind", "inputs", *FREE)
    return all(
        value == recipe["stages"][name].get(key)
        for name, stage in stages.items()
        for key, value in stage.get("config", {}).items()
        if key not in free
    )


def _settings(columns: Sequence[Column]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the keys of the recipes that are not the same in every column."""
    flat = [dict(_leaves(column.runs[0].recipe)) for column in columns]
    for key in dict.fromkeys(key for leaves in flat for key in leaves):
        values = tuple(leaves.get(key) for leaves in flat)
        if key not in LABELS and any(value != values[0] for value in values):
            yield key, values
    seeds = tuple(", ".join(str(run.seed) for run in column.runs) for column in columns)
    if len(set(seeds)) > 1:
        yield "seed", seeds


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting by its dotted key, as `--set` would name it."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            # `--set` reaches a stage by its name alone.
            yield from _leaves(inner, path if key == "stages" else f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _figures(columns: Sequence[Column]) -> Iterator[Row]:
    """Yield every number that the stages took down of themselves."""
    found = [
        [{(WHOLE, "seconds"): run.report["seconds"], **dict(_stage_figures(run.report["stages"]))} for run in column.runs]
        for column in columns
    ]
    for stage, name in _keys(found):
        yield Row(stage, name, tuple(_cell(runs, (stage, name)) for runs in found))


def _stage_figures(stages: Iterable[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, str], float]]:
    for stage in stages:
        figures = {
            "seconds": stage.get("seconds"),
            "attempts": stage.get("attempts"),
            "peak_memory_bytes": stage.get("peak_memory_bytes"),
            **_renamed(stage.get("figures", {})),
        }
        for name, value in _leaves(figures):
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield (stage["name"], name), float(value)


def _renamed(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stage's own figures; the seconds that a trainer counts are without loading and saving, and must not hide the stage's."""
    return {("training_seconds" if key == "seconds" else key): value for key, value in figures.items()}


def _measured(columns: Sequence[Column]) -> Iterator[Row]:
    """Yield bits per byte and the score of every task, for each model and control that was measured."""
    found = [[dict(_measurements(run.report["measured"])) for run in column.runs] for column in columns]
    for measure, of in _keys(found):
        yield Row(measure, of, tuple(_measured_cell(runs, (measure, of)) for runs in found))


def _measurements(measured: Mapping[str, Any] | None) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    if measured is None:
        return
    text = measured["bits_per_byte"]
    for name, value in {**text["models"], text["control_name"]: text["control"]}.items():
        yield ("held-out bits per byte", name), value
    for task, asked in measured["questions"].items():
        for name, value in {
            **asked["models"],
            **{name: asked["controls"][name] for name in (COMMONEST,) if name in asked["controls"]},
        }.items():
            yield (f"exact answers, {task}", name), value


def _claims(columns: Sequence[Column]) -> Iterator[Verdict]:
    found = [[{claim["id"]: claim for claim in run.report["claims"]} for run in column.runs] for column in columns]
    for key in dict.fromkeys(key for runs in found for claims in runs for key in claims):
        told = [[claims[key] for claims in runs if key in claims] for runs in found]
        first = next(claims[0] for claims in told if claims)
        cells = tuple(
            _measured_cell([{name: claim["measured"] for name, claim in claims.items()} for claims in runs], key) for runs in found
        )
        held = tuple(sum(bool(claim["holds"]) for claim in claims) for claims in told)
        yield Verdict(key, first["claim"], first["unit"], cells, held, tuple(len(claims) for claims in told))


def _keys(found: Iterable[Iterable[Mapping[tuple[str, str], Any]]]) -> list[tuple[str, str]]:
    """Return every (group, name), the groups in the order in which they come and each in one piece."""
    keys = list(dict.fromkeys(key for runs in found for figures in runs for key in figures))
    groups = list(dict.fromkeys(group for group, _ in keys))
    return sorted(keys, key=lambda key: groups.index(key[0]))


def _cell(runs: Sequence[Mapping[Any, float]], key: Any) -> Cell | None:
    values = [figures[key] for figures in runs if key in figures]
    return mean_of(values, seeds=len(runs)) if values else None


def _measured_cell(runs: Sequence[Mapping[Any, Mapping[str, Any]]], key: Any) -> Cell | None:
    """Return the mean over seeds; a column of a single run keeps the run's own interval, over documents or questions."""
    if len(runs) == 1:
        return Cell(**runs[0][key]) if key in runs[0] else None
    return _cell([{key: figures[key]["value"]} if key in figures else {} for figures in runs], key)
