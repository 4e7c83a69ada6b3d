"""What `--explain` says of a plan and of its result."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.commands.output.hits import print_no_hits
from engine.commands.output.text import print_tree
from engine.query import explain_tree
from engine.query.explain_tree import filter_text, plan_lines, result_lines
from engine.query.language.where_parser import parse_where
from engine.types import (
    Branch,
    BranchOutcome,
    Fusion,
    Hit,
    Kind,
    Modality,
    Placement,
    Plan,
    Query,
    QueryPart,
    SearchResult,
    Span,
    Why,
)

DOG = (QueryPart("a dog"),)
SEEN = Branch("text", "fake", Modality.IMAGE, DOG, vectors=7)
WORDS = Branch("words", None, None, DOG, weight=0.5)
QUERY = Query(DOG)


def lines(planned: Plan) -> list[str]:
    return plan_lines(planned)


def shown(found: SearchResult, capsys) -> tuple[list[str], str]:
    print_tree("\n".join(result_lines(found)))
    if not found.hits:
        print_no_hits(found)
    printed = capsys.readouterr()
    return printed.out.splitlines(), printed.err


def test_a_plan_is_a_tree_of_its_stages_and_branches(capsys):
    planned = Plan(QUERY, (SEEN, WORDS), 100, moments=9)
    expected = [
        "plan: calibrated fusion over 9 moments",
        "├─ 2 branches, 100 candidates each",
        '│  ├─ text "a dog" in fake image, 7 vectors, exact, weight 1',
        '│  └─ words "a dog" in full text, weight 0.5',
        "└─ shown: all, likely or not",
    ]
    assert lines(planned) == expected
    print_tree("\n".join(plan_lines(planned)))
    assert capsys.readouterr().out.splitlines() == expected


def test_each_stage_has_its_own_branches():
    later = replace(SEEN, parts=(QueryPart("the end"),), stage=1)
    planned = Plan(replace(QUERY, then=((QueryPart("the end"),),)), (SEEN, later), 100)
    assert lines(planned)[1:] == [
        "├─ stage 1: 1 branches, 100 candidates each",
        '│  └─ text "a dog" in fake image, 7 vectors, exact, weight 1',
        "├─ stage 2: 1 branches, 100 candidates each",
        '│  └─ text "the end" in fake image, 7 vectors, exact, weight 1',
        "└─ shown: all, likely or not",
    ]


@pytest.mark.parametrize(
    ("placement", "wording"),
    [
        (Placement.BEFORE, "what passes the filter is scored one by one"),
        (Placement.INSIDE, "filtered inside the index"),
        (Placement.AFTER, "filtered after, with a refill"),
    ],
)
def test_a_filter_is_shown_with_what_passes_and_where_it_is_applied(placement, wording):
    branch = replace(SEEN, exact=False, placement=placement)
    query = replace(QUERY, filter=parse_where("size > 9"))
    planned = Plan(query, (branch,), 100, passing=3)
    assert "├─ filter: size > 9: 3 moments pass" in lines(planned)
    approximate = "7 vectors, approximate, best re-scored exactly"
    assert f'│  └─ text "a dog" in fake image, {approximate}, {wording}, weight 1' in lines(planned)


def test_every_placement_has_its_wording():
    assert explain_tree._PLACEMENTS.keys() == set(Placement)


def test_notes_come_first_and_reranking_last():
    query = replace(QUERY, rerank="lm", rerank_top=12, likely=True)
    planned = Plan(query, (), 100, Fusion.RRF, notes=("ranks it is",))
    assert lines(planned) == [
        "plan: rrf fusion over 0 moments",
        "├─ note: ranks it is",
        "├─ 0 branches, 100 candidates each",
        "├─ shown: what is likely",
        "└─ rerank: lm, the best 12",
    ]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("duration >= 60", "duration >= 60"),
        ("path = *.jpg", "path = *.jpg"),
        ("size > 10mb", "size > 10000000"),
        ("place = (51, -1, 52, 0.5)", "place = (51, -1, 52, 0.5)"),
        ("not (kind = video)", "not (kind = video)"),
        ("kind = video and size > 9", "(kind = video) and (size > 9)"),
        (
            "kind = video or (size > 9 and not speech = yes)",
            "(kind = video) or ((size > 9) and (not (speech = yes)))",
        ),
    ],
)
def test_filters_are_shown_as_one_would_write_them(typed, text):
    wanted = parse_where(typed)
    assert filter_text(wanted) == text
    assert parse_where(filter_text(wanted)) == wanted


WHY = (
    Why("text", "fake", 0.5, 6.0, asked="a dog", mean=0.1, std=0.12),
    Why("words", None, 2.5, 1.5, weight=0.5, asked="a dog"),
    Why("not", "fake", 0.2, -3.0, weight=-1.0, asked="night", mean=0.25, std=0.1),
    Why("lm", None, 0.7, 0.7),
)
HIT = Hit(1, 6.75, Kind.VIDEO, "/a.mp4", 1, 1, Modality.KEYFRAME, 5.0, 9.0, WHY, more=2)


def test_a_result_says_what_each_branch_found_and_what_each_hit_counts(capsys):
    late = replace(SEEN, modality=Modality.SOUND)
    outcomes = (
        BranchOutcome(SEEN, 4, 1.25),
        BranchOutcome(WORDS, 1, 0.5),
        BranchOutcome(late, 0, 0.0, skipped=True),
    )
    found = SearchResult(
        QUERY, (HIT,), {"plan": 1.0, "total": 2.04}, outcomes=outcomes, below=3, partial=True,
        refills=1, notes=("as it is",),
    )  # fmt: skip
    out, err = shown(found, capsys)
    assert out == [
        "partial result: 1 hits, 3 moments less likely",
        '├─ text "a dog" in fake image: 4 found in 1.2 ms',
        '├─ words "a dog" in full text: 1 found in 0.5 ms',
        '├─ text "a dog" in fake sound: left out, the deadline came first',
        "├─ more candidates were asked for once: too few hits were left",
        "└─ note: as it is",
        "milliseconds: plan 1.0, total 2.0",
        "1. 1% 6.75 nats keyframe 0:05-0:09 /a.mp4 (and 2 more like it)",
        '├─ +6.00 = 1 x text "a dog" in fake: cosine 0.500, background 0.100 ± 0.120: +6.00 nats',
        '├─ +0.75 = 0.5 x words "a dog": 2.50 is +1.50 nats',
        '├─ -0.00 = -1 x not "night" in fake: cosine 0.200, background 0.250 ± 0.100: -3.00 nats',
        "└─ +0.70 = 1 x lm: 0.70 is +0.70 nats",
    ]
    assert err == ""


def test_spans_say_what_answers_each_stage(capsys):
    spans = (
        Span(1, Modality.SPEECH, 5.0, 6.0, "latency", "and the latency is"),
        Span(2, Modality.IMAGE, None, None, "a chart", None),
    )
    out, _ = shown(SearchResult(QUERY, (replace(HIT, why=(), spans=spans),)), capsys)
    assert out[0] == "result: 1 hits, 0 moments less likely"
    assert out[-2:] == [
        '├─ "latency" by speech at 5.0 s: and the latency is',
        '└─ "a chart" by image:',
    ]


def test_nothing_found_is_said_beside_the_tree(capsys):
    out, err = shown(SearchResult(replace(QUERY, likely=True), (), below=4), capsys)
    assert out[0] == "result: 0 hits, 4 moments less likely"
    assert err.startswith("nothing here is likely to match: 4 moments are less likely")


def test_what_was_asked_drives_no_terminal(capsys):
    branch = replace(SEEN, parts=(QueryPart("a\x1b[31m\nb"),))
    print_tree("\n".join(plan_lines(Plan(QUERY, (branch,), 100))))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 4
