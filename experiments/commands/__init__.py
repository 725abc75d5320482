"""The command line: one module a group of commands, one function a command."""
