"""How the kit compares with other libraries, and how fast it is."""
