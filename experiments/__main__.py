"""Lets ``python -m experiments`` stand for the command ``framescope``."""

from experiments.cli import main

main()
