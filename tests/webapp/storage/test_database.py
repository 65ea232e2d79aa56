"""The database: writing only where it is allowed, guarded updates, points in time."""

from __future__ import annotations

import contextlib
import threading
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.orm.exc import StaleDataError

from webapp.audit.models import AuditEntry
from webapp.audit.services import write_entry
from webapp.exceptions import AuditEntryIsFinal, WriteOutsideTransaction
from webapp.storage.database import after_commit, db, guarded_update, utc_now, write_transaction
from webapp.towns.models import Town


@pytest.fixture
def town_id(make_town):
    return make_town("muenster")


def test_a_new_row_outside_a_write_transaction_is_refused(app, actor):
    coordinator = actor()
    with app.app_context():
        write_entry(coordinator, "test.happened")
        with pytest.raises(WriteOutsideTransaction, match="AuditEntry"):
            db.session.commit()


def test_a_changed_row_outside_a_write_transaction_is_refused(app, town_id):
    with app.app_context():
        db.session.get_one(Town, town_id).name = "Elsewhere"
        with pytest.raises(WriteOutsideTransaction, match="Town"):
            db.session.flush()


def test_a_statement_that_writes_is_refused_outside(app, town_id):
    with app.app_context():
        with pytest.raises(WriteOutsideTransaction):
            db.session.execute(update(Town).values(name="Elsewhere"))
        with pytest.raises(WriteOutsideTransaction):
            guarded_update(Town, town_id, name="Elsewhere")


def test_changes_from_before_are_not_taken_along(app, town_id):
    with app.app_context():
        db.session.get_one(Town, town_id).name = "Elsewhere"
        with pytest.raises(WriteOutsideTransaction), write_transaction():
            pass


def test_write_transactions_do_not_nest(app):
    with app.app_context(), write_transaction(), pytest.raises(WriteOutsideTransaction, match="already open"):
        write_transaction().__enter__()


def change_and_fail(town_id: uuid.UUID) -> None:
    with write_transaction():
        db.session.get_one(Town, town_id).name = "Elsewhere"
        db.session.flush()
        raise ZeroDivisionError


def test_an_error_undoes_everything_and_writing_stays_closed(app, town_id):
    with app.app_context():
        with pytest.raises(ZeroDivisionError):
            change_and_fail(town_id)
        assert db.session.get_one(Town, town_id).name == "Münster"
        db.session.get_one(Town, town_id).name = "Elsewhere"
        with pytest.raises(WriteOutsideTransaction):
            db.session.flush()


def test_a_guarded_update_says_whether_it_changed_the_row(app, town_id):
    with app.app_context(), write_transaction():
        town = db.session.get_one(Town, town_id)

        assert guarded_update(Town, town_id, Town.name == "Münster", name="Muenster")
        assert not guarded_update(Town, town_id, Town.name == "Münster", name="Elsewhere")
        assert (town.name, town.version) == ("Muenster", 2)


def overtake(town_id: uuid.UUID) -> None:
    with write_transaction():
        town = db.session.get_one(Town, town_id)
        db.session.execute(text("UPDATE town SET version = version + 1"))
        town.name = "Elsewhere"


def test_a_stale_row_is_not_overwritten(app, town_id):
    with app.app_context(), pytest.raises(StaleDataError):
        overtake(town_id)


def test_guarded_updates_of_many_threads_lose_none(app, town_id):
    def raise_latitude() -> None:
        for _ in range(10):
            with app.app_context(), write_transaction():
                assert guarded_update(Town, town_id, lat=Town.lat + 1)

    with app.app_context():
        before = db.session.get_one(Town, town_id).lat
    threads = [threading.Thread(target=raise_latitude) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with app.app_context():
        assert db.session.get_one(Town, town_id).lat == pytest.approx(before + 80)


def test_a_reader_does_not_wait_for_a_writer(app, town_id):
    with app.app_context(), write_transaction():
        guarded_update(Town, town_id, name="Elsewhere")
        seen = []

        def read() -> None:
            with app.app_context():
                seen.append(db.session.get_one(Town, town_id).name)

        reader = threading.Thread(target=read)
        reader.start()
        reader.join(timeout=2)

    assert seen == ["Münster"]


def test_a_point_in_time_comes_back_in_utc(app, actor):
    summer_evening = datetime(2026, 6, 1, 20, 30, tzinfo=timezone(timedelta(hours=2)))
    coordinator = actor()
    with app.app_context():
        with write_transaction():
            entry = write_entry(coordinator, "test.happened")
            entry.at = summer_evening
        found = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action == "test.happened")).one().at

    assert found == summer_evening
    assert found.tzinfo is UTC


