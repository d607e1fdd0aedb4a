"""The colours of the inspector, for dark and light themes; nothing is told by them alone."""

from typing import Final

from tui.inspector.items import Role

COMPONENTS: Final = frozenset(f"outline--{name}" for name in (*Role, "cursor", "cursor-away"))
CSS: Final = """
OutlineView {
    overflow-x: hidden;
    overflow-y: auto;
    scrollbar-size-vertical: 1;
    scrollbar-gutter: stable;
    background: $surface;

    & > .outline--text { color: $foreground; }
    & > .outline--strong { color: $foreground; text-style: bold; }
    & > .outline--quiet { color: $foreground 55%; }
    & > .outline--title { color: $foreground; text-style: bold; }
    & > .outline--section { color: $text-primary; text-style: bold; }
    & > .outline--key { color: #9cb4d8; }
    & > .outline--string { color: #a5d6a0; }
    & > .outline--number { color: #e5c07b; }
    & > .outline--word { color: #d2a8ff; }
    & > .outline--link { color: $text-primary; text-style: underline; }
    & > .outline--emit { color: #4fd6ff; text-style: bold; }
    & > .outline--ok { color: $text-success; }
    & > .outline--ask { color: $text-primary; text-style: bold; }
    & > .outline--warn { color: $text-warning; }
    & > .outline--fail { color: $text-error; text-style: bold; }
    & > .outline--added { color: $text-success; text-style: bold; }
    & > .outline--changed { color: $text-warning; text-style: bold; }
    & > .outline--removed { color: $text-error; text-style: strike; }
    & > .outline--cursor { background: $primary 40%; }
    & > .outline--cursor-away { background: $foreground 10%; }

    &:light > .outline--key { color: #3a5a8c; }
    &:light > .outline--string { color: #2b6a1f; }
    &:light > .outline--number { color: #8a4600; }
    &:light > .outline--word { color: #6639ba; }
    &:light > .outline--emit { color: #005f8f; }
}
"""
