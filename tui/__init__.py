"""The terminal UI: screens, widgets and the command line over a session."""
