"""Tells what a page adds around its news: datelines, captions, links, advertising, pleas, bylines, second titles.

Precision comes first: a sentence of news that is marked is lost to the analysis, while a caption that slips
through is one sentence among many. So a rule marks a whole line of one kind or a paragraph whose structure
says what it is, and no word alone is enough.
"""

import re
from collections import Counter
from collections.abc import Sequence

LONGEST = 1500
"""Paragraphs of more characters are running text; only their single sentences are looked at."""

_ENDS = re.compile(r"[.!?…][\"'”’»)\]]*$")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_QUOTED = re.compile(r"“[^”]{0,800}(?:”|$)|\"[^\"]{0,800}(?:\"|$)|(?<!\w)['‘](?=\w).{0,800}?['’](?!\w)")

# ------------------------------------------------------------------------------------- lines of one kind

_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_DAY = "(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?"
_DATE_WORD = re.compile(
    rf"(?:{_MONTH}|{_DAY}|\d+(?:st|nd|rd|th|am|pm|z|h|t)?|[ap]\.?m\.?|gmt|utc|bst|cet|cest|eet|eest|msk|ist|"
    rf"[ecmp][sd]?t|"
    r"published|updated|posted|modified|created|last|first|date|on|at|of|o|clock|ago|min|mins|minutes?|hours?|"
    r"hrs?|days?|"
    r"read|reading|time)",
    re.IGNORECASE,
)
_DATE_KIND = re.compile(rf"\b(?:{_MONTH}|{_DAY}|published|updated|posted|ago|read)\b|\d[:./-]\d", re.IGNORECASE)
_CITY = re.compile(
    r"[A-Z][A-Z .'’-]{2,30}(?:, [A-Z][\w. ]{2,20})?(?: \((?:AP|AFP|Reuters|dpa|CNN|UPI|TASS|Xinhua)\))?\s*[-–—]+"
)

_DATELINE = re.compile(r"(?!FILE)[A-Z][A-Z .,'’-]{2,40}(?:[A-Z][\w. ]{1,30})?(?:\([\w/ .]{2,30}\))?\s?[-–—]{1,2}\s")

