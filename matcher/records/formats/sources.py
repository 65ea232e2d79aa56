"""What a file is before anything is made of it: a file at all, of what size, text in UTF-8. No tables.

A file of a few bytes can ask for gigabytes, or for ever: the bounds stand here, and errors name them.
"""

from __future__ import annotations

import stat
from pathlib import Path

from matcher.exceptions import FileProblem, InvalidFileError, RowProblem

MOST_MEGABYTES = 2_000
"""Of a file; a million newcomers are less."""
MOST_ROWS = 1_000_000
MOST_COLUMNS = 1_000
MOST_VALUES = 10_000_000
"""Of a JSON file, and of the lists of one column in Parquet."""
MOST_CHARACTERS_A_CELL = 131_072
"""What the csv module takes, unless told otherwise."""
MOST_CHARACTERS_A_LINE = 10_000_000

_NO_FILES = {
    stat.S_IFDIR: "a folder; name a file in it",
    stat.S_IFIFO: "a pipe; write what comes out of it to a file first",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
_AS_CSV = "save the sheet as CSV, encoded as UTF-8"
_SIGNATURES = {
    b"PK\x03\x04": f"a workbook (XLSX, ODS) or another ZIP archive; {_AS_CSV}",
    b"\xd0\xcf\x11\xe0": f"a workbook of an old Excel; {_AS_CSV}",
    b"\x1f\x8b": "a file packed by gzip; unpack it first",
    b"PAR1": "a Parquet file; let its name end in .parquet",
    b"SQLite format 3": "a database",
    b"\xff\xfe": "text encoded as UTF-16; save it as UTF-8",
    b"\xfe\xff": "text encoded as UTF-16; save it as UTF-8",
}


def refused_file(path: Path, expected: str, arrived: str) -> InvalidFileError:
    """The error for a file that as such cannot be read."""
    return InvalidFileError([FileProblem(str(path), 0, "", arrived, expected)])


def check_file(path: Path, most_megabytes: int = MOST_MEGABYTES) -> None:
    """Refuse what is no file, or is too large.

    Raises
    ------
    InvalidFileError
        For a folder, a pipe, a device, and more bytes than `most_megabytes`.
    OSError
        When there is nothing, or nothing that may be looked at.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise refused_file(path, "a file", _NO_FILES.get(stat.S_IFMT(found.st_mode), "something else"))
    if found.st_size > most_megabytes * 1_000_000:
        arrived = f"{found.st_size / 1_000_000:,.0f}"
        raise refused_file(path, f"a file of at most {most_megabytes:,} megabytes", arrived)


def check_text_file(path: Path, most_megabytes: int = MOST_MEGABYTES) -> None:
    """Refuse as `check_file`, and what begins like a file of another format than text in UTF-8."""
    check_file(path, most_megabytes)
    with path.open("rb") as stream:
        head = stream.read(max(map(len, _SIGNATURES)))
    for signature, arrived in _SIGNATURES.items():
        if head.startswith(signature):
            raise refused_file(path, "text encoded as UTF-8", arrived)


def text_of(path: Path, most_megabytes: int = MOST_MEGABYTES) -> str:
    """The text of a file; raises as `check_text_file`, and with the line of what is no text."""
    check_text_file(path, most_megabytes)
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        value = repr(error.object[error.start : error.start + 10])
        raise InvalidFileError([RowProblem(str(path), line, "-", value, "text encoded as UTF-8")]) from error
    if "\0" in text:
        raise null_character(path, text[: text.index("\0")].count("\n") + 1)
    return text


def null_character(path: Path, line: int) -> InvalidFileError:
    """The error for a null character, which no text has; one encoded as UTF-16 looks full of them."""
    return InvalidFileError([RowProblem(str(path), line, "-", "\0", "text encoded as UTF-8, no null bytes")])
