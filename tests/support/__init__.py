"""What tests share: builders, helpers and checks."""
