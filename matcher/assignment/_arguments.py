"""Reads a problem's arguments into arrays and collects all that is wrong. Meaning is in problem.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_array, csc_matrix, csr_array, csr_matrix

from matcher._compiled import kernel

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LARGEST_VALUE = 1e6
NO_LIMIT = -1
NO_SLOT = -1
SPARSE_FORMATS = (csr_array, csr_matrix, csc_array, csc_matrix)


@kernel
def _rows_are_in_order(indptr: IntArray, indices: IntArray, data: FloatArray, width: int, top: float) -> bool:
    """Whether every row has ascending indices below `width` and values of at most `top` in size."""
    if indptr[0] != 0 or indptr[-1] != len(indices):
        return False
    for i in range(len(indptr) - 1):
        if indptr[i] > indptr[i + 1]:
            return False
    n_wrong = 0
    for i in range(len(indptr) - 1):
        first, last = indptr[i], indptr[i + 1]
        if first < last:
            n_wrong += indices[first] < 0
            n_wrong += indices[last - 1] >= width
        for e in range(first + 1, last):
            n_wrong += indices[e] <= indices[e - 1]
    for e in range(len(data)):
        n_wrong += not abs(data[e]) <= top  # not >: nan must fail too
    return n_wrong == 0


def _is_in_order(matrix: csr_array[np.float64]) -> bool:
    """One pass that finds nothing wrong; what it does not pass is looked at more closely."""
    indptr: Any = matrix.indptr
    indices: Any = matrix.indices
    is_whole = len(matrix.indptr) == matrix.shape[0] + 1 and len(matrix.indices) == len(matrix.data)
    return is_whole and bool(_rows_are_in_order(indptr, indices, matrix.data, matrix.shape[1], LARGEST_VALUE))


class Arguments:
    """Reads arguments into arrays and collects a sentence about everything that is wrong."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def scores(self, given: Any) -> csr_array[np.float64] | None:
        """A sorted float64 copy of `given` with its stored zeros."""
        if not isinstance(given, SPARSE_FORMATS):
            self.wrong.append(
                "scores: expected a scipy.sparse.csr_array (n, m), in which an allowed pair is a stored "
                f"entry, got {type(given).__name__}"
            )
            return None
        if given.ndim != 2:
            self.wrong.append(f"scores: expected 2 dimensions, got {given.ndim}")
            return None
        if given.dtype.kind not in "biuf":
            self.wrong.append(f"scores: expected real numbers, got dtype {given.dtype}")
            return None
        sparse: Any = given
        matrix: csr_array[np.float64] = csr_array(sparse, dtype=np.float64, copy=True)
        if isinstance(given, csr_array | csr_matrix) and _is_in_order(matrix):
            return matrix
        try:
            given.check_format(full_check=True)
        except ValueError as error:
            self.wrong.append(f"scores: expected a well-formed sparse array, got one where {error}")
            return None
        matrix = csr_array(sparse, dtype=np.float64, copy=True)
        matrix.sort_indices()
        self._entries(matrix)
        return matrix

    def _entries(self, matrix: csr_array[np.float64]) -> None:
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        self._values("scores", matrix.data, rows, matrix.indices)
        twice = (np.diff(rows) == 0) & (np.diff(matrix.indices) == 0)
        if twice.any():
            at = int(np.flatnonzero(twice)[0])
            self.wrong.append(
                f"scores: expected each pair at most once, got {int(twice.sum())} duplicates, "
                f"the first at ({rows[at]}, {matrix.indices[at]})"
            )

    def _values(self, name: str, values: FloatArray, *where: NDArray[Any]) -> None:
        finite = np.isfinite(values)
        for bad, expected in (
            (~finite, "finite values"),
            (finite & (np.abs(values) > LARGEST_VALUE), f"values of at most {LARGEST_VALUE:g} in size"),
        ):
            n_bad, at = int(bad.sum()), int(bad.argmax()) if bad.size else 0
            if n_bad:
                place = ", ".join(str(index[at]) for index in where)
                self.wrong.append(
                    f"{name}: expected {expected}, got {values[at]} at index {place}, {n_bad} such in all"
                )

    def integers(
        self, name: str, given: ArrayLike, shape: tuple[int | None, ...], least: int, below: int | None = None
    ) -> IntArray | None:
        """An int64 copy of `given`, or None with a sentence; a None in `shape` fits any length."""
        array = self._array(name, given)
        if array is None or not self._fits(name, array, shape):
            return None
        if array.size == 0:  # an empty list is an array of floats
            return np.zeros(array.shape, dtype=np.int64)
        if array.dtype.kind not in "iu":
            self.wrong.append(f"{name}: expected integers, got dtype {array.dtype}")
            return None
        largest = np.iinfo(np.int64).max if below is None else below - 1
        bad = (array < least) | (array > largest)
        if bad.any():
            at = tuple(int(index) for index in np.argwhere(bad)[0])
            self.wrong.append(
                f"{name}: expected integers from {least} to {largest}, got {array[at]} at index "
                f"{', '.join(map(str, at))}, {int(bad.sum())} such in all"
            )
            return None
        return np.array(array, dtype=np.int64, order="C")

    def bonus(self, name: str, given: ArrayLike, n: int | None) -> FloatArray | None:
        """A float64 copy of `given`, finite and not negative."""
        array = self._array(name, given)
        if array is None or not self._fits(name, array, (n,)):
            return None
        if array.dtype.kind not in "biuf":
            self.wrong.append(f"{name}: expected real numbers, got dtype {array.dtype}")
            return None
        values = np.array(array, dtype=np.float64)
        self._values(name, values, np.arange(len(values)))
        negative = np.flatnonzero(values < 0)
        if negative.size:
            at = negative[0]
            self.wrong.append(
                f"{name}: expected values of 0 or more, got {values[at]} at index {at}, "
                f"{negative.size} such in all"
            )
        return values

    def classes(
        self,
        name: str,
        members: ArrayLike | None,
        n_members: int | None,
        limit_name: str,
        limits: ArrayLike | None,
        n_limited: int | None,
    ) -> dict[str, IntArray | None]:
        """The class of each member and the limits of each class: of kinds or of groups."""
        if (members is None) != (limits is None):
            here, missing = (name, limit_name) if limits is None else (limit_name, name)
            self.wrong.append(f"{here}: expected together with {missing}, got it alone")
        limit_array = (
            None if limits is None else self.integers(limit_name, limits, (n_limited, None), least=NO_LIMIT)
        )
        n_classes = None if limit_array is None else limit_array.shape[1]
        member_array = (
            None if members is None else self.integers(name, members, (n_members,), least=0, below=n_classes)
        )
        return {name: member_array, limit_name: limit_array}

    def _array(self, name: str, given: ArrayLike) -> NDArray[Any] | None:
        try:
            return np.asarray(given)
        except (TypeError, ValueError) as error:
            self.wrong.append(f"{name}: expected an array of numbers, got something else ({error})")
            return None

    def _fits(self, name: str, array: NDArray[Any], shape: tuple[int | None, ...]) -> bool:
        fits = array.ndim == len(shape) and all(
            want is None or have == want for have, want in zip(array.shape, shape, strict=True)
        )
        if not fits:
            wanted = ", ".join("any" if want is None else str(want) for want in shape)
            wanted += "," if len(shape) == 1 else ""
            self.wrong.append(f"{name}: expected shape ({wanted}), got {array.shape}")
        return fits
