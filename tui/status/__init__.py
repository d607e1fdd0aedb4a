"""The lines that are always seen: where the run stands, what is wrong, and which keys matter now."""
