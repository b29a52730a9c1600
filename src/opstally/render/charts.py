"""A chart declaration and its section's rows as an Altair chart: no frame, few grid lines, at most four lines.

Altair costs a second to import, so only those who draw import this module.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

import altair as alt

from opstally.errors import UnknownName
from opstally.model.report import Chart
from opstally.period import Grain
from opstally.render.document import grain_of, heading, is_partial, next_start
from opstally.render.json import plain
from opstally.render.numbers import currency_symbol, show_number
from opstally.result import Column, Result, Value

INK: Final = "#17181c"
SOFT: Final = "#666a72"
LINE: Final = "#e4e3de"
SERIES: Final = ("#2a5bd7", "#eb582f", "#6b1900", "#a366a8")
SEQUENTIAL: Final = ("#dbe4fa", "#2a5bd7")
FONT: Final = "Inter, system-ui, sans-serif"

_MOST_LINES: Final = 4
_WIDTH: Final = 960
_HEIGHT: Final = 220
_SMALL: Final = (285, 120)
_MOST_TICKS: Final = 10


def draw(chart: Chart, result: Result, currency: str = "USD") -> alt.TopLevelMixin:
    """The chart, with the house look.

    Raises:
        UnknownName: it names a column that the result does not have.
    """
    made = {"line": _line, "bar": _bar, "stacked_bar": _stacked_bar, "heat": _heat}[chart.kind](chart, result, currency)
    return _styled(made)


def to_svg(chart: alt.TopLevelMixin) -> str:
    """The chart as SVG, in the light colours."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.to_dict(), allowed_base_urls=[]))


