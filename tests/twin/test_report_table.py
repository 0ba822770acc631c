"""The tables of the terminal."""

from __future__ import annotations

import dataclasses

from tests.twin.test_report_data import sample
from twin.core.indicator import Indicator
from twin.report.table import render


def test_plain_text_is_aligned_and_uncoloured() -> None:
    lines = render(sample(), "en", terminal=False).splitlines()
    assert not any("\x1b" in line for line in lines)
    head = lines[0]
    at = head.index("Verdict")
    verdicts = [line[at] for line in lines[1:] if len(line) > at]
    assert set(verdicts) == {"▲", "▼", "◆", "=", "○"}
    energy = next(line for line in lines if "−156.7 ± 6.1" in line)
    assert energy.split()[-2:] == ["better", "municipality"]


def test_french() -> None:
    text = render(sample(), "fr", terminal=False)
    assert "−156,7 ± 6,1" in text
    assert "12\u202f900" in text
    assert "moins bien" in text


def test_every_variant_has_a_line() -> None:
    text = render(sample(3), "en", terminal=False)
    for title in ("Dim and collect", "Close the bridge", "Both & more"):
        assert text.count(title) == len(sample().indicators)


def test_single_run_has_no_difference() -> None:
    text = render(sample(0), "en", terminal=False)
    assert "Difference" not in text
    assert "400–429" in text


def test_a_terminal_gets_colours() -> None:
    assert "\x1b[" in render(sample(), "en", terminal=True)


def test_names_are_not_markup() -> None:
    data = sample()
    row = dataclasses.replace(data.indicators[0], indicator=Indicator("a.[bold]b", "[/red]"))
    text = render(dataclasses.replace(data, indicators=[row]), "en", [], terminal=False)
    assert "a.[bold]b" in text
    assert "[/red]" in text
