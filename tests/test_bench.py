"""The benchmark runs, and its tables have the results."""

import asyncio
import json
from pathlib import Path
import sys
from typing import Any

import pytest

from scripts._bench.contenders import CORE_PLEX, PLEX_MONITOR
from scripts._bench.figures import tables
from scripts._bench.report import as_markdown, as_text
from scripts._bench.scale import exponent

ROOT = Path(__file__).parents[1]
# The most bytes that a hostile server may take.
MAX_MEMORY = 100_000_000

type Json = dict[str, Any]


async def output_of(*arguments: str) -> str:
    """Run Python with these arguments, expect it to succeed, and return its output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", ["speed", "traffic", "failures", "alarms", "scale", "hostile"])
async def test_each_part_measures_both(part: str, tmp_path: Path) -> None:
    """A short run of each part measures both integrations in real processes."""
    results = tmp_path / "bench.json"
    printed = await output_of(
        "-m", "scripts._bench", "--quick", "--only", part, "--results", str(results)
    )
    measured = json.loads(results.read_text(encoding="utf-8"))
    assert measured[part].keys() == {"plex_monitor", "plex"}
    assert PLEX_MONITOR.name in printed
    assert CORE_PLEX.name in printed
    if part == "hostile":
        [ours] = measured[part]["plex_monitor"]
        memory = {key: used for key, used in ours.items() if key.startswith("memory_")}
        assert len(memory) > 1
        assert max(memory.values()) < MAX_MEMORY
    if part == "alarms":
        ours = measured[part]["plex_monitor"]
        assert None not in ours["reported"]["refused"] + ours["reported"]["down"]
        assert not any(
            stage["prompt"] or stage["repairs"]
            for stages in ours["shown"].values()
            for stage in stages.values()
        )


async def test_hour_passes_quickly_on_the_clock_of_a_real_process() -> None:
    """Both the timers of the loop and the functions of `time` follow the faster clock."""
    passed = await output_of(
        "-c",
        "from tests.real import clock; clock.install()\n"
        "import asyncio, time\n"
        "before = time.time(), time.monotonic()\n"
        "clock.run(100_000)\n"
        "asyncio.run(asyncio.sleep(3600))\n"
        "clock.run(1)\n"
        "print(time.time() - before[0] >= 3600, time.monotonic() - before[1] >= 3600)",
    )
    assert passed.split() == ["True", "True"]


def results_of(**parts: Json) -> Json:
    """Return results with these parts."""
    return {"home_assistant": "2026.10.4", "python": "3.14", **parts}


def test_growth_is_the_slope_between_the_logarithms() -> None:
    """It is 1 for a proportional figure, and 0 for a constant one."""
    sizes = (2, 20, 200)
    steps = [{"size": size, "all": size * 3.0, "none": 7.0, "zero": 0.0} for size in sizes]
    assert exponent(steps, "all") == pytest.approx(1)
    assert exponent(steps, "none") == pytest.approx(0)
    assert exponent(steps, "zero") is None


def alarms_of(*minutes: float | None) -> Json:
    """Return the results of a contender that reports a dead token after these minutes."""
    return {
        "reported": {"refused": minutes, "allowed": minutes, "down": []},
        "within": {"refused": 30, "allowed": 420, "down": 30},
        "shown": {
            "hang": {
                "soon": {"repairs": [], "prompt": False, "state": "loaded", "available": True},
                "later": {"repairs": [], "prompt": True, "state": "loaded", "available": False},
                "started": {
                    "repairs": [],
                    "prompt": False,
                    "state": "setup_error",
                    "available": False,
                },
                "over": {
                    "repairs": [],
                    "prompt": False,
                    "state": "loaded",
                    "available": True,
                    "after": 0.5,
                },
            }
        },
    }


def test_table_has_the_median_the_range_and_the_ratio() -> None:
    """It also shows what was never reported, and what was not measured."""
    alarms = {"plex_monitor": alarms_of(0.5, 1, 1.5), "plex": alarms_of(9, 10, None)}
    [dead_token, faults] = tables(results_of(alarms=alarms))
    assert [row.cells for row in dead_token.rows] == [
        (
            "1.0 min (30 s to 1.5 min)",
            "9.5 min (9.0 min to 10.0 min), 1 not within 30.0 min",
            "",
        ),
        ("1.0 min (30 s to 1.5 min)", "9.5 min (9.0 min to 10.0 min), 1 not within 7.0 h", ""),
        ("not measured", "not measured", ""),
    ]
    seen = "shows old states; asks to sign in; gives up; back after 30 s"
    assert [row.cells for row in faults.rows] == [(seen, seen)]


def test_hostile_server_has_a_row_for_each_kind_that_was_tried() -> None:
    """One table has the time, the other the memory."""
    ours = {"held_nothing": 0.05, "memory_nothing": 20e6, "held_frames": 0.01, "memory_frames": 1e6}
    theirs = {key: 10 * value for key, value in ours.items()}
    [held, memory] = tables(results_of(hostile={"plex_monitor": [ours], "plex": [theirs]}))
    assert [row.title for row in held.rows] == [
        "Each answer a list of nothing, 16 MiB",
        "100 frames of nothing pushed at once, 1 MiB each",
    ]
    assert [row.cells for row in held.rows] == [
        ("50.0 ms", "500.0 ms", "10.0"),
        ("10.0 ms", "100.0 ms", "10.0"),
    ]
    assert [row.cells for row in memory.rows] == [
        ("20.0 MB", "200.0 MB", "10.0"),
        ("1.0 MB", "10.0 MB", "10.0"),
    ]


def test_ratio_is_how_many_times_as_much_the_other_takes() -> None:
    """It is a fraction if the other integration takes less."""
    alarms = {"plex_monitor": alarms_of(1), "plex": alarms_of(10)}
    assert tables(results_of(alarms=alarms))[0].rows[0].cells[-1] == "10.0"
    turned = {"plex_monitor": alarms_of(10), "plex": alarms_of(1)}
    assert tables(results_of(alarms=turned))[0].rows[0].cells[-1] == "1/10.0"


def test_tables_are_printed_with_their_notes() -> None:
    """A note of several rows is printed once, for a terminal and as Markdown."""
    traffic = {
        f"{what}_{load}_{host}": 60.0
        for what in ("requests", "bytes")
        for load in ("idle", "streams")
        for host in ("server", "plex_tv")
    } | {"jobs_streams": 4.0}
    made = tables(results_of(traffic={"plex_monitor": [traffic], "plex": [traffic]}))
    text, markdown = as_text(made), as_markdown(made)
    assert text.count("Plex Monitor polls once a minute") == 1
    assert "| Requests to the server per hour, idle [1] | 60 | 60 | 1.0 |" in markdown
    assert markdown.count("Plex Monitor polls once a minute") == 1
