import io

import pytest

from salesforce_bulk.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Ticks:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


def work(stream, seconds_a_row):
    clock = Ticks()
    with Progress(stream, clock).step("Sending", 4) as step:
        for _ in range(4):
            clock.now += seconds_a_row
            step.advance()
    return step


def test_a_terminal_has_one_line_that_is_drawn_anew():
    stream = Terminal()
    work(stream, 1.0)
    assert stream.getvalue().count("\n") == 1
    assert [draw.split()[1] for draw in stream.getvalue().split("\r\x1b[K")[1:]] == [
        "0%",
        "25%",
        "50%",
        "75%",
        "100%",
        "100%",
    ]


def test_a_log_gets_one_line_for_a_short_step():
    stream = io.StringIO()
    work(stream, 1.0)
    assert stream.getvalue() == f"{'Sending':<22} 100%          4 rows          1 rows/s\n"


def test_a_log_gets_a_line_every_ten_seconds_of_a_long_step():
    stream = io.StringIO()
    work(stream, 6.0)
    assert [line.split()[1] for line in stream.getvalue().splitlines()] == ["50%", "100%", "100%"]


def test_a_fast_step_is_not_drawn_for_each_row():
    stream = Terminal()
    work(stream, 0.01)
    assert stream.getvalue().count("\r") == 2


def test_a_step_knows_its_rate_and_one_without_rows_is_complete():
    assert work(io.StringIO(), 0.5).rows_per_second == pytest.approx(2.0)
    with Progress(io.StringIO(), Ticks()).step("Nothing", 0) as step:
        pass
    assert step.rows_per_second == 0
    assert "100%" in str(step)


def test_a_step_that_breaks_ends_its_line():
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt), Progress(stream, Ticks()).step("Sending", 4):
        raise KeyboardInterrupt
    assert stream.getvalue().endswith("\n")
