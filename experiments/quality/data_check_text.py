"""What was found in a corpus as text for a terminal."""

from collections.abc import Mapping
from typing import Any

from experiments.quality.agreement_text import table

EXAMPLES = 5
"""Items of a finding that are shown."""

CUT = 100
"""Characters of a text that are shown."""


def check_text(result: Mapping[str, Any]) -> str:
    """Return what `experiments.quality.data_check.check_data` found as text."""
    rows, words, groups = result["rows"], result["words"], result["groups"]
    of_one = "" if groups["of_one_row"] is None else f", {groups['of_one_row']:.0%} of them with one row"
    lines = [
        f"{result['data']}: {rows} rows, {result['task']['type']}",
        "columns  " + ", ".join(f"{name} ({kind})" for name, kind in result["columns"].items()),
        f"words    {words['least']} to {words['most']} a text, median {words['median']}, 90% from {words['p5']} to "
        f"{words['p95']}",
        f"groups   {groups['count']}, the largest with {groups['largest']} rows{of_one}",
        *([f"pairs    {result['pairs']}"] if result["pairs"] else []),
        *_undecided_lines(result["undecided"], rows),
        "",
        *table(
            [
                ["label", "rows", "share"],
                *([label, str(n), f"{n / rows:.1%}"] for label, n in result["labels"].items()),
            ]
        ),
        "",
        *table(
            [
                ["label set", "rows", "share"],
                *(
                    [_set(found["labels"]), str(found["rows"]), f"{found['rows'] / rows:.1%}"]
                    for found in result["label_sets"][: EXAMPLES * 4]
                ),
            ]
        ),
    ]
    for finding in result["findings"]:
        lines += ["", f"{finding['kind']}: {finding['count']} ({finding['message']})"]
        for item in finding["items"][:EXAMPLES]:
            lines += _item_lines(item)
        if finding["count"] > EXAMPLES:
            lines.append(f"  and {finding['count'] - EXAMPLES} more (all with --json)")
    lines += _model_lines(result["model"])
    kinds = ", ".join(f"{finding['count']} {finding['kind']}" for finding in result["findings"])
    return "\n".join([*lines, "", f"found: {kinds}" if kinds else "nothing found"])


def _undecided_lines(undecided: Mapping[str, Any], rows: int) -> list[str]:
    """Return what nobody decided: whole rows, and single labels of others."""
    found = [f"{undecided['rows']} of {rows} rows have no decided label"] if undecided["rows"] else []
    found += [f"label {label}: undecided in {n} more" for label, n in undecided["labels"].items()]
    return [f"open     {line}" for line in found]


def _model_lines(model: Mapping[str, Any] | None) -> list[str]:
    if model is None:
        return []
    if model["skipped"]:
        return ["", f"no model looked for doubtful labels: {model['skipped']}"]
    if model["suspects"]:
        lines = ["", f"worth a second look: {len(model['suspects'])} of {model['suspected']}"]
        return lines + [line for item in model["suspects"] for line in _item_lines(item)]
    return ["", f"{model['suspected']} more are worth a second look (list them with --suspects N)"] * bool(
        model["suspected"]
    )


def _item_lines(item: Mapping[str, Any]) -> list[str]:
    doubt = f"  {item['given']} at {item['confidence']:.1%}, rather {item['likely']}" if "confidence" in item else ""
    return [
        f"  {row_id}  {_set(labels)}{doubt}  {_cut(text)}"
        for row_id, labels, text in zip(item["ids"], item["labels"], item["texts"], strict=True)
    ]


def _set(labels: list[str]) -> str:
    return "{" + ", ".join(labels) + "}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CUT else f"{line[: CUT - 3]}..."
