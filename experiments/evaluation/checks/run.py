"""All checks, and how they are run and kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from experiments.config.names import CheckCode
from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.evaluation.checks.baselines import FS004, FS008
from experiments.evaluation.checks.bounds import FS006
from experiments.evaluation.checks.finding import Check, Finding, Subject
from experiments.evaluation.checks.labels import FS009
from experiments.evaluation.checks.operating import FS003, FS007
from experiments.evaluation.checks.split import FS001, FS002, FS005
from experiments.evaluation.checks.written import FS010
from experiments.evaluation.evaluate import Evaluation
from experiments.model import SentenceClassifier

CHECKS: tuple[Check, ...] = (FS001, FS002, FS003, FS004, FS005, FS006, FS007, FS008, FS009, FS010)
"""All checks, by code."""

CHECKS_FILE = "checks.json"
"""What the findings are called among a run's artifacts."""


@dataclass(frozen=True)
class Checked:
    """What checks found, by code, and the codes of those that the user wants to hear nothing of."""

    findings: list[Finding] = field(default_factory=list)
    ignored: list[CheckCode] = field(default_factory=list)

    def get(self, code: CheckCode) -> Finding | None:
        """Return the finding of a check, None if there is none."""
        return next((each for each in self.findings if each.code == code), None)

    def dump(self) -> dict[str, Any]:
        """Return it as plain data: ``checks``, each with code, title, detail, why and remedy, and ``ignored``."""
        return {"checks": [asdict(each) for each in self.findings], "ignored": list(self.ignored)}

    def save(self, folder: Path) -> None:
        """Write the same as ``checks.json``."""
        (folder / CHECKS_FILE).write_text(json.dumps(self.dump(), indent=2, ensure_ascii=False) + "\n", "utf-8")


def check_run(config: Config, classifier: SentenceClassifier, train: Labelled, evaluation: Evaluation) -> Checked:
    """Check a model that was just trained and measured; ``evaluation.ignore`` of the config leaves checks out."""
    settings = config.evaluation
    return run_checks(Subject(classifier, evaluation, train, config, settings.bootstrap, config.seed), settings.ignore)


def run_checks(subject: Subject, ignore: Sequence[CheckCode] = ()) -> Checked:
    """Run all checks but those to be ignored.

    Parameters
    ----------
    subject : Subject
        What is checked. A check that lacks what it needs, such as the training rows, says nothing.
    ignore : sequence of str, default ()
        Codes of checks that are not run.

    Notes
    -----
    Two seconds for 12,000 training and 1,300 test rows.
    """
    findings = [
        Finding(check.code, check.title, detail, check.why, check.remedy)
        for check in CHECKS
        if check.code not in ignore and (detail := check.find(subject)) is not None
    ]
    return Checked(findings, sorted(set(ignore)))
