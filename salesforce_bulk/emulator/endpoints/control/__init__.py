"""What drives the emulator itself: its own API, and the page that uses it."""
