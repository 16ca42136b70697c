"""A report as text: a table where the lines fit the width, else a block for each line; and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal

from streams.engine.ledger import money
from streams.reports.campaign_report import CampaignReport
from streams.reports.tally import OUTCOMES, PUSHES, STATUSES, Tally, points_summary, share

NO_SOURCE = "(none)"
_GAP = "  "
_TABLE_STATUSES = ("active", "qualified", "rejected")
_LABEL = 12


def report_lines(report: CampaignReport, width: int) -> list[str]:
    """Returns the report for people, no line wider than `width` where its names and amounts allow it."""
    table = _table(report)
    return table if max(map(len, table)) <= width else list(_blocks(report, width))


def report_csv(report: CampaignReport) -> str:
    """Returns the report as CSV: a row for each line and currency, so that every amount has a column of its own.

    The figures of leads stand in each row of a line; a line without revenue has one row without a currency.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            *(report.scope.by, "leads", *STATUSES, "pushed", *PUSHES),
            *(f"leads_{outcome}" for outcome in OUTCOMES),
            *("pushed_share", "won_share", "points_mean", "points_median", "points_most", "currency"),
            *(name for outcome in OUTCOMES for name in (outcome, f"{outcome}_amount")),
        ]
    )
    for name, tally in report.lines.items():
        for currency in tally.revenue.currencies or [""]:
            writer.writerow([_cell(name or ""), *_csv_figures(tally), currency, *_csv_revenue(tally, currency)])
    return text.getvalue()


def _csv_figures(tally: Tally) -> Iterator[str]:
    points = points_summary(tally.points) or {}
    shares = (share(tally.pushed, tally.leads), share(tally.outcomes["won"], tally.leads))
    yield from map(str, (tally.leads, *(tally.statuses[each] for each in STATUSES), tally.pushed))
    yield from (str(tally.pushes[each]) for each in PUSHES)
    yield from (str(tally.outcomes[each]) for each in OUTCOMES)
    yield from ("" if each is None else str(each) for each in shares)
    yield from (str(points.get(each, "")) for each in ("mean", "median", "most"))


def _csv_revenue(tally: Tally, currency: str) -> Iterator[str]:
    for outcome in OUTCOMES:
        count, amount = tally.revenue.of(currency, outcome)
        yield from (str(count), money.amount_text(amount))


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _table(report: CampaignReport) -> list[str]:
    heads = ["points", "pushed", *PUSHES, *(f"{outcome} leads" for outcome in OUTCOMES)]
    currencies = report.total.revenue.currencies
    amounts = [f"{outcome} {currency}" for currency in currencies for outcome in OUTCOMES]
    rows = [[report.scope.by, "leads", *_TABLE_STATUSES, *heads, *amounts]]
    rows += [_table_row(_title(name), tally, currencies) for name, tally in report.lines.items()]
    if len(report.lines) > 1:
        rows.append(_table_row("all", report.total, currencies))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        _GAP.join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]


def _table_row(title: str, tally: Tally, currencies: Sequence[str]) -> list[str]:
    points = points_summary(tally.points)
    return [
        title,
        *(f"{number:,}" for number in (tally.leads, *(tally.statuses[each] for each in _TABLE_STATUSES))),
        "-" if points is None else f"{points['mean']:,.1f}",
        f"{tally.pushed:,}{_percent(tally.pushed, tally.leads)}",
        *(f"{tally.pushes[push]:,}" for push in PUSHES),
        *(f"{tally.outcomes[outcome]:,}" for outcome in OUTCOMES),
        *(_money(tally.revenue.of(currency, outcome)[1]) for currency in currencies for outcome in OUTCOMES),
    ]


def _blocks(report: CampaignReport, width: int) -> Iterator[str]:
    for number, (name, tally) in enumerate(report.lines.items()):
        if number:
            yield ""
        shown = f" ({report.names[name]})" if name is not None and report.names.get(name) else ""
        yield from _wrap(f"{report.scope.by} {_title(name)}{shown}", [], width)
        yield from _block(tally, width)
    if len(report.lines) > 1:
        yield ""
        yield "all"
        yield from _block(report.total, width)


def _block(tally: Tally, width: int) -> Iterator[str]:
    statuses = [f"{tally.statuses[each]:,} {each}" for each in STATUSES if tally.statuses[each]]
    yield from _wrap("  leads", [f"{tally.leads:,}", *statuses], width)
    if (points := points_summary(tally.points)) is not None:
        yield from _wrap("  points", [f"{name} {number:,.1f}" for name, number in points.items()], width)
    pushes = [f"{tally.pushes[each]:,} {each}" for each in PUSHES if tally.pushes[each]]
    yield from _wrap("  pushed", [f"{tally.pushed:,}{_percent(tally.pushed, tally.leads)}", *pushes], width)
    won = _percent(tally.outcomes["won"], tally.leads)
    outcomes = [f"{tally.outcomes[each]:,} {each}{won if each == 'won' else ''}" for each in OUTCOMES]
    yield from _wrap("  outcome", outcomes, width)
    for currency in tally.revenue.currencies:
        sums = [(outcome, *tally.revenue.of(currency, outcome)) for outcome in OUTCOMES]
        yield from _wrap(
            f"  {currency}", [f"{each} {_money(amount)} ({count:,})" for each, count, amount in sums], width
        )


def _wrap(label: str, parts: Sequence[str], width: int) -> Iterator[str]:
    """Lines of parts with commas between them, the label before the first."""
    line = label.ljust(_LABEL) if parts else label
    is_empty = True
    for part in parts:
        addition = part if is_empty else f", {part}"
        if not is_empty and len(line) + len(addition) + 1 > width:
            yield line + ","
            line, addition = " " * _LABEL, part
        line += addition
        is_empty = False
    yield line


def _title(name: str | None) -> str:
    title = NO_SOURCE if name is None else name
    return title if title.isprintable() else "".join(each if each.isprintable() else "?" for each in title)


def _percent(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.1f} %)" if whole and part else ""


def _money(amount: Decimal) -> str:
    """An amount with all its decimals, at least two, and commas between thousands."""
    text = f"{amount:,f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
