"""Words with which people ask for what is seen or heard, in English, German and Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.types import Kind


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """The words of one language around what is looked for, as patterns."""

    files: re.Pattern[str]
    """Files with the words around them; a group for each kind."""
    opening: re.Pattern[str]
    """A word of asking, or of perceiving, with which a question begins."""
    ending: re.Pattern[str]
    """A word of perceiving, or of courtesy, with which a question ends."""
    inner: re.Pattern[str]
    """Words that are left out wherever they are."""
    perceived: re.Pattern[str]
    heard: re.Pattern[str]
    made: re.Pattern[str]
    worded: re.Pattern[str]
    """Words for what is said or written: it is words that answer."""
    fact: re.Pattern[str]
    """A beginning that rather asks for a fact that is said than for what is seen."""
    existing: re.Pattern[str]
    """A beginning that asks whether, or where, there is something."""
    when: re.Pattern[str]
    where: re.Pattern[str]
    many: re.Pattern[str]
    """Beginnings that ask for a time, for a place, and for a number."""
    within: re.Pattern[str]
    """A beginning of the words for files: something is in them."""


def _files(nouns: Mapping[Kind, str], others: str) -> str:
    named = "|".join(f"(?P<{kind}>{words})" for kind, words in nouns.items())
    return f"(?:{named}|{others})"


_EN_FILES = _files({
    Kind.IMAGE: r"pictures?|[pf]h?otos?|photographs?|images?|pics?|snapshots?|screenshots?|scans?"
                r"|selfies?|close-?\ ?ups?",
    Kind.VIDEO: r"videos?|movies?|films?|clips?|footage",
    Kind.AUDIO: r"recordings?|sounds?|noises?|songs?|tracks?|audio|voicemails?"
                r"|(?:voice\ )?(?:memos?|notes?)",
}, "files?|scenes?|shots?|librar(?:y|ies)|collections?|folders?|media|stuff")  # fmt: skip
ENGLISH = QuestionWords(
    files=re.compile(
        rf"""\b(?:(?:in|on|of|from|among|within)\s+)?
        (?:(?:which|what|any|anywhere|one|some|all|each|every|the|these|this|those|that|my|our|your
            |a|an|other|more|of|old|few|couple|kind)\s+)*
        {_EN_FILES}\b
        (?:\s*,?\s*(?:of|with|showing|where|in\ which|from|about|that\ (?:shows?|ha[sv]e?|contains?)
            |which\ (?:shows?|one)|there\ (?:is|are)))*\b""",
        re.IGNORECASE | re.VERBOSE,
    ),
    opening=re.compile(
        r"""^(?:[\s,;:-]+|(?:please|so|and|hey|hi|hello|now|maybe|perhaps|just|also|then
        |(?:'s|'d|'ve|'m|'re)|s|can|could|would|will|should|must|might|do|does|did|have|has|had|is|are|was|were|am|be|got|i'm|i'd|i've|let
        |i|we|you|it|there|they|he|she|somewhere|anywhere|anything|something|somehow|anyone|anybody|someone|somebody|any|some
        |me|us|my|our|your|the
        |see|find|show|look|looking|listen|hear|heard|get|want|need|like|love|know|search|watch|view
        |recall|remember|think|wonder(?:ing)?|pull|bring|give|play|tell|up|out|all|that|those|these
        |bit|part|moment|where|once
        |for|at|to|if|whether|in|on|from|of|with|about|between
        |shows?|showing|depicts?|contains?|features?
        |which|what|where|when|who|how\ many|how\ much|day|date|year|month|place|city|town|country
        |one|ones)\b)""",
        re.IGNORECASE | re.VERBOSE,
    ),
    ending=re.compile(
        r"""(?:[\s,;:.!?-]+|\b(?:(?:to\ )?(?:be\ )?(?:seen|heard|found|shown|depicted|visible
        |pictured|audible)|appear(?:s|ed|ing)?|show(?:s|n)?(?:\ up)?|(?:in|on)(?:\ it)?|there
        |here|somewhere|anywhere|at\ all|for\ me|please|thanks|thank\ you|which\ one|what|which
        |(?:ly|stand|sitt)ing\ (?:about|around)|around|about|once|taking|any|one|it|them
        |do\ (?:i|we|you)\ have|is|are|can\ (?:i|you|we)(?:\ (?:see|hear|find))?))$""",
        re.IGNORECASE | re.VERBOSE,
    ),
    inner=re.compile(r"\b(?:is|are|was|were|can\ be|there(?=\s+(?:is|are)\b))\s+", re.IGNORECASE),
    perceived=re.compile(
        r"\b(?:see|seen|sees|hear|hears|heard|listen\w*|visible|audible|appear\w*|show\w*|depict\w*"
        r"|pictured?|photograph\w*|film(?:ed|ing)?|watch\w*|(?:look|sound)(?:s|ing)?\s+like)\b",
        re.IGNORECASE,
    ),
    heard=re.compile(r"\b(?:hears?|heard|listen\w*|audible|sound(?:s|ing)?\s+like)\b", re.I),
    made=re.compile(
        r"(?:\b(?:was|were|is|are|been|have|i|we)\s+)*\b(?:taken|took|recorded|filmed|photographed"
        r"|captured|(?<=(?:was|ere)\s)(?:made|shot)|(?<=(?:i|e)\s)(?:photograph|film|record|shoot))\b"
        r"(?:\s+(?:in|at|on|near|from|during)\b)?",
        re.IGNORECASE,
    ),
    worded=re.compile(
        r"\b(?:sa(?:y|ys|id|ying)|mention\w*|talk\w*|tells?|telling|told|speak\w*|spoken?|discuss\w*"
        r"|explain\w*|announc\w*|writ(?:e|es|ten|ing)|read|reads|spelled|printed|password|number"
        r"|price|costs?|due|deadline|address|titled?|named?|called|lyrics|sings?)\b",
        re.IGNORECASE,
    ),
    fact=re.compile(
        r"^(?:(?:what|who|whom|whose|why|how|when|which)\b|do\s+(?:i|we|you)\s+(?:have|need)\s+to\b"
        r"|(?:should|must|may)\s+(?:i|we)\b)",
        re.IGNORECASE,
    ),
    existing=re.compile(
        r"^(?:(?:is|are|was|were)\s+(?:there|any\w*|some\w*)|do\s+(?:i|we|you)\s+have\b(?!\s+to\b)"
        r"|have\s+(?:i|we|you)\b|where(?:'s|\s+(?:is|are|can|could)\b)|(?:any|got)\b"
        r"|(?:i'm|i\s+am|we\s+are)\s+looking|(?:show|find)\b|(?:can|could)\s+(?:i|we|you)\b)",
        re.IGNORECASE,
    ),
    when=re.compile(r"^(?:when\b|(?:on\s+)?(?:what|which)\s+(?:day|date|year|month)\b)", re.I),
    where=re.compile(r"^(?:where\b|in\s+(?:what|which)\s+(?:place|city|town|country)\b)", re.I),
    many=re.compile(r"^how\s+many\b", re.IGNORECASE),
    within=re.compile(r"(?:in|on|of|from|among|within)\b", re.IGNORECASE),
)
_DE_FILES = _files({
    Kind.IMAGE: r"(?:bild|foto)(?:er|ern|s|es)?|photos?|fotografien?|screenshots?|schnappsch\w+"
                r"|aufnahmen?\s+mit\s+der\s+kamera|nahaufnahmen?",
    Kind.VIDEO: r"videos?|filme?n?|clips?",
    Kind.AUDIO: r"(?:ton|sprach)?aufnahmen?|sprach(?:memos?|nachrichten?)|memos?"
                r"|lied(?:er|ern)?|geräusche?n?|töne?n?",
}, "datei(?:en)?|szenen?|bibliothek|sammlung")  # fmt: skip
GERMAN = QuestionWords(
    files=re.compile(
        rf"""\b(?:(?:auf|in|im|bei|von|aus|unter)\s+)?
        (?:(?:welche[mnrs]?|einem|einer|eines|einen|ein|eine|einige[nr]?|irgendein\w*
            |irgendwelche\w*|dies\w+|den|dem|der|die|das|mein\w*|unser\w*|alle\w*|paar|kein\w*)\s+)*
        {_DE_FILES}\b
        (?:\s*,?\s*(?:von|vom|mit|wo|auf\s+(?:dem|der|denen)|in\s+(?:dem|der|denen)|über)\b)*""",
        re.IGNORECASE | re.VERBOSE,
    ),
    opening=re.compile(
        r"""^(?:[\s,;:-]+|(?:bitte|hätte|brauche?|weißt|glaube?|erinnere?|müsste|sollte|eigentlich
        |irgendwer|hat|mich|dich|daran|dass|alle|all|mal|doch|gibt|es|habe|hab|haben|hast|ich|wir|du|ihr|sie|man|kann
        |kannst|können|könnt|könntest|irgendwo|irgendwann|irgendwas|jemand|ist|sind|war|waren|wurde
        |wurden|sieht|sehe|sehen|siehst|hört|höre|hören|hörst|zeig\w*|find\w*|such\w*|mir|uns|wo
        |wann|wer|wie\ viele|welche[mnrs]?|was|hier|da|auch|schon|der|die|das|den|dem|nach|auf|in|im
        |an|am|bei|von|mit|möchte|will|würde|gern\w*|zu)\b)""",
        re.IGNORECASE | re.VERBOSE,
    ),
    ending=re.compile(
        r"""(?:[\s,;:.!?-]+|\b(?:zu\ (?:sehen|hören|finden|erkennen)|gesehen|gehört|abgebildet
        |sichtbar|hörbar|vorhanden|dabei\ sein|sein|nicht\ mehr|oder|welche[mnrs]?|steckt|ihn|sie
        |findest\ du|das|der|du|gern\w*|drauf|drin|dabei|da|hier|irgendwo|bitte|danke|ist|sind|war
        |sieht|hört|sehen|hören|zeigen|finden|(?:er|auf)?schein(?:t|en)|auftauch(?:t|en)
        |kann|können|gibt\ es|habe\ ich|haben\ wir|man|ich))$""",
        re.IGNORECASE | re.VERBOSE,
    ),
    inner=re.compile(r"(?!x)x"),
    perceived=re.compile(
        r"\b(?:seh\w*|siehs?t|gesehen|sichtbar|hör\w*|gehört|zeig\w*|abgebildet|erschein\w*"
        r"|auftauch\w*|fotografier\w*|gefilmt|klingt|klingen)\b",
        re.IGNORECASE,
    ),
    heard=re.compile(r"\b(?:hör\w*|gehört|klingt|klingen)\b", re.IGNORECASE),
    made=re.compile(
        r"\b(?:aufgenommen|gemacht|fotografiert|gefilmt|gedreht|entstanden)\b", re.IGNORECASE
    ),
    worded=re.compile(
        r"\b(?:sag\w*|gesagt|erwähn\w*|spr(?:ech|ich|och)\w*|gesprochen|rede[tn]?|erzähl\w*"
        r"|nenn\w*|genannt|heißt|heißen|was\s+steht|geschrieben|lautet|lesen|passwort|\w*nummer"
        r"|preis|kostet|fällig|worum|thema|titel|name|adresse)\b",
        re.IGNORECASE,
    ),
    fact=re.compile(r"^(?:was|wer|wem|wen|warum|wieso|wie|wann)\b", re.IGNORECASE),
    existing=re.compile(
        r"^(?:gibt\s+es|gibt's|(?:habe?|haben|hast)\s+(?:ich|wir|du)|wo\b|zeig\w*|find\w*|such\w*"
        r"|ich\s+(?:suche|möchte|will)|ist\s+(?:da|hier|irgendwo)|irgend\w+|auf\s+welche"
        r"|in\s+welche)",
        re.IGNORECASE,
    ),
    when=re.compile(r"^(?:wann|an\s+welchem\s+tag)\b", re.IGNORECASE),
    where=re.compile(r"^(?:wo|an\s+welchem\s+ort)\b", re.IGNORECASE),
    many=re.compile(r"^wie\s+viele\b", re.IGNORECASE),
    within=re.compile(r"(?:auf|in|im|bei|von|aus|unter)\b", re.IGNORECASE),
)
_ZH_FILES = _files({
    Kind.IMAGE: "照片|图片|相片|截图|自拍|图像|图",
    Kind.VIDEO: "视频|影片|录像|短片|片段",
    Kind.AUDIO: "语音备忘录|语音|录音|音频|歌曲|歌",
}, "文件|画面|声音")  # fmt: skip
CHINESE = QuestionWords(
    files=re.compile(
        rf"(?:在|从|这|那|我的|我们的)?(?:哪|什么|某|任何)?(?:[一些几个张段首条部幅]|里)*"
        rf"(?:的)?{_ZH_FILES}(?:里面|里边|里|中|上|当中)?(?:的)?"
    ),
    opening=re.compile(
        "^(?:[\\s\uff0c\u3001]+|请问|请|帮我|帮忙|我想|我要|我记得|记得|好像|应该|把|所有|全部|[那这一几][张段首条个只部]|过|我们|我|你|能不能|可不可以|可以|能|会|有没有|是否有"
        "|是不是有|是否|有|找一下|找到|找|看看|看到|看见|看|听听|听到|听见|听|显示|给我|出现|拍了|拍到|拍"
        "|哪里|哪儿|哪|在|一下|某处|什么地方|什么时候|多少|几|只|张|是)"
    ),
    ending=re.compile(
        "(?:[\\s\uff0c\u3001\uff1f?。]+|吗|呢|吧|啊|的|了|出现|出现过|里有|在哪里|在哪儿|在哪|有没有|有吗|谢谢"
        "|找得到|找出来|都|这里面|这里|里面|是哪[张段个]|哪[张段个]|是)$"
    ),
    inner=re.compile(r"(?!x)x"),
    perceived=re.compile("看到|看见|听到|听见|出现|显示|拍|声音|画面|看得到|听得到|能看|能听"),
    heard=re.compile("听|声音|声"),
    made=re.compile("(?:是)?(?:在)?(?P<x>)(?:拍摄|拍|录制|录)的"),
    worded=re.compile(
        "说|讲|提到|谈|告诉|念|祝|聊|播报|写|读|密码|号码|价格|多少钱|到期|地址|名字|叫什么"
    ),
    fact=re.compile("什么(?!地方|时候拍)|谁|为什么|怎么|几点|何时"),
    existing=re.compile("有没有|是否有|有.*吗|哪里|哪儿|找|给我看"),
    when=re.compile("什么时候|何时|哪天|哪一天"),
    where=re.compile("哪里|哪儿|什么地方"),
    many=re.compile("多少|有几"),
    within=re.compile("在|从|这|那|我"),
)
