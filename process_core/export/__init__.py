"""A process as text for other tools: Mermaid and Graphviz."""

from process_core.export.dot import to_dot
from process_core.export.mermaid import to_mermaid

__all__ = ["to_dot", "to_mermaid"]
