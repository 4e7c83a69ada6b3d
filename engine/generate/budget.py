"""Budgets of models, in time, tokens and money, and the count of what was spent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import ChatFailed
from engine.generate.chat import Chat, ChatImage, Message, Reply, Schema, Text, Usage

if TYPE_CHECKING:
    from engine.common.progress import CancelToken
    from engine.config import Settings

_CHARACTERS = 4
"""Bytes of UTF-8 to a token, in the vocabularies of today's models; English has more."""
_PICTURE_TOKENS = 2_833
"""Tokens that gpt-4o-mini counts for a small picture; most models count a tenth."""
_LONGEST_ANSWER = 1_024
"""Tokens of an answer where the caller sets no limit."""


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens; 0 where nobody knows, and then money is no limit."""

    asked: float = 0.0
    answered: float = 0.0

    def cost(self, usage: Usage) -> float:
        """Return what an exchange costs, in US dollars."""
        return (usage.asked * self.asked + usage.answered * self.answered) / 1e6


@dataclass(frozen=True, slots=True)
class ModelBudget:
    """Limits of what one task may cost, however many questions it takes."""

    seconds: float = 120.0
    tokens: int = 50_000
    money: float = 0.10
    """US dollars, where the prices are known."""

    @classmethod
    def of(cls, settings: Settings) -> ModelBudget:
        """Return the budget that the settings name."""
        return cls(settings.llm_seconds, settings.llm_tokens, settings.llm_money)


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of a task so far."""

    seconds: float = 0.0
    asked: int = 0
    """Tokens that were read."""
    answered: int = 0
    """Tokens that were written."""
    money: float = 0.0
    """US dollars; 0 where the prices are not known."""
    questions: int = 0

    def __str__(self) -> str:
        money = f", {self.money:.4f} USD" if self.money else ""
        return (
            f"{self.seconds:.1f} s, {self.asked:,} tokens read and {self.answered:,} written{money}"
        )


class MeteredChat:
    """A chat that stops where its budget ends, and says what it has spent.

    A question is estimated before it is asked, and counted by what the model says afterwards: a
    budget is passed by the error of one estimate at most.
    """

    def __init__(self, chat: Chat, budget: ModelBudget, prices: Prices | None = None) -> None:
        self._chat, self._budget = chat, budget
        self._prices = prices or Prices()
        self._lock = threading.Lock()
        self._spent = Spent()
        self.model = chat.model

    @property
    def sees(self) -> bool:
        """True if it takes pictures."""
        return bool(getattr(self._chat, "sees", False))

    @property
    def hears(self) -> bool:
        """True if it takes sound and video as they are."""
        return bool(getattr(self._chat, "hears", False))

    @property
    def hears_samples(self) -> bool:
        """True if it takes the samples of a sound, as a WAV file at 16 kHz."""
        return bool(getattr(self._chat, "hears_samples", False))

    @property
    def spent(self) -> Spent:
        """The cost so far, of all questions together."""
        return self._spent

    @property
    def seconds_left(self) -> float:
        """Seconds that the budget still has."""
        return self._budget.seconds - self._spent.seconds

    def reply(
        self,
        messages: Sequence[Message],
        *,
        seconds: float | None = None,
        schema: Schema | None = None,
        most_tokens: int | None = None,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Reply:
        """Answer, as ``Chat.reply`` says, within what is left of the budget.

        Args:
            seconds: of this question at most; None for all that is left.

        Raises:
            ChatFailed: the budget does not reach for this question, or as ``Chat.reply`` says.
        """
        most = _LONGEST_ANSWER if most_tokens is None else most_tokens
        likely = Usage(estimated_tokens(messages), most)
        left = self._check(likely)
        started = time.monotonic()
        used = Usage(likely.asked, 0)
        try:
            reply = self._chat.reply(
                messages, seconds=min(left, seconds or left), schema=schema, most_tokens=most,
                on_text=on_text, cancel=cancel,
            )  # fmt: skip
            used = reply.usage
        finally:
            self._add(used, time.monotonic() - started)
        return reply

    def _check(self, likely: Usage) -> float:
        spent, budget = self._spent, self._budget
        if spent.asked + spent.answered + likely.total > budget.tokens:
            raise ChatFailed(
                f"the budget of {budget.tokens:,} tokens does not reach ({spent});"
                " SENSORIUM_LLM_TOKENS raises it"
            )
        if spent.money + self._prices.cost(likely) > budget.money:
            raise ChatFailed(
                f"the budget of {budget.money:g} USD does not reach ({spent});"
                " SENSORIUM_LLM_MONEY raises it"
            )
        if self.seconds_left <= 0:
            raise ChatFailed(
                f"the budget of {budget.seconds:g} s is over ({spent});"
                " SENSORIUM_LLM_SECONDS raises it"
            )
        return self.seconds_left

    def _add(self, used: Usage, seconds: float) -> None:
        with self._lock:
            before = self._spent
            self._spent = Spent(
                before.seconds + seconds,
                before.asked + used.asked,
                before.answered + used.answered,
                before.money + self._prices.cost(used),
                before.questions + 1,
            )


def estimated_tokens(messages: Sequence[Message]) -> int:
    """Estimate how many tokens messages are, rounded up."""
    return sum(_part_tokens(part) for message in messages for part in message.parts)


def _part_tokens(part: object) -> int:
    if isinstance(part, Text):
        return -(-len(part.text.encode()) // _CHARACTERS)
    return _PICTURE_TOKENS if isinstance(part, ChatImage) else 0


@dataclass(frozen=True, slots=True)
class Billed:
    """The cost so far of a task's requests to a server of sounds."""

    unit: str
    """The name of what is billed: ``minutes`` that are heard, or ``letters`` that are spoken."""
    amount: float = 0.0
    seconds: float = 0.0
    money: float = 0.0
    """US dollars; 0 where the price is not known."""
    requests: int = 0

    def __str__(self) -> str:
        asked = f"{self.requests} request{'s' * (self.requests != 1)}"
        money = f", {self.money:.4f} USD" if self.money else ""
        return f"{self.seconds:.1f} s, {asked}, {self.counted}{money}"

    @property
    def counted(self) -> str:
        """The amount that is billed, in words."""
        return f"{self.amount:,.2f}".removesuffix(".00") + f" {self.unit}"

    def to_dict(self) -> dict[str, float]:
        """Return it as a document of JSON."""
        return {
            self.unit: round(self.amount, 3), "seconds": round(self.seconds, 3),
            "money": self.money, "requests": self.requests,
        }  # fmt: skip


class RequestBudget:
    """Limits of what the requests of one task to a server of sounds may cost.

    Such servers count no tokens: they bill minutes that they hear, or letters that they speak.
    Money is bounded over all requests. Time is bounded for each of them, since how many there are
    is for the length of the sound to say.

    Args:
        price: US dollars for one of what is billed; 0 where nobody knows, and then money is no
            limit.
        unit: the name of that.
    """

    def __init__(self, budget: ModelBudget, price: float, unit: str) -> None:
        self._budget, self._price = budget, price
        self._lock = threading.Lock()
        self._spent = Billed(unit)

    @property
    def spent(self) -> Billed:
        """The cost so far, of all requests together."""
        return self._spent

    @contextmanager
    def request(self, amount: float) -> Iterator[float]:
        """Count a request, which is made meanwhile; yield the seconds that it may take.

        One that fails is counted all the same: it may have been billed.

        Args:
            amount: what it is billed by.

        Raises:
            ChatFailed: the budget does not reach for it.
        """
        self._add(amount)
        started = time.monotonic()
        try:
            yield self._budget.seconds
        finally:
            with self._lock:
                taken = self._spent.seconds + time.monotonic() - started
                self._spent = replace(self._spent, seconds=taken)

    def _add(self, amount: float) -> None:
        with self._lock:
            spent = self._spent
            money = (spent.amount + amount) * self._price
            if money > self._budget.money:
                raise ChatFailed(
                    f"the budget of {self._budget.money:g} USD does not reach for more than"
                    f" {spent.counted} ({spent}); SENSORIUM_LLM_MONEY raises it"
                )
            self._spent = replace(
                spent, amount=spent.amount + amount, money=money, requests=spent.requests + 1
            )
