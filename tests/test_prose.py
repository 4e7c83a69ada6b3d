"""Docstrings open with one plain sentence: on one line, with a verb, and no fragment."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.trees import trees

FRAGMENTS = frozenset({
    "What", "Of", "That", "Those", "Whether", "How", "Where", "Which", "Or", "And", "But",
    "Because", "Whose", "Whoever", "Who", "As", "If", "When", "Than", "Else", "Behind",
    "Beside", "Besides",
})  # fmt: skip
"""First words of a clause that hangs on something else: no docstring begins so."""
NO_VERB = frozenset({
    "A", "An", "The", "This", "These", "All", "Every", "Each", "Some", "No", "One", "Any",
    "Its", "Their",
})  # fmt: skip
"""First words of a noun phrase: right for a module, a class, a value, not for a function."""
RIDDLES = frozenset({"said", "told", "one", "nobody", "nowhere", "silent"})
"""Names that do not say what they hold."""


def is_value(node: ast.AST) -> bool:
    """Whether a function is read like an attribute, so that a noun phrase describes it."""
    decorators = getattr(node, "decorator_list", [])
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in decorators}
    return bool(names & {"property", "cached_property"})


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Yield line, text, and whether a verb must come first, of each docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=True)
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if text is not None:
                line = 1 if isinstance(node, ast.Module) else node.lineno
                yield line, text, function and not is_value(node)
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef) and body:
            for before, after in pairwise(body):
                described = isinstance(before, ast.Assign | ast.AnnAssign)
                if described and isinstance(after, ast.Expr):
                    value = after.value
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield after.lineno, value.value, False


def faults(tree: ast.Module) -> Iterator[str]:
    """Yield what is wrong with the first sentence of each docstring."""
    for line, text, is_function in docstrings(tree):
        first, _, rest = text.strip().partition("\n")
        word = first.split(" ")[0].strip("`*,.:;")
        if word in FRAGMENTS:
            yield f"{line}: a fragment: {first}"
        elif is_function and word in NO_VERB:
            yield f"{line}: no verb: {first}"
        if rest and not rest.startswith("\n") and is_function:
            yield f"{line}: the first sentence is longer than its line: {first}"


def where(wrong: Callable[[ast.Module], Iterator[str]]) -> dict[str, list[str]]:
    """Return what is wrong in each module; a module that is right is left out."""
    found = {str(path): sorted(set(wrong(tree))) for path, tree in trees().items()}
    return {path: lines for path, lines in found.items() if lines}


def test_docstrings_open_with_a_plain_sentence():
    assert where(faults) == {}


def riddles(tree: ast.Module) -> Iterator[str]:
    """Yield the variables, arguments, attributes and functions whose name is a riddle."""
    for node in ast.walk(tree):
        for field in ("id", "arg", "attr", "name"):
            name = getattr(node, field, None)
            if isinstance(name, str) and name.strip("_") in RIDDLES:
                yield f"{getattr(node, 'lineno', 0)}: {name}"


def test_names_say_what_they_hold():
    assert where(riddles) == {}


def test_a_class_name_means_one_thing():
    places: dict[str, list[str]] = {}
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path))
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}


def test_riddles_are_found():
    assert list(riddles(ast.parse("def f(said):\n    return said.told\n")))
    assert not list(riddles(ast.parse("def f(progress):\n    return progress.message\n")))


def test_what_is_no_plain_sentence_is_found():
    fragment = 'def f():\n    """What is said to nobody."""\n'
    noun = 'def f():\n    """The nearest of them."""\n'
    clause = 'SIZE = 3\n"""That are read at a time."""\n'
    long = 'def f():\n    """Read one, and\n    another.\n    """\n'
    wrong = map(ast.parse, (fragment, noun, clause, long))
    assert all(len(list(faults(tree))) == 1 for tree in wrong)
    fine = 'class A:\n    """A row."""\n    @property\n    def b(self):\n        """Its name."""\n'
    assert not list(faults(ast.parse(fine)))
