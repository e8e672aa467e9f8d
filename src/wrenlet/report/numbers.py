"""Numbers as the report writes them: tidy, never rounded up to perfection, a dash for what is missing."""

import math

__all__ = [
    "DASH",
    "decimals",
    "duration",
    "kilobytes",
    "microseconds",
    "milliseconds",
    "percent",
    "points",
    "scientific",
    "significant",
    "span",
    "thousands",
]

#: Stands where nothing was measured.
DASH = "–"


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share of 0…1 as `99.3 %`.

    Only a whole share is written as 100 %: 1,999 of 2,000 would otherwise round to perfection.
    """
    if share is None or not math.isfinite(share):
        return DASH
    value = round(share * 100, digits)
    if value >= 100 and share < 1:
        value = 100 - 10**-digits
    return f"{value:.{digits}f} %"


def points(share: float | None) -> str:
    """Return a difference of two shares in percentage points: `0.21`."""
    return DASH if share is None or not math.isfinite(share) else f"{share * 100:.2f}"


def span(interval: tuple[float, float] | None) -> str:
    """Return an interval of shares as `98.1–99.8 %`."""
    if interval is None:
        return DASH
    low, high = (percent(end).removesuffix(" %") for end in interval)
    return f"{low}–{high} %"


def thousands(count: int | None) -> str:
    """Return a whole number as `12,345`."""
    return DASH if count is None else f"{count:,}"


def decimals(value: float | None, digits: int = 2) -> str:
    """Return a number with a fixed count of decimals, so that a column lines up."""
    return DASH if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def kilobytes(size: int | float | None) -> str:
    """Return bytes as KB of 1,000 bytes with one decimal: `34.2`."""
    return DASH if size is None else f"{size / 1000:,.1f}"


def microseconds(value: float | None) -> str:
    """Return microseconds: one decimal below a thousand, whole above."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def milliseconds(value: float | None) -> str:
    """Return milliseconds without idle zeros: `16`, `7.25`."""
    return DASH if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def significant(value: float | None, digits: int = 2) -> str:
    """Return a number with that many significant digits and no exponent: `0.00028`."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}"


def scientific(value: float | None) -> str:
    """Return a difference or a limit as `2.4e-7`."""
    if value is None:
        return DASH
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}" if abs(int(exponent)) > 2 else significant(value)


def duration(seconds: float | None) -> str:
    """Return a wall-clock time as `41 s`, `3 min 12 s` or `2 h 5 min`."""
    if seconds is None or not math.isfinite(seconds):
        return DASH
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"
