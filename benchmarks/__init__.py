"""Side-by-side measurements: `python -m benchmarks.NAME`, on a running local platform."""
