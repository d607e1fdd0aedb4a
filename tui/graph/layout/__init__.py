"""The layout of a graph on integer cells, without any terminal library."""
