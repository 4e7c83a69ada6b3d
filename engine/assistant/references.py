"""Resolve what a turn refers to: "the second one", "and after that?", "I meant the beach".

By rules, over what the former answer was about and cited, in English and Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.assistant.evidence import EvidencePassage, by_file
from engine.assistant.question import LibraryQuestion, Wanted, about, open_question, read_question
from engine.assistant.scope import EVERYWHERE, FileScope
from engine.types import Kind

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
             "tenth")  # fmt: skip
_DIGITS = "一二三四五六七八九十"
_KINDS = {
    Kind.IMAGE: r"pictures?|photos?|images?|screenshots?",
    Kind.VIDEO: r"videos?|movies?|films?|clips?",
    Kind.AUDIO: r"recordings?|sounds?|songs?|memos?|podcasts?",
}
_ZH_KINDS = {Kind.IMAGE: "照片|图片|图|相片", Kind.VIDEO: "视频|影片", Kind.AUDIO: "录音|音频|歌"}
_THING = "(?:ones?|files?|moments?|answers?|results?|hits?|" + "|".join(_KINDS.values()) + ")"
_ZH_THING = "(?:个|张|段|条|首|" + "|".join(_ZH_KINDS.values()) + ")"
_NTH = (
    rf"(?:(?:the\s+)?(?P<word>{'|'.join(_ORDINALS)}|last|other)(?:\s+{_THING})?"
    r"|(?:number|no\.?|\#)\s*(?P<number>\d+)|\[(?P<mark>\d+)\]"
    rf"|(?:the\s+)?(?P<digit>\d+)(?:st|nd|rd|th)(?:\s+{_THING})?)"
)
_ZH_NTH = (
    rf"(?:第(?P<zh>\d+|[{_DIGITS}])(?:{_ZH_THING})+|最后(?P<zh_last>一)(?:{_ZH_THING})+"
    rf"|另(?P<zh_other>一)(?:{_ZH_THING})+)"
)
_THAT = rf"(?:it|them|(?:that|this|those|these)(?:\s+{_THING})?|the\s+{_THING})"
_ZH_THAT = f"(?:它们?|[这那](?:些|{_ZH_THING})+)"
_SOFT = r"(?:(?:ok(?:ay)?|please|and|now|so|well|then)\s*,?\s+)*"


def _rule(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.VERBOSE)


_SHOW = [
    _rule(
        rf"{_SOFT}(?:can\ you\s+|could\ you\s+)?(?:show|open|play|display|give)"
        rf"(?:\s+me|\s+us)?(?:\s+(?:{_NTH}|{_THAT}))?(?:\s+(?:to\ (?:me|us)|again|please|now))*"
    ),
    _rule(rf"{_SOFT}(?:what\ about\s+|how\ about\s+)?{_NTH}(?:\s+please)?"),
    _rule(rf"{_SOFT}where\ (?:is|was)\s+(?:that|this|it)"),
    _rule(
        rf"(?:请|那|那么|再)*(?:(?:给|让)我)?(?:看看?|播放|打开|展示|显示|放)(?:一下|给我看)?"
        rf"(?:{_ZH_NTH}|{_ZH_THAT})?(?:吧|呢)?"
    ),
    _rule(rf"(?:那|那么)?{_ZH_NTH}呢?"),
]
_BESIDE = {
    1: [
        _rule(
            rf"{_SOFT}(?:(?:what|and)\s+)?(?:(?:comes?|came|happens?|happened|is\ said|was\ said"
            r"|do(?:es)?\ (?:he|she|it|they)\ say)\s+)?"
            r"(?:right\s+)?(?:after(?:\s*wards?)?|next|then)(?:\s+(?:that|this|it))?"
        ),
        _rule(
            "(?:那|那么)?(?:然后|之后|接下来|接着|后来|再后来|这之后|那之后)(?:呢|说了什么|是什么|发生了什么|有什么)?"
        ),
    ],
    -1: [
        _rule(
            rf"{_SOFT}(?:(?:what|and)\s+)?(?:(?:comes?|came|happens?|happened|is\ said|was\ said"
            r"|do(?:es)?\ (?:he|she|it|they)\ say)\s+)?(?:right\s+)?before(?:\s+(?:that|this|it))?"
        ),
        _rule(
            "(?:那|那么)?(?:之前|这之前|那之前|在此之前|前面)(?:呢|说了什么|是什么|发生了什么|有什么)?"
        ),
    ],
}
_WRONG = (
    rf"(?:(?:no|nope|wrong)(?:\s+one)?|not\ (?:that|this|it|those|these)(?:\s+{_THING})?"
    rf"|(?:that|this|it)(?:\ is|'s)(?:\ not|n't)(?:\ it|\ the\ one|\ right)?)"
)
_MEANT = r"(?:i\ (?:mean|meant|am\ after|was\ after|want|wanted|am\ looking\ for)|rather|instead)"
_CORRECT = [
    _rule(rf"(?:{_WRONG}[\s,.;:!/\u2013\u2014-]*)*(?:but\s+)?{_MEANT}\s+(?P<x>.+?)(?:\s+instead)?"),
    _rule(rf"{_WRONG}[\s,.;:!\u2013\u2014-]+(?!{_THING}\b)(?P<x>(?:the|a|an|my|in|with)\s+.+)"),
    _rule(
        r"(?:不是?[这那]?(?:些|个|张|段)?(?:照片|视频|录音)?[\uff0c,。 ]*)?"
        "我(?:是)?(?:说|指|想要|要)(?:的是|的)?(?P<x>.+?)"
    ),
]
_OTHERS = [
    _rule(
        rf"(?:{_WRONG}[\s,.;:!\u2013\u2014-]*)?(?:(?:show|give|find)\ me\s+)?(?:and\s+)?"
        rf"(?:are\ there\ (?:any\ )?|is\ there\ )?"
        rf"(?:the\ others?(?:\s+{_THING})?|another(?:\s+{_THING})?|any\ (?:others?|more)"
        rf"|(?:any|some|a)\s*(?:thing|one)?\s*(?:else|different\s+{_THING})|what\ else"
        rf"|others?|more(?:\s+of\ (?:them|those))?|the\ next\ one|others?\s+{_THING})"
    ),
    _rule(_WRONG),
    _rule("不是?[这那](?:些|个|张|段)?(?:照片|视频|录音)?"),
    _rule(
        r"(?:不是?[这那](?:个|张|段)?[\uff0c,。 ]*)?"
        "(?:换一[个张段]|还有(?:别的|其他的?)?(?:吗|呢)?|别的呢?|其他的?呢?)"
    ),
]
_INSTEAD = [
    _rule(r"(?:and\s+|but\s+)*(?:what|how)\ about\s+(?P<x>.+)"),
    _rule(
        r"and\s+(?P<x>(?!what|when|where|who|why|how|which|is|are|was|were|do|does|did|can|show)"
        r"(?:(?:of|for|in|with|about|from|on)\s+)?.+)"
    ),
    _rule("(?:那|那么)?(?P<x>[^我你他她它这那什哪谁怎何]{1,12})呢"),
]
_IN_NTH = _rule(
    r"(?:\b(?P<in>in|of|about|from|on)\s+)?"
    rf"(?:\b(?:the\s+)?(?P<word>{'|'.join(_ORDINALS)}|last|other)\s+{_THING}"
    rf"|\bthe\s+(?P<digit>\d+)(?:st|nd|rd|th)\s+{_THING}|\[(?P<mark>\d+)\])(?=\W|$)"
)
_ZH_IN_NTH = _rule(f"(?:在)?{_ZH_NTH}(?:里面|里|中|上)?的?")
_PRONOUN = _rule(
    rf"\b(?:in|of|about|from|on)?\s*\b(?P<what>it|he|she|they|him|her|them|there"
    rf"|(?:that|this)(?:\s+{_THING})?|(?:those|these)(?:\s+{_THING})?|the\s+{_THING})\b"
)
_ZH_PRONOUN = _rule(
    f"(?:在)?(?P<what>它们?|[他她]们?|[这那](?:些|{_ZH_THING})+|那里|这里|里面)(?:里面|里|中|上)?的?"
)
_PLURAL = _rule("them|they|those.*|these.*|它们|[他她]们|[这那]些.*")
_DUMMY = _rule(
    r"\b(?:(?:is|are|was|were)\s+there|there\s+(?:is|are|was|were)|(?:do|does|did)\s+it\s+(?:rain|snow)"
    r"|that\s+(?:show|say|talk|have|has|contain|mention)\w*|says?\s+that)\b"
)
_BARE = {
    "When was it made": _rule(
        rf"{_SOFT}when(?:\s+(?:exactly|(?:is|was)\ (?:that|this|it)))?"
        "|(?:那|那么)?(?:是)?(?:什么时候|何时)(?:呢|拍的|录的)?"
    ),
    "Where was it made": _rule(
        rf"{_SOFT}where(?:\s+(?:exactly|(?:was)\ (?:that|this|it)))?"
        "|(?:那|那么)?(?:是)?(?:在)?(?:哪里|哪儿|什么地方)(?:呢|拍的|录的)?"
    ),
}  # fmt: skip
"""Questions that are one word, of what was cited."""
_FRAGMENT = _rule(
    r"(?:and\s+)?(?:(?:at|in|on|from|to|by|for|with)\s+)?"
    r"(?:which|what|whose|how\ many|how\ much)\s+(?P<x>(?:\w+\s*){1,2})"
    "|(?:那|那么)?(?:哪|几|多少)一?(?:个|张|段|点|度|号)?(?P<zh>\\w{1,6})"
)
"""A question without a verb: of what was said."""
_SAYING = re.compile(r"(?:he|she|it|they)\ (?:say|says|said|mentions?|tells?)", re.IGNORECASE)
_END = re.compile("[\\s?!.\uff1f\uff01\u3002]+$")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a conversation, how it was understood, and what its answer cited."""

    text: str
    """The words as they were typed."""
    question: LibraryQuestion
    scope: FileScope
    answer: str
    passages: tuple[EvidencePassage, ...]


