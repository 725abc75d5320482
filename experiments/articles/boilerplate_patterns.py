"""What boilerplate reads like: a table for each kind, and an example of each row, which the tests try."""

from experiments.articles.pattern_table import PatternTable, Row

# A row is a line for its name and pattern and a line for its example; formatted, each would take six.
# fmt: off

# ------------------------------------------------------------------------------------------------ dates

_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_DAY = "(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?"

DATE_WORD = PatternTable(  # all words of a line that is a date
    "fullmatch",
    Row("month", _MONTH,
        "{Jan;January;Feb;February;Mar;March;Apr;April;May;Jun;June;Jul;July;Aug;August;Sep;Sept;September;Oct;October;"
        "Nov;November;Dec;December}"),
    Row("day of the week", _DAY,
        "{Mon;Monday;Tue;Tues;Tuesday;Wed;Wednesday;Thu;Thur;Thurs;Thursday;Fri;Friday;Sat;Saturday;Sun;Sunday}"),
    Row("number", r"\d+(?:st|nd|rd|th|am|pm|z|h|t)?", "{3;21st;2nd;3rd;4th;7am;7pm;1600Z;16h;03T}"),
    Row("half of the day", r"[ap]\.?m\.?", "{am;pm;a.m;p.m}"),
    Row("time zone", "gmt|utc|bst|cet|cest|eet|eest|msk|ist|[ecmp][sd]?t",
        "{GMT;UTC;BST;CET;CEST;EET;EEST;MSK;IST;EST;EDT;ET;CST;CDT;CT;MST;MDT;MT;PST;PDT;PT}"),
    Row("what was done then", "published|updated|posted|modified|created",
        "{Published;Updated;Posted;Modified;Created}"),
    Row("what stands between", "last|first|date|on|at|of|o|clock|ago", "{last;first;date;on;at;of;o;clock;ago}"),
    Row("stretch of time", "min|mins|minutes?|hours?|hrs?|days?",
        "{min;mins;minute;minutes;hour;hours;hr;hrs;day;days}"),
    Row("reading time", "read|reading|time", "{read;reading;time}"),
)
DATE_KIND = PatternTable(  # one of which such a line must hold
    "search",
    Row("month", rf"\b(?:{_MONTH})\b", "3 November", news="{3 marches;10 mayors}"),
    Row("day of the week", rf"\b{_DAY}\b", "Monday 3"),
    Row("what was done then", r"\b(?:published|updated|posted)\b", "{Published;Updated;Posted} 1600"),
    Row("how long ago", r"\bago\b", "3 hours ago", news="3 hours"),
    Row("reading time", r"\bread\b", "5 min read", news="5 minutes"),
    Row("figures in a date or a time", r"\d[:./-]\d", "{16:00;3.11.2031;3/11/2031;2031-11-03}", news="{2031;5, 3}"),
)

# --------------------------------------------------------------------------------- links to something else

_RELATED = "related (?:articles?|stories|news|content|topics|posts?|coverage|links?)"
_EDITORS_PICKS = "editor['’]?s['’]? (?:picks?|choice)"
_YOU_MAY_LIKE = "you (?:may|might) (?:also )?(?:like|be interested in)"

