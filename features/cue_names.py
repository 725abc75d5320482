"""What the columns of features are called where people read them."""

import re

_COPY = re.compile(r" \[[^\[\]]+\]$")  # what the names of a target's own columns end in

_NAMES = {
    "actor_armed": "an armed force",
    "actor_civil": "a civilian",
    "actor_group": "an armed group",
    "actor_io": "an international organisation",
    "actor_leader": "a named leader",
    "actor_media": "a news outlet",
    "actor_official": "an official",
    "actor_parliament": "a parliament",
    "actor_state": "a state",
    "wmd": "weapons of mass destruction",
}
"""Categories of the kit's lexicon whose name alone doesn't say it; all others are read as they are written."""

_VERBS = {
    "say_accuse": "accuses",
    "say_agree": "agrees",
    "say_claim": "claims",
    "say_deny": "denies",
    "say_neutral": "says",
    "say_urge": "urges",
    "say_warn": "warns",
}

_STANDING = {"negated": "negated", "denied": "denied", "contrasted": "after a “but”"}

_FORM = {
    "length": "length of the sentence",
    "quotes": "quotation marks",
    "opens_in_quote": "opens with a quotation",
    "quoted_share": "share of words in quotation marks",
    "numbers": "numbers",
    "contrast": "a “but” or “although”",
    "question": "ends in a question mark",
}

_MENTION = {
    "there": "names the target",
    "absent": "doesn’t name the target",
    "whole": "has all words of the target",
    "share": "share of the target’s words",
    "times": "number of mentions of the target",
    "early": "names the target early",
    "late": "names the target late",
    "tagged": "a hashtag names the target",
    "addressed": "a handle names the target",
    "negated": "negation before the target",
}


def readable(feature: str) -> str:
    """Return a feature's column name as people read it: ``words__talks with`` becomes ``talks with``.

    Cues are called as :func:`cue_name` has it: ``a state denies (cue)``; what is known of a target's
    mention as :func:`mention_name` has it.
    """
    kind, parted, name = feature.partition("__")
    if not parted:  # a column beside those of the features, such as a word of the target
        word = feature.removeprefix("target=")
        return feature if word == feature else f"target has “{word}”"
    copy = _COPY.search(name)
    of_target = copy.group() if copy else ""
    name = name.removesuffix(of_target)
    if kind.startswith("chars"):
        name = f"“{name.replace(' ', '␣')}” (characters)"
    elif kind.startswith("cues"):
        name = f"{cue_name(name)} (cue)"
    elif kind.startswith("target"):
        name = mention_name(name)
    return name + of_target


def cue_name(column: str) -> str:
    """Return the name of a column of :class:`features.cues.SentenceCues` in words.

    Parameters
    ----------
    column : str
        As ``get_feature_names_out`` gives it. Categories of a lexicon of one's own are read as they are written, with
        blanks for underscores and without the prefixes ``actor_`` and ``say_``.

    Examples
    --------
    >>> cue_name("actor_state>say_deny"), cue_name("deny_claim:negated"), cue_name("talks+weapon")
    ('a state denies', 'deny claim, negated', 'talks + weapon')
    >>> cue_name("actor_union>say_mock"), cue_name("say_mock")
    ('union says: mock', 'someone says: mock')
    """
    if column.startswith("form:"):
        form = column.removeprefix("form:")
        return _FORM.get(form, _plain(form))
    if "+" in column:
        return " + ".join(map(_category, column.split("+")))
    actor, speaks, verb = column.partition(">")
    if speaks:
        return f"{_category(actor)} {_verb(verb)}"
    category, _, standing = column.partition(":")
    return _category(category) + (f", {_STANDING.get(standing, standing)}" if standing else "")


def mention_name(column: str) -> str:
    """Return the name of a column of :class:`features.target_mention.TargetContext` in words.

    Examples
    --------
    >>> mention_name("mention:absent"), mention_name("near:stop <target>")
    ('doesn’t name the target', '“stop <target>” (around the target)')
    """
    kind, _, name = column.partition(":")
    if kind == "near":
        return f"“{name}” (around the target)"
    return _MENTION.get(name, column) if kind == "mention" else column


def _category(name: str) -> str:
    if name.startswith("say_"):
        return f"someone {_verb(name)}"
    return _NAMES.get(name) or _plain(name.removeprefix("actor_"))


def _verb(name: str) -> str:
    return _VERBS.get(name) or f"says: {_plain(name.removeprefix('say_'))}"


def _plain(name: str) -> str:
    return name.replace("_", " ")
