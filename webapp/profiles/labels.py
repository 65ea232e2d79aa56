"""What codes are called in the reader's language: kinds, levels, goals, needs, interests, languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from babel import Locale
from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.engine import vocabulary

Options = list[tuple[str, str]]

KIND_NAMES: Mapping[str, Any] = {
    "association": _l("Association"),
    "mentor": _l("Mentor"),
    "neighbour": _l("Neighbour"),
}
KIND_PLURALS: Mapping[str, Any] = {
    "association": _l("Associations"),
    "mentor": _l("Mentors"),
    "neighbour": _l("Neighbours"),
}
LEVEL_NAMES: Mapping[str, Any] = {
    "A0": _l("nothing yet"),
    "A1": _l("a few words"),
    "A2": _l("simple sentences"),
    "B1": _l("everyday talk"),
    "B2": _l("fluent in most things"),
    "C1": _l("very good"),
    "C2": _l("almost like a first language"),
    "native": _l("first language"),
}
GOAL_NAMES: Mapping[str, Any] = {
    "language": _l("Practise the language"),
    "contact": _l("Meet people"),
    "sport": _l("Sport and movement"),
    "culture": _l("Music and culture"),
    "work": _l("Work and career"),
    "school": _l("School and training"),
    "health": _l("Health and well-being"),
    "help_children": _l("Support for children"),
    "give_back": _l("Help others"),
}
NEED_NAMES: Mapping[str, Any] = {
    "women_only": _l("Among women only"),
    "step_free": _l("Without steps"),
    "childcare": _l("Childcare on the spot"),
    "low_cost": _l("Free or very cheap"),
}
MODE_NAMES: Mapping[str, Any] = {
    "walk": _l("On foot"),
    "bike": _l("By bicycle"),
    "transit": _l("By bus and train"),
    "car": _l("By car"),
}
GENDER_NAMES: Mapping[str, Any] = {"f": _l("Woman"), "m": _l("Man"), "d": _l("Diverse")}
PREFERENCE_NAMES: Mapping[str, Any] = {"f": _l("Women"), "m": _l("Men"), "d": _l("Diverse people")}
GENDER_GROUP_NAMES: Mapping[str, Any] = {
    "mixed": _l("Everybody"),
    "women_only": _l("Women only"),
    "men_only": _l("Men only"),
}
PRECISION_NAMES: Mapping[str, Any] = {
    "exact": _l("exact place"),
    "postcode": _l("centre of the postcode area"),
    "district": _l("centre of the district"),
    "town": _l("centre of the town"),
    "none": _l("no place found"),
}
NEED_TONES: Mapping[int, str] = {1: "quiet", 2: "quiet", 3: "wait", 4: "bad"}
"""How levels of need look, on every page; where room is short the quiet ones are left out."""
NEED_LEVEL_NAMES: Mapping[int, Any] = {
    1: _l("can wait"),
    2: _l("as usual"),
    3: _l("needs it soon"),
    4: _l("urgent"),
}


def options(names: Mapping[Any, Any], empty: str | None = None) -> Options:
    """Choices of a field, with a first line for "not said" where `empty` is given."""
    first = [] if empty is None else [("", empty)]
    return [*first, *((str(value), str(name)) for value, name in names.items())]


def level_options() -> Options:
    """Language levels with their CEFR letters, for people who know these."""
    return [
        (level, str(name) if level == "native" else f"{level} – {name}")
        for level, name in LEVEL_NAMES.items()
    ]


def names_of(values: Iterable[str], names: Mapping[str, Any]) -> list[str]:
    """The names of some values; what has none is its own name."""
    return [str(names.get(value, value)) for value in values]


def reader_language() -> str:
    """The language of this page, as the tables of interests and languages call it."""
    return str(get_locale() or "en")


def interest_names(terms: Iterable[str]) -> list[str]:
    """The names of interests in the reader's language."""
    return [vocabulary.interest_name(term, reader_language()) for term in terms]


def language_name(code: str) -> str:
    """The name of a language in the reader's language; a code nobody knows is its own name."""
    name = vocabulary.language_name(code, reader_language())
    return _locale_names(reader_language()).get(code, name) if name == code else name


def language_groups(chosen: Iterable[str] = ()) -> list[tuple[str, Options]]:
    """Languages to choose from: those often met first, then the others; `chosen` are always among them."""
    common = vocabulary.language_options(reader_language())
    known = {code for code, _name in common}
    names = _locale_names(reader_language())
    other = {code for code in names if len(code) == 2} | {code for code in chosen if code}
    rest = sorted(((code, language_name(code)) for code in other - known), key=lambda one: one[1].casefold())
    return [(_("Often met here"), common), (_("More languages"), rest)]


def is_language(code: str) -> bool:
    """Whether a code is one of the languages to choose from."""
    common = {known for known, _name in vocabulary.language_options("en")}
    return code in common or (len(code) == 2 and code in _locale_names("en"))


@lru_cache(maxsize=8)
def _locale_names(language: str) -> Mapping[str, str]:
    return dict(Locale.parse(language.replace("-", "_")).languages)


def first_upper(text: str) -> str:
    """A sentence's first letter as a capital, the others as they are."""
    return text[:1].upper() + text[1:]


def init_labels(app: Flask) -> None:
    """Let templates name things."""
    for function in (interest_names, language_name, first_upper):
        app.add_template_filter(function, function.__name__)
    app.add_template_global(names_of)
    app.jinja_env.globals.update(
        KIND_NAMES=KIND_NAMES,
        KIND_PLURALS=KIND_PLURALS,
        LEVEL_NAMES=LEVEL_NAMES,
        GOAL_NAMES=GOAL_NAMES,
        NEED_NAMES=NEED_NAMES,
        MODE_NAMES=MODE_NAMES,
        GENDER_NAMES=GENDER_NAMES,
        PREFERENCE_NAMES=PREFERENCE_NAMES,
        GENDER_GROUP_NAMES=GENDER_GROUP_NAMES,
        PRECISION_NAMES=PRECISION_NAMES,
        NEED_LEVEL_NAMES=NEED_LEVEL_NAMES,
        NEED_TONES=NEED_TONES,
    )
