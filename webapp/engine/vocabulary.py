"""The words that records are written in: kinds, levels, goals, hours, interests, languages."""

from __future__ import annotations

from matcher.records.vocabulary import (
    ACCESS,
    GENDER_GROUPS,
    GENDERS,
    GOALS,
    KINDS,
    LEVELS,
    MODES,
    NEEDS,
    WEEKDAYS,
    Hours,
    load_languages,
    load_taxonomy,
    parse_hours,
    primary_language,
)

__all__ = [
    "ACCESS",
    "GENDERS",
    "GENDER_GROUPS",
    "GOALS",
    "KINDS",
    "LEVELS",
    "MODES",
    "NEEDS",
    "WEEKDAYS",
    "Hours",
    "interest_groups",
    "interest_name",
    "language_name",
    "language_options",
    "parse_hours",
    "primary_language",
]


def interest_groups(language: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Broader interests as (id, name, [(id, name) of the interests in it]), in the order of the taxonomy."""
    terms = load_taxonomy().terms.values()
    return [
        (
            broad.id,
            broad.name(language),
            [(term.id, term.name(language)) for term in terms if term.parent == broad.id],
        )
        for broad in terms
        if not broad.parent
    ]


def interest_name(term_id: str, language: str) -> str:
    """The name of an interest; one outside the taxonomy is its own name."""
    term = load_taxonomy().terms.get(term_id)
    return term.name(language) if term else term_id


def language_options(language: str) -> list[tuple[str, str]]:
    """Languages as (code, name), by name."""
    options = [(code, names.get(language) or names["en"]) for code, names in load_languages().items()]
    return sorted(options, key=lambda option: option[1].casefold())


def language_name(code: str, language: str) -> str:
    """The name of a language; an unknown code is its own name."""
    names = load_languages().get(code) or load_languages().get(primary_language(code))
    return (names.get(language) or names["en"]) if names else code
