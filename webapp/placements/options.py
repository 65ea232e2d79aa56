"""Which offers are possible for a newcomer and how well each fits, with everybody left where they are."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask import current_app
from sqlalchemy import select

from webapp.engine import policies, questions, records
from webapp.engine.questions import Explanation
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements.models import Ban, GroupCount, Placement
from webapp.storage.access import Actor, scoped
from webapp.storage.database import db, is_writing
from webapp.towns.services import get_town_by_id, today_of

OFFERS_KEPT = 20_000
_KEPT = "koppel_offers_kept"


def examine_newcomer(
    actor: Actor,
    newcomer: Newcomer,
    *,
    kind: str = "",
    open_only: bool = False,
    held: Collection[uuid.UUID] = (),
) -> list[Explanation]:
    """The offers of the actor's town held against a newcomer: possible or not, best first.

    Parameters
    ----------
    kind : str
        Only offers of this kind.
    open_only : bool
        Only offers that are active.
    held : collection of UUID
        Offers to be counted as if the newcomer had a place there.
    """
    town, today = get_town_by_id(newcomer.town_id), today_of(actor)
    own = select(Placement.offer_id).where(Placement.newcomer_id == newcomer.id, Placement.state == "active")
    placed = set(db.session.scalars(own))
    offers = _offers(actor, town.slug, kind, open_only, placed | set(held))
    for id_ in placed:
        offers[id_] = records.replace(offers[id_], taken=max(0, offers[id_].taken - 1))
    person = records.to_newcomer(newcomer, town.slug)
    others, filled = _who_fills(actor, newcomer, offers)
    for id_, n in filled.items():
        offers[id_] = records.replace(offers[id_], taken=max(0, offers[id_].taken - n))
    bans = scoped(Ban, actor).where(Ban.newcomer_id == newcomer.id, Ban.holds_on(today))
    found = questions.examine(
        [person, *others[0]],
        list(offers.values()),
        policies.read_policy(town.policy),
        today=today,
        fixed=[*((person.id, str(id_)) for id_ in placed | set(held)), *others[1]],
        banned=[pair for pair in records.id_pairs(db.session.scalars(bans)) if uuid.UUID(pair[1]) in offers],
        only=[person.id],
    )
    of_kind = [explanation for explanation in found if not kind or explanation.kind == kind]
    return sorted(of_kind, key=lambda e: (len(e.rules), -e.score, e.offer_id))


def _who_fills(
    actor: Actor, newcomer: Newcomer, offers: dict[uuid.UUID, Any]
) -> tuple[tuple[list[Any], list[tuple[str, str]]], dict[uuid.UUID, int]]:
    """Where the mix allows nobody more of the newcomer's language: people who stand there, and how many."""
    group = records.language_group(newcomer)
    if not group:
        return ([], []), {}
    counts = (
        scoped(Offer, actor)
        .join(GroupCount, GroupCount.offer_id == Offer.id)
        .where(
            GroupCount.language == group,
            GroupCount.placed > 0,
            Offer.kind == "association",
            Offer.language_share_max.is_not(None),
        )
        .with_only_columns(Offer.id, Offer.capacity, Offer.language_share_max, GroupCount.placed)
    )
    filled = {
        id_: n_placed
        for id_, capacity, share, n_placed in db.session.execute(counts)
        if id_ in offers and n_placed >= (records.group_limit(capacity, share) or 0)
    }
    return records.stand_ins(group, {str(id_): n for id_, n in filled.items()}), filled


def _offers(
    actor: Actor, town_slug: str, kind: str, open_only: bool, also: Collection[uuid.UUID]
) -> dict[uuid.UUID, Any]:
    """The engine's records of offers by id; whoever is placed there counts as taken."""
    wanted = scoped(Offer, actor)
    if kind:
        wanted = wanted.where((Offer.kind == kind) | Offer.id.in_(also))
    if open_only:
        wanted = wanted.where((Offer.status == "active") | Offer.id.in_(also))
    listed = wanted.with_only_columns(Offer.id, Offer.version).order_by(Offer.external_id, Offer.id)
    keys = [(id_, version) for id_, version in db.session.execute(listed)]
    kept = KeptRecords() if is_writing() else current_app.extensions.setdefault(_KEPT, KeptRecords())
    found = kept.find(keys)
    missing = {id_ for id_, version in keys if (id_, version) not in found}
    if missing:
        if len(missing) < len(keys) // 2:
            wanted = select(Offer).where(Offer.id.in_(missing))
        made = {
            (row.id, row.version): records.to_offer(
                row, town_slug, others=row.taken, is_for_matching_only=True
            )
            for row in db.session.execute(wanted.with_only_columns(*Offer.__table__.columns))
        }
        kept.keep(made)
        found |= made
    return {key[0]: found[key] for key in keys if key in found}


class KeptRecords:
    """The engine's records of rows by id and version, each made once; the latest are kept.

    Of committed rows only: a version that is taken back may come again with other values.
    """

    def __init__(self) -> None:
        self._records: OrderedDict[tuple[uuid.UUID, int], Any] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, keys: Iterable[tuple[uuid.UUID, int]]) -> dict[tuple[uuid.UUID, int], Any]:
        """Those that are kept."""
        with self._lock:
            found = {key: self._records[key] for key in keys if key in self._records}
            for key in found:
                self._records.move_to_end(key)
        return found

    def keep(self, made: Mapping[tuple[uuid.UUID, int], Any]) -> None:
        """Keep some more; those that were not asked for the longest go."""
        with self._lock:
            self._records.update(made)
            while len(self._records) > OFFERS_KEPT:
                self._records.popitem(last=False)
