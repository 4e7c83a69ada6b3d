"""Count what is shown: which of the passages that were found a count takes as they are."""

from __future__ import annotations

from collections.abc import Sequence

from engine.assistant.evidence import Claim, EvidencePassage
from engine.assistant.question import LibraryQuestion, Wanted
from engine.assistant.rivals import RivalNames, named_rightly
from engine.assistant.verification import LeftOutPassage
from engine.query.calibration.confidence import LIKELY


def count_shown(
    question: LibraryQuestion, passages: Sequence[EvidencePassage], rivals: RivalNames
) -> tuple[list[EvidencePassage], list[EvidencePassage], list[LeftOutPassage]]:
    """Return what is counted of what is shown, what is still to be verified, and the rest.

    Of a question that counts nothing, all is still to be verified.
    """
    if question.wanted is not Wanted.COUNT:
        return [], [*passages], []
    shown = [passage for passage in passages if passage.claim is Claim.SHOWS]
    sure = {passage.moment_id: passage.confidence for passage in shown}
    reasons = named_rightly(question.subject, sure, rivals, LIKELY)
    counted = [p for p in shown if not reasons[p.moment_id]]
    left = [LeftOutPassage(p, reasons[p.moment_id]) for p in shown if reasons[p.moment_id]]
    return counted, [p for p in passages if p.claim is not Claim.SHOWS], left
