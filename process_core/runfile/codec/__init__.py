"""Values as JSON bytes, and back."""
