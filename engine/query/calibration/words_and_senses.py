"""Phrases that ask for what is said or written: documents, messages, and sentences themselves.

The bank of phrases has sayings, which are sentences. People also name what they look for: a
document by its sort, a talk by its topic, a message by who wrote it.
"""

from __future__ import annotations

from engine.query.calibration.phrases import listed, saying_phrases

_NAMED = """
invoice for the repair; gas bill of March; bank statement; tax form; rental contract; insurance
policy number; order confirmation; delivery note; the price of the tickets; boarding time and
gate; booking reference; hotel reservation; train times to Berlin; opening hours; bus timetable;
menu of the day; shopping list; recipe for pancakes; ingredients of the cake; meeting notes; the
agenda for Monday; minutes of the board; to do list; password of the router; username and login;
serial number; licence key; error message; stack trace; terminal output; source code; search
results; chat with Anna; message from the bank; an email about the contract; a text from mum; the
address of the office; phone number of the plumber; postcode; doctor's prescription; lab results;
exam questions; homework for Tuesday; lecture on economics; slides about growth; quarterly report;
table of contents; page forty two; chapter three; headline of the article; subtitle; a quote by
Einstein; poem about the sea; lyrics of the song; terms and conditions; privacy policy; warning
label; instructions for use; no smoking; do not enter; push to open; out of order; for sale; exit;
warranty; discount code; total amount; due date; account balance; exchange rate; weather report;
the news about the election; interview with the minister; talk about climate change; the speech on
freedom; podcast about history; voicemail from the dentist; reminder to call the school; what she
said about the car; he mentions the budget; they discuss the deadline; someone explains the rules;
announcement of the delay; directions to the museum; a joke about lawyers; the story of a king;
a bedtime story; prayer; wedding vows; birthday wishes; congratulations; condolences; apology;
job offer; application letter; curriculum vitae; certificate of attendance; meeting room code;
appointment on Friday; when does the shop close; how much does it cost; who is calling; why is it
late; where should we meet; which platform; the answer to the question; definition of entropy;
translation; version number; release notes; settings menu; battery low; update available; login
failed; page not found; are you sure; save changes; press any key; hello; goodbye; yes please; no
thanks; sorry about that; call me back; talk to you later; nice to meet you; have a good day
"""


def worded_phrases() -> list[str]:
    """Return phrases that ask for what is said or written, those of the bank first."""
    return [*saying_phrases(), *listed(_NAMED)]
