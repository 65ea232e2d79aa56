"""The commands that need files only: what they print, write and refuse."""

from __future__ import annotations

import csv
import json
import os
import pty
import stat
import sys
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result
from rich.table import Table

from matcher.cli import explain, generate, match, print_rows
from matcher.records.files import write_newcomers, write_offers
from tests.builders import a_newcomer, an_offer


@pytest.fixture
def town(tmp_path: Path) -> Path:
    write_newcomers(tmp_path / "n.csv", [a_newcomer("a"), a_newcomer("b", consent=False)])
    write_offers(tmp_path / "o.csv", [an_offer("choir", name="Choir"), an_offer("m", kind="mentor")])
    return tmp_path


def run_match(town: Path, *more: str) -> Result:
    arguments = [
        str(town / "n.csv"),
        str(town / "o.csv"),
        "--out",
        str(town / "m.csv"),
        "--today",
        "2026-03-02",
    ]
    return CliRunner().invoke(match, [*arguments, *more])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_proposals_and_open_wishes_are_written(town: Path) -> None:
    result = run_match(town, "--unmatched", str(town / "u.csv"))
    assert result.exit_code == 0
    assert [(row["newcomer_id"], row["offer_id"]) for row in rows(town / "m.csv")] == [
        ("a", "choir"),
        ("a", "m"),
    ]
    for row in rows(town / "m.csv"):
        parts = dict(part.split("=") for part in row["parts"].split(";"))
        assert sum(map(float, parts.values())) == pytest.approx(float(row["score"]), abs=1e-5)
    wishes = [(row["newcomer_id"], row["kind"], row["reason"]) for row in rows(town / "u.csv")]
    assert wishes == [("a", "neighbour", "no_offers")] + [
        ("b", kind, "consent") for kind in ("association", "mentor", "neighbour")
    ]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "20 more minutes of travel to Choir"),
        ("de", "20 Minuten Weg mehr zu Choir"),
        ("nl", "20 minuten reistijd"),
    ],
)
def test_the_smallest_change_that_brings_a_free_place_is_written_when_asked_for(
    town: Path, language: str, sentence: str
) -> None:
    write_newcomers(town / "n.csv", [a_newcomer("a", max_minutes=10, mobility=("walk",))])
    write_offers(town / "o.csv", [an_offer("choir", name="Choir", lat=51.975)])
    asked = "--unmatched", str(town / "u.csv"), "--relaxations", "--language", language
    assert run_match(town, *asked).exit_code == 0
    of_kind = {row["kind"]: row["relaxation"] for row in rows(town / "u.csv")}
    assert of_kind.pop("association").startswith(sentence)
    assert set(of_kind.values()) == {""}


def test_json_is_one_object_with_counts_value_proof_and_seconds(town: Path) -> None:
    result = run_match(town, "--json")
    figures = json.loads(result.stdout)
    assert figures["proposals"] == 2
    assert figures["status"] == "optimal"
    assert figures["objective"] == pytest.approx(figures["bound"])
    assert set(figures["seconds"]) == {"encode", "candidates", "assignment", "collect"}


def test_a_table_says_what_was_matched_and_what_is_open(town: Path) -> None:
    result = run_match(town)
    assert "2 (1 association, 1 mentor, 0 neighbour)" in result.stdout
    assert "no consent to take part" in result.stdout


def test_fixed_and_banned_pairs_are_honoured(town: Path) -> None:
    (town / "f.csv").write_text("newcomer_id,offer_id,reason\na,choir,placed\n")
    (town / "b.csv").write_text("newcomer_id,offer_id,reason\na,m,too far\n")
    result = run_match(town, "--fixed", str(town / "f.csv"), "--banned", str(town / "b.csv"))
    assert result.exit_code == 0
    assert rows(town / "m.csv") == []


def test_a_policy_file_changes_the_plan(town: Path) -> None:
    (town / "policy.toml").write_text("[weights]\ninterests = 0\n")
    assert run_match(town, "--policy", str(town / "policy.toml"), "--json").exit_code == 0
    (town / "policy.toml").write_text("[weights]\nhobbies = 0\n")
    result = run_match(town, "--policy", str(town / "policy.toml"))
    assert result.exit_code == 2
    assert "weights.hobbies" in result.stderr


