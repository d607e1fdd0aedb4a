"""What a user defines: steps, routes and entry events, checked as a whole when a process is built."""
