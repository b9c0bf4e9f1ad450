"""Many CoAP devices on one Home Assistant, a part of them dead.

A real Home Assistant with an entry for each endpoint in one process, the devices in
another; this one looks at both. Home Assistant runs without the recorder, whose
database would grow, and its own cost is not in question here.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
import json
import os
from pathlib import Path
import signal
import socket
import sys
import tempfile
from typing import Any, Final

from demo.children import Child, free_port
from demo.configuration import write_configuration

from .coap_devices import POLLS
from .figures import Figure, slope
from .lateness import lateness, read
from .plan import INSIDE, TICK, Plan
from .process import Gauge, gauge

LATE: Final = 1.0
"""Seconds; the bound for the lateness of a device that lives."""

SET_UP_WITHIN: Final = 120

WARM_UP_ROUNDS: Final = 2
"""Intervals: each device has then been asked at its own place."""

FOUND_DEAD_WITHIN: Final = 15.0
"""Seconds after the first question that is not answered."""

SETTLES_WITHIN: Final = 300.0
"""Seconds until memory must not grow any more: by then the traces of all exchanges are
full, the dead are asked at their most seldom, and all garbage was collected once."""

LEAST_FOR_MEMORY: Final = 600.0
"""Seconds of growth by which it is judged; in less, chance is larger than any leak."""

MEMORY_GROWTH: Final = 6.0
"""MiB in an hour at most: 100 bytes kept of each tenth of 180 requests in a second
would be more."""

YAML: Final = """\
homeassistant:
  name: Bench
logger:
  default: warning
  logs:
    homeassistant.loader: error
    custom_components.device_models: fatal
