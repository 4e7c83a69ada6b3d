"""The query language: what users type, into queries and filters. docs/language.md has the grammar.

query_builder   arguments of a call, or of a command, into a ``Query``
query_parser    the text of a query into parts and a filter
lexer           that text into pieces: signs, weights, words, phrases, examples, filters
where_parser    the expression of ``--where`` into a filter
filter_fields   the fields of filters, which both parsers share
filter_values   the values of fields: dates, durations, sizes, boxes, words, globs
token           a piece of a text, which knows where it stands, for the errors
"""

from __future__ import annotations

from engine.query.language.query_builder import (
    QueryOptions,
    SearchOptions,
    SimilarOptions,
    as_sequence,
    build_query,
    parse_kinds,
    with_options,
)
from engine.query.language.query_parser import parse_query, parse_query_words, quoted
from engine.query.language.where_parser import parse_where

__all__ = [
    "QueryOptions",
    "SearchOptions",
    "SimilarOptions",
    "as_sequence",
    "build_query",
    "parse_kinds",
    "parse_query",
    "parse_query_words",
    "parse_where",
    "quoted",
    "with_options",
]