LEAD = PatternTable(  # before a link or a list of them, with a colon or an arrow
    "match",
    Row("related", f"related|{_RELATED}",
        "{Related;RELATED STORIES;Related article;Related articles;Related news;Related content;Related topics;"
        "Related post;Related posts;Related coverage;Related link;Related links}: Why the ferries stopped",
        news="{Related to the mayor: a cousin of hers;The related question: who pays}"),
    Row("more", "more|more on this|more news|more from [^:.]{1,40}",
        "{MORE;More on this;More news;More from the harbour}: Why the ferries stopped",
        news="{More ferries: that is the plan;More of this: the mayor wants it}"),
    Row("read", "read more|read also|read next|also read",
        "{Read more;Read also;Read next;Also read}: Why the ferries stopped",
        news="{Read;Read the accord}: the mayor has signed it"),
    Row("see", "see|see also|see more", "{See;See also;See more} » Why the ferries stopped"),
    Row("video and audio", "watch(?: now| live| more)?|watch the video|listen",
        "{Watch;Watch now;Watch live;Watch more;Watch the video;Listen}: Ferries sail again",
        news="Watch the harbour: it will be empty"),
    Row("recommended", f"recommended|{_EDITORS_PICKS}",
        "{Recommended;Editor's picks;Editors’ choice;Editors pick}: Why the ferries stopped"),
    Row("popular", "trending|most read|most popular|popular|top stories|latest news",
        "{Trending;Most read;Most popular;Popular;Top stories;Latest news} → Why the ferries stopped"),
    Row("addressed to the reader", rf"{_YOU_MAY_LIKE}|don['’]t miss|in case you missed it",
        "{You may like;You might also be interested in;Don't miss;Don’t miss;In case you missed it}: Ferry songs"),
    Row("further on", "what to read next|further reading|up next|next|previous",
        "{What to read next;Further reading;Up next;Next;Previous} > Why the ferries stopped"),
    Row("filed under", "tags?|topics?|filed under|categories|category|keywords",
        "{Tag;Tags;Topic;Topics;Filed under;Categories;Category;Keywords}: harbour, ferries",
        news="Filed on Monday: a suit against the harbour"),
    Row("buttons", "subscribe|share|comments?", "{Subscribe;Share;Comment;Comments} | Harbour Post"),
    Row("advertising", "sponsored|promoted", "{Sponsored;Promoted}: One tiny gadget"),
    Row("source", "via", "Via: Harbour Post"),
    Row("contact", "contact|e-?mail|phone|tel", "{Contact;Email;E-mail;Phone;Tel}: harbour office",
        news="{Phone: the mayor took the call on Monday.;Contact: the ship was found on Sunday.}"),
    after=r"\s*[:»>→|]",
)
ONLY_LINKS = PatternTable(  # a lead of which no sentence begins, so that a full stop changes nothing
    "match",
    Row("related", "related|recommended", "{Related;Recommended}: They stopped on Monday."),
    Row("read and watch", "read|see|also|watch",
        "{Read more;See also;Also read;Watch}: They stopped on Monday.",
        news="{Listen;Next}: the ferries stopped on Monday."),
    Row("more", "more(?! from)", "More: They stopped on Monday.", news="More from the mayor: he signed on Monday."),
    Row("filed under", "filed|tags", "{Filed under;Tags}: harbour, ferries.",
        news="Topic: the harbour and its ferries."),
    Row("buttons", "subscribe|share|sponsored", "{Subscribe;Share;Sponsored}: The Harbour Post."),
)
LINKS = PatternTable(  # a heading under which links to other articles stand
    "fullmatch",
    Row("related", f"related|{_RELATED}",
        "{Related;RELATED STORIES;Related article:;Related news;Related content;Related topics;Related post;"
        "Related posts;Related coverage;Related link;Related links}", news="Related by marriage"),
    Row("recommended", f"recommended|{_EDITORS_PICKS}|{_YOU_MAY_LIKE}",
        "{Recommended;Editor’s picks;Editors' choice;Editors pick;You may like;You might also be interested in:}"),
    Row("popular", "trending|most read|most popular|top stories",
        "{Trending:;Most read;Most popular;Top stories}", news="{Popular;Most ferries sail}"),
    Row("more", "more stories|read more|read also|see also|also read|what to read next",
        "{More stories;Read more:;Read also;See also;Also read;What to read next}", news="{More;See the harbour}"),
    after=r"\s*:?",
)
ADS = PatternTable(  # a heading of advertising
    "fullmatch",
    Row("ads", r"ads? by\b.{0,30}", "{Ads by Adco;Ad by Adco Ltd.}",
        news="Ads by the mayor who would like to stay in office"),
    Row("sponsored", "sponsored(?: content| links?| stories)?",
        "{Sponsored;SPONSORED CONTENT;Sponsored link;Sponsored links;Sponsored stories}", news="Sponsored by the port"),
    Row("promoted", "promoted(?: stories| content| links)?",
        "{Promoted;Promoted stories;Promoted content;Promoted links}", news="Promoted to harbour master"),
    Row("from elsewhere", "(?:from )?around the web|from the web", "{From around the web;Around the Web;From the web}"),
    Row("partners", "paid content|partner content", "{Paid content;Partner content -}", news="Paid parking"),
    after=r"\W*",
)

