"""What it means: pure functions on frames and arrays, no files, no figures."""
