"""What a module's source may depend on: every module that it could be importing, by name."""

import ast


def imported_names(tree: ast.Module, name: str, *, is_package: bool) -> frozenset[str]:
    """Return the full names of the modules that a source may import, at its top or inside its functions.

    `from a import b` may mean the module `a.b` or a name in `a`, and `a.b` in an expression may reach into a module of
    a package that was imported as `a`: both are returned, so that many of the names are no modules.
    """
    package = name if is_package else name.rpartition(".")[0]
    found: set[str] = set()
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                _add(found, alias.name)
                if alias.asname is None:
                    top = alias.name.partition(".")[0]
                    aliases[top] = top
                else:
                    aliases[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            _add(found, base)
            for alias in node.names:
                full = f"{base}.{alias.name}" if base else alias.name
                found.add(full)
                aliases[alias.asname or alias.name] = full
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            _add_chain(found, node, aliases)
    found.discard("")
    return frozenset(found)


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parts = parts[: len(parts) - (node.level - 1)]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _add(found: set[str], name: str) -> None:
    """Add a module and the packages it is in, which importing it runs as well."""
    while name:
        found.add(name)
        name = name.rpartition(".")[0]


def _add_chain(found: set[str], node: ast.Attribute, aliases: dict[str, str]) -> None:
    parts: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if isinstance(inner, ast.Name) and inner.id in aliases:
        full = aliases[inner.id]
        for part in reversed(parts):
            full = f"{full}.{part}"
            found.add(full)
