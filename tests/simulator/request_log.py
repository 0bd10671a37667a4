"""The log of all requests that reached the simulated world."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .faults import Kind


@dataclass(kw_only=True)
class RequestRecord:
    """One request with its host, its token and its response.

    `status` is None while the request waits, 101 for a websocket, and 0 for one without a response
    because the connection was cut or the client gave up. `fault` is the kind of fault that it met.
    """

    host: str
    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    token_sent: str | None = field(repr=False)
    at: float
    status: int | None = None
    fault: Kind | None = None

    @property
    def token_in_query(self) -> bool:
        """Return whether the token was sent in the URL, which appears in logs."""
        return "X-Plex-Token" in self.query


class RequestLog:
    """All requests in the order of their arrival."""

    def __init__(self) -> None:
        """Initialize with an empty log."""
        self._records: list[RequestRecord] = []

    def __iter__(self) -> Iterator[RequestRecord]:
        """Iterate over the requests, oldest first."""
        return iter(list(self._records))

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self._records)

    def __getitem__(self, index: int) -> RequestRecord:
        """Return one request by its index."""
        return self._records[index]

    def add(self, record: RequestRecord) -> None:
        """Add a request that has just arrived."""
        self._records.append(record)

    def clear(self) -> None:
        """Clear the log."""
        self._records.clear()

    def to(
        self, host: str | None = None, path: str | None = None, method: str | None = None
    ) -> list[RequestRecord]:
        """Return the requests to this host with exactly this path and this method."""
        return [
            record
            for record in self
            if host in {None, record.host}
            and path in {None, record.path}
            and method in {None, record.method}
        ]
