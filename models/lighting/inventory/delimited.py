"""Reads delimited text line by line: no quote or ragged row takes others with it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 50
"""A quoted field that goes on over more lines than this has lost its quote."""

UNCLOSED = ("a quote is not closed", "its line read alone, without quotes")
FEWER = ("fewer fields than the head", "kept: those that lack are empty")
MORE = ("more fields than the head", "kept: those beyond the head passed over")


class Unreadable(Exception):
    """Text that is no table."""


@dataclass(frozen=True)
class Record:
    """A row.

    Attributes
    ----------
    number
        Of its first line in the file, from 1.
    fields
        As they are written.
    flaw
        What is wrong with its form and what was done, if anything.
    """

    number: int
    fields: list[str]
    flaw: tuple[str, str] | None = None


def records(text: str, delimiter: str | None) -> tuple[list[str], list[Record]]:
    """The names of the columns, and the rows that are not empty.

    Every line is in a row: a quote that is never closed, or closed in a way that makes no row of as
    many fields as the head, costs its own line alone.

    Parameters
    ----------
    text
        Of the file.
    delimiter
        The sign between fields; guessed from the first line when ``None``.

    Raises
    ------
    Unreadable
        The delimiter is none, or the head cannot be read.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    sign = delimiter or max(",;\t|", key=lines[0].count)
    found = _rows(lines, sign)
    head = next(found, Record(1, [])).fields
    there = [name.strip() for name in head]
    return there, [_checked(row, len(there)) for row in found if any(map(str.strip, row.fields))]


def _rows(lines: list[str], sign: str) -> Iterator[Record]:
    at, width = 0, 0
    while at < len(lines):
        last = _closed(lines, at)
        fields = None if last is None else _fields(lines[at : last + 1], sign)
        whole = fields is not None and (last == at or not width or len(fields) == width)
        if whole and last is not None and fields is not None:
            yield Record(at + 1, fields)
        else:
            last = at
            fields = [part.replace('"', "") for part in lines[at].split(sign)]
            yield Record(at + 1, fields, UNCLOSED)
        width = width or len(fields)
        at = last + 1


def _closed(lines: list[str], begin: int) -> int | None:
    """The line in which the quotes that are open at the end of a line are closed."""
    open_ = False
    for at in range(begin, min(len(lines), begin + LONGEST)):
        open_ ^= lines[at].count('"') % 2 == 1
        if not open_:
            return at
    return None


def _fields(lines: list[str], sign: str) -> list[str] | None:
    """The fields of a row; ``None`` where its quotes make no sense."""
    if len(lines) == 1 and '"' not in lines[0]:
        return lines[0].split(sign)
    try:
        rows = list(csv.reader([f"{line}\n" for line in lines], delimiter=sign, strict=True))
    except csv.Error:
        return None
    except TypeError as error:
        raise Unreadable(error) from None
    return rows[0] if len(rows) == 1 else None


def _checked(row: Record, width: int) -> Record:
    beyond = any(map(str.strip, row.fields[width:]))
    if row.flaw is not None or not (beyond or len(row.fields) < width):
        return row
    return Record(row.number, row.fields, MORE if beyond else FEWER)
