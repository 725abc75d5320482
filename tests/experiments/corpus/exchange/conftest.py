"""Imports of records that a test writes down, or of a sample."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from experiments.corpus.exchange import import_file, summary_text
from experiments.errors import InputError
from tests.conftest import write_jsonl

SAMPLES = Path(__file__).parent / "samples"


@dataclass
class Imported:
    rows: list
    notes: list
    summary: dict

    @property
    def text(self):
        return summary_text(self.summary)


def lines(path):
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def _source(tmp_path, records):
    if isinstance(records, str):
        return SAMPLES / records
    return records if isinstance(records, Path) else write_jsonl(tmp_path / "in.jsonl", records)


@pytest.fixture
def imported(tmp_path):
    """From a tool and its records (or a sample's name, or a path) to rows, notes and summary."""

    def run(tool, records, control=None):
        notes = []
        output = tmp_path / "rows.jsonl"
        summary = import_file(str(_source(tmp_path, records)), tool, control, output, notes.append)
        return Imported(lines(output), notes, summary)

    return run


@pytest.fixture
def refused(tmp_path):
    """From a tool and its records to the one line that says why nothing was written."""

    def run(tool, records, control=None):
        notes = []
        with pytest.raises(InputError) as caught:
            import_file(str(_source(tmp_path, records)), tool, control, tmp_path / "refused.jsonl", notes.append)
        message = str(caught.value)
        assert len(message.splitlines()) == 1 and not notes
        assert not (tmp_path / "refused.jsonl").exists()
        return message

    return run
