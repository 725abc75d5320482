"""Lets ``python -m experiments`` stand for the command ``framescope``."""

from experiments.commands.entry import main

main()
