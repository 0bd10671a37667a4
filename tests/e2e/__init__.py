"""End-to-end tests: run by scripts/e2e."""
