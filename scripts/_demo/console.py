"""Console output of the demo."""

from collections.abc import Generator
from contextlib import contextmanager
import sys
import textwrap
import time

WIDTH = 88
LABEL = 20


class Console:
    """Prints numbered steps, with their results and durations."""

    def __init__(self) -> None:
        """Use colors only on a terminal."""
        self._colors = sys.stdout.isatty()
        self._steps = 0

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colors else text

    def say(self, text: str = "") -> None:
        """Print a line."""
        print(text, flush=True)

    def title(self, text: str) -> None:
        """Print the title of the demo."""
        self.say(self._paint("1", text))

    def fact(self, label: str, text: str) -> None:
        """Print a label and a text; the text is wrapped and keeps its paragraphs."""
        indent = " " * (3 + LABEL)
        first = f"   {label:<{LABEL}}"
        for number, line in enumerate(text.splitlines() or [""]):
            start = first if number == 0 else indent
            wrapped = textwrap.wrap(
                line,
                WIDTH,
                initial_indent=start,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for part in wrapped or [""]:
                self.say(part.replace(first, "   " + self._paint("2", first[3:]), 1))

    @contextmanager
    def step(self, title: str) -> Generator[None]:
        """Print a numbered step, and at its end how long it took."""
        self._steps += 1
        self.say()
        self.say(self._paint("1", f"{self._steps}  {title}"))
        started = time.monotonic()
        yield
        took = f"{time.monotonic() - started:.1f} s"
        self.fact(self._paint("32", "done") + " " * (LABEL - 4), took)

    def failed(self, reason: str) -> None:
        """Print why the demo failed."""
        self.say()
        self.say(self._paint("31", "The demo failed.") + f" {reason}")
