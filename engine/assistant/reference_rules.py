"""The patterns of what turns refer to, in English and Chinese, with those in German beside them."""

from __future__ import annotations

import re

from engine.assistant import german_references as german
from engine.types import Kind

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
             "tenth")  # fmt: skip
DIGITS = "一二三四五六七八九十"
KINDS = {
    Kind.IMAGE: r"pictures?|photos?|images?|screenshots?",
    Kind.VIDEO: r"videos?|movies?|films?|clips?",
    Kind.AUDIO: r"recordings?|sounds?|songs?|memos?|podcasts?",
}
ZH_KINDS = {Kind.IMAGE: "照片|图片|图|相片", Kind.VIDEO: "视频|影片", Kind.AUDIO: "录音|音频|歌"}
_THING = "(?:ones?|files?|moments?|answers?|results?|hits?|" + "|".join(KINDS.values()) + ")"
_ZH_THING = "(?:个|张|段|条|首|" + "|".join(ZH_KINDS.values()) + ")"
_NTH = (
    rf"(?:(?:the\s+)?(?P<word>{'|'.join(ORDINALS)}|last|other)(?:\s+{_THING})?"
    r"|(?:number|no\.?|\#)\s*(?P<number>\d+)|\[(?P<mark>\d+)\]"
    rf"|(?:the\s+)?(?P<digit>\d+)(?:st|nd|rd|th)(?:\s+{_THING})?)"
)
_ZH_NTH = (
    rf"(?:第(?P<zh>\d+|[{DIGITS}])(?:{_ZH_THING})+|最后(?P<zh_last>一)(?:{_ZH_THING})+"
    rf"|另(?P<zh_other>一)(?:{_ZH_THING})+)"
)
_THAT = rf"(?:it|them|(?:that|this|those|these)(?:\s+{_THING})?|the\s+{_THING})"
_ZH_THAT = f"(?:它们?|[这那](?:些|{_ZH_THING})+)"
_SOFT = r"(?:(?:ok(?:ay)?|please|and|now|so|well|then)\s*,?\s+)*"


def _rule(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.VERBOSE)