# ------------------------------------------------------------------------------------- lines of a page

NAVIGATES: frozenset[str] = frozenset().union(  # words of which a line of navigation holds one at least
    ("share", "tweet", "bookmark", "print", "email", "e-mail", "read", "follow", "download", "listen", "close"),
    ("facebook", "twitter", "whatsapp", "telegram", "linkedin", "reddit", "pinterest", "instagram"),
    ("comment", "comments", "home", "menu", "next", "previous", "prev", "skip", "gallery"),
    ("login", "register", "subscribe", "newsletter", "newsletters", "rss"),
    ("advertisement", "advertising", "sponsored", "cookies"),
)
NAVIGATION: frozenset[str] = NAVIGATES.union(  # and no others than these
    ("youtube", "messenger", "us", "on", "via", "follow", "copy", "link", "save", "reply"),
    ("search", "log", "in", "sign", "up", "to", "content", "back", "top", "page"),
    ("more", "view", "all", "show", "less", "accept", "continue"),
    ("ad", "ads", "this", "article", "story", "post", "play", "video", "live", "photos", "audio", "app"),
    ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "min", "reading", "font", "size", "a", "and", "or"),
    ("news", "world", "politics", "business", "opinion", "sport", "sports", "culture"),
)

_SITES = "twitter|x|facebook|instagram|telegram|youtube|tiktok|linkedin|social media"

LINE = PatternTable(
    "fullmatch",
    Row("scroll", r"scroll down (?:for|to)\b.{0,60}", "Scroll down {for video;to see the ferries}",
        news="Scroll down the list and the harbour is there."),
    Row("click", r"click (?:here|on the)\b.{0,80}", "Click {here;on the map} to enlarge",
        news="Click by click he won."),
    Row("counters", r"(?:\d+|no) (?:comments?|shares?|views?|replies)",
        "{12 comments;No comment;1 share;30 shares;1 view;900 views;No replies}",
        news="{Two shares;12 ferries;30 shares fell}"),
    Row("share", r"(?:share|tweet|print|email|save|like) (?:this|on|via|the)\b.{0,40}",
        "{Share this article;Tweet this;Print the page;Email this story;Save via Pocket;Like on Facebook}",
        news="{Share prices fell on Monday;Like this minister, the last one had come late and had left early.}"),
    Row("follow", rf"follow (?!the|a|an)\S.{{0,60}} on (?:{_SITES}).{{0,30}}",
        "Follow us on {Twitter;X;Facebook;Instagram;Telegram;YouTube;TikTok;LinkedIn;social media}!",
        news="Follow {the minister on X;a minister on Facebook;an order on X;minister Roe on foot}, he said."),
    Row("cookies", r"(?:this|our) (?:web)?site uses cookies.{0,200}|we use cookies.{0,200}",
        "{This website uses cookies;Our site uses cookies;We use cookies} to improve your experience.",
        news="We use cookie tins for them."),
    Row("consent", r"by continuing to (?:use|browse|visit)\b.{0,200}",
        "By continuing to {use;browse;visit} this site you agree.", news="By continuing to wait you lose."),
    Row("rights", r"(?:terms of (?:use|service)|privacy policy|cookie policy|all rights reserved)\W.{0,80}",
        "{Terms of use;Terms of service;Privacy policy;Cookie policy;All rights reserved} | Harbour Post",
        news="Terms of trade have changed."),
    Row("contact",
        r"(?:contact|write to|e-?mail) (?:us|the (?:author|writer|reporter|newsroom|editors?)|our)\b.{0,100}",
        "{Contact us;Write to the author;E-mail the writer;Email the reporter;Contact the newsroom;Write to the editor;"
        "Contact the editors;Email our desk} at news@post.example",
        news="{Contact the embassy;Write to the mayor} by Monday, he told the crews."),
    Row("feedback", r"(?:send|e-?mail) (?:your |us |any |news )?(?:tips?|comments|feedback|letters)\b.{0,80}",
        "{Send your tip;Send tips;E-mail us comments;Email any feedback;Send news tips;Send letters} to us",
        news="Send them home, he said."),
    Row("tip", r"got a (?:tip|story)\?.{0,120}", "Got a {tip;story}? Write to the newsroom.",
        news="Got a ship? Sail it."),
)

