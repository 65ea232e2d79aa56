"""Files that nobody meant: each is refused in a sentence, by every reader, before it fills the memory."""

from __future__ import annotations

import json
import os
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from matcher.exceptions import InvalidFileError, InvalidPolicyError
from matcher.pairs.policy import Policy
from matcher.records.files import read_newcomers, read_offers, read_pairs, read_people

READERS: dict[str, Callable[[Path], Any]] = {
    "newcomers": read_newcomers,
    "offers": read_offers,
    "people": read_people,
    "pairs": read_pairs,
    "policy": Policy.from_file,
}
TABLES = [name for name in READERS if name != "policy"]
ENOUGH_MEMORY = 700_000_000
COLUMNS = {
    "newcomers": ("id", "languages"),
    "people": ("id", "languages"),
    "offers": ("id", "kind", "capacity"),
    "pairs": ("newcomer_id", "offer_id"),
}
VALUES = {
    "id": "a",
    "languages": "uk:native",
    "kind": "mentor",
    "capacity": "1",
    "newcomer_id": "a",
    "offer_id": "o",
}


@contextmanager
def little_memory() -> Iterator[None]:
    """Fail when more is asked for than a large town needs."""
    tracemalloc.start()
    usual = pyarrow.default_memory_pool()
    watched = pyarrow.proxy_memory_pool(usual)
    pyarrow.set_memory_pool(watched)
    try:
        yield
        _now, peak = tracemalloc.get_traced_memory()
        assert peak + watched.max_memory() < ENOUGH_MEMORY
    finally:
        pyarrow.set_memory_pool(usual)
        tracemalloc.stop()


