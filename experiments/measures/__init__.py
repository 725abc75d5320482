"""Arrays in, numbers out: metrics, bounds, operating points, agreement. Imports nothing of ours."""