# ------------------------------------------------------------------------- who wrote it, and whose it is

_NAMES = (
    r"\s+(?:[A-Z][\w.'’-]+\s*){2,4}"  # a name of two to four words
    r"(?:(?:,|and|&|in|for|at|of|with|\|)\s+(?:the\s+)?(?:[A-Z][\w.'’-]*\s*){1,4}){0,5}"  # others, a place, a paper
)

BYLINE = PatternTable(
    "fullmatch",
    Row("by", "By",
        "By Jane {Roe;Roe and John Doe;Roe, John Doe;Roe & John Doe;Roe in Northport;Roe for the Harbour Post;"
        "Roe at Sea;Roe of the Post;Roe with John Doe;Roe | Harbour Post}",
        news="{By Monday;By Jane Roe and others;By the Harbour Post}"),
    Row("written by", "Written by|Author:|Text by|Story by", "{Written by;Author:;Text by;Story by} Jane Roe",
        news="Written by hand"),
    after=_NAMES,
    flags=0,
)
CREDIT_LINE = PatternTable(
    "match",
    Row("reporters", "(?:additional )?reporting by", "({Reporting;Additional reporting} by Jane Roe)",
        news="Reporting on the harbour is a crime now."),
    Row("desk", "(?:writing|editing|compiled|edited|translated|produced) by",
        "{Writing;Editing;Compiled;Edited;Translated;Produced} by Jane Roe.",
        news="Writing letters by hand helped him."),
    Row("copyright", r"©|\(c\)\s|copyright\s*(?:©|\(c\)|\d{4})",
        "{© Harbour Post;(c) Harbour Post;Copyright 2031 Harbour Post;Copyright © Harbour Post;Copyright (c) Post}",
        news="Copyright law will not change, the ministry said."),
    Row("rights, even glued to what follows", "all rights reserved", "All rights reserved{.;Terms of use}"),
    Row("rights after whose they are", r"[^.]{0,80}\ball rights reserved\b", "Harbour Post, all rights reserved.",
        news="He read the page. At its foot it said that all of the rights were reserved."),
    Row("reprint", "this material may not be published", "This material may not be published or broadcast.",
        news="This material may not be safe, he said."),
    Row("editor's note", r"editor['’]s note\W", "{Editor's;Editor’s} note: the ferries sail.",
        news="Editor’s notes were found in the harbour."),
    Row("history of the article",
        r"this (?:article|story|post|piece|report) (?:was|has been|is being) (?:first |originally |last )?"
        r"(?:published|updated|corrected|amended|republished|syndicated|edited)",
        "This {article was published;story has been updated;post is being corrected;piece was first amended;"
        "report was originally syndicated;story was last edited;article has been republished} on Monday.",
        news="This {report was written in haste;law was published on Monday}, the mayor said."),
    Row("disclaimer", "the (?:views|opinions) expressed in this (?:article|piece|column|post)",
        "The {views expressed in this article;opinions expressed in this piece;views expressed in this column;"
        "views expressed in this post} are her own.", news="The views expressed in this council are not his."),
    before=r"\W*",
)

# --------------------------------------------------------------------------------------------- captions

