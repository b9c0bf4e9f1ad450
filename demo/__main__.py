"""Start the demo: ``python -m demo``, from the repository's folder."""

import asyncio
from collections.abc import Sequence
import logging
import os
import signal
import sys
import time
from typing import Final

from rich.console import Console

from .check import check
from .command_line import parser
from .errors import DemoError
from .show import show
from .stage import Stage, stage
from .table import table

FAILED: Final = 1
INTERRUPTED: Final = 130
FILE_WIDTH: Final = 144
"""Characters of a line where no terminal says how many there are."""

STARTED: Final = "DEMO_STARTED"
"""The variable in which script/demo says when it began."""


class Demo:
    """One run."""

    def __init__(self, arguments: Sequence[str] | None = None) -> None:
        """Read the command line."""
        self.options = parser().parse_args(arguments)
        self.console = Console()
        if not self.console.is_terminal and "COLUMNS" not in os.environ:
            self.console.width = FILE_WIDTH
        # The locale may write a comma.
        begun = os.environ.get(STARTED, "").replace(",", ".")
        self._begun = float(begun) if begun else time.time()

    async def run(self) -> None:
        """Bring everything up and show or check it.

        Raises:
            DemoError: something does not do what it should.

        """
        self._end_on_signals()
        options = self.options
        self.tell("starting Home Assistant and the devices …")
        # Nobody opens the page of a check; several may run at the same time.
        port = 0 if options.check and options.port is None else options.port
        async with stage(
            self.tell, port=port, keep=options.keep, more=options.more
        ) as running:
            try:
                await running.while_it_runs(self._use(running))
            except DemoError as err:
                if not running.home_assistant.running:
                    raise
                raise DemoError(f"{err}\n{running.home_assistant.tail()}") from err
            devices = running.picture.devices
            entities = len(running.picture.entities)
            self.console.print(table(devices, width=self.console.width))
        self.tell(f"{len(devices)} devices, {entities} entities, ok")

    async def _use(self, running: Stage) -> None:
        """Show it or check it, once it is live."""
        await running.wait_until_live()
        self.tell(f"live after {time.time() - self._begun:.1f} s")
        if self.options.check:
            await check(running, self.tell)
            if self.options.browser:
                # Who does not want it need not have a browser.
                from .by_hand import operate  # noqa: PLC0415

                await operate(running, self.tell)
        else:
            await show(running, self.console)

    def tell(self, text: str) -> None:
        """Print a line."""
        self.console.print(
            f"demo: {text}", highlight=False, markup=False, soft_wrap=True
        )

    def _end_on_signals(self) -> None:
        """Have a signal end everything in order; a second one does not disturb that."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        asked: list[int] = []

        def end(number: int) -> None:
            if task is not None and not asked:
                asked.append(number)
                self.tell("ending …")
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end, number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    demo = Demo(arguments)
    logging.basicConfig(level=logging.ERROR)
    try:
        asyncio.run(demo.run())
    except DemoError as err:
        demo.tell(str(err))
        return FAILED
    except asyncio.CancelledError, KeyboardInterrupt:
        # Ctrl-C is how the demo ends; a check that was not finished did not pass.
        return INTERRUPTED if demo.options.check else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