def answer(reader: str, path: Path) -> str | None:
    """What a reader says of a file that it refuses; None where it takes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            READERS[reader](path)
        except (InvalidFileError, InvalidPolicyError) as error:
            return str(error)
    return None


def refusal(reader: str, path: Path) -> str:
    """What is said of a file that cannot be read: it names the file, and can be printed."""
    said = answer(reader, path)
    assert said is not None
    assert path.name in said
    assert all(len(line) < 1_500 for line in said.splitlines())
    assert said.encode()
    return said


# Not a file, or not one of text ----------------------------------------------------------------------


def _make_sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(3_000_000_000)


NO_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "expected a file, got a folder"),
    "pipe": (os.mkfifo, "expected a file, got a pipe"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "expected a file, got a device"),
    "huge": (_make_sparse, "megabytes, got 3,000"),
}
NO_TEXTS: dict[str, tuple[bytes, str]] = {
    "workbook": (
        b"PK\x03\x04" + bytes(100),
        "got a workbook (XLSX, ODS) or another ZIP archive",
    ),
    "old workbook": (b"\xd0\xcf\x11\xe0" + bytes(100), "got a workbook of an old Excel"),
    "packed": (b"\x1f\x8b" + bytes(100), "got a file packed by gzip; unpack it first"),
    "parquet": (b"PAR1" + bytes(100), "got a Parquet file; let its name end in .parquet"),
    "utf-16": ("id,languages".encode("utf-16"), "got text encoded as UTF-16; save it as UTF-8"),
    "utf-16 without mark": (
        "id,languages\n".encode("utf-16-le"),
        "line 1, column -: expected text encoded as UTF-8",
    ),
    "latin-1": (b"id\n\n\xfc", "line 3, column -: expected text encoded as UTF-8"),
    "null": (b"id\n#\x00", "line 2, column -: expected text encoded as UTF-8, no null bytes"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
@pytest.mark.parametrize("fault", NO_FILES)
def test_what_is_no_file_is_refused(tmp_path: Path, fault: str, ending: str, reader: str) -> None:
    make, expected = NO_FILES[fault]
    path = tmp_path / f"odd.{ending}"
    make(path)
    assert expected in refusal(reader, path)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("ending", ["csv", "json"])
@pytest.mark.parametrize("fault", NO_TEXTS)
def test_what_is_no_text_is_refused(tmp_path: Path, fault: str, ending: str, reader: str) -> None:
    content, expected = NO_TEXTS[fault]
    path = tmp_path / f"odd.{ending}"
    path.write_bytes(content)
    assert expected in refusal(reader, path)


@pytest.mark.parametrize("reader", TABLES)
@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_an_empty_file_is_refused(tmp_path: Path, ending: str, reader: str) -> None:
    path = tmp_path / f"odd.{ending}"
    path.touch()
    assert "expected a" in refusal(reader, path)


# Text that asks for more than it looks -----------------------------------------------------------------


def rows_of(reader: str, **more: str) -> dict[str, str]:
    """A row that the reader takes, and more."""
    return {column: VALUES[column] for column in COLUMNS[reader]} | more


def csv_with(reader: str, **more: str) -> str:
    row = rows_of(reader, **more)
    return f"{','.join(row)}\n{','.join(row.values())}\n"


def json_with(reader: str, value: str) -> str:
    """A JSON file whose first column has some value."""
    first, *others = COLUMNS[reader]
    rest = "".join(f', "{column}": "{VALUES[column]}"' for column in others)
    return f'[{{"{first}": {value}{rest}}}]'


ODD_TEXTS: dict[str, tuple[str, Callable[[str], str], str]] = {
    "a million columns": (
        "csv",
        lambda reader: ",".join(f"c{number}" for number in range(1_000_000)) + "\n",
        "expected at most 1,000 columns, got 1,000,000",
    ),
    "a cell of megabytes": (
        "csv",
        lambda reader: csv_with(reader, reason="x" * 5_000_000),
        "line 2, column -: expected a readable CSV row, with at most 131,072 characters a cell",
    ),
    "a line of megabytes": (
        "csv",
        lambda reader: csv_with(reader, reason="x" * 20_000_000),
        "line 2, column -: expected lines of at most 10,000,000 characters",
    ),
    "brackets without end": ("json", lambda reader: "[" * 100_000, "expected a JSON list of objects"),
    "braces without end": ("json", lambda reader: '{"a":' * 100_000, "expected a JSON list of objects"),
    "lists in lists": (
        "json",
        lambda reader: json_with(reader, "[" * 900 + "]" * 900),
        "got lists in lists in lists",
    ),
    "half a character": (
        "json",
        lambda reader: json_with(reader, '"\\ud800"'),
        r"expected text without null characters and halves of characters, got '\ud800'",
    ),
    "a null character": (
        "json",
        lambda reader: json_with(reader, '"a\\u0000"'),
        r"expected text without null characters and halves of characters, got 'a\x00'",
    ),
    "a text of megabytes": (
        "json",
        lambda reader: json_with(reader, '"' + "x" * 5_000_000 + '"'),
        "expected at most 131,072 characters",
    ),
    "ten million lists": (
        "json",
        lambda reader: "[" + "[]," * 10_000_001 + "[]]",
        "expected at most 10,000,000 values",
    ),
    "a million columns of JSON": (
        "json",
        lambda reader: json.dumps([{f"c{number}": 1 for number in range(100_000)}]),
        "expected at most 1,000 columns, got 100,000",
    ),
    "two million rows": (
        "json",
        lambda reader: "[" + "{}," * 2_000_000 + "{}]",
        "expected at most 1,000,000 rows, got 2,000,001",
    ),
}


@pytest.mark.parametrize("reader", TABLES)
@pytest.mark.parametrize("fault", ODD_TEXTS)
def test_text_that_asks_for_too_much_is_refused(tmp_path: Path, fault: str, reader: str) -> None:
    ending, make, expected = ODD_TEXTS[fault]
    path = tmp_path / f"odd.{ending}"
    path.write_text(make(reader))
    assert expected in refusal(reader, path)


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("csv", f"id,languages,birth_year\na,uk:native,{'1' * 5_000}\n"),
        ("json", f'[{{"id": "a", "languages": "uk:native", "birth_year": {"1" * 5_000}}}]'),
    ],
)
def test_a_number_of_thousands_of_digits_is_told_where_it_stands(
    tmp_path: Path, ending: str, text: str
) -> None:
    path = tmp_path / f"odd.{ending}"
    path.write_text(text)
    assert "column birth_year: expected a whole number, got '111" in refusal("newcomers", path)


# Parquet: small files of much --------------------------------------------------------------------------

LARGE: dict[str, tuple[Callable[[str], pyarrow.Table], str]] = {
    "rows": (
        lambda column: pyarrow.table({column: pyarrow.nulls(1_000_001, pyarrow.string())}),
        "expected at most 1,000,000 rows, got 1,000,001",
    ),
    "columns": (
        lambda column: pyarrow.table({f"{column}{number}": [1] for number in range(1_001)}),
        "expected at most 1,000 columns, got 1,001",
    ),
    "a list": (
        lambda column: pyarrow.table({column: pyarrow.array([pyarrow.nulls(10_000_001).to_numpy(False)])}),
        "expected at most 10,000,000 values in a column, got 10,000,001",
    ),
    "texts": (
        lambda column: pyarrow.table({column: ["x" * 10_000_000 + str(row) for row in range(31)]}),
        "expected at most 300 megabytes when it is unpacked, got 310",
    ),
}


@pytest.mark.parametrize("reader", TABLES)
@pytest.mark.parametrize("fault", LARGE)
def test_parquet_that_would_become_too_large_is_refused_before_it_is_read(
    tmp_path: Path, fault: str, reader: str
) -> None:
    make, expected = LARGE[fault]
    path = tmp_path / "odd.parquet"
    parquet.write_table(make(COLUMNS[reader][0]), path, compression="zstd", use_dictionary=False)
    with little_memory():
        assert expected in refusal(reader, path)


def test_a_long_text_in_many_rows_of_parquet_is_there_once(tmp_path: Path) -> None:
    path, n_rows = tmp_path / "same.parquet", 10_000
    name = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * n_rows, pyarrow.int32()), ["x" * 100_000])
    columns = {"id": [str(row) for row in range(n_rows)], "languages": ["uk:native"] * n_rows, "name": name}
    parquet.write_table(pyarrow.table(columns), path, store_schema=False)
    with little_memory():
        people = read_newcomers(path)
    assert len(people.column("name").values) == 1


# Policies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a = {'[' * 5_000}{']' * 5_000}", "lists or tables in one another"),
        (
            f"switching_bonus = {'{a=' * 300}1{'}' * 300}",
            "line 1: switching_bonus: expected a number, got {",
        ),
        (f"weights.interests.{'.'.join('a' * 4_000)} = 1", "weights.interests: expected a number, got {'a'"),
        (f"[weights]\ninterests = {'1' * 5_000}", "a number of thousands of digits"),
        (
            f"[weights]\ninterests = 0x{'1' * 5_000}",
            "line 2: weights.interests: expected a number, got",
        ),
        (f"[limits]\n\ncommon_minutes = 0x{'1' * 5_000}", "line 3: limits.common_minutes: expected a whole"),
        (f"name = '{'x' * 2_000_000}'", "expected a file of at most 1 megabytes"),
        (f"name = '{'x' * 200_000}'", "expected at most 100,000 characters, got 200,009"),
    ],
    ids=["brackets", "tables", "dots", "digits", "hexadecimal", "whole", "megabytes", "characters"],
)
def test_a_policy_that_asks_for_too_much_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "policy.toml").write_text(text)
    assert expected in refusal("policy", tmp_path / "policy.toml")


# Anything --------------------------------------------------------------------------------------------

WORDS = [
    "id",
    "languages",
    "kind",
    "capacity",
    "newcomer_id",
    "offer_id",
    "uk:native",
    "[weights]",
    "interests",
]
MARKS = [
    *',;"\n\r[]{}:=.#',
    "\\ud800",
    "\\u0000",
    "1" * 5_000,
    "1e999",
    "NaN",
    "null",
    "\0",
    "\ufeff",
    "\ud7ff",
]
texts = st.lists(st.sampled_from([*WORDS, *MARKS]) | st.text(max_size=5), max_size=30).map("".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=20,
)
contents = (
    st.binary(max_size=200)
    | texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.lists(st.dictionaries(st.sampled_from(WORDS), json_values, max_size=6), max_size=3).map(
        lambda rows: json.dumps(rows).encode()
    )
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=contents, ending=st.sampled_from(["csv", "json", "parquet"]), reader=st.sampled_from([*READERS])
)
def test_whatever_is_in_a_file_is_read_or_refused_in_words(
    tmp_path: Path, content: bytes, ending: str, reader: str
) -> None:
    path = tmp_path / f"any.{ending}"
    path.write_bytes(content)
    assert (answer(reader, path) or "read").encode()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    reader=st.sampled_from(TABLES),
    cut=st.none() | st.integers(0, 400),
    flipped=st.none() | st.tuples(st.integers(0, 400), st.integers(0, 255)),
)
def test_any_parquet_is_read_or_refused_in_words(
    tmp_path: Path, data: st.DataObject, reader: str, cut: int | None, flipped: tuple[int, int] | None
) -> None:
    cells = st.sampled_from(
        [
            pyarrow.array(["a", None], pyarrow.string()),
            pyarrow.array([b"\xff", b"a"], pyarrow.binary()),
            pyarrow.array([2**62, -1]),
            pyarrow.array([1e300, float("nan")]),
            pyarrow.array([2**62, 0], pyarrow.timestamp("ns")),
            pyarrow.array([2**62, 0], pyarrow.timestamp("ms")),
            pyarrow.array([2**40, 0], pyarrow.duration("s")),
            pyarrow.array([[["a"]], None]),
            pyarrow.array([{"a": {"b": 1}}, None]),
            pyarrow.nulls(2),
        ]
    )
    columns = {name: data.draw(cells) for name in COLUMNS[reader]}
    path = tmp_path / "any.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    content = bytearray(path.read_bytes()[:cut])
    if flipped and content:
        content[flipped[0] % len(content)] = flipped[1]
    path.write_bytes(content)
    assert (answer(reader, path) or "read").encode()