@dataclass(frozen=True, slots=True)
class ResolvedTurn:
    """A turn with its references resolved."""

    question: LibraryQuestion
    scope: FileScope = EVERYWHERE
    recalled: tuple[EvidencePassage, ...] = ()
    """The moments that are asked for themselves; then nothing is searched for."""
    step: int = 0
    """1 for what comes after the recalled moment, -1 for what comes before."""
    note: str = ""
    """The way in which it was understood, or the reason why it was not."""
    failed: bool = False
    """It refers to what is not there."""


def resolve(text: str, turns: Sequence[Turn]) -> ResolvedTurn:
    """Return what a turn asks, given those before it, the last one last."""
    asked = _END.sub("", " ".join(text.split()))
    last = next((turn for turn in reversed(turns) if turn.passages), None)
    previous = turns[-1] if turns else None
    found = _recall(text, asked, last, previous)
    if found is None and previous is not None:
        found = _follow_up(asked, turns)
    if found is None and last is not None:
        found = _short_question(text, asked, last, previous)
    return found or _within(text, read_question(text), last)


def _recall(text: str, asked: str, last: Turn | None, previous: Turn | None) -> ResolvedTurn | None:
    """Read "show me", "the second one" and "and after that?"."""
    if match := _first(_SHOW, asked):
        return _recalled(read_question(text), match, last, was_found=last is previous)
    for step, rules in _BESIDE.items():
        if _first(rules, asked):
            return _recalled(read_question(text), None, last, step)
    return None


