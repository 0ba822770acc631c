"""The page of a calibration: scatter plots and a table, one HTML file without a network."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.traffic.calibration.score import Score, geh
from models.traffic.demand.sums import sums
from twin.report.messages import Catalogue, catalogue
from twin.report.scale import ticks

if TYPE_CHECKING:
    from models.traffic.calibration.calibrate import Calibration

Floats = npt.NDArray[np.float64]
SIDE, LEFT, BOTTOM = 320.0, 52.0, 44.0
STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#68707a;--line:#d5d9de;--dot:#0b63ce;
--bad:#c2410c;--back:#fff}@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#9aa3ad;--line:#3a4149;
--dot:#6cb2ff;--bad:#ff9157;--back:#15181c}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:1180px;
margin:2rem auto;padding:0 1rem}h1{font-size:1.6rem}h2{font-size:1.05rem;margin:.2rem 0}
p{max-width:46rem}.plots{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0}svg{max-width:100%}
text{font-size:11px;fill:var(--soft)}.axis{stroke:var(--line)}.same{stroke:var(--soft)}
.band{stroke:var(--soft);stroke-dasharray:3 4;fill:none}.dot{fill:var(--dot);fill-opacity:.75}
.dot.bad{fill:var(--bad)}table{border-collapse:collapse;margin:1rem 0}th,td{padding:.25rem .8rem;
border-bottom:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}
th:first-child,td:first-child,td.name{text-align:left}.scroll{overflow-x:auto}.bad{color:var(--bad)}
"""


