"""The screens of the app, and what they are laid out by."""