def _follow_up(asked: str, turns: Sequence[Turn]) -> ResolvedTurn | None:
    """Read "I meant the beach", "not that one" and "what about the beach?".

    A correction is of the question that found what later turns asked about: who says "I meant a
    dog" after "when was it taken?" was shown something else than a dog.
    """
    previous = turns[-1]
    if match := _first(_CORRECT, asked):
        finding = next((turn for turn in reversed(turns) if not turn.scope.only), previous)
        return _again(finding.question, match["x"])
    if _first(_OTHERS, asked):
        return _without(previous)
    match = _first(_INSTEAD, asked)
    if match and not _PRONOUN.fullmatch(match["x"]):
        return _again(previous.question, match["x"])
    return None


def _short_question(
    text: str, asked: str, last: Turn, previous: Turn | None
) -> ResolvedTurn | None:
    """Read "when?" and "which gate?", of what was cited."""
    for whole, rule in _BARE.items():
        if rule.fullmatch(asked):
            it = "它是什么时候拍的" if "When" in whole else "它是在哪里拍的"
            named = whole if asked.isascii() else it
            return _within(named, read_question(named), last)
    if last is previous and (match := _FRAGMENT.fullmatch(asked)):
        return _fragment(text, (match["x"] or match["zh"]).strip(), last)
    return None


