"""Resolve what a turn refers to: "the second one", "and after that?", "I meant the beach".

By rules, over what the former answer was about and cited, in English, Chinese and German.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.assistant.evidence import EvidencePassage, by_file
from engine.assistant.frames import is_german
from engine.assistant.german_references import KINDS as DE_KINDS
from engine.assistant.german_references import ORDINALS as DE_ORDINALS
from engine.assistant.question import LibraryQuestion, Wanted, about, open_question, read_question
from engine.assistant.reference_rules import (
    ALIKE,
    BARE,
    BESIDE,
    CORRECT,
    DE_IN_NTH,
    DE_INSIDE,
    DE_PRONOUN,
    DIGITS,
    DUMMY,
    END,
    FRAGMENT,
    IN_NTH,
    INSTEAD,
    KINDS,
    ORDINALS,
    OTHERS,
    PLURAL,
    PRONOUN,
    SAYING,
    SHOW,
    ZH_IN_NTH,
    ZH_KINDS,
    ZH_PRONOUN,
)
from engine.assistant.scope import EVERYWHERE, FileScope
from engine.types import Kind


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
    alike: bool = False
    """The turn asks for what is like the recalled moment."""
    note: str = ""
    """The way in which it was understood, or the reason why it was not."""
    failed: bool = False
    """It refers to what is not there."""


def resolve(text: str, turns: Sequence[Turn]) -> ResolvedTurn:
    """Return what a turn asks, given those before it, the last one last."""
    asked = END.sub("", " ".join(text.split()))
    last = next((turn for turn in reversed(turns) if turn.passages), None)
    previous = turns[-1] if turns else None
    found = _recall(text, asked, last, previous)
    if found is None and previous is not None:
        found = _follow_up(asked, turns)
    if found is None and last is not None:
        found = _short_question(text, asked, last, previous)
    return found or _within(text, read_question(text), last)


def _recall(text: str, asked: str, last: Turn | None, previous: Turn | None) -> ResolvedTurn | None:
    """Read "show me", "the second one", "and after that?" and "more like this"."""
    if match := _first(ALIKE, asked):
        return _alike(text, match, last)
    if match := _first(SHOW, asked):
        return _recalled(read_question(text), match, last, was_found=last is previous)
    for step, rules in BESIDE.items():
        if _first(rules, asked):
            return _recalled(read_question(text), None, last, step)
    return None


def _follow_up(asked: str, turns: Sequence[Turn]) -> ResolvedTurn | None:
    """Read "I meant the beach", "not that one" and "what about the beach?".

    A correction is of the question that found what later turns asked about: who says "I meant a
    dog" after "when was it taken?" was shown something else than a dog.
    """
    previous = turns[-1]
    if match := _first(CORRECT, asked):
        finding = next((turn for turn in reversed(turns) if not turn.scope.only), previous)
        return _again(finding.question, match["x"])
    if _first(OTHERS, asked):
        return _without(previous)
    match = _first(INSTEAD, asked)
    if match and not PRONOUN.fullmatch(match["x"]):
        return _again(previous.question, match["x"])
    return None


def _short_question(
    text: str, asked: str, last: Turn, previous: Turn | None
) -> ResolvedTurn | None:
    """Read "when?" and "which gate?", of what was cited."""
    for whole, rule in BARE.items():
        if rule.fullmatch(asked):
            when = "When" in whole
            named = whole if asked.isascii() else "它是什么时候拍的" if when else "它是在哪里拍的"
            if re.search(r"\b(?:wann|wo)\b", asked, re.IGNORECASE):
                named = f"{'Wann' if when else 'Wo'} wurde das aufgenommen"
            return _within(named, read_question(named), last)
    if last is previous and (match := FRAGMENT.fullmatch(asked)):
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


def _alike(text: str, match: re.Match[str], last: Turn | None) -> ResolvedTurn:
    """Ask for what is like a moment that was cited: the one that is named, or the first."""
    found = _recalled(read_question(text), match, last)
    if found.failed:
        return found
    (moment, *_) = found.recalled
    asked = replace(found.question, kinds=tuple(k for k in Kind if _is_of(k, text)))
    note = f"asked for what is like {moment.name}"
    return replace(found, question=asked, recalled=(moment,), alike=True, note=note)


def _numbered(question: LibraryQuestion, number: int, last: Turn) -> ResolvedTurn:
    cited = last.passages
    if not 1 <= number <= len(cited):
        count = f"{len(cited)} moment{'' if len(cited) == 1 else 's'}"
        return ResolvedTurn(question, note=f"the last answer cites {count}", failed=True)
    return ResolvedTurn(question, recalled=(cited[number - 1],))


def _number(match: re.Match[str], last: Turn) -> int | None:
    """Return the number of a citation that is named, from 1."""
    found = {name: value for name, value in match.groupdict().items() if value}
    if (
        digits := found.get("number")
        or found.get("mark")
        or found.get("digit")
        or found.get("de_number")
    ):
        return int(digits[:6])
    if zh := found.get("zh"):
        return int(zh[:6]) if zh.isdecimal() else DIGITS.index(zh) + 1
    word = found.get("word", "").lower()
    if word == "last" or "zh_last" in found or "de_last" in found:
        return len(last.passages)
    if word == "other" or "zh_other" in found or "de_other" in found:
        return 2
    if stem := found.get("de"):
        return DE_ORDINALS.index(stem.lower()) + 1
    return ORDINALS.index(word) + 1 if word else None


def _within(text: str, question: LibraryQuestion, last: Turn | None) -> ResolvedTurn:
    """Ask within the files that a question refers to, or everywhere."""
    german = is_german(text)
    for rule in (DE_IN_NTH,) if german else (IN_NTH, ZH_IN_NTH):
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
    for rule in (DE_PRONOUN, DE_INSIDE) if german else (PRONOUN, ZH_PRONOUN):
        hidden = DUMMY.sub(lambda found: "_" * len(found[0]), text)
        if match := rule.search(hidden):
            return _about_files(text, match, _meant(match["what"], last.passages), last)
    return ResolvedTurn(question)


def _meant(what: str, passages: Sequence[EvidencePassage]) -> list[EvidencePassage]:
    """Return the passages that a pronoun means: of one file, or of all where it is plural."""
    kinds = [kind for kind in Kind if _is_of(kind, what)]
    fitting = [p for p in passages if p.kind in kinds] if kinds else [*passages]
    fitting = fitting or [*passages]
    if PLURAL.fullmatch(what):
        return fitting
    return [p for p in fitting if p.path == fitting[0].path]


def _is_of(kind: Kind, words: str) -> bool:
    """Tell whether words name a kind of files."""
    nouns = rf"\b(?:{KINDS[kind]}|{DE_KINDS[kind]})\b|{ZH_KINDS[kind]}"
    return re.search(nouns, words, re.IGNORECASE) is not None


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
    if SAYING.search(question.text) or what.lower() in ("he", "she", "him", "her", "they"):
        return question
    named = re.sub(rf"(?<!\w){re.escape(what)}(?!\w)", subject, question.text, count=1)
    return read_question(named)


def _named(text: str, match: re.Match[str]) -> str:
    """Return the question with "it" in the place of what refers."""
    begin, end = match.span()
    if match.re is DE_INSIDE:
        without = " ".join(f"{text[:begin]}{text[end:]}".split())
        answered = read_question(without).wanted is not Wanted.WORDS
        return without if answered else " ".join(f"{text[:begin]}in das{text[end:]}".split())
    chinese = bool(re.search("[\u4e00-\u9fff]", match[0]))
    where = (match.groupdict().get("in") or "") + " " if "in" in match.groupdict() else ""
    it = "它" if chinese else f"{where}it" if where.strip() else match[0]
    if "in" in match.groupdict() and not where.strip() and not chinese:
        it = "it"
    return " ".join(f"{text[:begin]}{it}{text[end:]}".split())