"""

type Tell = Callable[[str], None]


async def coap_many(plan: Plan, minutes: float, tell: Tell) -> list[Figure]:
    """Run it for so many minutes after the warm-up; returns the figures.

    Raises:
        DemoError: something does not start, or ends.

    """
    async with AsyncExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(
                    prefix="device-models-bench-", ignore_cleanup_errors=True
                )
            )
        )
        (folder / "configuration.yaml").write_text(YAML, encoding="utf-8")
        write_configuration(folder, {"home_assistant": free_port(socket.SOCK_STREAM)})
        plan.write(folder)
        devices = Child("the devices", folder / "devices.log")
        stack.push_async_callback(devices.stop)
        await devices.start(
            sys.executable, "-m", "bench.coap_devices", str(folder), announces=True
        )
        plan = replace(plan, ports=tuple(json.loads(await devices.first_line())))
        plan.write(folder)
        tell("starting Home Assistant and setting the devices up …")
        home_assistant = Child("Home Assistant", folder / "home-assistant.log")
        stack.push_async_callback(home_assistant.stop)
        await home_assistant.start(
            sys.executable, "-m", "bench.home_assistant", str(folder), announces=True
        )
        await home_assistant.first_line(SET_UP_WITHIN)
        for child in (devices, home_assistant):
            if not child.running:
                raise child.failed()
        os.kill(devices.pid, signal.SIGUSR1)
        run = _Run(plan, folder, home_assistant, tell)
        await run.watch(minutes * 60)
        await devices.stop()
        return run.figures()


class _Run:
    """A run whose devices are set up."""

    def __init__(
        self, plan: Plan, folder: Path, home_assistant: Child, tell: Tell
    ) -> None:
        """Note what is watched."""
        self._plan = plan
        self._folder = folder
        self._home_assistant = home_assistant
        self._tell = tell
        self._control: list[tuple[float, float]] = []
        """When, and by how much, a timer of this process was late, which does nothing
        else: what is late while it is late may be so because the machine is busy."""
        self._outside: list[Gauge] = []
        """Every second, from the end of the warm-up."""

    async def watch(self, seconds: float) -> None:
        """Look at Home Assistant for so long, after the warm-up.

        Raises:
            DemoError: Home Assistant has ended.

        """
        warm_up = WARM_UP_ROUNDS * self._plan.interval
        self._tell(f"warming up for {warm_up:g} s, then watching for {seconds:g} s …")
        await asyncio.sleep(warm_up)
        loop = asyncio.get_running_loop()
        control = loop.create_task(self._tick(), name="control")
        try:
            await self._watch(loop.time(), seconds)
        finally:
            control.cancel()

    async def _tick(self) -> None:
        """Note how late this process is, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            self._control.append((due, loop.time() - due))

    async def _watch(self, begin: float, seconds: float) -> None:
        """Look every second.

        Raises:
            DemoError: Home Assistant has ended.

        """
        loop = asyncio.get_running_loop()
        for second in range(int(seconds) + 1):
            await asyncio.sleep(begin + second - loop.time())
            if not self._home_assistant.running:
                raise self._home_assistant.failed()
            self._outside.append(gauge(self._home_assistant.pid))
            if second % 60 == 0:
                self._tell_minute(second // 60)

    def _tell_minute(self, minute: int) -> None:
        """Say how it is."""
        now, inside = self._outside[-1], self._inside()[-1]
        self._tell(
            f"minute {minute}: {now.memory:.1f} MiB, {now.files} files, "
            f"{now.sockets} sockets, {inside['tasks']} tasks, "
            f"{inside['shown_live']} entities of live devices have a value, "
            f"{inside['shown_dead']} of dead ones, "
            f"load {now.load:.1f}"
        )

    def _inside(self) -> list[dict[str, Any]]:
        """Return what Home Assistant has written down since the warm-up."""
        begin = self._outside[0].at if self._outside else 0.0
        text = (self._folder / INSIDE).read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]  # the last line may be half written
        every = [json.loads(line) for line in whole.splitlines()]
        return [one for one in every if one["at"] >= begin] or every[-1:]

    def figures(self) -> list[Figure]:
        """Return what was found."""
        return [
            *self._lateness(),
            *self._cost(),
            *self._constant(
                "sockets", [(one.at, one.sockets) for one in self._outside]
            ),
            *self._constant("files", [(one.at, one.files) for one in self._outside]),
            *self._constant(
                "tasks", [(one["at"], one["tasks"]) for one in self._inside()]
            ),
            *self._memory(),
        ]

    def _lateness(self) -> list[Figure]:
        """Return how late the devices that live were, and whether they were heard."""
        plan, inside = self._plan, self._inside()
        begin, end = self._outside[0].at, self._outside[-1].at
        polls = read(self._folder / POLLS)
        wanted = [
            (device, attribute)
            for device in plan.live
            for attribute in range(plan.attributes)
        ]
        found = lateness(polls, wanted, plan.interval, begin, end)
        for minute in range(int((end - begin) // 60)):
            part = begin + 60 * minute, begin + 60 * (minute + 1)
            late = lateness(polls, wanted, plan.interval, *part)
            lags = [one["lag"] for one in inside if part[0] <= one["at"] < part[1]]
            self._tell(
                f"minute {minute + 1}: late {late.worst:.3f} s at worst, "
                f"{late.usual:.3f} s in 99 of 100; messages received twice: "
                f"{late.repeated}; Home Assistant's event loop late by "
                f"{max(lags, default=0):.3f} s, "
                f"an idle process by {self._control_between(*part):.3f} s"
            )
        asked = sum(begin <= at <= end for at, _, _ in polls)
        first, last = inside[0], inside[-1]
        lost = {
            name: last[name] - first[name] for name in ("retransmissions", "unanswered")
        }
        shown = min(one["shown_live"] for one in inside)
        known = end - begin > plan.interval + FOUND_DEAD_WITHIN
        return [
            Figure("late, worst", found.worst, "s", at_most=LATE),
            Figure("late, 99 of 100", found.usual, "s", at_most=LATE),
            Figure("early, worst", -found.earliest, "s"),
            Figure("gaps measured", found.gaps, at_least=len(wanted)),
            Figure("requests answered", asked / (end - begin), "1/s"),
            Figure("live: retransmissions", lost["retransmissions"], at_most=0),
            Figure("live: messages received twice", found.repeated, at_most=0),
            Figure("live: unanswered", lost["unanswered"], at_most=0),
            Figure("live: entities with a value", shown, at_least=len(wanted)),
            Figure(
                "dead: entities with a value, at the end",
                last["shown_dead"],
                at_most=0 if known else None,
            ),
        ]

    def _control_between(self, begin: float, end: float) -> float:
        """Return how late the control was at worst."""
        return max((late for at, late in self._control if begin <= at < end), default=0)

    def _cost(self) -> list[Figure]:
        """Return what it takes, and how busy the machine was with other things."""
        first, last = self._outside[0], self._outside[-1]
        minutes = (last.at - first.at) / 60
        loads = [one.load for one in self._outside]
        return [
            Figure("CPU of Home Assistant", (last.cpu - first.cpu) / minutes, "s/min"),
            Figure(
                "event loop late, worst", max(one["lag"] for one in self._inside()), "s"
            ),
            Figure(
                "control: idle process late, worst",
                self._control_between(first.at, last.at),
                "s",
            ),
            Figure("load of the machine, mean", sum(loads) / len(loads)),
            Figure("load of the machine, worst", max(loads)),
        ]

    def _constant(self, name: str, points: list[tuple[float, float]]) -> list[Figure]:
        """Return how a number began and ended that must not rise.

        Each request opens a file, or a task, and closes it: what counts is the least
        of each part of the run, to which it always comes back.
        """
        begin, end = points[0][0], points[-1][0]
        size = min(60.0, (end - begin) / 2)
        first = min(value for at, value in points if at <= begin + size)
        last = min(value for at, value in points if at >= end - size)
        return [
            Figure(f"{name}, at the start", first),
            Figure(f"{name}, at the end", last, at_most=first),
            Figure(f"{name}, most", max(value for _, value in points)),
        ]

    def _memory(self) -> list[Figure]:
        """Return how memory grew."""
        outside = self._outside
        settled = [one for one in outside if one.at >= outside[0].at + SETTLES_WITHIN]
        long = settled and settled[-1].at - settled[0].at >= LEAST_FOR_MEMORY
        judged = settled if long else outside
        growth = slope([(one.at / 3600, one.memory) for one in judged])
        return [
            Figure("memory, at the start", outside[0].memory, "MiB"),
            Figure("memory, settled", judged[0].memory, "MiB"),
            Figure("memory, at the end", outside[-1].memory, "MiB"),
            Figure(
                "memory, growth" if long else "memory, growth (too short to judge)",
                growth,
                "MiB/h",
                at_most=MEMORY_GROWTH if long else None,
            ),
        ]
