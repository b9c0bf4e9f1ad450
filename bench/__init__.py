"""The benchmarks of the repository: see ``script/bench --help``."""
