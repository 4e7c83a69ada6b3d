"""What is typed to search becomes what was meant, or an error that points at the slip."""

from __future__ import annotations

import pytest

from engine.errors import InvalidQuery, QuerySyntax, UsageError
from engine.query.language.query_parser import ParsedQuery, parse_query, parse_query_words
from engine.types import AllOf, AnyOf, Condition, Not, PartKind, QueryPart
from tests.query.texts import (
    TODAY,
    of_path,
)

Said = str | tuple[float, str]


def parts(*said: Said, asked: PartKind = PartKind.TEXT) -> tuple[QueryPart, ...]:
    pairs = [(1.0, one) if isinstance(one, str) else one for one in said]
    return tuple(QueryPart(value, asked, weight) for weight, value in pairs)


def stages(text: str) -> tuple[tuple[QueryPart, ...], ...]:
    return parse_query(text, TODAY).stages


def filtered(text: str):
    made = parse_query(text, TODAY)
    assert made.stages == ()
    return made.filter


def refused(text: str) -> QuerySyntax:
    with pytest.raises(QuerySyntax) as caught:
        parse_query(text, TODAY)
    assert caught.value.text == text
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a red car", parts("a red car")),
        ("  a \t red\ncar ", parts("a red car")),
        ("cat + dog", parts("cat", "dog")),
        ("cat - dog", parts("cat", (-1, "dog"))),
        ("cat -dog +mouse", parts("cat", (-1, "dog"), "mouse")),
        ("cat -black dog", parts("cat", (-1, "black dog"))),
        ("+ cat", parts("cat")),
        ("-dog + cat", parts((-1, "dog"), "cat")),
        ('cat -"black dog" tail', parts("cat", (-1, "black dog tail"))),
        ("x-ray, rock-n-roll and C++", parts("x-ray, rock-n-roll and C++")),
        ("minus -5 degrees", parts("minus -5 degrees")),
        ("minus -.5 degrees", parts("minus -.5 degrees")),
        ("a --flag and ---", parts("a --flag and ---")),
        ("a - b", parts("a", (-1, "b"))),
    ],
)
def test_signs_part_a_query(text, expected):
    assert stages(text) == (expected,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2: red car + night", parts((2, "red car"), "night")),
        ("2:golf", parts((2, "golf"))),
        ("0.5: night + .25: day", parts((0.5, "night"), (0.25, "day"))),
        ("day - 2: night", parts("day", (-2, "night"))),
        ("day -2: night", parts("day", (-2, "night"))),
        ("100: night", parts((100, "night"))),
        ('2:"red car"', parts((2, "red car"))),
        ("12:30 train", parts("12:30 train")),
        ("16:9 picture", parts("16:9 picture")),
        ("at 2: red", parts("at 2: red")),
        ("at 2:red", parts("at 2:red")),
        ('kind of 2:"a b"', parts("kind of 2:a b")),
        ("nan: x", parts("nan: x")),
    ],
)
def test_weights_count_at_the_start_of_a_part(text, expected):
    assert stages(text) == (expected,)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"2: a - b then kind:video ./x"', "2: a - b then kind:video ./x"),
        (r'"say \"hi\" \\ \n"', r'say "hi" \ \n'),
        ('a "red  car" outside', "a red  car outside"),
        ('"hello", he said', "hello, he said"),
        ('"red"car', "redcar"),
        ("“red car”", "red car"),
        ("“a” b”", "a b”"),
        (r"“say \”hi\””", "say ”hi”"),
        ('a 12" screen', 'a 12" screen'),
        ('"./street.jpg"', "./street.jpg"),
        ("a\0b \ud800 \u200fc", "a\0b \ud800 \u200fc"),
    ],
)
def test_quotes_make_a_literal_phrase(text, value):
    assert stages(text) == (parts(value),)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("./street.jpg", "./street.jpg"),
        ("../a", "../a"),
        ("/a/b.png", "/a/b.png"),
        ("~/a", "~/a"),
        ("~user/a", "~user/a"),
        ("file:a.jpg", "a.jpg"),
        ("file:a%20b.jpg", "a%20b.jpg"),
        ("file:///a%20b.jpg", "/a b.jpg"),
        ('file:"my street.jpg"', "my street.jpg"),
        ('file:"///a%20b.jpg"', "///a%20b.jpg"),
        ("http://x.org/a-b.png?c=2", "http://x.org/a-b.png?c=2"),
        ("HTTPS://x.org", "HTTPS://x.org"),
    ],
)
def test_a_part_that_is_a_path_or_a_url_is_an_example(text, value):
    example = parts(value, asked=PartKind.FILE)
    assert stages(text) == (example,)
    assert stages(f"2:{text} + a") == ((QueryPart(value, PartKind.FILE, 2), *parts("a")),)
    assert stages(f"a -{text}") == ((*parts("a"), QueryPart(value, PartKind.FILE, -1)),)