_LEAD = re.compile(
    r"(?:related|more|read more|read also|read next|also read|see also|see more|see|more on this|more news|"
    r"more from [^:.]{1,40}|"
    r"recommended|watch(?: now| live| more)?|watch the video|listen|trending|most read|most popular|popular|"
    r"top stories|"
    r"latest news|editor['’]?s['’]? (?:picks?|choice)|you (?:may|might) (?:also )?(?:like|be interested in)|"
    r"don['’]t miss|"
    r"related (?:articles?|stories|news|content|topics|posts?|coverage|links?)|in case you missed it|what to read next|"
    r"further reading|tags?|topics?|filed under|categories|category|keywords|subscribe|share|sponsored|promoted|"
    r"via|contact|e-?mail|phone|tel|next|previous|up next|comments?)\s*[:»>→|]",
    re.IGNORECASE,
)
_ONLY_LINKS = re.compile(
    r"(?:related|read|see|also|more(?! from)|recommended|watch|filed|tags|subscribe|share|sponsored)", re.IGNORECASE
)
_LINKS = re.compile(  # a heading under which links to other articles stand
    r"(?:related|recommended|trending|most read|most popular|top stories|more stories|read more|read also|see also|"
    r"also read|editor['’]?s['’]? (?:picks?|choice)|you (?:may|might) (?:also )?(?:like|be interested in)|"
    r"what to read next|"
    r"related (?:articles?|stories|news|content|topics|posts?|coverage|links?))\s*:?",
    re.IGNORECASE,
)
_ADS = re.compile(
    r"(?:ads? by\b.{0,30}|sponsored(?: content| links?| stories)?|promoted(?: stories| content| links)?|"
    r"(?:from )?around the web|from the web|paid content|partner content)\W*",
    re.IGNORECASE,
)
_NAVIGATION_WORDS = (
    "share tweet email e-mail print facebook twitter whatsapp telegram linkedin reddit pinterest "
    "instagram youtube messenger copy "
    "link save bookmark comment comments reply home menu search login log in sign up register "
    "subscribe newsletter newsletters "
    "advertisement ad ads advertising sponsored close skip to content back top next previous prev "
    "page read more view all show less "
    "rss follow us on via this article story post play video live gallery photos 0 1 2 3 4 5 6 7 8 9 "
    "min and or news world "
    "politics business opinion sport sports culture accept cookies continue reading download app "
    "listen audio font size a"
)
_NAVIGATION = frozenset(_NAVIGATION_WORDS.split())
_NAVIGATES_WORDS = (
    "share tweet facebook twitter whatsapp telegram linkedin reddit pinterest instagram comments "
    "comment home menu login register "
    "subscribe newsletter newsletters advertisement advertising sponsored skip cookies bookmark rss "
    "gallery print email e-mail read "
    "next previous prev close follow download listen"
)
_NAVIGATES = frozenset(_NAVIGATES_WORDS.split())
_LINE = re.compile(
    r"scroll down (?:for|to)\b.{0,60}|click (?:here|on the)\b.{0,80}|(?:\d+|no) (?:comments?|shares?|views?|replies)|"
    r"(?:share|tweet|print|email|save|like) (?:this|on|via|the)\b.{0,40}|follow (?!the|a|"
    r"an)\S.{0,60} on (?:twitter|x|facebook|instagram|telegram|"
    r"youtube|tiktok|linkedin|social media).{0,30}|(?:this|our) (?:web)?site uses cookies.{0,200}|"
    r"we use cookies.{0,200}|"
    r"by continuing to (?:use|browse|visit)\b.{0,200}|(?:terms of (?:use|service)|privacy policy|cookie policy|"
    r"all rights reserved)\W.{0,80}|"
    r"(?:contact|write to|e-?mail) (?:us|the (?:author|writer|reporter|newsroom|editors?)|our)\b.{0,100}|"
    r"(?:send|e-?mail) (?:your |us |any |news )?(?:tips?|comments|feedback|letters)\b.{0,80}|got a (?:tip|"
    r"story)\?.{0,120}",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"(?:By|Written by|Author:|Text by|Story by)\s+(?:[A-Z][\w.'’-]+\s*){2,4}(?:(?:,|and|&|in|for|at|of|with|\|"
    r")\s+(?:the\s+)?"
    r"(?:[A-Z][\w.'’-]*\s*){1,4}){0,5}"
)
_CREDIT_LINE = re.compile(
    r"\W*(?:(?:additional )?reporting by|(?:writing|editing|compiled|edited|translated|produced) by|"
    r"(?:©|\(c\)\s|copyright\s*(?:©|\(c\)|\d{4}))|all rights reserved|[^.]{0,80}\ball rights reserved\b|"
    r"this material may not be published|editor['’]s note\W|"
    r"this (?:article|story|post|piece|report) (?:was|has been|is being) (?:first |originally |"
    r"last )?(?:published|updated|corrected|amended|"
    r"republished|syndicated|edited)|"
    r"the (?:views|opinions) expressed in this (?:article|piece|column|post))",
    re.IGNORECASE,
)

# -------------------------------------------------------------------------------------------- captions

