"""The catalogue of messages, and numbers as each language writes them."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from string import Formatter

import pytest

from twin.errors import ConfigError, DataError
from twin.report.messages import catalogue, model_folders, read
from twin.report.numbers import STYLES, clock, duration

ROOT = Path(__file__).parents[2]
FILES = sorted(path for room in ("twin", "models") for path in (ROOT / room).rglob("messages.toml"))
EN, FR = STYLES["en"], STYLES["fr"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_language_has_the_same_keys(path: Path) -> None:
    messages = read(path)
    assert set(messages) == set(STYLES)
    assert set(messages["en"]) == set(messages["fr"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_language_fills_in_the_same_names(path: Path) -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    messages = read(path)
    for key, text in messages["en"].items():
        assert names(text) == names(messages["fr"][key]), key


def test_models_bring_their_messages() -> None:
    folders = model_folders()
    with_messages = {path.parent for path in FILES if path.parent.parent.name == "models"}
    assert with_messages <= {folder.resolve() for folder in folders}


def test_a_missing_message_is_english_then_the_key(tmp_path: Path) -> None:
    (tmp_path / "messages.toml").write_text('[en]\n"indicator.a.b" = "Apples"\n[fr]\n')
    french = catalogue("fr", [tmp_path])
    assert french.label("indicator", "a.b") == "Apples"
    assert french.label("indicator", "a.c") == "a.c"
    assert french("nothing.here") == "nothing.here"


def test_keys_may_be_written_as_tables(tmp_path: Path) -> None:
    (tmp_path / "messages.toml").write_text("[en.indicator]\na.b = 'Apples'\n")
    assert catalogue("en", [tmp_path]).label("indicator", "a.b") == "Apples"


def test_unknown_language_and_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'xx'"):
        catalogue("xx")
    (tmp_path / "messages.toml").write_text("[en\n")
    with pytest.raises(DataError, match="not TOML"):
        catalogue("en", [tmp_path])
    (tmp_path / "messages.toml").write_text("[en]\na = 1\n")
    with pytest.raises(DataError, match="'a' is 1"):
        catalogue("en", [tmp_path])


def test_plural_follows_the_language() -> None:
    key = "summary.count.changed"
    assert "that is" in catalogue("en", []).plural(key, 1)
    assert "that are" in catalogue("en", []).plural(key, 2)


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0.0, "0", "0"),
        (12_874.0, "12,900", "12\u202f900"),
        (-1.2345, "−1.23", "−1,23"),
        (0.05, "0.05", "0,05"),
        (999.6, "1,000", "1\u202f000"),
        (1.23e-5, "1.23×10⁻⁵", "1,23×10⁻⁵"),
        (math.nan, "–", "–"),
    ],
)
def test_three_digits(value: float, english: str, french: str) -> None:
    assert EN.number(value) == english
    assert FR.number(value) == french


def test_a_difference_shows_the_digits_of_its_interval() -> None:
    assert EN.margin(-156.712, 6.13) == ("−156.7", "6.1")
    assert FR.margin(0.00061, 0.0001) == ("+0,00061", "0,00010")
    assert EN.margin(3.0, math.nan) == ("+3", "")


def test_money_and_shares() -> None:
    assert EN.money(-31.34, signed=True) == "−€31"
    assert FR.money(1287.0) == "1\u202f290\u00a0€"
    assert EN.money(0.004, signed=True) == "€0.00"
    assert EN.share(-0.3801, signed=True) == "−38%"
    assert FR.share(0.0243, signed=True) == "+2,4\u202f%"
    assert EN.share(math.inf) == "–"


def test_times() -> None:
    assert clock(86_400 + 5 * 3600 + 59) == "05:01"
    assert duration(3725.0) == "1 h 02 min"
    day = datetime(2024, 10, 1, 7), datetime(2024, 10, 1, 9, 30)
    assert EN.period(*day) == "Tuesday 1 October 2024, 07:00–09:30"
    assert FR.period(*day) == "mardi 1er octobre 2024, 07:00–09:30"


def test_french_spaces_do_not_break() -> None:
    assert FR.typeset("« a » : b ; c") == "«\u00a0a\u00a0»\u00a0: b\u202f; c"