_AGENCY = (
    r"(?:AP|AFP|EPA|EPA-EFE|Reuters|REUTERS|TASS|Xinhua|Getty(?: Images)?|Shutterstock|Wikimedia(?: Commons)?|"
    r"Flickr|Alamy|Rex|UPI|dpa|Anadolu)"
)
_EACH_AGENCY = (
    "{AP;AFP;EPA;EPA-EFE;Reuters;REUTERS;TASS;Xinhua;Getty;Getty Images;Shutterstock;Wikimedia;Wikimedia Commons;"
    "Flickr;Alamy;Rex;UPI;dpa;Anadolu}"
)
_SOLE_AGENCY = (
    rf"(?:{_AGENCY}|AFP via Getty Images|(?:The )?Associated Press|(?:THE )?ASSOCIATED PRESS|Agence France-Presse|"
    r"Bloomberg|PA Media|RIA Novosti|Sputnik|Interfax|IRNA|Kyodo|NurPhoto|ZUMA|Sipa|iStock)"
    r"(?: (?:[Ff]ile )?(?:[Pp]hoto|[Pp]icture|[Ii]mage)s?)?"
)
_PICTURE_BY = (
    r"(?:[Pp]hoto|[Ii]mage|[Pp]icture|[Ii]llustration|[Cc]redit)s?"
    r"(?:\s+(?:by|via|courtesy|from|credit)\b|\s*[:/])[^()]{0,120}\)\W*$"
)

