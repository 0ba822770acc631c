"""Day profiles as drawings: one chart a port, the base beside each variant."""

from __future__ import annotations

import json
from html import escape

import numpy as np

from twin.report.data import Curve, Floats, Ints, Profile, ReportData
from twin.report.messages import Catalogue
from twin.report.moments import Moments
from twin.report.scale import prefixed, ticks

WIDTH, HEIGHT = 560.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 12.0, 10.0, 26.0
MOST_POINTS, MOST_ROWS = 240, 24


def section(data: ReportData, say: Catalogue) -> str:
    """The whole section, without its heading."""
    many = len(data.making.seeds) > 1
    caption = escape(say("profiles.caption" if many else "profiles.caption.one"))
    order = {profile.service: None for profile in data.profiles}
    rank = {service: position for position, service in enumerate(order)}
    ordered = sorted(data.profiles, key=lambda profile: rank[profile.service])
    charts = "".join(
        _figure(rescaled(thin(profile)), data, say) for profile in ordered if not _still(profile)
    )
    return (
        f'<p class="note">{caption}</p>{legend(data, say)}<div class="charts">{charts}</div>'
        f"{_stills([profile for profile in ordered if _still(profile)], say)}"
    )


def _curves(profile: Profile) -> list[Curve]:
    return [profile.base, *profile.variants]


def _columns(profile: Profile) -> list[Floats]:
    """Every column of values of the profile."""
    return [
        column
        for curve in _curves(profile)
        for column in (curve.mean, curve.low, curve.high)
        if column is not None
    ]


def _still(profile: Profile) -> bool:
    """Whether nothing moves and nobody differs: a line of text says it better than a chart."""
    columns = _columns(profile)
    first = columns[0][0] if len(profile.time) else np.nan
    return all(bool(np.all(column == first)) for column in columns)


def _stills(profiles: list[Profile], say: Catalogue) -> str:
    if not profiles:
        return ""
    what = "; ".join(
        f"{say.label('port', profile.name)} ({_quantity(profile, say)})" for profile in profiles
    )
    return f'<p class="note still">{escape(say("profiles.still", what=what))}</p>'


def _quantity(profile: Profile, say: Catalogue) -> str:
    return say.quantity(float(profile.base.mean[0]), profile.unit)


def legend(data: ReportData, say: Catalogue) -> str:
    """Which colour is which scenario."""
    items = "".join(
        f'<li><span class="key s{position}"></span>{escape(title)}</li>'
        for position, title in enumerate(_titles(data))
    )
    return f'<ul class="legend">{items}</ul>'


def _titles(data: ReportData) -> list[str]:
    return [data.base.title, *(variant.title for variant in data.variants)]


def thin(profile: Profile) -> Profile:
    """The same profile over at most :data:`MOST_POINTS` times; bands keep their extremes."""
    count = len(profile.time)
    if count <= MOST_POINTS:
        return profile
    starts = (np.arange(MOST_POINTS) * count) // MOST_POINTS
    lengths = np.diff(np.append(starts, count))
    time = np.add.reduceat(profile.time, starts) / lengths
    time[[0, -1]] = profile.time[[0, -1]]
    return Profile(
        profile.name,
        profile.unit,
        time,
        _thin(profile.base, starts, lengths),
        [_thin(curve, starts, lengths) for curve in profile.variants],
        profile.aggregate,
    )


def rescaled(profile: Profile) -> Profile:
    """The same profile in a unit that keeps its numbers short."""
    unit, factor = prefixed(profile.unit, _columns(profile))
    if factor == 1.0:
        return profile
    base, *variants = (_divided(curve, factor) for curve in _curves(profile))
    return Profile(profile.name, unit, profile.time, base, variants, profile.aggregate)


def _divided(curve: Curve, factor: float) -> Curve:
    return Curve(
        curve.mean / factor,
        None if curve.low is None else curve.low / factor,
        None if curve.high is None else curve.high / factor,
    )


def _thin(curve: Curve, starts: Ints, lengths: Ints) -> Curve:
    return Curve(
        np.add.reduceat(curve.mean, starts) / lengths,
        None if curve.low is None else np.minimum.reduceat(curve.low, starts),
        None if curve.high is None else np.maximum.reduceat(curve.high, starts),
    )


def _figure(profile: Profile, data: ReportData, say: Catalogue) -> str:
    label = say.label("port", profile.name)
    service = say.label("service", profile.service)
    aggregate = say(f"profiles.{profile.aggregate}")
    # Many labels say already that they are means.
    said = aggregate[:4].lower() in label.lower()
    how = ", ".join(filter(None, (say.unit(profile.unit), "" if said else aggregate)))
    alt = say("profiles.alt", label=label, peaks=_peaks(profile, data, say))
    drawing = _drawing(profile, alt, _moments(profile, data, say), say)
    return (
        f'<figure class="chart" data-chart="{escape(_numbers(profile, data, say))}">'
        f'<figcaption><span class="service">{escape(service)}</span> {escape(label)} '
        f'<span class="unit">{escape(how)}</span></figcaption>'
        f"{drawing}{_table(profile, data, label, say)}</figure>"
    )


def _moments(profile: Profile, data: ReportData, say: Catalogue) -> Moments:
    span = float(profile.time[-1] - profile.time[0]) if len(profile.time) else 0.0
    return Moments(data.making.start, span, say.numbers)