@pytest.mark.parametrize(
    "text", ["and/or /etc/passwd things", "see ./a", ".. or .", "ftp://x.org/a", "file:"]
)
def test_a_path_beside_words_is_words(text):
    assert stages(text) == (parts(text),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a" then b', (parts("a"), parts("b"))),
        ('a then "b"', (parts("a"), parts("b"))),
        ('a then 2:"b"', (parts("a"), parts((2, "b")))),
        ('"a" Then 2: b -c', (parts("a"), parts((2, "b"), (-1, "c")))),
        ('"a" then b then "c"', (parts("a"), parts("b"), parts("c"))),
        ('"a" then b then c', (parts("a"), parts("b then c"))),
        ('x "a" kind:video then speech:yes b', (parts("x a"), parts("b"))),
        ('file:"a b" then c', (parts("a b", asked=PartKind.FILE), parts("c"))),
        ("and then he left", (parts("and then he left"),)),
        ("then", (parts("then"),)),
        ('"a", then b', (parts("a, then b"),)),
        ('c -then "a"', (parts("c", (-1, "then a")),)),
        ('"a then b" c', (parts("a then b c"),)),
    ],
)
def test_then_joins_stages_beside_a_quoted_phrase(text, expected):
    assert stages(text) == expected


VIDEO, AUDIO = Condition("kind", "=", "video"), Condition("kind", "=", "audio")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind:video", VIDEO),
        ("Kind:VIDEO", VIDEO),
        ("kind:video,audio", AnyOf((VIDEO, AUDIO))),
        ("-kind:video", Not(VIDEO)),
        ("-kind:video,audio", Not(AnyOf((VIDEO, AUDIO)))),
        ("kind:video speech:yes", AllOf((VIDEO, Condition("speech", "=", "yes")))),
        ("path:*.jpg", Condition("path", "=", "*.jpg")),
        ('path:"/a b/*"', Condition("path", "=", "/a b/*")),
        ("path:a,b", of_path("a,b")),
        ("path:dogs", AnyOf((Condition("path", "=", "dogs"), Condition("path", "=", "*/dogs/*")))),
        ("path:dogs/", Condition("path", "=", "*/dogs/*")),
        ("path:a/b", AnyOf((Condition("path", "=", "*/a/b"), Condition("path", "=", "*/a/b/*")))),
        ("after:2024-01-01", Condition("date", ">=", "2024-01-01")),
        ("before:2024", Condition("date", "<", "2024")),
        ("duration:<60", Condition("duration", "<", 60.0)),
        ("duration:>=1m30s", Condition("duration", ">=", 90.0)),
        (
            "duration:90..2m",
            AllOf((Condition("duration", ">=", 90.0), Condition("duration", "<=", 120.0))),
        ),
        ("size:>1mb", Condition("size", ">", 1e6)),
        ("size:<=1.5kib", Condition("size", "<=", 1536.0)),
        ("place:51.4,-0.2,51.6,0.1", Condition("place", "=", (51.4, -0.2, 51.6, 0.1))),
        ("near:-1,170,1,-170", Condition("place", "=", (-1.0, 170.0, 1.0, -170.0))),
        ("tags:beach", Condition("tags", "=", "beach")),
        ('tag:"hot dog, hotdog"', Condition("tags", "=", "hot dog, hotdog")),
        ("speech:NO", Condition("speech", "=", "no")),
        ("screen:yes", Condition("screen", "=", "yes")),
        (
            "date:2024-06",
            AllOf((Condition("date", ">=", "2024-06"), Condition("date", "<", "2024-07"))),
        ),
    ],
)
def test_filters_become_conditions(text, expected):
    assert filtered(text) == expected
    beside = parse_query(f"a cat {text} - dog", TODAY)
    assert beside == ParsedQuery((parts("a cat", (-1, "dog")),), expected)


def test_a_filter_ends_a_part_and_holds_for_all_stages():
    made = parse_query('kind:video "a" then b -c speech:yes d', TODAY)
    assert made.stages == (parts("a"), parts("b", (-1, "c"), "d"))
    assert made.filter == AllOf((VIDEO, Condition("speech", "=", "yes")))


