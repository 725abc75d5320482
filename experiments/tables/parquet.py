"""Rows of Parquet, whoever wrote it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from experiments.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


def read_parquet(
    source: Path | BinaryIO, name: str, batch_size: int = 1024
) -> tuple[list[str], Iterator[tuple[int, list[Any]]]]:
    """Read a Parquet file as the names of its columns and its numbered rows, a batch at a time.

    Bytes become text and dictionaries their values; maps become objects; an index of pandas that has a name is a column
    like any other.

    Parameters
    ----------
    source : Path or binary file
        The file, seekable.
    name : str
        What to call it in a message.
    batch_size : int, default 1024
        Rows held at a time.

    Raises
    ------
    InputError
        If the file is none, is damaged, or two columns have one name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(source) as file:
            columns = [str(column) for column in file.schema_arrow.names]
            index = _named_range(file)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{name}: is not a readable Parquet file: {_first_line(error)}") from None
    if twice := next((column for column in columns if columns.count(column) > 1), None):
        raise InputError(f"{name}: two columns are called {twice!r}; rename one")
    return [*columns, *([index[0]] if index else [])], _rows(source, name, batch_size, index)


def _rows(
    source: Path | BinaryIO, name: str, batch_size: int, index: tuple[str, range] | None
) -> Iterator[tuple[int, list[Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(source) as file:
            for batch in file.iter_batches(batch_size=batch_size):
                columns = [_values(column) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    row = list(cells)
                    if index:
                        row.append(index[1][number])
                    number += 1
                    yield number, row
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{name}: is not a readable Parquet file: {_first_line(error)}") from None


def _values(column: "pa.Array") -> Sequence[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    values = column.to_pylist(maps_as_pydicts="lossy") if pa.types.is_map(kind) else column.to_pylist()
    return [_plain(value) for value in values] if pa.types.is_nested(kind) or _is_bytes(kind) else values


def _is_bytes(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return value


def _named_range(file: "pq.ParquetFile") -> tuple[str, range] | None:
    """Return an index of pandas that is stored as name, start, stop and step, and in no column."""
    metadata = (file.schema_arrow.metadata or {}).get(b"pandas")
    try:
        described = json.loads(metadata)["index_columns"] if metadata else []
        for each in described:
            if isinstance(each, dict) and each.get("kind") == "range" and each.get("name"):
                return str(each["name"]), range(each["start"], each["stop"], each["step"])
    except (ValueError, KeyError, TypeError):
        return None
    return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