def _peaks(profile: Profile, data: ReportData, say: Catalogue) -> str:
    parts = []
    for title, curve in zip(_titles(data), _curves(profile), strict=True):
        if np.isfinite(curve.mean).any():
            at = int(np.nanargmax(curve.mean))
            value = say.quantity(float(curve.mean[at]), profile.unit)
            time = _moments(profile, data, say).label(float(profile.time[at]))
            parts.append(say("profiles.peak", title=title, value=value, time=time))
    return " ".join(parts)


def _numbers(profile: Profile, data: ReportData, say: Catalogue) -> str:
    """What the pointer reads: times and curves, in the order of the legend."""
    curves, moments = _curves(profile), _moments(profile, data, say)
    return json.dumps(
        {
            "unit": say.unit(profile.unit),
            "time": [moments.label(float(time)) for time in profile.time],
            "x": [round(float(x), 1) for x in _x(profile)],
            "titles": _titles(data),
            "curves": [
                [say.numbers.number(float(value)) for value in curve.mean] for curve in curves
            ],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _x(profile: Profile) -> Floats:
    first, last = float(profile.time[0]), float(profile.time[-1])
    return LEFT + (profile.time - first) / max(last - first, 1.0) * (WIDTH - LEFT - RIGHT)


def _limits(profile: Profile) -> list[float]:
    """Ticks that hold every curve and band; from zero unless zero is far away."""
    values = np.concatenate(_columns(profile))
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    return ticks(0.0 if 0.0 <= low < 0.6 * high else low, high)


def _drawing(profile: Profile, alt: str, moments: Moments, say: Catalogue) -> str:
    levels = _limits(profile)
    x = _x(profile)
    y_of = _Vertical(levels)
    every = list(enumerate(_curves(profile)))
    bands = "".join(_band(curve, x, levels, position) for position, curve in every)
    lines = "".join(
        f'<path class="line s{position}" d="{_path(x, y_of(curve.mean))}"/>'
        for position, curve in every
    )
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{escape(alt)}">'
        f"{_grid(profile, levels, moments, say)}{bands}{lines}"
        f'<path class="cursor" d="M0 {TOP:.0f}V{HEIGHT - BOTTOM:.0f}"/></svg>'
    )


class _Vertical:
    """Maps values to the height of the drawing."""

    def __init__(self, levels: list[float]) -> None:
        self.low, self.high = levels[0], levels[-1]

    def __call__(self, values: Floats) -> Floats:
        share = (values - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _grid(profile: Profile, levels: list[float], moments: Moments, say: Catalogue) -> str:
    heights = _Vertical(levels)(np.array(levels))
    digits = max(3, _digits(levels))
    parts = [
        f'<path class="grid" d="M{LEFT:.0f} {y:.1f}H{WIDTH - RIGHT:.0f}"/>'
        f'<text x="{LEFT - 8:.0f}" y="{y + 4:.1f}" text-anchor="end">'
        f"{say.numbers.number(level, digits=digits)}</text>"
        for y, level in zip(heights, levels, strict=True)
    ]
    first, last = float(profile.time[0]), float(profile.time[-1])
    for time, written in moments.ticks(first, last):
        x = LEFT + (time - first) / max(last - first, 1.0) * (WIDTH - LEFT - RIGHT)
        parts.append(
            f'<path class="tick" d="M{x:.1f} {HEIGHT - BOTTOM:.0f}v4"/>'
            f'<text x="{x:.1f}" y="{HEIGHT - 6:.0f}" text-anchor="middle">{escape(written)}</text>'
        )
    return "".join(parts)


def _digits(levels: list[float]) -> int:
    """Digits that keep neighbouring ticks apart."""
    most, by = max(abs(levels[0]), abs(levels[-1])), levels[1] - levels[0]
    return int(np.ceil(np.log10(most / by))) + 2 if most and by else 3


def _path(x: Floats, y: Floats) -> str:
    """A line that breaks where there is no value."""
    parts, pen = [], "M"
    for across, down in zip(x, y, strict=True):
        if np.isfinite(down):
            parts.append(f"{pen}{across:.1f} {down:.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(parts)


def _band(curve: Curve, x: Floats, levels: list[float], position: int) -> str:
    if curve.low is None or curve.high is None or np.array_equal(curve.low, curve.high):
        return ""
    known = np.isfinite(curve.low) & np.isfinite(curve.high)
    if not known.any():
        return ""
    y_of = _Vertical(levels)
    there = _path(x[known], y_of(curve.high[known]))
    back = _path(x[known][::-1], y_of(curve.low[known][::-1])).replace("M", "L", 1)
    return f'<path class="band s{position}" d="{there}{back}Z"/>'


def _table(profile: Profile, data: ReportData, label: str, say: Catalogue) -> str:
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for title in _titles(data))
    chosen = np.unique(np.linspace(0, len(profile.time) - 1, MOST_ROWS + 1).round().astype(int))
    moments = _moments(profile, data, say)
    rows = "".join(_row(profile, at, moments, say) for at in chosen)
    return (
        f"<details><summary>{escape(say('profiles.table'))}</summary>"
        f'<div class="scroll"><table><caption>{escape(label)}</caption><thead><tr>'
        f'<th scope="col">{escape(say("column.time"))}</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _row(profile: Profile, at: int, moments: Moments, say: Catalogue) -> str:
    cells = "".join(
        f'<td class="number">{say.numbers.number(float(curve.mean[at]))}</td>'
        for curve in _curves(profile)
    )
    when = escape(moments.label(float(profile.time[at])))
    return f'<tr><th scope="row">{when}</th>{cells}</tr>'
