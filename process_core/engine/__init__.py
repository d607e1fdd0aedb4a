"""The run loop: supersteps, routing, joins, recording, and the host that runs the functions of steps."""