CITY = PatternTable(  # a dateline that a scraper cut off from its sentence
    "fullmatch",
    Row("city", "", "{NORTHPORT;ST. IVES;VAL-D’OR} —", news="{Northport —;NORTHPORT}"),
    Row("city and country", r", [A-Z][\w. ]{2,20}", "NORTHPORT, {Norway;U.S.} -"),
    Row("city and agency", r"(?:, [A-Z][\w. ]{2,20})? \((?:AP|AFP|Reuters|dpa|CNN|UPI|TASS|Xinhua)\)",
        "{NORTHPORT;NORTHPORT, Norway} ({AP;AFP;Reuters;dpa;CNN;UPI;TASS;Xinhua}) --", news="NORTHPORT (Navy) --"),
    before=r"[A-Z][A-Z .'’-]{2,30}",
    after=r"\s*[-–—]+",
    flags=0,
)
CREDIT = PatternTable(  # at the end of a caption
    "search",
    Row("kind of picture, in parentheses", rf"\([^()]{{0,60}}\b\s*{_PICTURE_BY}",
        "The harbour. ({AP Photo/;Photos by ;image via ;Picture courtesy ;picture from ;Illustration: ;"
        "illustration by ;Image: ;photo credit ;Image credit ;Credit: ;credit: ;Harbour Post file photo: }Jane Roe)",
        news="{The ships left (a photo shows them).;The photo (credit for it is due) was old.}"),
    Row("agency glued to it",
        rf"\([^()]{{0,60}}\b(?:AP|AFP|EPA|REUTERS|Reuters|TASS|UPI|File|Handout|Courtesy)\s*{_PICTURE_BY}",
        "The harbour. ({AP;AFP;EPA;REUTERS;Reuters;TASS;UPI;File;Handout;Courtesy}Photo/Jane Roe)"),
    Row("agency and name, in parentheses", rf"\({_AGENCY}\s*(?:/|via|\|)[^()]{{2,60}}\)\W*$",
        f"The harbour. ({_EACH_AGENCY}{{/; via ; | }}Jane Roe)",
        news="The ships left (TASS and Jane Roe)."),
    Row("name and agency, in parentheses", rf"\([^()]{{2,60}}(?:/|via )\s*{_AGENCY}\)\W*$",
        f"The harbour. (Jane Roe{{/; via }}{_EACH_AGENCY})", news="The ships left (Jane Roe told Reuters)."),
    Row("Getty, in parentheses", r"\([^()]{0,40}Getty Images[^()]{0,40}\)\W*$",
        "The harbour. (Roe, Getty Images, 2031)"),
    Row("where it is from, in parentheses", r"\((?:file|archive) photo\)\W*$", "The harbour. ({file;archive} photo)"),
    Row("kind of picture and name",
        r"(?:^|[.!?”\"] ?|, ?|\| ?)(?:Photo|Image|Picture|Illustration|Graphic|Video|Credit|Art)s?(?: credit)?"
        r"(?:: ?| by | via | courtesy )[A-Z@©]\S*(?: \S+){0,7}$",
        "{Photo: ;Sold! Image by ;Sold? Picture via ;“Sold.” Illustration courtesy ;Sold, Graphic: ;Sold. Video by ;"
        "Sold | Credit: ;Sold. Art by ;Sold. Photo credit: ;Sold.Photos:}Jane Roe",
        news="{They fund Art by children from the port;He posed. Photo by photo she left}"),
    Row("in this photo", r"\bin (?:this|an undated)\b[^()]{0,40}\b(?:photo|picture|image)\W*$",
        "The harbour in {this 2030 photo;an undated picture;this image}.",
        news="The harbour is not in this photo book."),
    Row("file photo", r"\b(?:[Ii]llustrative|[Ff]ile|[Aa]rchive) (?:photo|image|picture)\W*$",
        "The port in May, {illustrative image;Illustrative photo;file picture;File photo;archive image;Archive photo}",
        news="The file image {was;is} old."),
    Row("name and agency", rf"(?:^|\s)(?:[A-Z][\w.'’-]+ ){{0,4}}[A-Z][\w.'’-]*\s?(?:/|via)\s?{_AGENCY}\W*$",
        f"{{The harbour in May. Jane Roe;Roe}}{{/; via }}{_EACH_AGENCY}",
        news="The ships left, state media told Reuters."),
    Row("Getty", r"(?:^|[.!?] )Getty Images\W*$", "{Getty Images;The harbour. Getty Images}",
        news="He has sued Getty Images"),
    flags=0,
)
CAPTION = PatternTable(  # at its beginning
    "match",
    Row("FILE", r"FILE(?: PHOTO)?\s?[-–—:]", "{FILE -;FILE PHOTO:;FILE—} The harbour is quiet.",
        news="FILES were burnt in the harbour."),
    Row("file photo", r"File (?:photo|image|picture)\b", "File {photo;image;picture} of the harbour.",
        news="File photos are cheap, he said."),
    Row("pictured", r"(?:Pictured|Caption)\s?:", "{Pictured;Caption}: the harbour in May.",
        news="Pictured in May, the harbour was empty."),
    Row("in this photo",
        r"In this (?:\w+[ ,.]+){0,6}?(?:photo|image|picture|photograph|frame grab|screengrab|still)\b[^.]{0,120}"
        r"\b(?:taken|released|provided|made available|from|shows?|seen)\b",
        "In this {Nov. 3, 2031 photo taken;image released;picture provided;photograph made available;frame grab from;"
        "screengrab the port shows;still, which may show;photo, it is seen} on Monday, ships leave.",
        news="In this {war, a photo can kill;port, ships are seen} on Monday."),
    flags=0,
)
SOLE_CREDIT = PatternTable(  # a line of its own
    "fullmatch",
    Row("agency, even with a name",
        rf"\W*{_SOLE_AGENCY}(?:\s?[/|,]\s?[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){{0,3}}){{0,2}}\W*",
        "{Reuters;AFP via Getty Images;(AP);Associated Press;THE ASSOCIATED PRESS.;- The Associated Press;Bloomberg;"
        "Agence France-Presse;PA Media;RIA Novosti;Sputnik;Interfax;IRNA;Kyodo;NurPhoto;ZUMA;Sipa;iStock;AP Photo;"
        "Reuters file photo;AFP images;TASS | Jane Roe;Getty/Instagram.;AP, Jane Roe / Harbour Post}",
        news="{Reuters reported it.;Associated Press reporters left.;Reuters, AP and AFP left.;Sputnik was first.}"),
    flags=0,
)
GLUED_CREDIT = PatternTable(  # before a caption, which has no full stop
    "match",
    Row("agency and a gap",
        rf"\W*{_SOLE_AGENCY}(?:\s?/\s?[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){{0,3}})?\s{{2,}}[“‘\"']?[A-Z0-9]",
        "{Reuters   Ill?;AFP  The harbour in May;Getty Images   Two harbour masters;AP Photo/Jane Roe  Ships at sea}",
        news="{Reuters   The ships left on Monday, the mayor said.;Reuters The ships;Reuters   reported it}"),
    flags=0,
)
CREDIT_LEAD = PatternTable(
    "match",
    Row("kind of picture and a colon",
        r"(?:Photo|Image|Picture|Photograph|Illustration|Video|Graphic)s?(?: credit| by| via| courtesy)?\s?:",
        "{Photo;Images;Picture credit;Photograph by;Illustration via;Video courtesy;Graphic}: ships at sea",
        news="{Photo of the month: the harbour;Photo: AP The ships left the harbour on Monday, the mayor said.}"),
    flags=0,
)
ARTWORK = PatternTable(
    "match",
    Row("kind of picture and whose",
        r"(?:Photo|Image|Illustration|Graphic|Art|Artwork|Cartoon|Video|Photograph)s?(?: credits?)?"
        r" (?:by|via|courtesy of)\s[A-Z]",
        "{Photo by;Images via;Illustration courtesy of;Graphic by;Art by;Artwork by;Cartoon by;Video credit by;"
        "Photograph credits by} Jane Roe",
        news="{Art by children of the port;Video by Jane Roe shows the ships in the harbour on Monday, he said.}"),
    flags=0,
)
PICTURE_WORD = PatternTable(  # in a caption that begins with a label
    "search",
    Row("what it shows", r"\b(?:pictured|shown|seen)\b",
        "Handshake: the harbour master, {pictured;shown;seen} with mayors",
        news="Handshake: the harbour master has met both of the mayors"),
    Row("where it stands", r"\b(?:above|below|left|right)\b",
        "Handshake: the harbour master ({above;below;left;right}) in May",
        news="Handshake: the harbour master has met leftist mayors in May"),
    Row("what it is", r"\b(?:photo|photograph|image|still from|file|stock)\b",
        "Handshake: {photo of;photograph of;image of;still from;file of;stock of} the harbour master in May",
        news="Handshake: profile of the harbour master in May"),
)

