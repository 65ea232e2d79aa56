"""The pages of placements: placing by hand, the list, an end, the contact sheet."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.office import Office, Pair, text_of
from tests.web import Client
from webapp.newcomers.models import Newcomer
from webapp.offers.models import Offer
from webapp.placements import labels as placement_labels
from webapp.placements.models import END_REASONS, PLACEMENT_STATES, Placement


def test_every_offer_is_listed_with_the_rule_that_rules_it_out(browser: Client, office: Office) -> None:
    newcomer = office.newcomer()
    office.offer("possible")
    office.offer("full", capacity=1, taken=1)
    office.offer("mentor", kind="mentor")

    page = text_of(browser, f"/newcomers/{newcomer}/place")

    assert re.search(r"Possible 1 Offer possible", page)
    assert re.search(r"Ruled out 2 .*Offer full .*No free place", page)
    assert "Offer mentor" not in text_of(browser, f"/newcomers/{newcomer}/place?kind=association")
    assert "Offer possible" not in text_of(browser, f"/newcomers/{newcomer}/place?search=full")


def test_an_offer_chosen_by_hand_is_confirmed_with_a_note(browser: Client, office: Office) -> None:
    newcomer, offer = office.newcomer(), office.offer()

    assert "Your own choice" in text_of(browser, f"/newcomers/{newcomer}/place/{offer}")
    answer = browser.post_form(f"/newcomers/{newcomer}/place/{offer}", note="They know each other.")

    assert answer.location == f"/placements/{office.the(Placement).id}"
    assert office.counters(offer) == (1, 1, 1)
    assert (office.the(Placement).note, office.the(Placement).proposal_id) == ("They know each other.", None)


def test_the_guards_hold_by_hand_too_and_the_note_is_kept(browser: Client, office: Office) -> None:
    newcomer, offer = office.newcomer(), office.offer(capacity=1, taken=1)

    page = text_of(browser, f"/newcomers/{newcomer}/place/{offer}")
    answer = browser.post_form(f"/newcomers/{newcomer}/place/{offer}", note="They asked for it.")

    assert "Not possible now No free place" in page
    assert answer.status_code == 409
    assert "They asked for it." in answer.text
    assert office.counters(offer) == (1, 0, 0)


def test_a_rule_of_convenience_is_set_aside_by_a_written_reason_that_is_kept(
    browser: Client, office: Office
) -> None:
    newcomer, offer = office.newcomer(max_minutes=5), office.offer("far", lat=52.05)
    address = f"/newcomers/{newcomer}/place/{offer}"
    assert "By the rules this is not possible" in text_of(browser, address)
    without = browser.post_form(address, set_aside="travel", note="agreed")
    assert (without.status_code, "Please fill this in." in without.text) == (422, True)
    short = browser.post_form(address, set_aside="travel", override_reason="x")
    assert (short.status_code, "Please write a few words" in short.text) == (422, True)
    assert browser.post_form(address, note="agreed").status_code == 409

    hidden = browser.post_form(address, set_aside="hours", override_reason="His brother drives.")
    assert (hidden.status_code, "too far" in text_of(browser, address).lower()) == (409, True)

    placed = browser.post_form(
        address, set_aside="travel", override_reason="His brother drives.", note="agreed"
    )

    assert placed.status_code == 303
    placement = office.the(Placement)
    assert (placement.overridden, placement.override_reason) == (["travel"], "His brother drives.")
    page = text_of(browser, placed.location)
    assert "Set aside: too far" in page
    assert page.count("His brother drives.") == 2  # beside the placement, and in the history of the pair
    assert "Set aside" in text_of(browser, "/history")
    office.run()
    assert office.counters(offer) == (1, 1, 1)


def test_placements_are_listed_by_state(browser: Client, office: Office, pair: Pair) -> None:
    assert "Nobody is placed yet" in text_of(browser, "/placements")
    placement = office.place(pair.newcomer, pair.offer)
    assert "Newcomer n" in text_of(browser, "/placements")
    assert "No placement has ended" in text_of(browser, "/placements?state=ended")

    answer = browser.post_form(f"/placements/{placement}/end", reason="goal_reached")

    assert answer.location == f"/placements/{placement}"
    assert office.counters(pair.offer) == (0, 0, 0)
    assert (office.the(Placement).state, office.the(Placement).end_reason) == ("ended", "goal_reached")
    assert "The goal is reached" in text_of(browser, "/placements?state=ended")
    assert "Newcomer n" not in text_of(browser, "/placements?search=somebody")


def test_a_placement_ends_once_and_only_with_a_reason(browser: Client, office: Office, pair: Pair) -> None:
    placement = office.place(pair.newcomer, pair.offer)

    statuses = [
        browser.post_form(f"/placements/{placement}/end", **fields).status_code
        for fields in ({}, {"reason": "nonsense"}, {"reason": "moved"}, {"reason": "moved"})
    ]

    assert statuses == [422, 422, 303, 409]
    assert office.counters(pair.offer) == (0, 0, 0)


def test_the_contact_sheet_has_both_sides_and_no_score_in_the_language_of_the_town(
    login: Callable[..., Client], office: Office, pair: Pair
) -> None:
    placement = office.place(pair.newcomer, pair.offer)
    office.change(
        Newcomer, pair.newcomer, phone="0251 000 4711", need_reason="sleeps badly", notes="likes tea"
    )
    office.change(Offer, pair.offer, contact_email="choir@verein.example")
    client = login()
    client.get("/account?lang=en")

    page = client.get(f"/placements/{placement}/sheet").text

    assert "0251 000 4711" in page
    assert "choir@verein.example" in page
    assert '<html lang="de"' in page
    for private in ("sleeps badly", "likes tea", "score", "of 100"):
        assert private not in page
    assert '<html lang="en"' in client.get(f"/placements/{placement}/sheet?lang=en").text


def test_the_page_of_an_offer_tells_who_is_placed_there(browser: Client, office: Office, pair: Pair) -> None:
    assert "Nobody at the moment." in text_of(browser, f"/offers/{pair.offer}")
    office.place(pair.newcomer, pair.offer)
    assert "Newcomer n" in text_of(browser, f"/offers/{pair.offer}")


def test_every_code_has_its_words() -> None:
    assert set(placement_labels.END_REASON_NAMES) == set(END_REASONS)
    assert set(placement_labels.STATE_NAMES) == set(placement_labels.TONES) == set(PLACEMENT_STATES)


def test_a_sheet_in_a_language_that_there_is_not_is_in_the_towns(
    browser: Client, office: Office, pair: Pair
) -> None:
    placement = office.place(pair.newcomer, pair.offer)
    for asked in ("xx", "../", "en_XX_y"):
        answer = browser.get(f"/placements/{placement}/sheet?lang={asked}")
        assert answer.status_code == 200
        assert "Kontaktblatt" in answer.text or "Kontakt" in answer.text


def test_the_sheet_also_comes_in_the_newcomers_language(browser: Client, office: Office, pair: Pair) -> None:
    placement = office.place(pair.newcomer, pair.offer)
    assert "sheet?lang=" not in browser.get(f"/placements/{placement}").text
    office.change(Newcomer, pair.newcomer, contact_language="nl")
    assert f"/placements/{placement}/sheet?lang=nl" in browser.get(f"/placements/{placement}").text


def test_whoever_decides_can_reach_both_sides(browser: Client, office: Office, pair: Pair) -> None:
    office.change(Newcomer, pair.newcomer, phone="0251 12 34", email="n@n.example")
    office.change(Offer, pair.offer, contact_email="o@o.example")
    for address in (f"/proposals/{pair.proposal}", f"/newcomers/{pair.newcomer}/place/{pair.offer}"):
        page = browser.get(address).text
        assert 'href="tel:02511234"' in page
        assert 'href="mailto:n@n.example"' in page
        assert 'href="mailto:o@o.example"' in page