def to_png(chart: alt.TopLevelMixin, scale: float = 2.0) -> bytes:
    """The chart as PNG, in the light colours."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(chart.to_dict(), scale=scale, allowed_base_urls=[]))


def _line(chart: Chart, result: Result, currency: str) -> alt.TopLevelMixin:
    y = _column(result, chart.y)
    series = _members(result, chart.color)
    is_small = len(series) > _MOST_LINES
    x = _x_axis(result, chart.x, is_small)
    color = _color(result, chart.color) if chart.color and not is_small else alt.value(SERIES[0])
    rows = _rows(chart, result, currency)
    frame = alt.Chart().encode(x=x, y=_y_axis(y, result, currency), color=color)
    # Points show what a line with gaps around it would hide.
    has_gaps = any(row[chart.y] is None for row in rows)
    line = frame.mark_line(strokeWidth=2, interpolate="linear", point=has_gaps).transform_filter("!datum.__partial")
    running = frame.mark_line(strokeWidth=2, strokeDash=[4, 3]).transform_filter("datum.__running")
    layers = [line, running] if any(row["__running"] for row in rows) else [line]
    if not is_small:
        layers.append(
            frame.mark_text(align="left", dx=6, fontSize=11, fontWeight=600)
            .encode(text="__label:N")
            .transform_filter("datum.__last")
        )
    layered = alt.layer(*layers, data=alt.InlineData(values=rows))
    return _sized(layered, chart.color if is_small else None, result)


def _bar(chart: Chart, result: Result, currency: str) -> alt.TopLevelMixin:
    y = _column(result, chart.y)
    base = alt.Chart(_data(chart, result, currency))
    if _column(result, chart.x).type == "date":
        bars = base.mark_bar(color=SERIES[0], size=_bar_width(result, chart.x)).encode(
            x=_x_axis(result, chart.x), y=_y_axis(y, result, currency, True)
        )
        return _sized(bars, None, result)
    names = alt.Y(f"{chart.x}:N", sort=None, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=220))
    values = alt.X(f"{chart.y}:Q", title=None, axis=None, scale=alt.Scale(domain=_domain(y, result, True)))
    bars = base.mark_bar(color=SERIES[0], cornerRadiusEnd=3, height=16, invalid=None).encode(y=names, x=values)
    # Right of a bar to the left as well: on it nobody reads them.
    beside = alt.X("__beside:Q", title=None, axis=None)
    labels = base.mark_text(align="left", dx=5, fontSize=11, invalid=None).encode(y=names, x=beside, text="__label:N")
    return alt.layer(bars, labels).properties(width=_WIDTH - 160, height=alt.Step(24))


def _stacked_bar(chart: Chart, result: Result, currency: str) -> alt.TopLevelMixin:
    y = _column(result, chart.y)
    axis = _y_axis(y, result, currency, True, stacked=True)
    x: Any = alt.X(f"{chart.x}:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, ticks=False))
    if _column(result, chart.x).type == "date":
        x = _x_axis(result, chart.x, padding=_bar_width(result, chart.x))
    color = _color(result, chart.color) if chart.color else alt.value(SERIES[0])
    size = _bar_width(result, chart.x)
    bars = alt.Chart(_data(chart, result, currency)).mark_bar(size=size).encode(x=x, y=axis, color=color)
    if chart.color:
        bars = bars.encode(opacity=_opacity(result, chart.color))
    return _sized(bars, None, result)


def _bar_width(result: Result, x: str) -> float:
    return 0.6 * _WIDTH / max(1, len(_members(result, x)))


def _heat(chart: Chart, result: Result, currency: str) -> alt.TopLevelMixin:
    assert chart.color is not None
    scale = alt.Scale(range=list(SEQUENTIAL))
    color = alt.Color(f"{chart.color}:Q", scale=scale, title=heading(_column(result, chart.color)))
    is_time = _column(result, chart.x).type == "date"
    axis = alt.Axis(labelAngle=0, ticks=False, labelOverlap=True, domain=False)
    if is_time:
        axis.labelExpr = "utcFormat(utcParse(datum.value, '%Y-%m-%d'), '%-d %b')"
    x = alt.X(f"{chart.x}:O", sort="ascending" if is_time else None, title=None, axis=axis)
    y = alt.Y(f"{chart.y}:O", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False))
    cells = alt.Chart(_data(chart, result, currency)).mark_rect(stroke="#ffffff").encode(x=x, y=y, color=color)
    return cells.properties(width=_WIDTH, height=alt.Step(24))  # type: ignore[no-any-return]


def _sized(layered: Any, facet: str | None, result: Result) -> alt.TopLevelMixin:
    """The chart at its size, or one small chart for each series."""
    if facet is None:
        return layered.properties(width=_WIDTH, height=_HEIGHT)  # type: ignore[no-any-return]
    width, height = _SMALL
    small = layered.properties(width=width, height=height)
    header = alt.Header(title=None, labelAnchor="start", labelFontWeight=600, labelColor=INK)
    names = [_text(name) for name in _members(result, facet)]
    return small.facet(alt.Facet(f"{facet}:N", header=header, sort=names), columns=3)  # type: ignore[no-any-return]


def _styled(chart: Any) -> alt.TopLevelMixin:
    axis = alt.AxisConfig(
        labelColor=SOFT,
        labelFontSize=11,
        labelPadding=6,
        titleColor=SOFT,
        domainColor=LINE,
        tickColor=LINE,
        gridColor=LINE,
    )
    return chart.configure(  # type: ignore[no-any-return]
        background="transparent",
        # Fonts differ from machine to machine: room for the labels at the lines' ends.
        padding={"left": 28, "top": 4, "right": 52, "bottom": 4},
        font=FONT,
        view=alt.ViewConfig(stroke=None),
        axis=axis,
        legend=alt.LegendConfig(
            orient="top", title=None, labelColor=SOFT, labelFontSize=12, symbolType="square", columnPadding=20
        ),
        text=alt.MarkConfig(color=INK),
    )


def _x_axis(result: Result, name: str, is_small: bool = False, padding: float = 8) -> alt.X:
    column = _column(result, name)
    if column.type != "date":
        return alt.X(f"{name}:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, ticks=False))
    grain = grain_of(column)
    days = sorted({str(plain(v)) for v in result.values(name) if v is not None})
    most = 3 if is_small else _MOST_TICKS
    ticks = days[:: -(-len(days) // most)] if days else []
    axis = alt.Axis(
        grid=False,
        ticks=False,
        values=[alt.DateTime(year=int(d[:4]), month=int(d[5:7]), date=int(d[8:]), utc=True) for d in ticks],
        format="%b %Y" if grain in ("month", "quarter", "year") else "%-d %b",
        labelFlush=True,
    )
    return alt.X(f"{name}:T", title=None, axis=axis, scale=alt.Scale(type="utc", padding=padding))


def _y_axis(y: Column, result: Result, currency: str, is_bar: bool = False, stacked: bool = False) -> alt.Y:
    axis = alt.Axis(domain=False, ticks=False, tickCount=3, labelExpr=_label_expression(y.unit, currency))
    domain = None if stacked else _domain(y, result, is_bar)
    scale = alt.Scale(zero=True) if domain is None else alt.Scale(domain=domain, nice=domain[1] != 100)
    return alt.Y(f"{y.name}:Q", title=None, axis=axis, scale=scale)


def _domain(y: Column, result: Result, is_bar: bool) -> list[float]:
    """From zero for counts and bars; percentages end at 100."""
    values = [float(v) for v in result.values(y.name) if isinstance(v, int | float)] or [0.0, 1.0]
    low, high = min(values), max(values)
    if is_bar or y.unit in ("count", "currency"):
        return [min(0.0, low), high or 1.0]
    margin = (high - low) * 0.15 or abs(high) * 0.05 or 1.0
    top = high + margin
    return [
        max(0.0, low - margin) if low >= 0 else low - margin,
        100.0 if y.unit == "percent" and high <= 100 < top else top,
    ]


def _label_expression(unit: str | None, currency: str) -> str:
    short = "replace(format(datum.value, '~s'), 'G', 'B')"
    if unit == "percent":
        return "format(datum.value, '~g') + '%'"
    if unit == "currency":
        return f"'{currency_symbol(currency)}' + {short}"
    return short if unit == "count" else "format(datum.value, '~g')"


def _color(result: Result, name: str) -> alt.Color:
    names = [_text(member) for member in _members(result, name)]
    colors = [SERIES[at % len(SERIES)] for at in range(len(names))]
    return alt.Color(f"{name}:N", sort=names, scale=alt.Scale(domain=names, range=colors), title=None)


def _opacity(result: Result, name: str) -> alt.Opacity:
    """Each further round of the four colours paler, so that no two members look alike."""
    names = [_text(member) for member in _members(result, name)]
    steps = [max(0.15, 1 - 0.4 * (at // len(SERIES))) for at in range(len(names))]
    return alt.Opacity(f"{name}:N", sort=names, scale=alt.Scale(domain=names, range=steps), title=None)


def _data(chart: Chart, result: Result, currency: str) -> alt.InlineData:
    return alt.InlineData(values=_rows(chart, result, currency))


def _rows(chart: Chart, result: Result, currency: str) -> list[dict[str, Any]]:
    """The rows, with what the layers ask for: `__partial`, `__running`, `__last` and the value's `__label`."""
    y, x = _column(result, chart.y), _column(result, chart.x)
    used = {name for name in (chart.x, chart.y, chart.color) if name}
    made: list[dict[str, Any]] = []
    grain = grain_of(x)
    for record in result.records():
        row: dict[str, Any] = {name: plain(record[name]) for name in used}
        if chart.color is not None and _column(result, chart.color).is_dimension:
            row[chart.color] = _text(record[chart.color])
        if x.type != "date":
            row[chart.x] = _text(record[chart.x])
        row["__partial"] = grain is not None and is_partial(record[chart.x], grain, result.receipt.period)
        value = record[chart.y]
        is_number = isinstance(value, int | float)
        row["__label"] = show_number(float(value), y.unit, y.decimals, currency) if is_number else "no data"  # type: ignore[arg-type]
        row["__beside"] = max(0, value) if is_number else None  # type: ignore[type-var]
        made.append(row)
    if chart.kind == "line" and grain is not None:
        made += list(_skipped(made, chart, grain))
    _mark_ends(made, chart)
    return made


