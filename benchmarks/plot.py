"""Bar charts as SVG, without a library and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_COLOURS = ("#33658a", "#86bbd8", "#758e4f", "#f6ae2d", "#f26419", "#7a5195", "#bc5090", "#8a8a8a")
_WIDTH, _LABELS, _ROW, _GAP = 900, 210, 22, 46
_SPACE = _WIDTH - _LABELS - 90


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar by its name; parts are stacked in their order."""

    name: str
    parts: Mapping[str, float]

    @property
    def length(self) -> float:
        """All of it."""
        return sum(self.parts.values())


def chart(panels: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Draw panels of horizontal bars below each other, each on a scale of its own."""
    drawn, top = [], 10
    for title, bars in panels:
        drawn += _panel(title, bars, top)
        top += _GAP + _ROW * len(bars) + (_ROW if _names(bars) else 0)
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _panel(title: str, bars: Sequence[Bar], top: int) -> list[str]:
    names = _names(bars)
    colours = {name: _COLOURS[n % len(_COLOURS)] for n, name in enumerate(names or [""])}
    longest = max((bar.length for bar in bars), default=1) or 1
    drawn = [_text(10, top + 16, title, weight="bold")]
    for n, bar in enumerate(bars):
        y, x = top + 28 + n * _ROW, float(_LABELS)
        drawn.append(_text(_LABELS - 8, y + 13, bar.name, anchor="end"))
        for name, value in bar.parts.items():
            width = value / longest * _SPACE
            drawn.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_ROW - 6}" '
                f'fill="{colours[name]}"/>'
            )
            x += width
        drawn.append(_text(x + 6, y + 13, f"{bar.length:,.0f}"))
    return drawn + _legend(names, colours, top + 28 + len(bars) * _ROW)


def _legend(names: Sequence[str], colours: Mapping[str, str], y: int) -> list[str]:
    drawn, x = [], 10.0
    for name in names:
        drawn.append(
            f'<rect x="{x:.0f}" y="{y + 4}" width="10" height="10" fill="{colours[name]}"/>'
        )
        drawn.append(_text(x + 14, y + 13, name))
        x += 26 + 7 * len(name)
    return drawn


def _names(bars: Sequence[Bar]) -> list[str]:
    return list(dict.fromkeys(name for bar in bars for name in bar.parts if name))


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )
