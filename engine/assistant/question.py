"""Read a question by rules: what kind of answer it wants, and which searches find that.

No model is needed. A question that no rule knows is read by its words where it is about what is
seen or heard. Else it is open: its words are searched for, and what is said, written or captioned
answers it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, Self

from engine.assistant.frames import AnswerFrames, frames_of, is_german
from engine.assistant.german_questions import GERMAN_RULES
from engine.assistant.loose_questions import (
    LONGEST_CLAUSE,
    LooseReading,
    read_loosely,
    speaks_of_words,
)
from engine.errors import UsageError
from engine.query.language import quoted
from engine.query.language.plain_words import understand
from engine.types import Kind

_LONGEST = 2_000
"""Characters of a question."""
_STEM = 4
"""Letters by which a word is known again in another form."""


class Wanted(StrEnum):
    """The kind of answer that a question wants."""

    WORDS = "words"
    """Sentences that are said, to be read, or written about a file."""
    SPEECH = "speech"
    """Sentences that are said."""
    FILES = "files"
    """The files that show or sound like something."""
    COUNT = "count"
    """The number of such files."""
    DATE = "date"
    """The time at which such a file was made."""
    PLACE = "place"
    """The place at which such a file was made."""
    LENGTH = "length"
    """The length of a video or a recording."""
    SIZE = "size"
    """The bytes of a file."""
    COMPARE = "compare"
    """The longer, newer or larger one of two files."""
    SUMMARY = "summary"
    """The sentences of a file that say the most of it."""


class Measure(StrEnum):
    """A fact of files by which two of them are compared."""

    LENGTH = "length"
    SIZE = "size"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class LibraryQuestion:
    """A question, and the searches that it becomes."""

    text: str
    wanted: Wanted
    subject: str
    """The words for what it is about, which an answer can quote."""
    searches: tuple[str, ...]
    """Queries in the query language; the first is the narrowest."""
    kinds: tuple[Kind, ...] = ()
    clauses: tuple[str, ...] = ()
    """The questions in it, which a passage may bear one by one."""
    compared: tuple[str, str] = ("", "")
    """The words for the two files that are compared."""
    measure: Measure = Measure.LENGTH
    least: bool = False
    """True where the shorter, older or smaller one is asked for."""

    @property
    def frames(self) -> AnswerFrames:
        """The words of answers in its language."""
        return frames_of(self.text)

    def to_dict(self) -> dict[str, Any]:
        """Return its fields for JSON."""
        return {
            "text": self.text, "wanted": self.wanted, "subject": self.subject,
            "searches": [*self.searches], "kinds": [*self.kinds], "clauses": [*self.clauses],
            "compared": [*self.compared], "measure": self.measure, "least": self.least,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Return the question of such fields."""
        return cls(
            str(fields["text"]), Wanted(fields["wanted"]), str(fields["subject"]),
            tuple(map(str, fields["searches"])), tuple(map(Kind, fields["kinds"])),
            tuple(map(str, fields["clauses"])),
            (str(fields["compared"][0]), str(fields["compared"][1])), Measure(fields["measure"]),
            bool(fields["least"]),
        )  # fmt: skip


