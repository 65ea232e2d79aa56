"""Who may see what: every route asks for a log-in, every row has a town, every page has its headers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest

from tests.office import Office, same_page
from tests.web import Client
from webapp.accounts.models import ApiToken, User
from webapp.audit.services import query_history, write_entry
from webapp.exceptions import NotFound
from webapp.placements.models import Ban
from webapp.runs.models import Run
from webapp.storage.access import get_scoped, scoped
from webapp.storage.database import db, write_transaction

# Every route that needs no log-in. A new one has to be written down here, with its reason.
PUBLIC = {
    "static": "style sheets and scripts",
    "health.healthz": "for whoever runs the service",
    "health.readyz": "for whoever runs the service",
    "api-docs.openapi_json": "describes the API, holds no data",
    "accounts.login": "the log-in form",
    "accounts.log_in": "the log-in itself",
    "guide.help": "the user guide",
    "newcomers.intake": "people new in town introduce themselves",
    "newcomers.submit_intake": "and send it",
    "newcomers.thanks": "what they see afterwards",
    "offers.capacity": "a signed link shows an offer's free places",
    "offers.tell_capacity": "and changes them",
}


def all_routes(app) -> list[tuple[str, str, str]]:
    """Endpoint, method and an address with random ids, of every route."""
    routes = []
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<uuid:[^>]+>", str(uuid.uuid4()), rule.rule)
        address = re.sub(r"<[^>]+>", "something", address)
        routes += [(rule.endpoint, method, address) for method in rule.methods - {"HEAD", "OPTIONS"}]
    return routes


def test_every_route_needs_a_log_in_except_those_written_down(app, client):
    for endpoint, method, address in all_routes(app):
        answer = client.open(
            address, method=method, data={"csrf_token": client.csrf_token()} if method != "GET" else None
        )
        asks = answer.status_code == 401 or "/login" in (answer.location or "")
        assert asks or endpoint in PUBLIC, f"{endpoint} is open to everybody: {answer.status_code}"


def test_every_unsafe_route_refuses_a_missing_csrf_token(app, login):
    client = login()

    for endpoint, method, address in all_routes(app):
        if method != "GET":
            answer = client.open(address, method=method)
            assert answer.status_code == 400, f"{endpoint} took {method} without a token"


def test_every_page_carries_the_headers(app, login):
    client = login("admin")

    for _endpoint, method, address in all_routes(app):
        if method != "GET":
            continue
        headers = client.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        if not address.startswith("/static"):
            assert "no-store" in headers["Cache-Control"]


def test_no_page_has_inline_script_or_style(app, login):
    client = login("admin")

    for _endpoint, method, address in all_routes(app):
        if method == "GET" and "static" not in address:
            page = client.get(address).text
            assert not re.search(r"<style|style=|<script>|\son[a-z]+=|javascript:", page), address


def test_rows_of_another_town_are_not_there(app, actor, make_user):
    own, foreign = actor(town="muenster"), make_user(town="enschede")

    with app.app_context():
        assert [user.id for user in db.session.scalars(scoped(User, own))] == [own.user_id]
        for id_ in (foreign.user_id, uuid.uuid4()):
            with pytest.raises(NotFound):
                get_scoped(User, own, id_)


def test_the_history_of_another_town_is_not_shown(app, login, actor):
    foreigner = actor(town="enschede")
    with app.app_context(), write_transaction():
        write_entry(foreigner, "test.happened", what="a secret of Enschede")

    assert "a secret of Enschede" not in login(town="muenster").get("/history").text
    assert "a secret of Enschede" in login(town="enschede").get("/history").text


def test_an_actor_without_town_sees_no_row(app, actor):
    with app.app_context():
        homeless = actor("coordinator").__class__(None, "nobody", "system", None)
        assert db.session.scalars(scoped(User, homeless)).all() == []
        assert db.session.scalars(query_history(homeless)).all() == []


@pytest.mark.parametrize("path", ["/users/{}/active", "/tokens/{}/revoke"])
def test_foreign_and_unknown_ids_get_the_same_answer(app, login, api, make_user, path):
    client = login("admin", "muenster")
    foreign_user = make_user("coordinator", "enschede")
    api(town="enschede")
    with app.app_context():
        foreign_token = db.session.scalars(db.select(ApiToken)).one().id
    foreign = foreign_user.user_id if "users" in path else foreign_token

    ids = [str(foreign), str(uuid.uuid4())]
    answers = [client.post_form(path.format(id_)) for id_ in ids]

    assert [answer.status_code for answer in answers] == [404, 404]
    pages = {same_page(answer.text, id_) for answer, id_ in zip(answers, ids, strict=True)}
    assert len(pages) == 1


@pytest.mark.parametrize("path", ["/users", "/tokens"])
def test_coordinators_manage_neither_people_nor_tokens(login, path):
    client = login("coordinator")

    assert client.get(path).status_code == 403
    assert client.post_form(path, name="x").status_code == 403


def test_an_administrator_of_one_town_makes_nobody_for_another(app, login, make_town):
    client = login("admin", "muenster")
    values = {
        "name": "Eva",
        "email": "eva@x.example",
        "role": "coordinator",
        "password": "long enough for us",
    }

    answer = client.post_form("/users", **values, town_id=str(make_town("enschede")))

    assert answer.status_code == 404
    with app.app_context():
        assert services_find(app, "eva@x.example") is None


def services_find(app, email: str) -> User | None:
    return db.session.scalar(db.select(User).where(User.email == email))


def test_an_administrator_of_all_switches_towns(login, make_town):
    client = login("admin", None)
    for slug, name in (("enschede", "Enschede"), ("muenster", "Münster")):
        client.post_form("/account/town", town=str(make_town(slug)))

        assert f'<span class="town">{name}</span>' in client.get("/history").text


def test_a_locked_person_is_out_at_once(login, make_user):
    victim = login("coordinator")
    admin = login("admin")
    user_id = make_user("coordinator").user_id

    assert admin.post_form(f"/users/{user_id}/active", active="no").status_code == 303
    assert victim.get("/account").status_code == 303


def test_host_names_are_checked_where_they_are_set(app):
    app.config["TRUSTED_HOSTS"] = ["koppel.example"]
    try:
        client = Client(app)
        assert client.get("/login", headers={"Host": "koppel.example"}).status_code == 200
        assert client.get("/login", headers={"Host": "evil.example"}).status_code == 400
    finally:
        app.config["TRUSTED_HOSTS"] = None


@pytest.mark.parametrize("path", ["/users", "/tokens"])
def test_nobody_is_added_to_a_town_that_is_not_there(app, login, path):
    form = {
        "name": "A",
        "email": "a@b.example",
        "role": "coordinator",
        "label": "x",
        "password": "six times two",
    }

    answer = login("admin", None).post_form(path, **form, town_id=str(uuid.uuid4()))

    assert answer.status_code == 422
    with app.app_context():
        assert services_find(app, "a@b.example") is None


PAGES = (
    *("/proposals/{proposal}", "/newcomers/{newcomer}/place", "/newcomers/{newcomer}/place/{offer}"),
    *("/placements/{placement}", "/placements/{placement}/sheet", "/runs/{run}"),
    "/runs/{run}/changes",
    *("/newcomers/{newcomer}/answers", "/newcomers/{newcomer}/answers/{offer}"),
    *("/proposals/{proposal}/reject", "/board/row/{proposal}", "/board/next/{proposal}"),
)
ACTIONS = (
    *("/proposals/{proposal}/undo", "/newcomers/{newcomer}/coordinator"),
    *("/newcomers/{newcomer}/answers", "/newcomers/{newcomer}/answers/{offer}"),
    *("/proposals/{proposal}/confirm", "/proposals/{proposal}/reject", "/newcomers/{newcomer}/place/{offer}"),
    *("/placements/{placement}/end", "/placements/{placement}/undo", "/bans/{ban}/lift"),
)


@pytest.mark.parametrize(
    ("method", "path"), [*(("GET", path) for path in PAGES), *(("POST", path) for path in ACTIONS)]
)
def test_another_town_gets_the_answer_of_an_unknown_id(
    login: Callable[..., Client], office: Office, method: str, path: str
) -> None:
    newcomer = office.newcomer(wants={"association": 2})
    offers = [office.offer("one"), office.offer("two", times=())]
    office.run()
    proposals = [office.proposal(newcomer, offer) for offer in offers]
    office.reject(proposals[1])
    ids = {
        "proposal": proposals[0],
        "newcomer": newcomer,
        "offer": offers[0],
        "placement": office.place(newcomer, offers[0]),
        "run": office.the(Run).id,
        "ban": office.the(Ban).id,
    }
    foreign = path.format(**ids)
    unknown = path.format(**dict.fromkeys(ids, uuid.uuid4()))
    stranger = login(town="enschede")
    ask = stranger.get if method == "GET" else lambda url: stranger.post_form(url, reason="other")

    answers = [ask(url) for url in (foreign, unknown)]

    assert [answer.status_code for answer in answers] == [404, 404]
    pages = {same_page(answer.text, url) for answer, url in zip(answers, (foreign, unknown), strict=True)}
    assert len({re.sub(r"/[0-9a-f-]{36}", "", page) for page in pages}) == 1
    assert office.counters(offers[0]) == (1, 1, 1)