SHOW = [
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
    *map(_rule, german.SHOW),
]
_LIKE = rf"(?:like|similar\ to)\s+(?:{_NTH}|{_THAT})"
_SOME = rf"(?:something|anything|some|any|more|others?|another(?:\s+one)?|one|an?|{_THING})"
ALIKE = [
    _rule(
        rf"{_SOFT}(?:(?:can\ you\s+)?(?:show|find|give|get)(?:\s+me|\s+us)?\s+"
        r"|is\ there\s+|are\ there\s+|do\ (?:i|we)\ have\s+|what\ else\ is\s+|what\ is\s+)?"
        rf"(?:{_SOME}\s+)*(?:{_LIKE}|similar(?:\s+{_THING})?)(?:\s+please)?"
    ),
    _rule(
        "(?:还?有(?:没有)?|再?(?:给|让)我(?:看|找)?|找|再来|显示)?(?:一些|些|几[张个段]|一?[张个段])?(?:别的|其他)?"
        f"(?:与|和|跟|像)?(?:{_ZH_NTH}|{_ZH_THAT}|这样|那样)?(?:很|相?)?(?:类似|相似|相像|差不多|一样|这样|那样)的?"
        f"(?:{_ZH_THING})*(?:吗|呢|吧)?"
    ),
    *map(_rule, german.ALIKE),
]
BESIDE = {
    1: [
        _rule(
            rf"{_SOFT}(?:(?:what|and)\s+)?(?:(?:comes?|came|happens?|happened|is\ said|was\ said"
            r"|do(?:es)?\ (?:he|she|it|they)\ say)\s+)?"
            r"(?:right\s+)?(?:after(?:\s*wards?)?|next|then)(?:\s+(?:that|this|it))?"
        ),
        _rule(
            "(?:那|那么)?(?:然后|之后|接下来|接着|后来|再后来|这之后|那之后)(?:呢|说了什么|是什么|发生了什么|有什么)?"
        ),
        _rule(german.BESIDE[1]),
    ],
    -1: [
        _rule(
            rf"{_SOFT}(?:(?:what|and)\s+)?(?:(?:comes?|came|happens?|happened|is\ said|was\ said"
            r"|do(?:es)?\ (?:he|she|it|they)\ say)\s+)?(?:right\s+)?before(?:\s+(?:that|this|it))?"
        ),
        _rule(
            "(?:那|那么)?(?:之前|这之前|那之前|在此之前|前面)(?:呢|说了什么|是什么|发生了什么|有什么)?"
        ),
        _rule(german.BESIDE[-1]),
    ],
}
_WRONG = (
    rf"(?:(?:no|nope|wrong)(?:\s+one)?|not\ (?:that|this|it|those|these)(?:\s+{_THING})?"
    rf"|(?:that|this|it)(?:\ is|'s)(?:\ not|n't)(?:\ it|\ the\ one|\ right)?)"
)
_MEANT = r"(?:i\ (?:mean|meant|am\ after|was\ after|want|wanted|am\ looking\ for)|rather|instead)"
CORRECT = [
    _rule(rf"(?:{_WRONG}[\s,.;:!/\u2013\u2014-]*)*(?:but\s+)?{_MEANT}\s+(?P<x>.+?)(?:\s+instead)?"),
    _rule(rf"{_WRONG}[\s,.;:!\u2013\u2014-]+(?!{_THING}\b)(?P<x>(?:the|a|an|my|in|with)\s+.+)"),
    _rule(
        r"(?:不是?[这那]?(?:些|个|张|段)?(?:照片|视频|录音)?[\uff0c,。 ]*)?"
        "我(?:是)?(?:说|指|想要|要)(?:的是|的)?(?P<x>.+?)"
    ),
    *map(_rule, german.CORRECT),
]
OTHERS = [
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
    *map(_rule, german.OTHERS),
]
INSTEAD = [
    _rule(r"(?:and\s+|but\s+)*(?:what|how)\ about\s+(?P<x>.+)"),
    _rule(
        r"and\s+(?P<x>(?!what|when|where|who|why|how|which|is|are|was|were|do|does|did|can|show)"
        r"(?:(?:of|for|in|with|about|from|on)\s+)?.+)"
    ),
    _rule("(?:那|那么)?(?P<x>[^我你他她它这那什哪谁怎何]{1,12})呢"),
    *map(_rule, german.INSTEAD),
]
IN_NTH = _rule(
    r"(?:\b(?P<in>in|of|about|from|on)\s+)?"
    rf"(?:\b(?:the\s+)?(?P<word>{'|'.join(ORDINALS)}|last|other)\s+{_THING}"
    rf"|\bthe\s+(?P<digit>\d+)(?:st|nd|rd|th)\s+{_THING}|\[(?P<mark>\d+)\])(?=\W|$)"
)
DE_IN_NTH = _rule(german.IN_NTH)
ZH_IN_NTH = _rule(f"(?:在)?{_ZH_NTH}(?:里面|里|中|上)?的?")
PRONOUN = _rule(
    rf"\b(?:in|of|about|from|on)?\s*\b(?P<what>it|he|she|they|him|her|them|there"
    rf"|(?:that|this)(?:\s+{_THING})?|(?:those|these)(?:\s+{_THING})?"
    rf"|the\s+{_THING}(?!\s+(?:of|showing|with|about|from|in\ which|where|that)\b))\b"
)
ZH_PRONOUN = _rule(
    f"(?:在)?(?P<what>它们?|[他她]们?|[这那](?:些|{_ZH_THING})+|那里|这里|里面)(?:里面|里|中|上)?的?"
)
DE_PRONOUN, DE_INSIDE = _rule(german.PRONOUN), _rule(german.INSIDE)
PLURAL = _rule("them|they|those.*|these.*|它们|[他她]们|[这那]些.*")
DUMMY = _rule(
    r"\b(?:(?:is|are|was|were)\s+there|there\s+(?:is|are|was|were)|(?:do|does|did)\s+it\s+(?:rain|snow)"
    r"|that\s+(?:show|say|talk|have|has|contain|mention)\w*|says?\s+that)\b"
)
BARE = {
    "When was it made": _rule(
        rf"{_SOFT}when(?:\s+(?:exactly|(?:is|was)\ (?:that|this|it)))?"
        "|(?:那|那么)?(?:是)?(?:什么时候|何时)(?:呢|拍的|录的)?"
        f"|{german.BARE_WHEN}"
    ),
    "Where was it made": _rule(
        rf"{_SOFT}where(?:\s+(?:exactly|(?:was)\ (?:that|this|it)))?"
        "|(?:那|那么)?(?:是)?(?:在)?(?:哪里|哪儿|什么地方)(?:呢|拍的|录的)?"
        f"|{german.BARE_WHERE}"
    ),
}  # fmt: skip
"""Questions that are one word, of what was cited."""
FRAGMENT = _rule(
    r"(?:and\s+)?(?:(?:at|in|on|from|to|by|for|with)\s+)?"
    r"(?:which|what|whose|how\ many|how\ much)\s+(?P<x>(?:\w+\s*){1,2})"
    "|(?:那|那么)?(?:哪|几|多少)一?(?:个|张|段|点|度|号)?(?P<zh>\\w{1,6})"
)
"""A question without a verb: of what was said."""
SAYING = re.compile(r"(?:he|she|it|they)\ (?:say|says|said|mentions?|tells?)", re.IGNORECASE)
END = re.compile("[\\s?!.\uff1f\uff01\u3002]+$")
