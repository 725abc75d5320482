"""How far a training is: a bar with the time left on a terminal, a line an epoch elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """Steps done of a training, shown on standard error.

    Parameters
    ----------
    total : int
        Steps there are.
    done : int, default 0
        Steps that an earlier run has done.
    complete : bool, default False
        Whether it had come to the end.
    """

    def __init__(self, total: int, done: int = 0, complete: bool = False) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.bar = Bar(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task("training", total=total, completed=done)
        if complete:
            self.console.print("this has been trained on these rows before: its weights are taken from the cache")
        elif done:
            self.console.print(f"going on after {done} of {total} steps, where an earlier run was stopped")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def step(self) -> None:
        """One more step is done."""
        self.bar.advance(self.task)

    def note(self, epoch: dict[str, float]) -> None:
        """Tell how an epoch went, and on what is no terminal how long the others will take."""
        line = f"epoch {epoch['epoch']:.0f}: loss {epoch['loss']:.3f}"
        if "validation" in epoch:
            line += f", validation {epoch['validation']:.3f}"
        left = self.bar.tasks[0].time_remaining
        if left and not self.console.is_terminal:
            line += f", about {left / 60:.0f} min left" if left >= 90 else f", about {left:.0f} s left"
        self.console.print(line)
