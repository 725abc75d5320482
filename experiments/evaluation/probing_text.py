"""What a probing found, as tables for a terminal."""

from experiments.evaluation.probing import ActorEffect, Example, Outcome, Probing
from experiments.measures.resampling import MIN_GROUPS


def probing_text(probing: Probing) -> str:
    """Return the tests as a table, the worst example of each, and the names that change most."""
    what = f"sentences of {probing.data}" if probing.data else "templates"
    lines = [f"{probing.model} on {what}; share of answers that moved and shouldn't, or should and didn't", ""]
    width = max(len(test.name) for test in probing.tests)
    should = max(len(test.should) for test in probing.tests)
    lines.append(f"{'test':<{width}}  {'what should be':<{should}}  cases  groups  moved  failed  share")
    for test in probing.tests:
        lines.append(
            f"{test.name:<{width}}  {test.should:<{should}}  {test.cases:>5}  {test.groups:>6}  {test.moved:>5}  "
            f"{test.failed:>6}  {share_text(test)}"
        )
    notes = [note for test in probing.tests for note in _notes(test)]
    if any(test.cases and test.groups < MIN_GROUPS for test in probing.tests):
        notes.append(f"no bounds where cases are of fewer than {MIN_GROUPS} templates or groups")
    lines += ["", *notes] if notes else []
    worst = [(test, test.examples[0]) for test in probing.tests if test.examples]
    if worst:
        lines += ["", "worst examples"]
        for test, example in worst:
            lines += [f"  {test.name}", *(f"    {line}" for line in _example_lines(test, example))]
    if probing.actors:
        lines += ["", *_actor_lines(probing)]
    return "\n".join(lines)


def share_text(test: Outcome) -> str:
    """Return a test's share of failures with its bounds; a dash without cases."""
    if not test.cases:
        return "–"
    if test.low != test.low:
        return f"{test.share:.3f}"
    return f"{test.share:.3f} [{test.low:.3f}, {test.high:.3f}]"


def _notes(test: Outcome) -> list[str]:
    notes = []
    if test.untouched and not test.cases:
        notes.append(f"{test.name}: touches none of the {test.untouched} sentences")
    elif test.untouched:
        notes.append(f"{test.name}: {test.untouched} sentences left out, which it doesn't touch")
    if test.already:
        label, verb = test.should.rsplit(" ", 1)
        lack = f"had {label}" if verb == "appears" else f"lacked {label}"
        notes.append(f"{test.name}: {test.already} of the {test.failed} that failed {lack} before the change, wrongly")
    return notes


def _example_lines(test: Outcome, example: Example) -> list[str]:
    before, after = (", ".join(labels) or "no label" for labels in (example.labels_before, example.labels_after))
    if test.kind == "labels":
        return [f"{example.after}  (is {before}; given {after})"]
    return [f"{example.before}  ({before})", f"-> {example.after}  ({after})"]


def _actor_lines(probing: Probing) -> list[str]:
    """Return the names that change a label's probability most."""
    effects = probing.extremes()
    width = max(len(each.actor) for each in effects)
    label = max(len(each.label) for each in effects)
    lines: list[str] = []
    for slot in dict.fromkeys(each.slot for each in effects):
        names = len({each.actor for each in probing.actors if each.slot == slot})
        lines.append(
            f"change of the probability by the {slot}'s name alone, against the mean over {names}; the largest"
        )
        for each in (each for each in effects if each.slot == slot):
            lines.append(f"  {each.label:<{label}}  {each.actor:<{width}}  {change_text(each)}  {each.cases} templates")
    bounded = [each for each in probing.actors if each.low == each.low]
    clear = sum(each.low > 0 or each.high < 0 for each in bounded)
    if bounded:
        lines.append(
            f"  {clear} of {len(bounded)} bounds exclude 0; by chance alone about {0.05 * len(bounded):.0f} would"
        )
    return lines


def change_text(effect: ActorEffect) -> str:
    """Return a change of probability with its bounds."""
    if effect.low != effect.low:
        return f"{effect.change:+.3f}"
    return f"{effect.change:+.3f} [{effect.low:+.3f}, {effect.high:+.3f}]"
