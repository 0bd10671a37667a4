"""Format the tables."""

from collections.abc import Iterable

from .figures import Table


def as_text(tables: Iterable[Table]) -> str:
    """Format tables for a terminal."""
    return "\n\n".join(_text(table) for table in tables)


def _text(table: Table) -> str:
    rows = [table.columns, *((row.title, *row.cells) for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.columns))]
    lines = [table.title]
    notes: list[str] = []
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        note = table.rows[number - 1].note if number else ""
        if note:
            if note not in notes:
                notes.append(note)
            line += f"  [{notes.index(note) + 1}]"
        lines.append(f"  {line.rstrip()}")
    lines += [f"  [{number}] {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join(lines)


def as_markdown(tables: Iterable[Table]) -> str:
    """Format tables as Markdown."""
    return "\n\n".join(_markdown(table) for table in tables)


def _markdown(table: Table) -> str:
    lines = [
        f"**{table.title}**",
        "",
        "| " + " | ".join(table.columns) + " |",
        "|---" * len(table.columns) + "|",
    ]
    notes: list[str] = []
    for row in table.rows:
        title = row.title
        if row.note:
            if row.note not in notes:
                notes.append(row.note)
            title += f" [{notes.index(row.note) + 1}]"
        lines.append("| " + " | ".join((title, *row.cells)) + " |")
    if notes:
        lines.append("")
        lines.append(" ".join(f"[{number}] {note}" for number, note in enumerate(notes, start=1)))
    return "\n".join(lines)
