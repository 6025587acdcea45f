"""Quality shows in the tail: the longest file and the longest function."""

import ast

from tests.architecture.tree import ROOT, name, python_files, templates, tree

FILE_LINES, FUNCTION_LINES = 400, 60


def test_no_file_is_longer_than_400_lines() -> None:
    sources = [*python_files(tests=True), *templates()]
    sources += [path for ending in ("*.js", "*.css", "*.mjs") for path in (ROOT / "frontend" / "src").rglob(ending)]
    long = {name(path): count for path in sources if (count := len(path.read_text().splitlines())) > FILE_LINES}
    assert not long


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{name(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in python_files(tests=True)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    }
    assert not long


def test_no_module_is_called_utils() -> None:
    assert not [name(path) for path in python_files(tests=True) if path.stem in ("utils", "helpers", "misc", "common")]


def test_every_function_says_what_it_takes_and_returns() -> None:
    wrong = []
    for path in python_files():
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            bare = [each.arg for each in arguments if each.annotation is None and each.arg not in ("self", "cls")]
            if bare or node.returns is None:
                wrong.append(f"{name(path)}:{node.name}")
    assert not wrong