def test_bad_rows_of_both_files_are_named_and_nothing_is_written(town: Path) -> None:
    (town / "n.csv").write_text("id,languages,lat,lon\na,uk:native,x,7\n")
    (town / "o.csv").write_text("id,kind,capacity\no,association,many\n")
    result = run_match(town)
    assert result.exit_code == 2
    assert "n.csv, line 2, column lat: expected a number, got 'x'" in result.stderr
    assert "o.csv, line 2, column capacity: expected a whole number, got 'many'" in result.stderr
    assert not (town / "m.csv").exists()
    assert "Traceback" not in result.output


def test_bad_rows_may_be_left_out_and_are_counted(town: Path) -> None:
    with (town / "n.csv").open("a") as stream:
        stream.write("c,muenster,,,,,,\n")
    result = run_match(town, "--skip-bad-rows", "--json")
    assert result.exit_code == 0
    assert "Left out 1 rows" in result.stderr
    assert json.loads(result.stdout)["skipped_rows"] == 1


@pytest.mark.parametrize("option", ["--fixed", "--banned"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("newcomer_id\na\n", "line 1, column offer_id: expected a header row with the column offer_id"),
        ("newcomer_id,offer_id\na,choir\na,\n", "line 3, column offer_id: expected an id, got ''"),
        ("newcomer_id,offer_id\n\n,choir\n", "line 3, column newcomer_id: expected an id, got ''"),
        ("newcomer_id,offer_id\na,choir,x,y\n", "line 2, column -: expected 2 cells"),
        ('newcomer_id,offer_id\na,choir\n"a', "line 3, column -: expected a readable CSV row"),
        ("newcomer_id,offer_id\na,ch\0ir\n", "line 2, column -: expected text encoded as UTF-8"),
    ],
)
def test_a_line_of_settled_pairs_that_cannot_be_is_refused_with_file_and_line(
    town: Path, option: str, text: str, expected: str
) -> None:
    (town / "pairs.csv").write_text(text)
    result = run_match(town, option, str(town / "pairs.csv"))
    assert result.exit_code == 2
    assert f"pairs.csv, {expected}" in result.stderr
    assert not (town / "m.csv").exists()


@pytest.mark.parametrize("option", ["--fixed", "--banned"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a,chor", "there is no offer 'chor' (the nearest is choir)"),
        ("A,choir", "there is no newcomer 'A' (the nearest is a)"),
        ("nobody,elsewhere", "there is no newcomer 'nobody' and there is no offer 'elsewhere'"),
    ],
)
def test_a_line_with_an_unknown_id_is_left_out_said_and_counted(
    town: Path, option: str, line: str, expected: str
) -> None:
    (town / "pairs.csv").write_text(f"newcomer_id,offer_id\na,m\n{line}\n")
    for run in (run_match(town, option, str(town / "pairs.csv")), ask(town, option, str(town / "pairs.csv"))):
        assert run.exit_code == 0
        assert f"pairs.csv, line 3: {expected}; the line is left out" in run.stderr
        assert "1 of 2 lines of" in run.stderr
    assert [row["offer_id"] for row in rows(town / "m.csv")] == ["choir"]  # the other line counts
    as_json = run_match(town, option, str(town / "pairs.csv"), "--json")
    assert json.loads(as_json.stdout)["skipped_pairs"] == 1


def test_a_pair_that_is_fixed_and_banned_at_once_is_refused_with_both_lines(town: Path) -> None:
    (town / "f.csv").write_text("newcomer_id,offer_id\na,m\na,choir\n")
    (town / "b.csv").write_text("newcomer_id,offer_id\na,choir\n")
    result = run_match(town, "--fixed", str(town / "f.csv"), "--banned", str(town / "b.csv"))
    assert result.exit_code == 2
    assert "b.csv, line 2, column -: expected no pair that is fixed (" in result.stderr
    assert "f.csv, line 3), got 'a, choir'" in result.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[weights]\ninterests = 5\n\nhobbies = 1\n", "line 4: unknown setting weights.hobbies"),
        ("hobbies = 1\n", "line 1: unknown setting 'hobbies'"),
        ("[bonus]\n[travel]\nwalk_kmh = 'far'", "line 3: travel.walk_kmh: expected a number, got 'far'"),
        ("[travel]\nwalk_kmh = 0", "line 2: travel.walk_kmh: expected a number from 0.1 to 1000"),
        ("travel.walk_kmh = 0", "line 1: travel.walk_kmh: expected a number from 0.1 to 1000"),
        ("\nweights = 3", "line 2: weights: expected a table of settings, got 3"),
        ("[weights]\ninterests = \n", "not readable as TOML: Invalid value (at line 2"),
    ],
)
def test_what_is_wrong_in_a_policy_is_told_with_file_and_line(town: Path, text: str, expected: str) -> None:
    (town / "policy.toml").write_text(text)
    result = run_match(town, "--policy", str(town / "policy.toml"))
    assert result.exit_code == 2
    assert "policy.toml" in result.stderr
    assert expected in result.stderr