def _skipped(rows: Sequence[dict[str, Any]], chart: Chart, grain: Grain) -> Iterator[dict[str, Any]]:
    """A row without a value for each day, week, … that a series leaves out, where its line would else go on."""
    color = chart.color or ""
    for member in dict.fromkeys(row.get(color) for row in rows):
        days = {row[chart.x] for row in rows if row.get(color) == member and row[chart.x] is not None}
        day, last = min(days, default=""), max(days, default="")
        while day < last:
            if day not in days:
                own = {color: member} if chart.color else {}
                yield {**own, chart.x: day, chart.y: None, "__partial": False, "__label": "no data", "__beside": None}
            day = next_start(dt.date.fromisoformat(day), grain).isoformat()


def _mark_ends(rows: list[dict[str, Any]], chart: Chart) -> None:
    """`__last`: the last whole point of each series; `__running`: that one and the partial ones after it."""
    for member in {row.get(chart.color or "") for row in rows}:
        mine = sorted((r for r in rows if r.get(chart.color or "") == member), key=lambda r: str(r[chart.x]))
        whole = [at for at, r in enumerate(mine) if not r["__partial"] and r[chart.y] is not None]
        last = whole[-1] if whole else -1
        running = any(r["__partial"] for r in mine[last + 1 :])
        for at, row in enumerate(mine):
            row["__last"] = at == last
            row["__running"] = running and at >= last


def _members(result: Result, name: str | None) -> Sequence[Value]:
    return list(dict.fromkeys(result.values(name))) if name else []


def _text(value: Value) -> str:
    return "none" if value is None else str(plain(value))


def _column(result: Result, name: str) -> Column:
    for column in result.columns:
        if column.name == name:
            return column
    raise UnknownName("column", name, [c.name for c in result.columns], "for the chart")