def write_page(found: Calibration, file: Path, language: str = "en") -> Path:
    """Write the page.

    Parameters
    ----------
    language
        ``en`` or ``fr``.
    """
    say = catalogue(language, (Path(__file__).parent,))
    title = escape(say("calibration.title", city=found.city.name))
    head = (
        f'<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,"><title>{title}</title><style>{STYLE}</style></head>'
    )
    about = say(
        "calibration.about",
        trips=say.numbers.fixed(len(found.demand), 0),
        counters=len(found.counts),
        begin=_clock(float(found.counts.begin.min())),
        end=_clock(float(found.counts.end.max())),
    )
    parts = [f"<h1>{title}</h1><p>{escape(about)}</p>", _plots(found, say), _scores(found, say)]
    if found.unreached:
        parts.append(f"<p>{escape(say('calibration.unreached', count=found.unreached))}</p>")
    parts += [f"<p>{escape(say('calibration.how'))}</p>", _counters(found, say)]
    body = "".join(parts)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f"<!doctype html>\n<html lang='{say.language}'>{head}<body>{body}</body></html>\n", "utf-8"
    )
    return file


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600 % 24:02d}:{int(seconds) // 60 % 60:02d}"


def _kinds(found: Calibration) -> dict[str, Floats]:
    """Flows of each plot, by its message; (n_counters,) float64, veh/h."""
    kinds = {"fit": found.hourly, "held_out": found.held_out, "prior": found.prior}
    return {key: flow for key, flow in kinds.items() if np.isfinite(flow).any()}


def _plots(found: Calibration, say: Catalogue) -> str:
    counted = found.counts.hourly()
    drawn = [
        f"<figure><h2>{escape(say(f'calibration.{key}'))}</h2>"
        f"{_scatter(counted, flow, found.counts.ids, say, 'counted', 'simulated')}</figure>"
        for key, flow in _kinds(found).items()
    ]
    measured, simulated = speeds(found)
    if np.isfinite(measured).any():
        plot = _scatter(measured, simulated, found.counts.ids, say, "", "", band=False)
        drawn.append(f"<figure><h2>{escape(say('calibration.speeds'))}</h2>{plot}</figure>")
    return f'<div class="plots">{"".join(drawn)}</div>'


def speeds(found: Calibration) -> tuple[Floats, Floats]:
    """Mean measured and simulated speed at each counter; (n_counters,) float64 each, km/h."""
    counts, size = found.counts, len(found.counts)
    length = found.city["edge"]["length"][counts.edge]
    driven = found.pace * length[counts.counter]
    good = np.isfinite(counts.speed) & np.isfinite(driven)
    number = np.bincount(counts.counter[good], minlength=size)
    means = [
        sums(counts.counter[good], values[good], size) / np.maximum(number, 1) * 3.6
        for values in (counts.speed, driven)
    ]
    return np.where(number > 0, means[0], np.nan), np.where(number > 0, means[1], np.nan)


def _scatter(
    x: Floats,
    y: Floats,
    names: npt.NDArray[np.str_],
    say: Catalogue,
    x_label: str,
    y_label: str,
    *,
    band: bool = True,
) -> str:
    """A square plot with the line of equality, and the limits of GEH 5."""
    known = np.isfinite(x) & np.isfinite(y)
    marks = ticks(0.0, float(max(x[known].max(initial=1.0), y[known].max(initial=1.0))))
    top = marks[-1]

    def at(a: float, b: float) -> tuple[float, float]:
        return LEFT + a / top * SIDE, 12.0 + SIDE - b / top * SIDE

    items = [
        f'<svg viewBox="0 0 {LEFT + SIDE + 14:.0f} {SIDE + BOTTOM + 12:.0f}" width="386" '
        'role="img">'
    ]
    for mark in marks:
        (px, py), (ox, oy) = at(mark, mark), at(0.0, 0.0)
        items.append(
            f'<path class="axis" d="M{px:.1f} {oy:.1f}V12M{ox:.1f} {py:.1f}H{LEFT + SIDE}"/>'
        )
        label = say.numbers.number(mark)
        items.append(f'<text x="{px:.1f}" y="{oy + 15:.1f}" text-anchor="middle">{label}</text>')
        items.append(f'<text x="{ox - 6:.1f}" y="{py + 4:.1f}" text-anchor="end">{label}</text>')
    (x0, y0), (x1, y1) = at(0.0, 0.0), at(top, top)
    items.append(f'<path class="same" d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"/>')
    items += _band(top, at) if band else []
    for a, b, name in zip(x[known].tolist(), y[known].tolist(), names[known], strict=True):
        px, py = at(a, b)
        bad = " bad" if band and geh(np.array([b]), np.array([a]))[0] >= 5.0 else ""
        tip = f"{name}: {say.numbers.number(a)} / {say.numbers.number(b)}"
        items.append(
            f'<circle class="dot{bad}" cx="{px:.1f}" cy="{py:.1f}" r="4">'
            f"<title>{escape(tip)}</title></circle>"
        )
    if x_label:
        middle, low = LEFT + SIDE / 2, SIDE + BOTTOM + 4
        items.append(
            f'<text x="{middle}" y="{low}" text-anchor="middle">'
            f"{say(f'calibration.{x_label}')}</text>"
            f'<text transform="translate(12 {SIDE / 2}) rotate(-90)" text-anchor="middle">'
            f"{say(f'calibration.{y_label}')}</text>"
        )
    return "".join(items) + "</svg>"


def _band(top: float, at: object) -> list[str]:
    """Both curves on which GEH is 5."""
    counted = np.linspace(0.0, top, 40)
    # 2 (m - c)^2 = 25 (m + c) solved for m.
    root = np.sqrt(25.0**2 + 16.0 * 25.0 * counted)
    found = []
    for sign in (1.0, -1.0):
        model = counted + (25.0 + sign * root) / 4.0
        inside = (model >= 0.0) & (model <= top)
        points = [at(a, b) for a, b in zip(counted[inside], model[inside], strict=True)]  # type: ignore[operator]
        path = "L".join(f"{px:.1f} {py:.1f}" for px, py in points)
        found.append(f'<path class="band" d="M{path}"/>' if path else "")
    return found


def _scores(found: Calibration, say: Catalogue) -> str:
    counted, number = found.counts.hourly(), say.numbers.number
    keys = ("counters", "share", "mean_geh", "worst_geh", "rmse", "relative")
    head = "".join(f"<th>{escape(say(f'calibration.{key}'))}</th>" for key in keys)
    rows = []
    for key, flow in _kinds(found).items():
        score = Score.of(flow, counted)
        cells = [
            str(score.counters),
            say.quantity(100.0 * score.share, "%"),
            number(score.mean_geh),
            number(score.worst_geh),
            number(score.rmse),
            say.quantity(100.0 * score.relative, "%"),
        ]
        name = escape(say(f"calibration.{key}"))
        rows.append(f"<tr><td>{name}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f'<div class="scroll"><table><tr><th></th>{head}</tr>{"".join(rows)}</table></div>'


def _counters(found: Calibration, say: Catalogue) -> str:
    counted, kinds = found.counts.hourly(), _kinds(found)
    street = found.city["edge"]["name"][found.counts.edge]
    head = "".join(f"<th>{escape(say(f'calibration.{key}'))}</th>" for key in ("edge", "street"))
    head += f"<th>{escape(say('calibration.counted'))}</th>"
    for key in kinds:
        head += f"<th>{escape(say(f'calibration.{key}'))}</th><th>{say('calibration.geh')}</th>"
    rows = []
    for row in np.argsort(-counted, kind="stable"):
        name = f'<td>{escape(str(found.counts.ids[row]))}</td><td class="name">'
        cells = [
            f"{name}{escape(str(street[row]))}</td><td>{say.numbers.number(counted[row])}</td>"
        ]
        for flow in kinds.values():
            each = float(geh(flow[row : row + 1], counted[row : row + 1])[0])
            bad = ' class="bad"' if each >= 5.0 else ""
            cells.append(
                f"<td>{say.numbers.number(flow[row])}</td><td{bad}>{say.numbers.number(each)}</td>"
            )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    title = escape(say("calibration.every"))
    return (
        f'<h2>{title}</h2><div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'
    )