_AGENCY = (
    r"(?:AP|AFP|EPA|EPA-EFE|Reuters|REUTERS|TASS|Xinhua|Getty(?: Images)?|Shutterstock|Wikimedia(?: Commons)?|"
    r"Flickr|Alamy|Rex|UPI|dpa|Anadolu)"
)
_CREDIT = re.compile(  # at the end of a caption
    rf"\((?:[^()]{{0,60}}\b)?(?:AP|AFP|EPA|REUTERS|Reuters|TASS|UPI|File|Handout|Courtesy)?\s*(?:[Pp]hoto|"
    rf"[Ii]mage|[Pp]icture|[Ii]llustration|[Cc]redit)s?"
    rf"(?:\s+(?:by|via|courtesy|from|credit)\b|\s*[:/])[^()]{{0,120}}\)\W*$"
    rf"|\((?:{_AGENCY}\s*(?:/|via|\|)[^()]{{2,60}}|[^()]{{2,60}}(?:/|via )\s*{_AGENCY}|"
    rf"[^()]{{0,40}}Getty Images[^()]{{0,40}}|file photo|archive photo)\)\W*$"
    rf"|(?:^|[.!?”\"] ?|, ?|\| ?)(?:Photo|Image|Picture|Illustration|Graphic|Video|Credit|"
    rf"Art)s?(?: credit)?(?:: ?| by | via | courtesy )[A-Z@©]\S*(?: \S+){{0,7}}$"
    rf"|\bin (?:this|an undated)\b[^()]{{0,40}}\b(?:photo|picture|image)\W*$"
    rf"|\b(?:[Ii]llustrative|[Ff]ile|[Aa]rchive) (?:photo|image|picture)\W*$"
    rf"|(?:^|\s)(?:[A-Z][\w.'’-]+ ){{0,4}}[A-Z][\w.'’-]*\s?(?:/|via)\s?{_AGENCY}\W*$"
    rf"|(?:^|[.!?] )Getty Images\W*$"
)
_CAPTION = re.compile(
    r"(?:FILE(?: PHOTO)?\s?[-–—:]|File (?:photo|image|picture)\b|(?:Pictured|Caption)\s?:|"
    r"In this (?:\w+[ ,.]+){0,6}?(?:photo|image|picture|photograph|frame grab|screengrab|"
    r"still)\b[^.]{0,120}\b(?:taken|released|provided|made available|from|shows?|seen)\b)"
)
_CREDIT_LEAD = re.compile(
    r"(?:Photo|Image|Picture|Photograph|Illustration|Video|Graphic)s?(?: credit| by| via| courtesy)?\s?:"
)
_ARTWORK = re.compile(
    r"(?:Photo|Image|Illustration|Graphic|Art|Artwork|Cartoon|Video|Photograph)s?(?: credits?)? (?:by|via|"
    r"courtesy of)\s[A-Z]"
)
_LABELLED = re.compile(r"([A-Z][\w'’-]*(?: [\w'’-]+){0,2}): ?\S")
_PICTURE_WORD = re.compile(
    r"\b(?:pictured|shown|seen|above|below|left|right|photo|photograph|image|still from|file|stock)\b", re.IGNORECASE
)

# ----------------------------------------------------------------------------------------------- pleas

_PLEA = re.compile(
    r"\b(?:become (?:a|our|an) (?:\w+ )?(?:patron|member|subscriber|supporter|donor|insider)\b|readers like you|"
    r"(?:cup|price|cost) of (?:\w+ )?(?:a )?(?:cup of )?coffee|"
    r"join (?:our|the) (?:\w+ ){0,2}(?:community|newsletter|channel|mailing list|club|team of supporters)|"
    r"(?:support|fund|sustain) us\b|(?:support|fund|back|sustain|help) (?:our|independent|quality|"
    r"free) (?:\w+ ){0,2}(?:work|journalism|reporting|newsroom|team|media|coverage|mission)|"
    r"(?:our|quality|independent) (?:\w+[ ,]+){0,3}(?:reporting|journalism|newsroom|work) (?:\w+ ){0,2}(?:open|"
    r"free|accessible|alive|going|possible|independent)|"
    r"(?:sign up|register|subscribe)\b[^.]{0,60}\b(?:newsletters?|updates|alerts|inbox|mailing list|for free|"
    r"today|now|briefing)|"
    r"subscribe to (?:our|the|us|my|continue|read)|(?:straight|delivered|directly|direct) (?:\w+ ){0,2}(?:to|"
    r"in) your inbox|your (?:\w+ ){0,2}inbox|"
    r"(?:make|consider (?:making )?) ?(?:a|your) (?:\w+[ -]?){0,3}(?:donation|contribution|gift)|"
    r"your (?:\w+ )?(?:donation|contribution|subscription|support|gift)|"
    r"(?:please )?(?:donate|contribute) (?:now|today|here|to (?:us|our|the \w+ fund)|via|as little)|"
    r"(?:start|begin) your (?:\w+ )?(?:free )?(?:trial|subscription)|already a (?:subscriber|member)|"
    r"ways to support|follow us on|download our app|"
    r"(?:create|log in to|sign in to) (?:a |an |your )(?:free )?account|(?:enter|submit) your e-?mail|unsubscribe|"
    r"if you (?:like|enjoy|enjoyed|value|appreciate) (?:our|this|what|reading)|could close this page|"
    r"help us (?:produce|keep|continue|stay|fund|make|bring|reach)|"
    r"depends? on (?:the )?(?:support of )?(?:our )?readers)",
    re.IGNORECASE,
)
_YOU = re.compile(r"\b(?:you|your|yours)\b", re.IGNORECASE)
_OWN_VOICE = re.compile(  # how a page speaks, and a reporter doesn't
    r"\W*(?:please |now |just )?(?:we|our|this is why (?:we|our)|that['’]s why (?:we|our)|become|join|support|sign|"
    r"subscribe|register|donate|contribute|consider|make|start|begin|follow|download|create|log|enter|submit|unsubscribe|get|help|"
    r"already|click|give|keep|if you)\b",
    re.IGNORECASE,
)


