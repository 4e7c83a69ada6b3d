"""Tell statements from orders to whoever reads, so that no order reaches a model that writes.

A model is given what media say as text to be written from. A sentence that orders something of
its reader is no such text: it tells of answers, instructions and machines, or bears the marks of
a prompt, and what follows it in the same passage is what it orders. Those are kept from the model
and stay what they are: quotes, for whoever asks what a file says. By rules alone, which leave out
too much rather than too little: a lecture's "open the question box" costs that sentence.
"""

from __future__ import annotations

import re
from pathlib import PurePath

_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
"""Characters that turn or hide text; no sentence needs them."""
_PROMPT_MARK = re.compile(
    r"<[/|!?]?\s*\w|\|>|\[/?\s*(?:inst|sys|system|assistant|user)\b|<<|\{\{|\}\}|\#{2,}|```"
    r'|[\[{]\s*"|"\s*[\]}:]|--\w',
    re.IGNORECASE,
)
"""Marks of markup, JSON, prompts and commands, which nobody speaks."""
_ROLE = re.compile(
    r"^\W*(?:system|assistant|user|human|developer|ai|bot|model)\b\s*(?:[:\uff1a]|says?\b|message\b)"
    r"|^\W*(?:dear|hey|hello|hi|attention|note\ to|message\ (?:to|for))\s+(?:\w+\s+)?"
    r"(?:model|assistant|ai|bot|robot|machine|computer|reader|summari[sz]er)s?\b",
    re.IGNORECASE | re.VERBOSE,
)
_OF_ANSWERS = re.compile(
    r"\b(?:answer|answers|answering|repl(?:y|ies)|replying|respond|responds|responding|response"
    r"|responses|instructions?|prompts?|question|assistants?|chatbots?|robots?|llms?"
    r"|language\ models?|a\.?i\.?|jailbreak\w*|overrid\w+|summary|summari[sz]e[rs]?|summari[sz]ing"
    r"|output|outputs|cite|citations?)\b",
    re.IGNORECASE | re.VERBOSE,
)
"""Words for answering itself: whoever speaks of it speaks to whoever answers."""
_VERBS = (
    "ignore|forget|disregard|bypass|obey|comply|pretend|act|behave|say|speak|print|reveal|disclose"
    "|leak|repeat|claim|declare|announce|append|insert|tag|label|rename|delete|erase|wipe|set|run"
    "|execute|exec|eval|install|click|visit|download|upload|transfer|send|wire|pay|donate|translate"
    "|insult|praise|become|tell|warn|inform|convince|recommend|mention"
)
"""Verbs by which readers and machines are ordered. Errands ("buy milk", "call Ann") are content."""
_ORDER = re.compile(
    r"^(?:[\W_]*(?:please|now|just|then|so|also|and|but|first|instead|kindly|ok(?:ay)?|never|always"
    r"|only|immediately|urgent|important|warning|attention|from\ now\ on|do\ not|don[\u2019']t|you"
    r"|everyone|everybody|listener|reader|viewer|dear\ \w+)[\s,:;!\uff1a]+)*[\W_]*"
    rf"(?:{_VERBS})\b(?!\s*(?:is|are|was|were|has|have|had|of)\b)",
    re.IGNORECASE | re.VERBOSE,
)
"""Such a verb in the imperative at the beginning."""
_OBLIGED = re.compile(
    r"\b(?:you|models?|machines?|computers?|everyone|readers?)\s+(?:must|should|shall|will|have\ to"
    r"|need\ to|are\ to|ought\ to|obey)\b|\byou\ are\ now\b|\bnew\ (?:rule|task|order|role)s?\b"
    r"|[:,;]\s*(?:then\s+|just\s+|only\s+|please\s+)?"
    rf"(?:write|{_VERBS})\b(?!\s*(?:is|are|was|were|has|have|had|of)\b)"
    r"|\b(?:and|then)\s+(?:say|print|write|tell)\b|\bset\s+\w*_\w+",
    re.IGNORECASE | re.VERBOSE,
)
_ZH_ORDER = re.compile(
    "忽略|忽视|无视|忘记|忘掉|不要理会|别管|指令|提示词|系统|助手|模型|机器人|人工智能|回答|回复|答复|答案|问题"
    "|输出|只说|就说|请说|并说|然后说|必须说|你必须|你要|你应该|你现在|您必须|服从|执行|扮演|假装|标记|删除所有"
    "|总结|摘要"
)
_ELSEWHERE = re.compile(
    "\\b(?:anweisung|ignorier|vergiss|antworte|gehorch|instrucci|ignora|responde|olvida|obedece"
    "|instru\u00e7|ignorez|oublie|r\u00e9pond|ob\u00e9i|istruzion|rispond|dimentica)|無視|指示|命令|答え|応答"
    "|무시|지시|대답|игнорир|инструкц|ответ|забудь",
    re.IGNORECASE,
)
"""The same of some other languages."""
_END = re.compile("(?<=[.!?\u2026])[\"'\u201d\u2019)]?\\s+|(?<=[\u3002\uff01\uff1f])|\n+")


_RULES = (_HIDDEN, _PROMPT_MARK, _ROLE, _OF_ANSWERS, _ORDER, _OBLIGED, _ZH_ORDER, _ELSEWHERE)


def is_order(sentence: str) -> bool:
    """Tell whether a sentence speaks to whoever reads it, and not of something."""
    return any(rule.search(sentence) for rule in _RULES)


def is_ordering_name(path: str, spaced: str) -> bool:
    """Tell whether a file's name speaks to whoever reads it.

    Args:
        spaced: the name as a person reads it, without the signs that marks of prompts are made of.
    """
    return is_order(PurePath(path).stem) or is_order(spaced)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without the spaces around them."""
    return [part.strip() for part in _END.split(text) if part.strip()]


def statements(text: str) -> list[str]:
    """Return the sentences of a text before the first that is an order; all, where none is."""
    found = []
    for sentence in sentences(text):
        if is_order(sentence):
            break
        found.append(sentence)
    return found
