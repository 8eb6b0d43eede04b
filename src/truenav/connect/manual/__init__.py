"""What people enter by hand, archived like any other payload."""