def mark_boilerplate(paragraphs: Sequence[Sequence[str]]) -> list[list[bool]]:
    """Mark the sentences of an article that aren't part of its story.

    Parameters
    ----------
    paragraphs : sequence of sequence of str
        The sentences of each paragraph, in the order of the text.

    Returns
    -------
    list of list of bool
        True for boilerplate, in the same shape.

    Notes
    -----
    Made for English news. What it can't know from the text alone stays unmarked: a caption written as a full
    sentence, an author's biography, a teaser without a heading.

    Examples
    --------
    >>> mark_boilerplate([["Talks resume"], ["Oct 31, 2024 - 16:00"], ["MOSUL (AP) -- They met.", "(AP Photo/J. Roe)"]])
    [[False], [True], [False, True]]
    """
    texts = [" ".join(" ".join(sentences).split()) if len(sentences) < 40 else "" for sentences in paragraphs]
    texts = [text if len(text) <= LONGEST else "" for text in texts]
    whole = [
        bool(text) and _is_boilerplate(text, sentences, at == 0)
        for at, (text, sentences) in enumerate(zip(texts, paragraphs, strict=True))
    ]
    for at in _repeated(texts) | _captions(texts, paragraphs, whole) | _under_headings(texts):
        whole[at] = True
    return [
        [all_of_it or _is_boilerplate_sentence(sentence, len(sentences)) for sentence in sentences]
        for all_of_it, sentences in zip(whole, paragraphs, strict=True)
    ]


def _is_boilerplate(text: str, sentences: Sequence[str], first: bool) -> bool:
    """Return whether a paragraph is boilerplate as a whole; the first may be a title that reads like a link."""
    words = _WORD.findall(text)
    if not words or _is_date(text, words) or _CITY.fullmatch(text):
        return True
    stopped = _ENDS.search(text) is not None
    if len(words) <= 12 and not stopped:
        known = {word.lower() for word in words}
        if known <= _NAVIGATION and known & _NAVIGATES:
            return True
        if _BYLINE.fullmatch(text):
            return True
    if len(text) <= 250 and (_LINE.fullmatch(text) or _ADS.fullmatch(text)):
        return True
    if _LINKS.fullmatch(text) or re.match(r"Related(?=[A-Z][a-z])", text):
        return True
    if not first and len(words) <= 30 and _leads_away(text, stopped, len(sentences)):
        return True
    if (
        len(sentences) <= 4
        and len(text) <= 700
        and not _DATELINE.match(text)
        and (_CREDIT.search(text) or _CAPTION.match(text))
    ):
        return True
    # a scraper glues a credit to the sentence after it ("Photo: AP The family said ..."), which is news then
    if (not stopped or len(words) <= 8) and len(words) <= 30 and _CREDIT_LEAD.match(text):
        return True
    if not stopped and len(words) <= 20 and _ARTWORK.match(text):
        return True
    return _pleads(sentences)


def _leads_away(text: str, stopped: bool, sentences: int) -> bool:
    """Return whether a line is a link to something else: ``MORE: ...``, ``Read also: ...``, ``Tags: ...``."""
    lead = _LEAD.match(text)
    if not lead or (stopped and sentences > 1):
        return False
    # "Phone: ..." may begin a sentence; what is in capitals or only ever heads links doesn't
    return not stopped or lead[0].isupper() or _ONLY_LINKS.match(text) is not None


def _is_boilerplate_sentence(sentence: str, of: int) -> bool:
    """Return whether one sentence inside running text is boilerplate: a credit, an editor's or a rights line."""
    if len(sentence) > 400:
        return False
    if _CREDIT_LINE.match(sentence):
        return True
    if of > 1 and len(sentence) <= 120 and sentence.startswith("(") and _CREDIT.search(sentence):
        return True
    return (
        of > 1
        and len(sentence) <= 100
        and _ARTWORK.match(sentence) is not None
        and not re.search(r"\b(?:was|were|is|are|shows?|showed|has|have)\b", sentence)
    )


