from experiments.evaluation.checks.run import CHECKS
from tests.conftest import ROOT


def test_docs_say_of_every_check_what_the_check_says():
    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    for check in CHECKS:
        section = page.split(f"## {check.code}: {check.title}\n")[1].split("\n## ")[0].lower()
        for said in (check.detected, check.why, check.remedy):
            assert said.rstrip(".").lower() in section, check.code
    assert page.count("\n## ") == len(CHECKS)