def _fragment(text: str, subject: str, last: Turn) -> ResolvedTurn:
    """Ask for what the files that were cited say of a thing: "which gate?"."""
    asked = open_question(text)
    asked = replace(asked, subject=subject, searches=(subject, *asked.searches))
    scope = FileScope(tuple(by_file(last.passages)))
    shown = ", ".join(list(dict.fromkeys(p.name for p in last.passages))[:3])
    return ResolvedTurn(asked, scope, last.passages, note=f"asked about {shown}")


def _first(rules: Sequence[re.Pattern[str]], text: str) -> re.Match[str] | None:
    return next((found for rule in rules if (found := rule.fullmatch(text))), None)


def _again(question: LibraryQuestion, subject: str) -> ResolvedTurn:
    """Ask the same about something else; a whole question stands for itself."""
    whole = read_question(subject)
    same = whole if whole.subject != subject and whole.wanted != "words" else None
    subject = re.sub(
        r"^(?:(?:the\s+)?ones?\s+)?(?:of|for|with|about|from|in)\s+(?=\w)", "", subject
    )
    asked = same or about(question, subject)
    return ResolvedTurn(asked, note=f"understood as: {asked.text}")


def _without(turn: Turn) -> ResolvedTurn:
    """Ask again, without the files that the answer named."""
    named = tuple(by_file(turn.passages))
    scope = FileScope(turn.scope.only, (*turn.scope.but_not, *named))
    note = f"understood as: {turn.question.text}, without the {len(scope.but_not)} files so far"
    return ResolvedTurn(turn.question, scope, note=note)


def _recalled(
    question: LibraryQuestion,
    match: re.Match[str] | None,
    last: Turn | None,
    step: int = 0,
    *,
    was_found: bool = True,
) -> ResolvedTurn:
    if last is None:
        return ResolvedTurn(question, note="there is no answer so far to refer to", failed=True)
    number = None if match is None else _number(match, last)
    if number is None and step == 0 and not was_found:
        return ResolvedTurn(question, note="the last answer cites nothing", failed=True)
    if number is None:
        recalled = last.passages[-1:] if step > 0 else last.passages[:1] if step else last.passages
        return ResolvedTurn(question, recalled=tuple(recalled), step=step)
    return _numbered(question, number, last)


def _numbered(question: LibraryQuestion, number: int, last: Turn) -> ResolvedTurn:
    cited = last.passages
    if not 1 <= number <= len(cited):
        count = f"{len(cited)} moment{'' if len(cited) == 1 else 's'}"
        return ResolvedTurn(question, note=f"the last answer cites {count}", failed=True)
    return ResolvedTurn(question, recalled=(cited[number - 1],))


