"""The colours of the timeline, for dark and light themes; nothing is told by them alone."""

from typing import Final

CSS: Final = """
EventList {
    overflow-x: hidden;
    overflow-y: auto;
    scrollbar-size-vertical: 1;
    scrollbar-gutter: stable;
    background: $surface;

    & > .timeline--text { color: $foreground; }
    & > .timeline--strong { color: $foreground; text-style: bold; }
    & > .timeline--quiet { color: $foreground 55%; }
    & > .timeline--rule { color: $foreground 35%; }
    & > .timeline--call { color: $foreground 80%; }
    & > .timeline--ok { color: $text-success; }
    & > .timeline--emit { color: #4fd6ff; text-style: bold; }
    & > .timeline--output { color: $text-success; text-style: bold; }
    & > .timeline--fail { color: $text-error; text-style: bold; }
    & > .timeline--warn { color: $text-warning; text-style: bold; }
    & > .timeline--ask { color: $text-primary; text-style: bold; }
    & > .timeline--status { color: $foreground 80%; text-style: bold; }
    & > .timeline--stop { color: $text-error; text-style: bold; }
    & > .timeline--operator { color: $text-secondary; text-style: bold; }
    & > .timeline--match { background: $warning; color: $background; text-style: bold; }

    & > .timeline--cursor { background: $primary 40%; }
    & > .timeline--cursor-away { background: $foreground 12%; }
    & > .timeline--paused { background: $warning 22%; }
    & > .timeline--lit { background: $primary 16%; }
    & > .timeline--header { background: $foreground 6%; }
    & > .timeline--status-line { background: $foreground 10%; }
    & > .timeline--badge { background: $accent; color: $background; text-style: bold; }

    & > .timeline--lane-0 { color: #6cb6ff; }
    & > .timeline--lane-1 { color: #d2a8ff; }
    & > .timeline--lane-2 { color: #56d4c8; }
    & > .timeline--lane-3 { color: #f29ac4; }
    & > .timeline--lane-4 { color: #9fd67a; }
    & > .timeline--lane-5 { color: #a9b4ff; }
    & > .timeline--lane-6 { color: #d9b38c; }
    & > .timeline--lane-7 { color: #c3b1a1; }

    &:light > .timeline--emit { color: #005f8f; }

    &:light > .timeline--lane-0 { color: #0550ae; }
    &:light > .timeline--lane-1 { color: #6639ba; }
    &:light > .timeline--lane-2 { color: #0b6b63; }
    &:light > .timeline--lane-3 { color: #99286e; }
    &:light > .timeline--lane-4 { color: #2b6a1f; }
    &:light > .timeline--lane-5 { color: #4338ca; }
    &:light > .timeline--lane-6 { color: #80501c; }
    &:light > .timeline--lane-7 { color: #5e5046; }
}
"""