_NOUNS = {
    Kind.IMAGE: r"pictures?|photos?|photographs?|images?|pics?|screenshots?|scans?|signs?",
    Kind.VIDEO: r"videos?|movies?|films?|clips?|footage",
    Kind.AUDIO: r"recordings?|sounds?|songs?|tracks?|(?:voice\ )?memos?|voicemails?|podcasts?",
}
_PLURALS = {Kind.IMAGE: "pictures", Kind.VIDEO: "videos", Kind.AUDIO: "recordings"}
_NOUN = (
    "(?:" + "|".join(f"(?P<{kind}>{words})" for kind, words in _NOUNS.items())
    + r"|files?|moments?|scenes?)"
)  # fmt: skip
_ANY = r"(?:(?:a|an|any|some|the|of\ my|my|our|all|one|other)\s+)*"
_LINK = r"(?:of|showing|with|about|from|in\ which|where|that\ (?:shows?|ha[sv]e?|contains?))"
_SHOW = r"(?:shows?|ha(?:s|ve)|contains?|depicts?|features?|is\ of|are\ of)"
_SAY = (
    r"(?:talks?\ (?:about|of)|speaks?\ (?:about|of)|mentions?|says?|tells?\ (?:about|of)"
    r"|(?:is|are)\ about|discuss(?:es)?)"
)
_SAID = r"(?:said|talked\ about|mentioned|spoke\ (?:about|of)|told\ of)"
_MADE = r"(?:taken|made|recorded|filmed|shot|photographed)"
_MAKE = r"(?:photograph|film|record|take\ (?:the|a)\ picture\ of)"
_THERE = (
    r"(?:\s+(?:are|is)\s+there(?:\s+in\s+(?:the|my|this)\s+library)?|\s+do\s+(?:i|we)\s+have"
    r"|\s+(?:are|is)\s+in\s+(?:the|my|this)\s+library|\s+have\s+(?:i|we))?"
)
_OF_FILE = rf"{_ANY}{_NOUN}\s+{_LINK}"
_OF = rf"(?:{_OF_FILE}\s+)?(?P<x>.+?)"
_HAS = rf"(?:{_LINK}|{_SHOW})"
_IS = rf"(?:{_SHOW}|(?:is|are)\ there)"
_MORE = {
    "longer": (Measure.LENGTH, False), "shorter": (Measure.LENGTH, True),
    "larger": (Measure.SIZE, False), "bigger": (Measure.SIZE, False),
    "smaller": (Measure.SIZE, True), "newer": (Measure.DATE, False),
    "later": (Measure.DATE, False), "more recent": (Measure.DATE, False),
    "older": (Measure.DATE, True), "earlier": (Measure.DATE, True),
    "长": (Measure.LENGTH, False), "短": (Measure.LENGTH, True), "大": (Measure.SIZE, False),
    "小": (Measure.SIZE, True), "新": (Measure.DATE, False), "晚": (Measure.DATE, False),
    "旧": (Measure.DATE, True), "早": (Measure.DATE, True),
}  # fmt: skip
_THAN = "(?P<more>" + "|".join(m.replace(" ", r"\ ") for m in _MORE if m.isascii()) + ")"
_ZH_THAN = "(?P<more>" + "|".join(m for m in _MORE if not m.isascii()) + ")"
_SOME_NOUN = "(?:" + "|".join(_NOUNS.values()) + r"|files?)"
_NAMED = rf"(?:(?:{_ANY}{_SOME_NOUN}|it|this|that|.+\.\w{{2,5}}|\w+\ \d+)\b.*)"
"""A file: by a noun of files, a name with a suffix or a number, or as it."""
_EN = [
    (Wanted.COMPARE, rf"which(?:\ one|\ file|\s+{_NOUN})?\s+is\s+(?:the\s+)?{_THAN}(?:\s+one)?"
                     r"\s*[,:]?\s+(?P<x>.+?)\s+or\s+(?P<y>.+)"),
    (Wanted.COMPARE, rf"which\ of\s+(?P<x>.+?)\s+(?:and|or)\s+(?P<y>.+?)\s+is\s+(?:the\s+)?{_THAN}"
                     r"(?:\s+one)?"),
    (Wanted.COMPARE, rf"(?:is|was)\s+(?P<x>.+?)\s+(?:any\s+)?{_THAN}\s+than\s+(?P<y>.+)"),
    (Wanted.LENGTH, rf"how\ long\ (?:is|are|was)\s+(?P<x>{_NAMED})"),
    (Wanted.SIZE, rf"how\ (?:large|big)\ (?:is|are|was)\s+(?P<x>{_NAMED})"),
    (Wanted.SUMMARY, r"(?:please\s+)?(?:summari[sz]e|sum\ up|give\ me\ (?:a|the)\ summary\ of)\s+"
                     r"(?P<x>.+)"),
    (Wanted.SUMMARY, r"what\ (?:is|was|are)\s+(?P<x>.+?)\s+about"),
    (Wanted.SUMMARY, r"what\ (?:happens|happened|is\ said|(?:do|does)\ (?:he|she|it|they)\ say)"
                     r"\s+in\s+(?P<x>.+)"),
    (Wanted.COUNT, rf"how\ many\s+{_NOUN}\s+(?:are\ there\s+)?{_HAS}\s+(?P<x>.+?){_THERE}"),
    (Wanted.COUNT, rf"how\ many\s+{_NOUN}{_THERE}(?P<x>)"),
    (Wanted.DATE, rf"when\ (?:was|were)\s+{_OF}\s+{_MADE}"),
    (Wanted.DATE, rf"when\ did\ (?:i|we)\s+{_MAKE}\s+(?P<x>.+)"),
    (Wanted.PLACE, rf"where\ (?:was|were)\s+{_OF}\s+{_MADE}"),
    (Wanted.PLACE, rf"where\ did\ (?:i|we)\s+{_MAKE}\s+(?P<x>.+)"),
    (Wanted.SPEECH, rf"(?:in\ )?(?:which|what)\s+{_NOUN}\s+{_SAY}\s+(?P<x>.+)"),
    (Wanted.SPEECH, r"what\ (?:is|was)\s+said\s+(?:about|on|of)\s+(?P<x>.+)"),
    (Wanted.SPEECH, rf"who\ (?:{_SAID}|{_SAY})\s+(?P<x>.+)"),
    (Wanted.SPEECH, r"what\ (?:do|does|did)\ (?:he|she|it|they|anyone|anybody|people)\ say\s+"
                    r"(?:about|on|of)\s+(?P<x>.+)"),
    (Wanted.FILES, rf"(?:in\ )?(?:which|what)\s+{_NOUN}\s+{_IS}\s+(?P<x>.+)"),
    (Wanted.FILES, rf"(?:is|are)\ there\s+{_OF_FILE}\s+(?P<x>.+)"),
    (Wanted.FILES, rf"(?:do|have)\ (?:i|we)\s+(?:(?:have|got)\s+)?{_OF_FILE}\s+(?P<x>.+)"),
    (Wanted.FILES, rf"(?:show|find|give)\s+(?:me\s+)?{_OF_FILE}\s+(?P<x>.+)"),
]  # fmt: skip
_ZH_NOUNS = {
    Kind.IMAGE: "照片|图片|相片|截图", Kind.VIDEO: "视频|影片|录像", Kind.AUDIO: "录音|音频|歌",
}  # fmt: skip
_ZH_NOUN = "(?:" + "|".join(f"(?P<{k}>{w})" for k, w in _ZH_NOUNS.items()) + "|文件)"
_ZH_WHICH = rf"(?:哪|什么)[一些张段个首]*{_ZH_NOUN}(?:里面|里|中|上)?"
_ZH_MANY = "有?(?:多少|几)[张段个首]?"
_ZH = [
    (
        Wanted.COMPARE,
        rf"(?P<x>.+?)(?:和|跟|与|还是)(?P<y>.+?)(?:哪|谁)一?[个张段]?(?:视频|录音|照片)?"
        rf"(?:更|比较|是)?{_ZH_THAN}",
    ),
    (Wanted.COMPARE, rf"(?P<x>.+?)比(?P<y>.+?)(?:更|要)?{_ZH_THAN}吗?"),
    (Wanted.LENGTH, r"(?P<x>.+?)有?多长"),
    (Wanted.SUMMARY, "(?:请)?(?:总结|概括)(?:一下)?(?P<x>.+)"),
    (Wanted.SUMMARY, "(?P<x>.+?)(?:是关于什么的|(?:讲|说|谈)(?:了|的是)(?:些)?什么)"),
    (Wanted.COUNT, rf"{_ZH_MANY}{_ZH_NOUN}(?:里面|里|中|上)?(?:有|显示|拍了|拍到)(?P<x>.+)"),
    (Wanted.COUNT, rf"{_ZH_MANY}(?P<x>.+?)的{_ZH_NOUN}"),
    (Wanted.SPEECH, rf"{_ZH_WHICH}(?:说到|谈到|提到|讲)了?(?P<x>.+)"),
    (Wanted.FILES, rf"{_ZH_WHICH}(?:有|显示|拍了|拍到|出现)了?(?P<x>.+)"),
    (Wanted.FILES, rf"有没有(?P<x>.+?)的{_ZH_NOUN}"),
    (Wanted.DATE, rf"(?P<x>.+?)的{_ZH_NOUN}是?(?:什么时候|何时|哪天)拍的"),
    (Wanted.PLACE, rf"(?P<x>.+?)的{_ZH_NOUN}是?(?:在哪里|在哪儿|在哪)拍的"),
    (Wanted.DATE, "(?P<x>.+?)是?(?:什么时候|何时|哪天)(?:拍|录|做)的"),
    (Wanted.PLACE, "(?P<x>.+?)是?(?:在哪里|在哪儿|在哪)(?:拍|录|做)的"),
]
_RULES = [
    *((wanted, re.compile(rule, re.IGNORECASE | re.VERBOSE)) for wanted, rule in _EN),
    *((wanted, re.compile(rule)) for wanted, rule in _ZH),
    *((Wanted(wanted), re.compile(rule, re.IGNORECASE)) for wanted, rule in GERMAN_RULES),
]
_SEEN = re.compile(r"\b(?:photograph|film|shot|shoot|picture)|拍", re.IGNORECASE)
"""Words for how only what is seen is made."""
_MINE = re.compile(
    r"where\s+(?:is|are)\s+(?:my|our)\s+(?P<x>.+)|(?:我|我们)的(?P<zh>.+?)在(?:哪里|哪儿|哪)",
    re.IGNORECASE,
)
_OWN = re.compile(r"^(?:(?:my|our)\s+|(?:我|我们)的)", re.IGNORECASE)
"""The words for whose a thing is, which nothing that is seen can say."""
_END = re.compile("[\\s?!.\uff1f\uff01\u3002]+$")
_CLAUSE = re.compile(
    r",?\s+and\s+(?=(?:what|where|when|who|why|how|which)\b)"
    "|\uff0c(?=[^\uff0c]*[什哪谁怎何])",
    re.I,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_ASKING = re.compile(
    r"^(?:(?:please|can\ you\ tell\ me|could\ you\ tell\ me|tell\ me|do\ you\ know)\s+)*"
    r"(?:(?:what|which|who|whom|whose|when|where|why|how(?:\ (?:long|much|many|often|far))?)\b\s*)?"
    r"(?:(?:is|are|was|were|do|does|did|has|have|had|can|should|must|will|would)\b\s*)?"
    r"(?:(?:i|we|you|it|there)\b\s*)?(?:(?:have|need)\ to\b\s*)?",
    re.IGNORECASE | re.VERBOSE,
)
_THEN = re.compile(r"\s*,?\s+and\s+then\s+|\s+followed\s+by\s+", re.IGNORECASE)


def checked_question(text: str) -> str:
    """Return a question that can be asked.

    Raises:
        UsageError: it is empty or too long.
    """
    if not any(map(str.isalnum, text)):
        raise UsageError("the question is empty")
    if len(text) > _LONGEST:
        raise UsageError(f"the question has {len(text):,} characters; {_LONGEST:,} are read")
    return text


def about(question: LibraryQuestion, subject: str) -> LibraryQuestion:
    """Return the same question about something else."""
    subject = subject.strip()
    if question.subject and question.subject in question.text:
        text = question.text.replace(question.subject, subject)
    else:
        text = f"{question.text} {subject}"
    return replace(
        question, text=text, subject=subject, clauses=(_END.sub("", text),),
        searches=_searches(question.wanted, subject, text, question.kinds),
    )  # fmt: skip


def read_question(text: str) -> LibraryQuestion:
    """Return what a question asks for, by rules alone."""
    asked = " ".join(text.split())
    clauses = tuple(filter(None, (_END.sub("", part) for part in _CLAUSE.split(asked))))
    first = clauses[0] if clauses else asked
    clauses = (*clauses, *_questions_told_of(asked))
    if (form := _known_form(first)) is not None:
        return _ruled_question(asked, first, clauses, *form)
    loose = read_loosely(first, german=is_german(first))
    if loose is not None and loose.sure:
        return _loose_question(asked, clauses, loose)
    return open_question(asked, clauses)


def _known_form(clause: str) -> tuple[Wanted, re.Match[str]] | None:
    """Return what the first rule that knows a question's form finds in it."""
    if len(clause) <= LONGEST_CLAUSE:
        for wanted, rule in _RULES:
            if match := rule.fullmatch(clause):
                return wanted, match
    return None


def _ruled_question(
    text: str, clause: str, clauses: tuple[str, ...], wanted: Wanted, match: re.Match[str]
) -> LibraryQuestion:
    kinds = tuple(kind for kind in Kind if match.groupdict().get(kind))
    if not kinds and wanted in (Wanted.DATE, Wanted.PLACE) and _SEEN.search(clause):
        kinds = (Kind.IMAGE, Kind.VIDEO)
    subject = match["x"].strip(" ,\uff0c")
    read = LibraryQuestion(
        text, wanted, subject, _searches(wanted, subject, clause, kinds), kinds, clauses
    )
    if wanted is not Wanted.COMPARE:
        return read
    measure, least = _MORE[" ".join(match["more"].lower().split())]
    other = match["y"].strip(" ,\uff0c")
    return replace(read, compared=(subject, other), measure=measure, least=least, kinds=())


def _questions_told_of(asked: str) -> list[str]:
    """Return the questions that have a sentence of their own, behind others that lead to them."""
    sentences = _SENTENCE.split(asked)
    return [_END.sub("", each) for each in sentences[1:] if each.endswith("?")]


def _loose_question(text: str, clauses: tuple[str, ...], loose: LooseReading) -> LibraryQuestion:
    wanted, subject, kinds = Wanted(loose.wanted), loose.subject, loose.kinds
    if understand(f"{_PLURALS[Kind.IMAGE]} from {subject}", date.today()).text:
        searches = _searches(wanted, subject, text, kinds)
    else:  # It is a time: what was made then is listed.
        searches = (f"{_PLURALS[kinds[0] if kinds else Kind.IMAGE]} from {subject}",)
    return LibraryQuestion(text, wanted, subject, searches, kinds, clauses)


def open_question(text: str, clauses: tuple[str, ...] = ()) -> LibraryQuestion:
    """Return a question that words answer, whatever its form is."""
    asked = " ".join(text.split())
    clauses = clauses or (_END.sub("", asked),)
    first = clauses[0] or asked
    subject = _ASKING.sub("", first) or first
    return LibraryQuestion(
        asked, Wanted.WORDS, subject, _searches(Wanted.WORDS, subject, first), (), clauses
    )


def read_anew(question: LibraryQuestion) -> LibraryQuestion | None:
    """Return a question that found nothing as it can be read, too: by words, or by looks."""
    return shown_instead(question) or _told_instead(question)


def shown_instead(question: LibraryQuestion) -> LibraryQuestion | None:
    """Return the question for what shows a thing, where no words tell of it."""
    if question.wanted is not Wanted.WORDS:
        return None
    clause = question.clauses[0] if question.clauses else question.text
    match = _MINE.fullmatch(clause) if len(clause) <= LONGEST_CLAUSE else None
    if match is None:
        loose = read_loosely(clause, german=is_german(clause))
        return loose and _loose_question(question.text, question.clauses, loose)
    subject = (match["x"] or match["zh"]).strip()
    return LibraryQuestion(
        question.text, Wanted.FILES, subject, (subject,), (Kind.IMAGE, Kind.VIDEO),
        question.clauses,
    )  # fmt: skip


def _told_instead(question: LibraryQuestion) -> LibraryQuestion | None:
    """Return the question for what words tell of a thing, where nothing shows it."""
    if question.wanted is not Wanted.FILES or has_known_form(question):
        return None
    return open_question(question.text, question.clauses)


def has_known_form(question: LibraryQuestion) -> bool:
    """Tell whether a rule knows the form of a question, so that what it asks for is certain."""
    clause = question.clauses[0] if question.clauses else question.text
    return _known_form(clause) is not None


def may_be_renamed(question: LibraryQuestion) -> bool:
    """Tell whether a model may say what a question looks for in pictures and sounds."""
    seen = question.wanted in (Wanted.WORDS, Wanted.FILES)
    return seen and not has_known_form(question) and not speaks_of_words(question.text)


def renamed(question: LibraryQuestion, name: str) -> LibraryQuestion | None:
    """Return the question for what a model has named; None where a question names no such thing.

    An animal is none for a kangaroo, and "screenshots" are what it looks in.
    """
    asked = question.text.casefold()
    words = re.findall(r"\w{3,}", name.casefold())
    if read_loosely(name) is None or not all(word[:_STEM] in asked for word in words):
        return None
    return replace(question, wanted=Wanted.FILES, subject=name, searches=(quoted(name),))


def _searches(
    wanted: Wanted, subject: str, clause: str, kinds: tuple[Kind, ...] = ()
) -> tuple[str, ...]:
    """Return the queries; words are also looked for by the question as it was asked."""
    # A picture has no order of moments.
    if wanted not in (Wanted.WORDS, Wanted.SPEECH):
        subject = _OWN.sub("", subject) or subject
    narrow = subject
    if kinds != (Kind.IMAGE,) and _THEN.search(subject):
        narrow = " then ".join(f'"{part}"' for part in _THEN.split(subject.replace('"', "")))
    if kinds and f"from {subject}".casefold() in clause.casefold():
        # The query language takes "pictures from 2023" for a date, and "2023" for a word.
        narrow = f"{_PLURALS[kinds[0]]} from {subject}"
    if wanted in (Wanted.WORDS, Wanted.SPEECH):
        return tuple(dict.fromkeys((narrow, clause)))
    return (narrow,)
