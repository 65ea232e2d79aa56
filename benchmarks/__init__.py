"""Side-by-side measurements; `python -m benchmarks` prints them. Never imported by the tests."""
