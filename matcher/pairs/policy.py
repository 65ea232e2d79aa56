"""Weights, limits and bonuses of a run: one frozen, versioned value, read from TOML. No people, no arrays."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import reprlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from matcher.exceptions import InvalidFileError, InvalidPolicyError, SettingProblem, brief
from matcher.pairs.criteria import CRITERIA
from matcher.records.formats.sources import text_of
from matcher.records.sections import Bonus, Limits, Lookahead, Travel
from matcher.records.vocabulary import LEVELS, MODES

_HUGE = 1e18  # no number of a policy comes near
_MOST_MEGABYTES = 1
_MOST_CHARACTERS = 100_000

__all__ = ["Bonus", "Limits", "Lookahead", "Policy", "Travel", "Weights"]

if TYPE_CHECKING:

    class Weights:
        """See below."""

        __dataclass_fields__: ClassVar[dict[str, Any]]

        def __init__(self, **weights: float) -> None: ...
        def __getattr__(self, name: str) -> float: ...

else:
    Weights = dataclasses.make_dataclass(
        "Weights",
        [(criterion.name, float, field(default=criterion.weight)) for criterion in CRITERIA],
        frozen=True,
        kw_only=True,
        namespace={"__module__": __name__},
    )
    Weights.__doc__ = """How much each soft criterion counts; only their proportions matter.

    One field a criterion, with the default its declaration gives (`matcher.pairs.criteria.CRITERIA`). A
    criterion with weight 0 is still computed and shown, and adds nothing.
    """


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Everything a town can set about a matching run.

    Parameters
    ----------
    name : str
        What the town calls it.
    weights : Weights
    bonus : Bonus
    travel : Travel
    limits : Limits
    lookahead : Lookahead
    switching_bonus : float
        Added to the score of a pair that is already an open proposal, so that a re-match changes little.

    Raises
    ------
    InvalidPolicyError
        With every value outside its range.

    Examples
    --------
    >>> policy = Policy(weights=Weights(interests=5))
    >>> Policy.from_dict(policy.to_dict()) == policy
    True
    """

    name: str = "default"
    weights: Weights = field(default_factory=Weights)
    bonus: Bonus = field(default_factory=Bonus)
    travel: Travel = field(default_factory=Travel)
    limits: Limits = field(default_factory=Limits)
    lookahead: Lookahead = field(default_factory=Lookahead)
    switching_bonus: float = 0.02

    def __post_init__(self) -> None:
        problems: list[str] = []
        for name, default in _defaults(type(self)).items():
            value = getattr(self, name)
            if not dataclasses.is_dataclass(default):
                read = _read_value(name, default, value, problems)
            else:
                plain = _plain(value) if isinstance(value, type(default)) else value
                read = _read_section(type(default), name, plain, problems)
            object.__setattr__(self, name, read)
        problems += _problems(self) if not problems else ()
        if problems:
            raise InvalidPolicyError(problems)

    @property
    def version(self) -> str:
        """The first twelve hexadecimal digits of a hash of all values: equal policies, equal version."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        """All values as nested plain data, ready for JSON."""
        plain = dataclasses.asdict(self)
        plain["travel"]["mobility_not_said"] = list(self.travel.mobility_not_said)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Policy:
        """Read a policy from nested plain data; what is not named keeps its default.

        Raises
        ------
        InvalidPolicyError
            With every unknown name, wrong type and value outside its range.
        """
        if not isinstance(plain, Mapping):
            raise InvalidPolicyError(f"expected a table of settings, got {_shown(plain)}")
        known = _defaults(cls)
        problems = [
            SettingProblem(f"unknown setting {_shown(name)}; there are {', '.join(known)}", name)
            for name in plain
            if name not in known
        ]
        try:
            policy = cls(**{name: value for name, value in plain.items() if name in known})
        except InvalidPolicyError as error:
            raise InvalidPolicyError([*error.problems, *problems]) from None
        if problems:
            raise InvalidPolicyError(problems)
        return policy

    @classmethod
    def from_toml(cls, text: str) -> Policy:
        """Read a policy from TOML text.

        Raises
        ------
        InvalidPolicyError
            When the text is not TOML, and as `from_dict`.
        """
        if not isinstance(text, str):
            raise InvalidPolicyError(f"expected TOML as text, got {_shown(text)}")
        if len(text) > _MOST_CHARACTERS:
            raise InvalidPolicyError(f"expected at most {_MOST_CHARACTERS:,} characters, got {len(text):,}")
        try:
            plain = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidPolicyError(f"not readable as TOML: {error}") from error
        except ValueError as error:
            raise InvalidPolicyError("not readable as TOML: a number of thousands of digits") from error
        except RecursionError as error:
            raise InvalidPolicyError("not readable as TOML: lists or tables in one another") from error
        return cls.from_dict(plain)

    @classmethod
    def from_file(cls, path: str | Path) -> Policy:
        """Read a policy from a TOML file.

        Raises
        ------
        InvalidPolicyError
            As `from_toml`, with the file and, where it can be told, the line of each problem; and when it is
            no file, or no text in UTF-8.
        OSError
            When it cannot be opened.
        """
        try:
            text = text_of(Path(path), _MOST_MEGABYTES)
        except InvalidFileError as error:
            raise InvalidPolicyError(map(str, error.problems)) from error
        try:
            return cls.from_toml(text)
        except InvalidPolicyError as error:
            problems = [f"{path}{_line_of(problem, text)}: {problem}" for problem in error.problems]
            raise InvalidPolicyError(problems) from error

    def to_toml(self) -> str:
        """The policy as TOML text that `from_toml` reads back."""
        plain = self.to_dict()
        sections = {name: value for name, value in plain.items() if isinstance(value, dict)}
        lines = [f"{name} = {_toml(value)}" for name, value in plain.items() if name not in sections]
        for name, section in sections.items():
            lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in section.items())]
        return "\n".join(lines) + "\n"


def _line_of(problem: str, text: str) -> str:
    """Where a setting with a problem stands, as written one a line below the name of its section."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        name, is_set, _value = (part.strip() for part in line.partition("="))
        if name.startswith("[") and not is_set:
            section = f"{name.partition(']')[0].strip('[] ')}."
            name = section.rstrip(".")
        elif is_set:
            name = section + name
        if isinstance(problem, SettingProblem) and name == problem.setting:
            return f", line {number}"
    return ""


