"""The texts of the emulator's errors, as its code has them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: What a text has where the code puts something in.
HOLE = "{}"
#: Parameters of an error, or of what makes one, that are shown to a person.
_MESSAGES = ("message", "description", "text", "sentence")
_BUILTIN_ERRORS = frozenset({"Exception", "ValueError", "OSError"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class ErrorText:
    """A text with holes, and where the code has it."""

    text: str
    place: str


@dataclass(frozen=True)
class _Maker:
    """What makes an error of a text: a class, or a function that is handed the text."""

    name: str
    parameter: str
    position: int
    #: The module outside of which the name means something else; empty for none.
    module: str = ""


def error_texts(package: Path) -> list[ErrorText]:
    """Every text of an error in the package's modules."""
    modules = {
        path.relative_to(package).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    makers = _error_classes(modules)
    found: set[ErrorText] = set()
    asked: set[_Maker] = set()
    while new := makers - asked:
        asked |= new
        for module, tree in modules.items():
            known = [maker for maker in new if maker.module in ("", module)]
            for text, carriers in _texts_of_module(module, tree, known):
                if any(letter.isalpha() for letter in text.text.replace(HOLE, "")):
                    found.add(text)
                else:
                    makers |= carriers
    return sorted(found)


def _error_classes(modules: dict[str, ast.Module]) -> set[_Maker]:
    classes = [
        node
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    errors = set(_BUILTIN_ERRORS)
    while True:
        more = {c.name for c in classes if errors & {ast.unparse(base) for base in c.bases}}
        if more <= errors:
            break
        errors |= more
    named = {c.name: c for c in classes if c.name in errors - _BUILTIN_ERRORS}
    makers = {_maker_of_class(each, named) for each in named.values()}
    return makers | {_Maker("RowError", "message", 1)}


def _maker_of_class(node: ast.ClassDef, named: dict[str, ast.ClassDef]) -> _Maker:
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            names = [argument.arg for argument in method.args.args][1:]
            for position, name in enumerate(names):
                if name in _MESSAGES:
                    return _Maker(node.name, name, position)
            return _Maker(node.name, "message", len(names))
    for base in node.bases:
        if ast.unparse(base) in named:
            above = _maker_of_class(named[ast.unparse(base)], named)
            return _Maker(node.name, above.parameter, above.position)
    return _Maker(node.name, "message", 0)


def _texts_of_module(
    module: str, tree: ast.Module, makers: list[_Maker]
) -> Iterator[tuple[ErrorText, set[_Maker]]]:
    """The texts, each with what hands them on where they are nothing but holes."""
    constants = {**_assigned(tree.body), **_returned(tree.body)}
    for function, call in _calls(tree):
        names = {**constants, **(_assigned(ast.walk(function)) if function else {})}
        for argument in _arguments(call, makers):
            for text in _resolved(argument, names):
                place = f"{module}:{call.lineno}"
                yield ErrorText(text, place), _carriers(function, argument, module)


def _calls(
    tree: ast.AST, function: _Function | None = None
) -> Iterator[tuple[_Function | None, ast.Call]]:
    for node in ast.iter_child_nodes(tree):
        inner = node if isinstance(node, _Function) else function
        if isinstance(node, ast.Call):
            yield function, node
        yield from _calls(node, inner)


def _arguments(call: ast.Call, makers: list[_Maker]) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    for maker in makers:
        if maker.name == name and (argument := _argument(call, maker)) is not None:
            yield argument


def _argument(call: ast.Call, maker: _Maker) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == maker.parameter:
            return keyword.value
    stars = [number for number, each in enumerate(call.args) if isinstance(each, ast.Starred)]
    # What is unpacked, such as a status and a code, stands for all that comes before the text.
    position = stars[0] + 1 if stars else maker.position
    return call.args[position] if position < len(call.args) else None


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name):
            found.setdefault(target.id, []).append(value)
    return found


def _returned(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """What functions of a module give, under their names as they are called."""
    return {
        f"{function.name}()": [
            node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value
        ]
        for function in nodes
        if isinstance(function, ast.FunctionDef)
    }


def _resolved(node: ast.expr, names: dict[str, list[ast.expr]], depth: int = 0) -> set[str]:
    """The texts that an expression may be, with holes for what is not written in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.JoinedStr):
        return {"".join(_piece(part) for part in node.values)}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        # A block that a function makes is put in: it is no text of its own.
        own = {name: values for name, values in names.items() if not name.endswith("()")}
        left, right = (_resolved(side, own, depth) for side in (node.left, node.right))
        return {first + last for first in left for last in right}
    if isinstance(node, ast.IfExp):
        return _resolved(node.body, names, depth) | _resolved(node.orelse, names, depth)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        filled = node.func.attr == "format"
        return _resolved(node.func.value, names, depth) if filled else {HOLE}
    name = f"{ast.unparse(node.func)}()" if isinstance(node, ast.Call) else ast.unparse(node)
    if name in names and depth < 3:
        return {text for value in names[name] for text in _resolved(value, names, depth + 1)}
    return {HOLE}


def _piece(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else HOLE


def _carriers(function: _Function | None, argument: ast.expr, module: str) -> set[_Maker]:
    """The function itself, where the text is one of its parameters."""
    if function is None:
        return set()
    parameters = function.args.args
    method = parameters[:1] and parameters[0].arg in ("self", "cls")
    own = module if function.name.startswith("_") else ""
    used = _names_outside_calls(argument)
    return {
        _Maker(function.name, each.arg, position - bool(method), own)
        for position, each in enumerate(parameters)
        if each.arg in used and each.annotation and ast.unparse(each.annotation) == "str"
    }


def _names_outside_calls(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Call):
        return set()
    names = {node.id} if isinstance(node, ast.Name) else set()
    return names.union(*map(_names_outside_calls, ast.iter_child_nodes(node)))