@pytest.mark.parametrize("arguments", [("--today", "tomorrow"), ("--fixed", "missing.csv"), ("--speed", "9")])
def test_bad_arguments_exit_with_2(town: Path, arguments: tuple[str, str]) -> None:
    assert run_match(town, *arguments).exit_code == 2


def test_an_output_folder_that_is_not_there_is_a_clear_error(town: Path) -> None:
    arguments = [str(town / "n.csv"), str(town / "o.csv"), "--out", str(town / "none" / "m.csv")]
    result = CliRunner().invoke(match, arguments)
    assert result.exit_code == 2
    assert "none" in result.stderr


def test_a_generated_town_can_be_matched(tmp_path: Path) -> None:
    made = CliRunner().invoke(
        generate,
        [
            "--newcomers",
            "40",
            "--offers",
            "30",
            "--out",
            str(tmp_path),
            "--seed",
            "5",
            "--today",
            "2026-03-02",
        ],
    )
    assert made.exit_code == 0, made.output
    arguments = [
        str(tmp_path / "newcomers.csv"),
        str(tmp_path / "offers.csv"),
        "--out",
        str(tmp_path / "m.csv"),
    ]
    result = CliRunner().invoke(match, [*arguments, "--today", "2026-03-02"])
    assert result.exit_code == 0, result.output
    assert rows(tmp_path / "m.csv")


def test_the_same_seed_generates_the_same_town(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        options = [
            "--newcomers",
            "20",
            "--offers",
            "20",
            "--out",
            str(tmp_path / folder),
            "--today",
            "2026-03-02",
        ]
        assert CliRunner().invoke(generate, options).exit_code == 0
    assert (tmp_path / "one" / "offers.csv").read_bytes() == (tmp_path / "two" / "offers.csv").read_bytes()


def test_no_file_is_overwritten_that_is_read_or_written_already(town: Path) -> None:
    before = (town / "n.csv").read_text()
    arguments = [str(town / "n.csv"), str(town / "o.csv"), "--out", str(town / "n.csv")]
    assert CliRunner().invoke(match, arguments).exit_code == 2
    assert (town / "n.csv").read_text() == before
    assert run_match(town, "--unmatched", str(town / "m.csv")).exit_code == 2
    assert not (town / "m.csv").exists()


def test_a_pair_of_somebody_left_out_is_left_out_too(town: Path) -> None:
    with (town / "n.csv").open("a") as stream:
        stream.write("c,muenster,,,,,,\n")
    (town / "b.csv").write_text("newcomer_id,offer_id\nc,m\n")
    result = run_match(town, "--skip-bad-rows", "--banned", str(town / "b.csv"))
    assert result.exit_code == 0
    assert "there is no newcomer 'c'" in result.stderr


SWAPPED = {
    "offers for newcomers": (("o.csv", "n.csv"), "o.csv: expected newcomers, got what looks like offers"),
    "pairs for newcomers": (("p.csv", "o.csv"), "p.csv: expected newcomers, got what looks like pairs"),
    "newcomers for offers": (("n.csv", "n.csv"), "n.csv: expected offers, got what looks like newcomers"),
    "pairs for offers": (("n.csv", "p.csv"), "p.csv: expected offers, got what looks like pairs"),
    "offers for pairs": (
        ("n.csv", "o.csv", "--fixed", "o.csv"),
        "o.csv: expected pairs, got what looks like offers",
    ),
    "newcomers for pairs": (
        ("n.csv", "o.csv", "--banned", "n.csv"),
        "n.csv: expected pairs, got what looks like newcomers",
    ),
}


@pytest.mark.parametrize("command", [match, explain])
@pytest.mark.parametrize("said", SWAPPED)
def test_files_that_were_swapped_are_recognised_in_one_sentence(
    town: Path, monkeypatch: pytest.MonkeyPatch, command: Command, said: str
) -> None:
    monkeypatch.chdir(town)
    (town / "p.csv").write_text("newcomer_id,offer_id,reason\na,choir,\n")
    arguments, expected = SWAPPED[said]
    result = CliRunner().invoke(command, [*arguments, *(("--out", "m.csv") if command is match else ())])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert expected in result.stderr
    assert "; give it where" in result.stderr
    assert not (town / "m.csv").exists()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("id,kind,capacity,languages\nx,mentor,1,de:native\n", "id,languages\na,uk:native\n"),
        ("id,kind,capacity\nx,mentor,1\n", "id,languages,wants\na,uk:native,\n"),
    ],
)
def test_files_of_a_few_columns_are_recognised_too(town: Path, first: str, second: str) -> None:
    (town / "n.csv").write_text(first)
    (town / "o.csv").write_text(second)
    result = run_match(town)
    assert result.exit_code == 2
    assert "expected newcomers, got what looks like offers" in result.stderr