def _toml(value: Any) -> str:
    # JSON strings, numbers, booleans and lists of strings are TOML values as they are.
    return json.dumps(value)


def _plain(section: Any) -> dict[str, Any]:
    """The values of a section as they stand, whatever they are."""
    return {one.name: getattr(section, one.name) for one in dataclasses.fields(section)}


def _defaults(section: type) -> dict[str, Any]:
    return {
        one.name: one.default if one.default_factory is dataclasses.MISSING else one.default_factory()
        for one in dataclasses.fields(section)
    }


def _read_section(section: type, name: str, plain: Any, problems: list[str]) -> Any:
    if not isinstance(plain, Mapping):
        problems.append(SettingProblem(f"{name}: expected a table of settings, got {_shown(plain)}", name))
        return section()
    defaults = _defaults(section)
    problems += [
        SettingProblem(
            f"unknown setting {name}.{brief(str(key))}; there are {', '.join(defaults)}", f"{name}.{key}"
        )
        for key in plain
        if key not in defaults
    ]
    return section(
        **{
            key: _read_value(f"{name}.{key}", defaults[key], value, problems)
            for key, value in plain.items()
            if key in defaults
        }
    )


def _read_value(name: str, default: Any, value: Any, problems: list[str]) -> Any:
    if isinstance(default, bool):
        expected, fits = "true or false", isinstance(value, bool)
    elif isinstance(default, int):
        expected, fits = "a whole number", isinstance(value, Integral) and not isinstance(value, bool)
        fits = fits and abs(value) < _HUGE
    elif isinstance(default, float):
        expected, fits = "a number", isinstance(value, Real) and not isinstance(value, bool)
        fits = fits and not abs(value) >= _HUGE
    elif isinstance(default, tuple):
        expected, fits = "a list of words", isinstance(value, list | tuple)
        fits = fits and all(isinstance(word, str) for word in value)
    else:
        expected, fits = "a text", isinstance(value, str)
    if not fits:
        problems.append(SettingProblem(f"{name}: expected {expected}, got {_shown(value)}", name))
        return default
    return type(default)(value)


def _problems(policy: Policy) -> Iterator[str]:
    for section in ("weights", "bonus", "travel"):
        for key, value in dataclasses.asdict(getattr(policy, section)).items():
            if isinstance(value, (int, float)):
                yield from _outside(f"{section}.{key}", value, 0, 1_000)
    yield from _outside("travel.detour", policy.travel.detour, 1, 10)
    for mode in MODES:
        yield from _outside(f"travel.{mode}_kmh", getattr(policy.travel, f"{mode}_kmh"), 0.1, 1_000)
    yield from _outside("bonus.waiting_weeks_full", policy.bonus.waiting_weeks_full, 0.1, 1_000)
    yield from _outside("bonus.need_level_not_said", policy.bonus.need_level_not_said, 1, 4)
    yield from _outside("limits.low_cost_eur_month", policy.limits.low_cost_eur_month, 0, 10_000)
    yield from _outside("limits.common_minutes", policy.limits.common_minutes, 15, 1_440)
    yield from _outside("limits.freshness_days", policy.limits.freshness_days, 1, 10_000)
    yield from _outside("limits.candidates_per_kind", policy.limits.candidates_per_kind, 1, 1_000_000)
    yield from _outside("lookahead.weeks", policy.lookahead.weeks, 1, 104)
    yield from _outside("lookahead.samples", policy.lookahead.samples, 1, 1_000)
    yield from _outside("lookahead.longest_wait_weeks", policy.lookahead.longest_wait_weeks, 0, 104)
    yield from _outside("switching_bonus", policy.switching_bonus, 0, 1)
    if not sum(dataclasses.astuple(policy.weights)) > 0:
        yield SettingProblem("weights: expected at least one above 0, got none", "weights")
    unknown = sorted(set(policy.travel.mobility_not_said) - set(MODES))
    if unknown or not policy.travel.mobility_not_said:
        arrived = ", ".join(unknown) or "none"
        name = "travel.mobility_not_said"
        yield SettingProblem(f"{name}: expected some of {', '.join(MODES)}, got {brief(arrived)}", name)
    if policy.limits.common_language_level not in LEVELS:
        level = policy.limits.common_language_level
        name = "limits.common_language_level"
        yield SettingProblem(f"{name}: expected one of {', '.join(LEVELS)}, got {_shown(level)}", name)


def _outside(name: str, value: float, low: float, high: float) -> Iterator[str]:
    if not low <= value <= high:
        yield SettingProblem(f"{name}: expected a number from {low} to {high}, got {value}", name)


def _shown(value: Any) -> str:
    """A value as an error names it; tables in tables and numbers without end are cut."""
    try:
        return brief(reprlib.repr(value) if not isinstance(value, str) else repr(value))
    except ValueError:
        return "a number of thousands of digits"
