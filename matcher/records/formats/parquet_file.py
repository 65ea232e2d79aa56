"""Parquet files: what they would become is looked up before anything is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from matcher.exceptions import InvalidFileError
from matcher.records.columns import Column
from matcher.records.formats.raw import RawTable, plain_text, table_of_texts
from matcher.records.formats.sources import (
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_VALUES,
    check_file,
    refused_file,
)

MOST_UNPACKED_MEGABYTES = 300
_ROWS_AT_ONCE = 10_000


def parquet_table(path: Path, known: Sequence[str]) -> RawTable:
    """The columns of a Parquet file, those with a known name with their text.

    Raises
    ------
    InvalidFileError
        When it is no Parquet, when it would become larger than anybody needs, and without pyarrow.
    OSError
        When the file cannot be opened.
    """
    check_file(path)
    try:
        # An extra, which not every installation has; and only those who read Parquet wait for its import.
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        expected = "pyarrow to read it with (get it with pip install 'koppel[parquet]'), or a CSV file"
        raise refused_file(path, expected, "a Parquet file") from error
    with path.open("rb") as stream:
        try:
            metadata = parquet.read_metadata(stream)
            _check_size(path, metadata, known)
            texts = [leaf.path for leaf in map(metadata.schema.column, range(metadata.num_columns))]
            # As dictionaries, or one long text in a million rows would be there a million times.
            file = parquet.ParquetFile(stream, metadata=metadata, read_dictionary=texts)
            return _table(path, file, known, pyarrow.types)
        except InvalidFileError:
            raise
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError, RecursionError) as error:
            raise refused_file(path, "a Parquet file", str(error)) from error


def _check_size(path: Path, metadata: Any, known: Sequence[str]) -> None:
    """Refuse what would become larger than anybody needs, by what the file says of itself."""
    if metadata.num_rows > MOST_ROWS:
        raise refused_file(path, f"at most {MOST_ROWS:,} rows", f"{metadata.num_rows:,}")
    if metadata.num_columns > MOST_COLUMNS:
        raise refused_file(path, f"at most {MOST_COLUMNS:,} columns", f"{metadata.num_columns:,}")
    leaves = map(metadata.schema.column, range(metadata.num_columns))
    asked = [at for at, leaf in enumerate(leaves) if _folded(leaf.path.partition(".")[0]) in known]
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    n_values = [sum(group.column(at).num_values for group in groups) for at in asked]
    if max(n_values, default=0) > MOST_VALUES:
        raise refused_file(path, f"at most {MOST_VALUES:,} values in a column", f"{max(n_values):,}")
    megabytes = sum(group.column(at).total_uncompressed_size for group in groups for at in asked) / 1_000_000
    if megabytes > MOST_UNPACKED_MEGABYTES:
        expected = f"at most {MOST_UNPACKED_MEGABYTES:,} megabytes when it is unpacked"
        raise refused_file(path, expected, f"{megabytes:,.0f}")


def _table(path: Path, file: Any, known: Sequence[str], types: Any) -> RawTable:
    own_names = file.schema_arrow.names
    columns = [_folded(name) for name in own_names]
    cells = {}
    for own, name in zip(own_names, columns, strict=True):
        if name in known and columns.count(name) == 1:
            (column,) = file.read(columns=[own]).columns
            cells[name] = _arrow_texts(column, types)
    return table_of_texts(str(path), columns, cells, file.metadata.num_rows)


def _folded(name: str) -> str:
    return name.strip().lower()


def _arrow_texts(cells: Any, types: Any) -> Column[str]:
    """A column of Parquet as text; lists and mappings have no dictionary of their own and go cell by cell."""
    if types.is_struct(cells.type):
        # Every row has every key of a structure; those without a value were not said.
        said = ({k: v for k, v in (cell or {}).items() if v is not None} for cell in _each(cells))
        return Column.of(map(plain_text, said))
    if types.is_nested(cells.type):
        return Column.of(map(plain_text, _each(cells)))
    if types.is_dictionary(cells.type):
        numbered = cells.unify_dictionaries().combine_chunks()
    else:
        numbered = cells.combine_chunks().dictionary_encode(null_encoding="encode")
    texts = [*map(plain_text, numbered.dictionary.to_pylist()), ""]
    codes = numbered.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Column(texts, codes).take(np.arange(codes.size))  # a dictionary may have what no row has


def _each(cells: Any) -> Iterator[Any]:
    """The values of a column, some at a time as Python's own."""
    for chunk in cells.chunks:
        for start in range(0, len(chunk), _ROWS_AT_ONCE):
            yield from chunk.slice(start, _ROWS_AT_ONCE).to_pylist()