def test_a_path_in_the_home_folder_is_a_whole_path(monkeypatch):
    monkeypatch.setenv("HOME", "/home/[me]")
    assert filtered("path:~/b/*") == Condition("path", "=", "/home/[[]me]/b/*")


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_query_is_empty(text):
    assert parse_query(text) == ParsedQuery((), None)
    assert parse_query_words([text]) == parse_query_words([]) == ParsedQuery((), None)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("a cat -", 6, "nothing follows the sign '-'"),
        ("+ - cat", 0, "nothing follows the sign '+'"),
        ("cat - kind:video", 4, "-kind:video"),
        ("cat + 2:", 4, "nothing follows"),
        ("2: -cat", 0, "nothing follows the weight '2:'"),
        ("0: cat", 0, "is no weight"),
        ("a + 100.1: cat", 4, "is no weight"),
        ("9" * 400 + ": cat", 0, "is no weight"),
        ('a "red car', 2, "not closed"),
        ('a “red car"', 2, "add ”"),
        ('a "" b', 2, "nothing is between"),
        ("-dog", 0, "only excluded"),
        ("kind:video -dog", 11, "only excluded"),
        ('"a" then', 4, "'then'"),
        ('then "a"', 0, "'then'"),
        ('"a" then -b', 9, "only excluded"),
        ('"a" then kind:video', 4, "'then'"),
        ("cat durration:<60", 4, "did you mean 'duration'? To search for it as text, put it in"),
        ("re:invent", 0, "unknown filter 're'; filters are kind, path"),
        ("cat -foo:bar", 5, "unknown filter 'foo'"),
        ("kind:vidoe", 5, "did you mean 'video'?"),
        ("kind:image,", 11, "is no kind"),
        ("kind:image,x", 11, "image, video or audio"),
        ("date:2024-13", 5, "'2024-13' is no date; a date is 2024"),
        ("date:2024-02-30", 5, "is no date"),
        ("date:9999", 5, "is no date"),
        ("after:99999y", 6, "is no date"),
        ("after:>2024", 6, "is no date"),
        ("date:2024..2023", 5, "ends before it begins"),
        ("date:", None, ""),
        ("duration:60", 9, "say duration:<60"),
        ("duration:<", 10, "without spaces"),
        ("duration:<1m2h", 10, "'1m2h' is no duration"),
        ("duration:90..60", 9, "ends before it begins"),
        ("duration:90..", 13, "is no duration"),
        ("size:<" + "9" * 400, 6, "too large"),
        ("size:<5ib", 6, "is no size"),
        ("place:1,2,3", 6, "four borders, not 3"),
        ("place:2,0,1,0", 6, "south"),
        ("place:1,2,91,4", 10, "not between -90 and 90"),
        ("place:1,2,nan,4", 10, "no number"),
        ('path:"a"b', 5, "a space after the quote"),
        ("path:a\0", 5, "NUL"),
        ("./a\0", 0, "NUL"),
        ("speech:maybe", 7, "say yes or no"),
        ("red file:a.jpg", 4, "a part of its own"),
        ('file:"a b" red', 0, "a part of its own"),
        ("kind:video " * 300, 256 * 11, "more than 256"),
        ("kind:" + "video," * 300 + "video", 5 + 256 * 6, "more than 256"),
    ],
)
def test_a_slip_is_refused_where_it_is(text, position, says):
    if position is None:
        assert stages(text) == (parts(text),)
        return
    error = refused(text)
    assert error.position == position
    assert str(error).startswith(f"at character {position + 1}: ")
    assert says in str(error)


def test_an_error_is_one_printable_line_of_bad_usage():
    error = refused("a\u2028b:\n kind:" + "x\0\ud800\u200f" * 1000)
    assert str(error).isprintable()
    assert len(str(error)) < 300
    assert isinstance(error, InvalidQuery)
    assert error.exit_code == UsageError.exit_code == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a red car"], (parts("a red car"),)),
        (["a", "red", "car", "-night"], (parts("a red car", (-1, "night")),)),
        (["what is said", "then", "a chart"], (parts("what is said"), parts("a chart"))),
        (["a", "b", "then", "c", "-d"], (parts("a b"), parts("c", (-1, "d")))),
        (["a", "then", '"b" then c'], (parts("a"), parts("b"), parts("c"))),
        (["and then he left", "then", "x"], (parts("and then he left"), parts("x"))),
        (["then"], (parts("then"),)),
        (["and then"], (parts("and then"),)),
    ],
)
def test_words_of_a_command_line(words, expected):
    assert parse_query_words(words).stages == expected


def test_filters_among_words_hold_for_all_stages():
    assert parse_query_words(["a", "kind:video", "then", "b", "kind:audio"]).filter == AllOf(
        (VIDEO, AUDIO)
    )


@pytest.mark.parametrize(
    ("words", "position"),
    [
        (["then", "b"], 0),
        (["a", "then"], 2),
        (["a", "then", "then", "b"], 2),
        (["a", "then", "b", "then", "kind:video"], 9),
        (["a", "then", "b", "-"], 9),
        (["a", 'then "b', "then", "c"], 7),
        (["a", "then", "b kind:x"], 14),
    ],
)
def test_an_error_among_words_counts_in_all_of_them(words, position):
    with pytest.raises(QuerySyntax) as caught:
        parse_query_words(words)
    assert (caught.value.text, caught.value.position) == (" ".join(words), position)


def test_a_path_begins_where_one_stands(monkeypatch, tmp_path):
    (tmp_path / "a[b]").mkdir()
    monkeypatch.chdir(tmp_path / "a[b]")
    here = str(tmp_path / "a[[]b]")
    meant = AnyOf((Condition("path", "=", f"{here}/c"), Condition("path", "=", f"{here}/c/*")))
    assert filtered("path:./c") == filtered("path:../a[b]/c") == meant
    assert Condition("path", "=", f"{here}/*") in filtered("path:.").filters


def test_a_path_is_meant_in_either_form_of_its_accents():
    meant = filtered("path:/a/caf\u00e9/*")
    assert set(meant.filters) == set(filtered("path:/a/cafe\u0301/*").filters)
    assert {c.value for c in meant.filters} == {"/a/caf\u00e9/*", "/a/cafe\u0301/*"}
