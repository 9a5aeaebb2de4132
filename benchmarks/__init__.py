"""Speed, beside others' in the same run: ``python -m benchmarks`` prints tables, and never passes or fails."""
