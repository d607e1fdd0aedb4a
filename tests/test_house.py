"""The rules that every module keeps, whatever it is about."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("process_core", "tui", "sample_processes")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SAYS_NOTHING = {"util", "utils", "helper", "helpers", "common", "misc"}
MOST_ANCESTORS = 2


def own_classes() -> dict[str, list[str]]:
    """Return the classes of the packages by full name, each with the full names of its bases."""
    classes: dict[str, list[str]] = {}
    for path in MODULES:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes = list(ast.walk(tree))
        names = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        names |= {node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.ClassDef)}
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                bases = [base_name(base) for base in node.bases]
                classes[names.get(node.name, f"{module}.{node.name}")] = [names.get(base, base) for base in bases]
    return classes


def base_name(base: ast.expr) -> str:
    while isinstance(base, ast.Subscript):
        base = base.value
    return ast.unparse(base)


def ancestors(name: str, classes: dict[str, list[str]]) -> set[str]:
    return {ancestor for base in classes[name] if base in classes for ancestor in (base, *ancestors(base, classes))}


def test_no_class_is_shared_out_over_a_chain_of_classes():
    classes = own_classes()
    deep = {name: sorted(ancestors(name, classes)) for name in classes}
    # Errors form a tree that users catch by its branches: depth is what it is for.
    assert not {n: a for n, a in deep.items() if len(a) > MOST_ANCESTORS and not n.endswith("Error")}


def test_no_module_has_a_name_that_says_nothing():
    assert not [path for path in MODULES if path.stem in SAYS_NOTHING]
