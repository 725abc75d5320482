"""Lets ``python -m experiments`` stand for the command ``framescope``."""

from experiments.commands.main import main

main()
