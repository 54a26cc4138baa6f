"""Exports as Parquet: typed columns, the same bytes whenever they are made by the same pyarrow.

The extra ``parquet`` brings pyarrow, which is heavier than the rest of the hub together; no other
command and no process of the hub needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from hub.agency.dictionary import Column
from hub.store.database import Row
from schemas.errors import Stop

_DIGITS, _DECIMALS = 38, 6
"""Of numbers: what has more of either is an error, never rounded."""


class Sink(Protocol):
    """Takes bytes in order; ``size`` counts them."""

    size: int

    def write(self, piece: memoryview) -> None:
        """Take some more."""
        ...


class _Written:
    """A sink as pyarrow wants it: a file that is only ever written on."""

    closed = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: Any) -> int:
        piece = memoryview(data)
        self._sink.write(piece)
        return len(piece)

    def tell(self) -> int:
        return self._sink.size

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        self.closed = True


def installed() -> str:
    """Name the writer, which the bytes depend on; raise ``Stop`` where there is none."""
    try:
        import pyarrow
    except ImportError:
        raise Stop("pyarrow is not installed: pip install 'qovsaq[parquet]'") from None
    return f"pyarrow {pyarrow.__version__}"


def write(columns: Mapping[str, Column], batches: Iterable[Sequence[Row]], sink: Sink) -> int:
    """Write rows, a row group for each batch; return how many there were.

    A JSON column becomes the text of its JSON, as PostgreSQL writes it.
    """
    import pyarrow as pa
    from pyarrow import parquet as pq

    types = {
        "text": pa.string(),
        "jsonb": pa.string(),
        "date": pa.date32(),
        "numeric": pa.decimal128(_DIGITS, _DECIMALS),
        "bigint": pa.int64(),
        "boolean": pa.bool_(),
        "timestamp with time zone": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema(
        pa.field(name, types[column.type], metadata={"az": column.az, "en": column.en})
        for name, column in columns.items()
    )
    count = 0
    with pq.ParquetWriter(_Written(sink), schema, compression="zstd") as writer:
        for rows in batches:
            writer.write_batch(pa.RecordBatch.from_pylist(list(rows), schema))
            count += len(rows)
    return count