def test_on_a_terminal_a_long_table_is_cut_and_elsewhere_it_is_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    everybody = [(f"person {number}",) for number in range(50)]
    print_rows(Table("Who"), everybody, "--changes FILE writes all of them")
    assert capsys.readouterr().out.count("person") == 50
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as screen:
        monkeypatch.setattr(sys, "stdout", screen)
        print_rows(Table("Who"), everybody, "--changes FILE writes all of them")
        screen.flush()
        shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert shown.count("person") == 20
    assert "... and 30 more: --changes FILE writes all of them." in shown


def test_proposals_can_be_written_to_a_pipe_or_a_device(town: Path) -> None:
    os.mkfifo(town / "pipe")
    reader = os.open(town / "pipe", os.O_RDWR)
    assert run_match(town, "--out", str(town / "pipe")).exit_code == 0
    assert stat.S_ISFIFO((town / "pipe").stat().st_mode)
    assert os.read(reader, 10_000).startswith(b"newcomer_id,offer_id,kind,score")
    os.close(reader)


def test_questions_come_with_the_plan_in_a_sentence_beside_the_answer(town: Path) -> None:
    result = ask(town, "--newcomer", "a", "--json")
    assert result.stderr.startswith("The plan: 2 newcomers, 1 with a proposal; 2 offers, 2 proposals; ")
    assert json.loads(result.stdout)


# Questions -------------------------------------------------------------------------------------------


def ask(town: Path, *more: str) -> Result:
    return CliRunner().invoke(
        explain, [str(town / "n.csv"), str(town / "o.csv"), "--today", "2026-03-02", *more]
    )


def test_a_pair_is_explained_in_words_and_as_json(town: Path) -> None:
    in_words = ask(town, "--newcomer", "a", "--offer", "choir", "--language", "de")
    assert in_words.exit_code == 0
    assert in_words.stdout.splitlines()[0].startswith("a - choir (Verein): ")
    assert "vorgeschlagen" in in_words.stdout
    answer = json.loads(ask(town, "--newcomer", "b", "--offer", "choir", "--json").stdout)
    assert answer["rules"] == ["consent"]
    assert answer["why_not"] == ["no consent to take part"]


def test_a_person_is_told_what_is_open_and_what_it_would_take(town: Path) -> None:
    write_newcomers(town / "n.csv", [a_newcomer("a", max_minutes=1, wants={"association": 1})])
    write_offers(town / "o.csv", [an_offer("choir", name="Choir", lat=51.97)])
    lines = ask(town, "--newcomer", "a").stdout.splitlines()
    assert lines[0] == "association: 0/1, too far away"
    assert ask(town, "--newcomer", "a", "--language", "de").stdout.startswith("Verein: 0/1, zu weit weg")
    assert "more minutes of travel to Choir: would bring the plan" in lines[1]


def test_a_town_is_told_what_it_is_short_of(town: Path) -> None:
    write_offers(town / "o.csv", [an_offer("choir", name="Choir", capacity=0)])
    result = ask(town)
    assert result.exit_code == 0
    assert result.stdout.startswith("new: association, ")
    assert "people who have nothing yet get a proposal" in result.stdout
    assert ask(town, "--language", "de").stdout.startswith("neu: Verein, ")
    answer = json.loads(ask(town, "--json").stdout)
    assert set(answer) == {"recruiting", "further_places", "fairness"}
    assert answer["recruiting"][0]["n_helped"][0] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--offer", "choir"], "--offer: expected --newcomer as well"),
        (["--newcomer", "x"], "n.csv, got 'x'."),
        (["--newcomer", "a", "--offer", "Chor"], "o.csv, got 'Chor' (the nearest is choir)."),
    ],
)
def test_questions_about_people_who_are_not_there_are_refused(
    town: Path, arguments: list[str], message: str
) -> None:
    result = ask(town, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