def _is_date(text: str, words: Sequence[str]) -> bool:
    return (
        len(words) <= 14
        and any(letter.isdigit() for letter in text)
        and _DATE_KIND.search(text) is not None
        and all(
            _DATE_WORD.fullmatch(word) or all(_DATE_WORD.fullmatch(part) for part in re.split(r"[-.'’]", word))
            for word in words
        )
    )


def _pleads(sentences: Sequence[str]) -> bool:
    """Return whether a paragraph asks its reader for money, an address or a click more than it tells anything."""
    pleas = addressed = counted = 0
    for sentence in sentences:
        own = _QUOTED.sub(" ", sentence)  # what a source says to someone is news
        if not _WORD.search(own):
            return False
        counted += 1
        you = _YOU.search(own) is not None
        plea = _PLEA.search(own) is not None and (you or _OWN_VOICE.match(own) is not None)
        pleas += plea
        addressed += you or plea
    return pleas > 0 and 2 * addressed >= counted and (pleas > 1 or counted <= 3)


def _repeated(texts: Sequence[str]) -> set[int]:
    """Return the paragraphs that are the second copy of a title or of another line."""
    seen: dict[tuple[str, ...], int] = {}
    marked: set[int] = set()
    title: set[str] = set()
    for at, text in enumerate(texts):
        key = tuple(word.casefold().replace("’", "'") for word in _WORD.findall(text))
        if len(key) < 3:
            continue
        first = seen.setdefault(key, at)
        line = _ENDS.search(text) is None
        if first < at and (line or (first < 3 and at < 10)):
            marked.add(at)
        if first == 0:
            title = set(key)
        elif line and at < 10 and len(title) > 3 and len(title & set(key)) >= 0.85 * len(title | set(key)):
            marked.add(at)
    return marked


def _captions(texts: Sequence[str], paragraphs: Sequence[Sequence[str]], whole: Sequence[bool]) -> set[int]:
    """Return the captions that are a label, a colon and no full stop, in an article whose paragraphs have one.

    ``Prisoner: the leader, shown before his rise`` looks like ``Minister: we will not sign``; so it takes a picture
    word, several sentences without a last stop, or a neighbour that is one. A label that comes twice is a speaker's.
    """
    labels: dict[int, str] = {}
    for at, (text, before) in enumerate(zip(texts, [False, *whole], strict=False)):
        label = _LABELLED.match(text)
        if at == 0 or not label or len(text) < 40 or len(text) > 500 or _ENDS.search(text.rstrip(")")):
            continue
        beside = before and "scroll down" in texts[at - 1].lower()
        if beside or _PICTURE_WORD.search(_QUOTED.sub(" ", text)) or 1 < len(paragraphs[at]) <= 4:
            labels[at] = label[1]
    stopped = sum(_ENDS.search(text) is not None for text in texts if len(text) > 40)
    if 2 * stopped < sum(len(text) > 40 for text in texts):
        return set()
    times = Counter(match[1] for text in texts if (match := _LABELLED.match(text)))
    return {at for at, label in labels.items() if times[label] == 1}


def _under_headings(texts: Sequence[str]) -> set[int]:
    """Return the titles that stand under a heading such as ``Related:`` and the teasers under ``Ads by``."""
    marked: set[int] = set()
    for at, text in enumerate(texts):
        if len(text) > 60:
            continue
        if _LINKS.fullmatch(text):
            for below in range(at + 1, min(at + 9, len(texts))):
                if not texts[below] or len(texts[below]) > 200 or _ENDS.search(texts[below]):
                    break
                marked.add(below)
        elif _ADS.fullmatch(text):
            story = [*texts[:at], *texts[at + 4 :]]
            told = {word.lower() for line in story for word in _WORD.findall(line)}
            for below in range(at + 1, min(at + 4, len(texts))):
                if not _is_teaser(texts[below], told, below == at + 1):
                    break
                marked.add(below)
    return marked


def _is_teaser(text: str, told: set[str], first: bool) -> bool:
    """Return whether a short line shares hardly a word with the story.

    A whole sentence is one only after another teaser, and where there is enough of a story to tell.
    """
    words = {word.lower() for word in _WORD.findall(text) if len(word) > 3}
    if not words or len(text) > 120 or (text.endswith(".") and not text.endswith("..") and (first or len(told) < 100)):
        return False
    return len(words & told) <= 0.2 * len(words)
