"""What a stretch of work takes in energy, as codecarbon estimates it where it is installed."""

import logging
from typing import Any


class Meter:
    """Estimates the energy of the processes that this one has started.

    Attributes
    ----------
    about : dict or None
        The library's version and what its estimate rests on; None when codecarbon isn't installed.

    Notes
    -----
    codecarbon works offline. On Linux it reads the processor's own counters (RAPL) where it may; else it takes the
    processor's rated power (TDP) times the processes' share of its time, plus a constant for the memory modules. It
    samples once a second, so that work of less than a few seconds is known only roughly. This process waits
    meanwhile and adds next to nothing.

    References
    ----------
    Courty, B. et al. (2024). CodeCarbon. https://doi.org/10.5281/zenodo.11171501
    """

    def __init__(self) -> None:
        self.about: dict[str, Any] | None = None
        self._tracker: Any = None
        try:
            import codecarbon
        except ImportError:
            return
        logging.getLogger("codecarbon").setLevel(logging.ERROR)
        self.about = {"library": f"codecarbon {codecarbon.__version__}"}

    def start(self) -> None:
        """Begin a stretch of work."""
        if self.about is None:
            return
        from codecarbon import OfflineEmissionsTracker

        try:
            self._tracker = OfflineEmissionsTracker(
                country_iso_code="USA",  # must be named, but decides only about emissions, which aren't read
                tracking_mode="process",
                measure_power_secs=1,
                save_to_file=False,
                allow_multiple_runs=True,
                log_level="error",
            )
            self._tracker.start()
        except Exception:  # an estimate is not worth a benchmark: its column stays empty
            self._tracker = None

    def stop(self) -> float | None:
        """End it and return its energy in watt hours; None when nothing was measured."""
        tracker, self._tracker = self._tracker, None
        if self.about is None or tracker is None:
            return None
        try:
            tracker.stop()
            found = tracker.final_emissions_data
            self.about |= {"processor": found.cpu_model, "memory_watt": round(found.ram_power, 1)}
            return float(found.energy_consumed) * 1000
        except Exception:
            return None