def _number(match: re.Match[str], last: Turn) -> int | None:
    """Return the number of a citation that is named, from 1."""
    found = {name: value for name, value in match.groupdict().items() if value}
    if digits := found.get("number") or found.get("mark") or found.get("digit"):
        return int(digits[:6])
    if zh := found.get("zh"):
        return int(zh[:6]) if zh.isdecimal() else _DIGITS.index(zh) + 1
    word = found.get("word", "").lower()
    if word == "last" or "zh_last" in found:
        return len(last.passages)
    if word == "other" or "zh_other" in found:
        return 2
    return _ORDINALS.index(word) + 1 if word else None


def _within(text: str, question: LibraryQuestion, last: Turn | None) -> ResolvedTurn:
    """Ask within the files that a question refers to, or everywhere."""
    for rule in (_IN_NTH, _ZH_IN_NTH):
        if match := rule.search(text):
            if last is None:
                return _recalled(question, match, last)
            number = _number(match, last)
            found = None if number is None else _numbered(question, number, last)
            if found is None or found.failed:
                return found or ResolvedTurn(question)
            return _about_files(text, match, [found.recalled[0]], last)
    if last is None:
        return ResolvedTurn(question)
    for rule in (_PRONOUN, _ZH_PRONOUN):
        hidden = _DUMMY.sub(lambda found: "_" * len(found[0]), text)
        if match := rule.search(hidden):
            return _about_files(text, match, _meant(match["what"], last.passages), last)
    return ResolvedTurn(question)


def _meant(what: str, passages: Sequence[EvidencePassage]) -> list[EvidencePassage]:
    """Return the passages that a pronoun means: of one file, or of all where it is plural."""
    kinds = [k for k in Kind if re.search(rf"(?:\b(?:{_KINDS[k]})\b)|{_ZH_KINDS[k]}", what, re.I)]
    fitting = [p for p in passages if p.kind in kinds] if kinds else [*passages]
    fitting = fitting or [*passages]
    if _PLURAL.fullmatch(what):
        return fitting
    return [p for p in fitting if p.path == fitting[0].path]


def _about_files(
    text: str, match: re.Match[str], passages: Sequence[EvidencePassage], last: Turn
) -> ResolvedTurn:
    """Ask the question, without the words that refer, about the files of these passages."""
    named = _named(text, match)
    question = read_question(named)
    if question.wanted is Wanted.COMPARE:
        whole = read_question(f"{text[: match.start()]} {passages[0].name} {text[match.end() :]}")
        return ResolvedTurn(whole, note=f"understood as: {whole.text}")
    names = list(dict.fromkeys(p.name for p in passages))
    shown = ", ".join(names[:3]) + ("" if len(names) <= 3 else f" and {len(names) - 3} more")
    return ResolvedTurn(
        _about_subject(question, match, last), FileScope(tuple(by_file(passages))),
        tuple(passages), note=f"asked about {shown}",
    )  # fmt: skip


def _about_subject(question: LibraryQuestion, match: re.Match[str], last: Turn) -> LibraryQuestion:
    """Put what was asked about into the place of "it": "when is it" means the meeting."""
    what, subject = match.groupdict().get("what"), last.question.subject
    if question.wanted is not Wanted.WORDS or not subject or what is None:
        return question
    if _SAYING.search(question.text) or what.lower() in ("he", "she", "him", "her", "they"):
        return question
    named = re.sub(rf"(?<!\w){re.escape(what)}(?!\w)", subject, question.text, count=1)
    return read_question(named)


def _named(text: str, match: re.Match[str]) -> str:
    """Return the question with "it" in the place of what refers."""
    begin, end = match.span()
    chinese = bool(re.search("[\u4e00-\u9fff]", match[0]))
    where = (match.groupdict().get("in") or "") + " " if "in" in match.groupdict() else ""
    it = "它" if chinese else f"{where}it" if where.strip() else match[0]
    if "in" in match.groupdict() and not where.strip() and not chinese:
        it = "it"
    return " ".join(f"{text[:begin]}{it}{text[end:]}".split())
