"""What a record knows of somebody, one declaration a field: its kind, default, who asks for it and why.

From here follow the columns of the files, how cells are read and written, what is checked, and what other
programs derive: tables, forms, exports, the register of data. Adding a field takes a line here, at its place
among the columns, and one in the record's class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Any

from matcher.exceptions import FieldProblem
from matcher.records.kinds import (
    Day,
    FreeHours,
    Identifier,
    Kind,
    LanguageCode,
    Languages,
    Level,
    Number,
    Sessions,
    Terms,
    Text,
    Wants,
    WholeNumber,
    Word,
    Words,
    Years,
    YesNo,
)
from matcher.records.vocabulary import (
    ACCESS,
    GENDER_GROUPS,
    GENDERS,
    GOALS,
    KINDS,
    MODES,
    NEEDS,
    NEWCOMER_STATUSES,
    OFFER_STATUSES,
)


class Visibility(Enum):
    """What a field tells of somebody; who sees it follows from that."""

    IDENTITY = "who somebody is"
    CONTACT = "how to reach them"
    PLACE = "where they live or meet"
    PROFILE = "what is compared when people are coupled"
    NEED = "what they need, and how urgent it is"
    STATE = "whether they take part, and how many places there are"


class FormName(Enum):
    """A form that asks for a field."""

    INTAKE = "the page on which newcomers write themselves down"
    COORDINATOR = "the form of a coordinator, new or to be changed"
    NEED = "how urgent it is"
    SCREENING = "until when a screening is valid"
    CAPACITY = "the link by which an association says how many places there are"


class Missing(Enum):
    """The default of a field that has none."""

    MISSING = "no default"


MISSING = Missing.MISSING
IDENTITY, CONTACT, PLACE, PROFILE, NEED, STATE = Visibility
_NONE_SAID: Mapping[str, Any] = MappingProxyType({})
_PERSONS = ("mentor", "neighbour")
_ACTIVITIES = ("association",)
_BOTH = (FormName.INTAKE, FormName.COORDINATOR)
_COORDINATOR = (FormName.COORDINATOR,)


@dataclass(frozen=True)
class Field:
    """One field of a record.

    Parameters
    ----------
    name : str
        Also that of its column in files.
    kind : Kind
        How it is read, taken, written, kept and checked.
    default : object
        What stands for "not said"; `MISSING`: it has to be said.
    visibility : Visibility
    purpose : str
        Why it is kept, one sentence for the register of data.
    forms : tuple of FormName
        Those that ask for it.
    is_column_required : bool
        Whether a file must have its column, with a value in each row.
    of_kinds : tuple of str
        Of an offer: the kinds it is asked of.
    """

    name: str
    kind: Kind
    default: Any
    visibility: Visibility
    purpose: str
    _: KW_ONLY
    forms: tuple[FormName, ...] = ()
    is_column_required: bool = False
    of_kinds: tuple[str, ...] = KINDS


@dataclass(frozen=True)
class Kept:
    """How a record keeps one of its fields: what `keep` makes of the values of `fields`."""

    name: str
    fields: tuple[str, ...]
    keep: Callable[..., Any]


@dataclass(frozen=True)
class FieldCheck:
    """What must hold of one field, or of two together: `problems` of the values of `fields`."""

    fields: tuple[str, ...]
    problems: Callable[..., Iterable[FieldProblem]]


class RecordFields(tuple[Field, ...]):
    """The fields of a kind of record, in the order of the columns, and what follows from them.

    Parameters
    ----------
    *fields : Field
    across : tuple of FieldCheck
        What must hold of several fields together.

    Attributes
    ----------
    names, required : tuple of str
        All columns, and those that a file must have.
    by_name : mapping of str to Field
    defaults : mapping of str to object
        By field; those without a default are missing.
    looks : tuple of (str, object, callable)
        By field: name, default and `Kind.is_kept`, for the look at a value that most of them cost.
    kept : tuple of Kept
        Each needs values that were read or taken.
    checks : tuple of FieldCheck
        In the order in which their problems are told; they see the values as they are kept.
    """

    names: tuple[str, ...]
    required: tuple[str, ...]
    by_name: Mapping[str, Field]
    defaults: Mapping[str, Any]
    looks: tuple[tuple[str, Any, Callable[[Any], bool]], ...]
    kept: tuple[Kept, ...]
    checks: tuple[FieldCheck, ...]

    def __new__(cls, *fields: Field, across: tuple[FieldCheck, ...] = ()) -> RecordFields:
        """Work out what follows from the declarations."""
        self = super().__new__(cls, fields)
        self.names = tuple(field.name for field in self)
        self.required = tuple(field.name for field in self if field.is_column_required)
        self.by_name = MappingProxyType({field.name: field for field in self})
        self.defaults = MappingProxyType({f.name: f.default for f in self if f.default is not MISSING})
        self.looks = tuple((field.name, field.default, field.kind.is_kept) for field in self)
        self.kept = tuple(
            Kept(field.name, (field.name, *field.kind.beside), field.kind.keep)
            for field in self
            if field.kind.keep is not None
        )
        of_one = (
            FieldCheck((field.name,), partial(field.kind.problems, field.name))
            for field in self
            if type(field.kind).problems is not Kind.problems
        )
        self.checks = tuple(sorted((*of_one, *across), key=_when_told))
        return self


# Problems of a record are told in this order, then those of its other fields in the order of the columns.
_TOLD_FIRST = (
    *(("id",), ("languages",), ("goals",), ("gender",), ("prefers_gender",)),
    *(("lat",), ("lon",), ("lat", "lon"), ("birth_year",), ("children_birth_years",)),
    *(("kind",), ("needs",), ("access",), ("mobility",), ("min_level",), ("gender_group",), ("status",)),
    ("wants",),
)


def _when_told(check: FieldCheck) -> int:
    return _TOLD_FIRST.index(check.fields) if check.fields in _TOLD_FIRST else len(_TOLD_FIRST)


def _point_problems(lat: float | None, lon: float | None) -> Iterator[FieldProblem]:
    if (lat is None) != (lon is None):
        missing = "lat" if lat is None else "lon"
        yield FieldProblem(missing, "", "both lat and lon, or neither")


def _age_order_problems(age_min: int | None, age_max: int | None) -> Iterator[FieldProblem]:
    if age_min is not None and age_max is not None and age_min > age_max:
        yield FieldProblem("age_max", str(age_max), f"at least age_min ({age_min})")


_WHOLE_POINT = FieldCheck(("lat", "lon"), _point_problems)
_AGES_IN_ORDER = FieldCheck(("age_min", "age_max"), _age_order_problems)

NEWCOMER = RecordFields(
    Field(
        "id",
        Identifier(100),
        MISSING,
        IDENTITY,
        "Tells a person apart from all others.",
        is_column_required=True,
    ),
    Field(
        "town", Text(100), "", PLACE, "Says whose town the person is in, and where an address is looked up."
    ),
    Field(
        "name",
        Text(200),
        "",
        IDENTITY,
        "Lets people who arrange a meeting call the person by name.",
        forms=_BOTH,
    ),
    Field("email", Text(254), "", CONTACT, "Lets a coordinator write to the person.", forms=_BOTH),
    Field("phone", Text(60), "", CONTACT, "Lets a coordinator call the person.", forms=_BOTH),
    Field(
        "contact_language",
        LanguageCode(40),
        "",
        CONTACT,
        "Says in which language the person is written to.",
        forms=_BOTH,
    ),
    Field(
        "languages",
        Languages(),
        _NONE_SAID,
        PROFILE,
        "Finds people who understand each other; the first native one keeps activities mixed.",
        forms=_BOTH,
        is_column_required=True,
    ),
    Field(
        "interests", Terms(), (), PROFILE, "Finds activities and people with the same interests.", forms=_BOTH
    ),
    Field("dislikes", Terms(), (), PROFILE, "Keeps away what the person does not want to do.", forms=_BOTH),
    Field("goals", Words(GOALS), (), PROFILE, "Finds what serves the person's own goals.", forms=_BOTH),
    Field(
        "can_offer",
        Terms(),
        (),
        PROFILE,
        "Finds people who would be glad of what the person can give.",
        forms=_BOTH,
    ),
    Field("address", Text(300), "", PLACE, "Is looked up, to know how long a way takes.", forms=_BOTH),
    Field("postcode", Text(20), "", PLACE, "Is looked up where there is no address.", forms=_BOTH),
    Field(
        "lat",
        Number(-90, 90),
        None,
        PLACE,
        "Is one half of the point from which ways are measured.",
        forms=_COORDINATOR,
    ),
    Field(
        "lon",
        Number(-180, 180),
        None,
        PLACE,
        "Is the other half of the point from which ways are measured.",
        forms=_COORDINATOR,
    ),
    Field(
        "birth_year",
        WholeNumber(1900, 2100),
        None,
        PROFILE,
        "Protects minors, keeps age limits and finds people in the same phase of life.",
        forms=_BOTH,
    ),
    Field(
        "gender",
        Word(GENDERS, 1),
        "",
        PROFILE,
        "Keeps to groups for women or men, and to the wishes of others.",
        forms=_BOTH,
    ),
    Field(
        "prefers_gender",
        Word(GENDERS, 1),
        "",
        PROFILE,
        "Says whom the person would rather meet one to one.",
        forms=_BOTH,
    ),
    Field("household_id", Text(100), "", IDENTITY, "Says who lives together.", forms=_COORDINATOR),
    Field(
        "children_birth_years",
        Years(1900, 2100),
        (),
        PROFILE,
        "Finds families with children of the same age.",
        forms=_COORDINATOR,
    ),
    Field(
        "guardian_consent",
        YesNo(),
        False,
        STATE,
        "Says whether a guardian agreed that a minor takes part.",
        forms=_COORDINATOR,
    ),
    Field("availability", FreeHours(), (), PROFILE, "Finds hours at which both sides are free.", forms=_BOTH),
    Field(
        "mobility",
        Words(MODES),
        (),
        PROFILE,
        "Says how the person gets about, to know how long a way takes.",
        forms=_BOTH,
    ),
    Field("max_minutes", WholeNumber(0, 600), None, PROFILE, "Says how long a way may take.", forms=_BOTH),
    Field("needs", Words(NEEDS), (), NEED, "Keeps to what the person cannot do without.", forms=_BOTH),
    Field(
        "wants",
        Wants(0, 20),
        _NONE_SAID,
        PROFILE,
        "Says how many activities, mentors and neighbours the person asks for.",
        forms=_BOTH,
    ),
    Field(
        "max_placements",
        WholeNumber(0, 60),
        None,
        PROFILE,
        "Says how much the person can take on altogether.",
        forms=_COORDINATOR,
    ),
    Field(
        "need_level",
        WholeNumber(1, 4),
        None,
        NEED,
        "Lets those who need it more come first.",
        forms=(FormName.NEED,),
    ),
    Field(
        "waiting_since",
        Day(),
        None,
        STATE,
        "Lets those who have waited longer come first.",
        forms=_COORDINATOR,
    ),
    Field("consent", YesNo(), False, STATE, "Says whether the person agreed to take part.", forms=_BOTH),
    Field("status", Word(NEWCOMER_STATUSES, 20), "ready", STATE, "Says whether somebody is looked for now."),
    across=(_WHOLE_POINT,),
)
"""What is known of a newcomer."""

OFFER = RecordFields(
    Field(
        "id",
        Identifier(100),
        MISSING,
        IDENTITY,
        "Tells an offer apart from all others.",
        is_column_required=True,
    ),
    Field(
        "kind",
        Word(KINDS, 20, may_be_empty=False),
        MISSING,
        PROFILE,
        "Says whether it is an activity, a mentor or a neighbour.",
        is_column_required=True,
    ),
    Field(
        "town", Text(100), "", PLACE, "Says whose town the offer is in, and where an address is looked up."
    ),
    Field(
        "name",
        Text(200),
        "",
        IDENTITY,
        "Says what the activity, or who the person, is called.",
        forms=_COORDINATOR,
    ),
    Field("contact_name", Text(200), "", CONTACT, "Says whom to ask for.", forms=_COORDINATOR),
    Field("contact_email", Text(254), "", CONTACT, "Lets a coordinator write to them.", forms=_COORDINATOR),
    Field("contact_phone", Text(60), "", CONTACT, "Lets a coordinator call them.", forms=_COORDINATOR),
    Field(
        "about",
        Text(1000),
        "",
        IDENTITY,
        "Lets them say in their own words what one may expect.",
        forms=_COORDINATOR,
    ),
    Field(
        "languages",
        Languages(),
        _NONE_SAID,
        PROFILE,
        "Finds people who understand each other.",
        forms=_COORDINATOR,
    ),
    Field(
        "min_level",
        Level(),
        "",
        PROFILE,
        "Says how well the town's language has to be spoken.",
        forms=_COORDINATOR,
    ),
    Field("interests", Terms(), (), PROFILE, "Finds newcomers with the same interests.", forms=_COORDINATOR),
    Field("dislikes", Terms(), (), PROFILE, "Keeps away what they do not want to do.", forms=_COORDINATOR),
    Field(
        "goals",
        Words(GOALS),
        (),
        PROFILE,
        "Says which goals of newcomers the offer serves.",
        forms=_COORDINATOR,
    ),
    Field(
        "seeks",
        Terms(),
        (),
        PROFILE,
        "Finds newcomers who can give what they would be glad of.",
        forms=_COORDINATOR,
    ),
    Field("address", Text(300), "", PLACE, "Is looked up, to know how long a way takes.", forms=_COORDINATOR),
    Field("postcode", Text(20), "", PLACE, "Is looked up where there is no address.", forms=_COORDINATOR),
    Field(
        "lat",
        Number(-90, 90),
        None,
        PLACE,
        "Is one half of the point to which ways are measured.",
        forms=_COORDINATOR,
    ),
    Field(
        "lon",
        Number(-180, 180),
        None,
        PLACE,
        "Is the other half of the point to which ways are measured.",
        forms=_COORDINATOR,
    ),
    Field("times", Sessions(), (), PROFILE, "Finds hours at which both sides are free.", forms=_COORDINATOR),
    Field(
        "capacity",
        WholeNumber(0, 100_000),
        MISSING,
        STATE,
        "Says how many places there are.",
        forms=(FormName.COORDINATOR, FormName.CAPACITY),
        is_column_required=True,
    ),
    Field(
        "taken",
        WholeNumber(0, 100_000),
        0,
        STATE,
        "Says how many places are taken already.",
        forms=_COORDINATOR,
    ),
    Field(
        "age_min",
        WholeNumber(0, 120),
        None,
        PROFILE,
        "Says from which age on the activity is open.",
        forms=_COORDINATOR,
        of_kinds=_ACTIVITIES,
    ),
    Field(
        "age_max",
        WholeNumber(0, 120),
        None,
        PROFILE,
        "Says up to which age the activity is open.",
        forms=_COORDINATOR,
        of_kinds=_ACTIVITIES,
    ),
    Field(
        "accepts_minors",
        YesNo(),
        False,
        PROFILE,
        "Protects minors: only where it is said are they proposed.",
        forms=_COORDINATOR,
    ),
    Field(
        "gender_group",
        Word(GENDER_GROUPS, 20),
        "mixed",
        PROFILE,
        "Says whether the group is for women or for men only.",
        forms=_COORDINATOR,
        of_kinds=_ACTIVITIES,
    ),
    Field(
        "gender",
        Word(GENDERS, 1),
        "",
        PROFILE,
        "Keeps to the wishes of newcomers, and protects women who ask for women only.",
        forms=_COORDINATOR,
        of_kinds=_PERSONS,
    ),
    Field(
        "birth_year",
        WholeNumber(1900, 2100),
        None,
        PROFILE,
        "Finds people in the same phase of life.",
        forms=_COORDINATOR,
        of_kinds=_PERSONS,
    ),
    Field(
        "prefers_gender",
        Word(GENDERS, 1),
        "",
        PROFILE,
        "Says whom the person would rather meet.",
        forms=_COORDINATOR,
        of_kinds=_PERSONS,
    ),
    Field(
        "children_birth_years",
        Years(1900, 2100),
        (),
        PROFILE,
        "Finds families with children of the same age.",
        forms=_COORDINATOR,
        of_kinds=_PERSONS,
    ),
    Field("access", Words(ACCESS), (), PROFILE, "Says which needs of newcomers are met.", forms=_COORDINATOR),
    Field(
        "cost_eur_month",
        Number(0, 10_000),
        None,
        PROFILE,
        "Finds what people with little money can pay.",
        forms=_COORDINATOR,
        of_kinds=_ACTIVITIES,
    ),
    Field(
        "cost_support",
        YesNo(),
        False,
        PROFILE,
        "Says whether somebody else pays for those who cannot.",
        forms=_COORDINATOR,
        of_kinds=_ACTIVITIES,
    ),
    Field(
        "language_share_max",
        Number(0, 1),
        None,
        PROFILE,
        "Keeps an activity from becoming one language group's island.",
        forms=_COORDINATOR,
        of_kinds=_ACTIVITIES,
    ),
    Field(
        "screening_valid_until",
        Day(),
        None,
        STATE,
        "Protects newcomers: nobody meets a person alone whose screening is not valid.",
        forms=(FormName.SCREENING,),
        of_kinds=_PERSONS,
    ),
    Field("confirmed_at", Day(), None, STATE, "Says how fresh the number of places is.", forms=_COORDINATOR),
    Field("status", Word(OFFER_STATUSES, 20), "active", STATE, "Says whether newcomers are proposed now."),
    across=(_WHOLE_POINT, _AGES_IN_ORDER),
)
"""What is known of an offer."""