def test_a_naive_point_in_time_is_refused(app, actor):
    coordinator = actor()
    with app.app_context(), pytest.raises(StatementError, match="no time zone"), write_transaction():
        write_entry(coordinator, "test.happened").at = datetime(2026, 6, 1)


def test_an_entry_of_the_history_is_final(app, actor):
    coordinator = actor()
    with app.app_context():
        with write_transaction():
            entry_id = write_entry(coordinator, "test.happened").id or None
        entry_id = entry_id or db.session.scalars(db.select(AuditEntry.id)).first()
        with pytest.raises(AuditEntryIsFinal), write_transaction():
            db.session.get_one(AuditEntry, entry_id).action = "test.denied"
        with pytest.raises(AuditEntryIsFinal), write_transaction():
            db.session.delete(db.session.get_one(AuditEntry, entry_id))


def test_the_history_can_be_filtered_by_day_person_and_action(app, actor, login):
    coordinator = actor()
    with app.app_context(), write_transaction():
        write_entry(coordinator, "test.one").at = utc_now() - timedelta(days=3)
        write_entry(coordinator, "test.two")
    client = login()
    today = utc_now().date().isoformat()

    assert "test.one" not in rows(client.get(f"/history?since={today}").text)
    assert "test.two" in rows(client.get("/history?action=test.two").text)
    assert "test.two" not in rows(client.get("/history?who=Nobody").text)
    assert client.get("/history?since=nonsense&page=99999999999").status_code == 200


def rows(page: str) -> str:
    return page[page.index("</form>", page.index('class="filter"')) :]


@pytest.mark.parametrize(
    "query", ["since=0001-01-01", "until=9999-12-31", "since=0001-01-01&until=9999-12-31"]
)
def test_a_day_far_away_in_the_filter_of_the_history_is_left_out(login, query):
    assert login().get(f"/history?{query}").status_code == 200


def test_the_pages_of_the_history_lead_on_whatever_stands_in_the_address(app, actor, login):
    me, client = actor(), login()
    with app.app_context(), write_transaction():
        for _number in range(120):
            write_entry(me, "test.many")

    page = client.get("/history?_external=1&action=test.many")

    assert page.status_code == 200
    assert 'href="/history?_external=1&amp;action=test.many&amp;page=2"' in page.text


def test_what_comes_after_is_done_when_it_is_stored_and_only_then(app):
    done: list[str] = []

    def fail() -> None:
        raise ValueError("the queue is away")

    with app.app_context():
        with write_transaction():
            after_commit(lambda: done.append("stored"))
            after_commit(fail)
            after_commit(lambda: done.append("and the next"))
            assert done == []
        with contextlib.suppress(KeyError), write_transaction():
            after_commit(lambda: done.append("never"))
            raise KeyError
    assert done == ["stored", "and the next"]


def test_a_writer_waits_for_others_of_its_process_before_it_asks_sqlite(sqlite_app, monkeypatch):
    monkeypatch.setattr("webapp.storage.database.WRITING_SECONDS", 0)
    begun = []

    def note(_connection, _cursor, statement, *_rest):
        begun.append(statement)

    def write():
        try:
            with sqlite_app.app_context(), write_transaction():
                begun.append("two write at once")
        except OperationalError as error:
            refused.append(str(error.orig))

    refused = []

    with sqlite_app.app_context():
        with write_transaction():
            event.listen(db.engine, "before_cursor_execute", note)
            other = threading.Thread(target=write)
            other.start()
            other.join()
            event.remove(db.engine, "before_cursor_execute", note)
        assert (begun, refused) == ([], ["database is locked"])
        with write_transaction():
            pass