# ------------------------------------------------------------------------------------------------ pleas

PLEA = PatternTable(
    "search",
    Row("membership", r"become (?:a|our|an) (?:\w+ )?(?:patron|member|subscriber|supporter|donor|insider)\b",
        "Become {a patron;our member;an annual subscriber;a supporter;a donor;an insider}.",
        news="Soon he will become a member of the council."),
    Row("readers", "readers like you", "We live by readers like you.", news="The mayor thinks that readers like him."),
    Row("price of a coffee", r"(?:cup|price|cost) of (?:\w+ )?(?:a )?(?:cup of )?coffee",
        "For the {cup of;price of a;cost of one;price of a cup of} coffee you can read on.",
        news="The price of coffee fell on Monday."),
    Row("club", r"join (?:our|the) (?:\w+ ){0,2}(?:community|newsletter|channel|mailing list|club|team of supporters)",
        "Join {our community;the weekly newsletter;our free video channel;the mailing list;our club;"
        "our team of supporters}.",
        news="Norway is to join the community of ports."),
    Row("support us", r"(?:support|fund|sustain) us\b", "You can {support;fund;sustain} us.",
        news="He said that the towns support us."),
    Row("support journalism",
        r"(?:support|fund|back|sustain|help) (?:our|independent|quality|free) (?:\w+ ){0,2}"
        r"(?:work|journalism|reporting|newsroom|team|media|coverage|mission)",
        "You can {support our work;fund independent journalism;back quality local reporting;sustain free media;"
        "help our small young newsroom;help our team;back our coverage;fund our mission}.",
        news="Two banks support independent media in the port."),
    Row("journalism kept open",
        r"(?:our|quality|independent) (?:\w+[ ,]+){0,3}(?:reporting|journalism|newsroom|work) (?:\w+ ){0,2}"
        r"(?:open|free|accessible|alive|going|possible|independent)",
        "You keep {our reporting open;quality journalism free;independent local, young newsroom alive;our work going;"
        "our work accessible to all;our work possible;our work truly independent}.",
        news="The law makes independent journalism possible."),
    Row("sign up",
        r"(?:sign up|register|subscribe)\b[^.]{0,60}\b"
        r"(?:newsletters?|updates|alerts|inbox|mailing list|for free|today|now|briefing)",
        "{Sign up;Register;Subscribe} {for the newsletter;for newsletters;to get updates;for alerts;to fill an inbox;"
        "to a mailing list;for free;today;now;for a briefing}.",
        news="Voters must register in the port by today."),
    Row("subscribe to", "subscribe to (?:our|the|us|my|continue|read)",
        "Subscribe to {our paper;the paper;us;my page;continue;read on}.", news="Few subscribe to the paper."),
    Row("inbox", r"your (?:\w+ ){0,2}inbox", "{News in your inbox;Straight to your own mail inbox}."),
    Row("gift", r"(?:make|consider (?:making )?) ?(?:a|your) (?:\w+[ -]?){0,3}(?:donation|contribution|gift)",
        "{Make a donation;Consider making a contribution;Consider a tax-free gift;Make your microdonation}.",
        news="Two banks make a donation to the port."),
    Row("your gift", r"your (?:\w+ )?(?:donation|contribution|subscription|support|gift)",
        "Thanks for your {donation;kind contribution;subscription;support;gift}.",
        news="Your {contributor;port} left."),
    Row("donate", r"(?:donate|contribute) (?:now|today|here|to (?:us|our|the \w+ fund)|via|as little)",
        "{Please donate;Contribute} {now;today;here;to us;to our paper;to the harbour fund;via a site;as little as 5}",
        news="The towns contribute to the harbour."),
    Row("trial", r"(?:start|begin) your (?:\w+ )?(?:free )?(?:trial|subscription)",
        "{Start your trial;Begin your free trial;Start your monthly subscription}.",
        news="“Start your trial,” the lawyer said."),
    Row("already one", "already a (?:subscriber|member)", "Already a {subscriber;member}?",
        news="The port is already a member."),
    Row("other ways", "ways to support|follow us on|download our app",
        "{We know ways to support a paper;Follow us on foot;Download our app}.",
        news="The ports seek ways to support the ferries."),
    Row("account", r"(?:create|log in to|sign in to) (?:a |an |your )(?:free )?account",
        "{Create a free account;Log in to your account;Sign in to an account}.", news="The banks create an account."),
    Row("e-mail", "(?:enter|submit) your e-?mail|unsubscribe", "{Enter your email;Submit your e-mail;Unsubscribe}.",
        news="Half of the readers unsubscribe."),
    Row("if you like it",
        "if you (?:like|enjoy|enjoyed|value|appreciate) (?:our|this|what|reading)|could close this page",
        "{If you like our work;If you enjoy this;If you enjoyed reading it;If you value what is told;"
        "If you appreciate this;You could close this page}, read on.", news="If you like ferries, sail."),
    Row("help us", "help us (?:produce|keep|continue|stay|fund|make|bring|reach)",
        "Help us {produce it;keep it;continue;stay;fund it;make it;bring it;reach a million}.",
        news="“Help us stay,” the crews asked."),
    Row("readers pay", "depends? on (?:the )?(?:support of )?(?:our )?readers",
        "{We depend on readers;Our paper depends on the support of our readers}.",
        news="The paper depends on readers."),
    before=r"\b",
)
OWN_VOICE = PatternTable(  # how a page speaks that doesn't say "you", and a reporter doesn't speak
    "match",
    Row("of itself", "we|our|this is why (?:we|our)|that['’]s why (?:we|our)",
        "{We;Our editors;This is why we;This is why our towns;That's why we;That’s why our towns} depend on readers.",
        news="{The editors;Many papers} depend on readers."),
    Row("asking for money", "become|join|support|donate|contribute|consider|make|give|help|keep",
        "{Become a member;Join our club;Please support us;Now donate now;Just contribute today;Consider a donation;"
        "Make a gift;Give today and support us;Help us stay;Keep our newsroom alive}.",
        news="{Supporters fund;They support} independent media."),
    Row("asking for a click",
        "sign|subscribe|register|start|begin|follow|download|create|log|enter|submit|unsubscribe|get|already|click",
        "{Sign;Subscribe;Register;Start;Begin;Follow;Download;Create;Log;Enter;Submit;Unsubscribe;Get;Already;Click}"
        " and support us.", news="{Getting;Logs} and the like sustain us."),
    before=r"\W*(?:please |now |just )?",
    after=r"\b",
)
# fmt: on
