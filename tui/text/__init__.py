"""Text for a terminal: safe, measured, with or without colours."""
