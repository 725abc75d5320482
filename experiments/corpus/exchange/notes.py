"""What is told of single records, in one line a kind."""

from experiments.notices import Warn

TWICE = "one person annotated a text twice and differently; the later annotation stands"
PASSED = "one person both annotated a text and skipped or refused it; the annotation stands"


class Notes:
    """What was found in single records, told in one line a kind."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def add(self, kind: str, where: str) -> None:
        """Remember one more place of a kind."""
        self._found.setdefault(kind, []).append(where)

    def tell(self, name: str, warn: Warn) -> None:
        """Tell each kind, with how often it was found and where first."""
        for kind, places in self._found.items():
            first = f"; the first in {places[0]}" if len(places) > 1 else f": {places[0]}"
            warn(f"{name}: {kind} ({len(places)}{first})")
