"""The compile server: source bytes come in on stdin, code bytes and import facts go out on stdout.

Run by the build tool as `python -I -c <this text>`, with the runtime's own Python, so that the code fits the
runtime and no host Python is needed. It must never end because of what a source says: whatever goes wrong with
one becomes its answer. It must never read a file, and never answer differently for equal requests.

A frame is its size (u32, little-endian) and that many bytes.
Request:  id u32 | optimization u8 | file name size u16 | file name (UTF-8) | source bytes
Answer:   id u32 | JSON size u32 | JSON | code bytes (marshal, no pyc header; none if the JSON has "errors")
"""

import ast
import gc
import json
import marshal
import os
import re
import struct
import sys
import types
import warnings

# The contexts of an import, from certain to never; `Context` in freezer/src/bytecode/scan.rs names the same letters.
ALWAYS, CONDITION, FUNCTION, TRY, MAIN, NEVER = "", "c", "f", "t", "m", "n"
STRENGTH = {context: index for index, context in enumerate((ALWAYS, CONDITION, FUNCTION, TRY, MAIN, NEVER))}

# A source without any of these words has no call worth looking at, which spares most sources the walk over
# their expressions.
CALL_WORDS = (b"import_module", b"__import__", b"resolve_name", b"entry_points")
# As in `flask.commands`, `pytest11`, `app-plugins`.
GROUP_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[.:-][A-Za-z0-9_]+)+|[A-Za-z][A-Za-z_]*[0-9]+|[a-z]+(?:_[a-z]+)+")
# A longer line, such as one of generated code, is not shown with its error.
LONGEST_SHOWN_LINE = 500
OPTIONAL_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def main():
    # Nothing the server makes has cycles, and collections would cost a fifth of the time.
    gc.disable()
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    while size := requests.read(4):
        frame = requests.read(struct.unpack("<I", size)[0])
        number, optimization, name_size = struct.unpack_from("<IBH", frame)
        file_name = frame[7 : 7 + name_size].decode()
        facts, code = answer(frame[7 + name_size :], file_name, optimization)
        facts = json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()
        answers.write(struct.pack("<III", 8 + len(facts) + len(code), number, len(facts)))
        answers.write(facts)
        answers.write(code)
        answers.flush()


def answer(source, file_name, optimization):
    """The facts about `source` and its code bytes."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            # The source, not the tree made for the scan, so that the code is what python makes of the file.
            code = compile(source, file_name, "exec", dont_inherit=True, optimize=optimization)
            words = group_words(code)
            code = marshal.dumps(code)
        facts = {"scan": scan(source, file_name) | words}
        if noted := [warning_fact(warning) for warning in caught]:
            facts["warnings"] = noted
        return facts, code
    except SyntaxError as error:
        return {"errors": [syntax_error_fact(error)]}, b""
    except Exception as error:
        # ValueError (a null byte in older versions), RecursionError, MemoryError (nesting), OverflowError.
        message = clean(str(error)) or "the source is nested too deeply"
        return {"errors": [{"kind": type(error).__name__, "message": message}]}, b""


def syntax_error_fact(error):
    fact = {"kind": type(error).__name__, "message": clean(error.msg or "invalid syntax")}
    numbers = {
        "line": error.lineno,
        "column": error.offset,
        "end_line": error.end_lineno,
        "end_column": error.end_offset,
    }
    fact.update((key, number) for key, number in numbers.items() if number and number > 0)
    if error.text and len(error.text) <= LONGEST_SHOWN_LINE:
        fact["text"] = clean(error.text.rstrip("\r\n"))
    return fact


def warning_fact(warning):
    return {"kind": warning.category.__name__, "message": clean(str(warning.message)), "line": warning.lineno}


def clean(text):
    """`text` as something that UTF-8 can hold: a lone surrogate becomes its escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def group_words(code):
    """The texts among the constants of `code` that may name an entry-point group: words with a dot, dash,
    underscore or digit."""
    words = set()
    pending = [code]
    while pending:
        for constant in pending.pop().co_consts:
            if isinstance(constant, str):
                if 3 < len(constant) < 60 and GROUP_WORD.fullmatch(constant):
                    words.add(constant)
            elif isinstance(constant, types.CodeType):
                pending.append(constant)
            elif isinstance(constant, (tuple, frozenset)):
                words.update(one for one in constant if isinstance(one, str) and GROUP_WORD.fullmatch(one))
    return {"w": sorted(words)} if words else {}


def scan(source, file_name):
    """What a module imports and offers, as `Scan` in freezer/src/bytecode/scan.rs reads it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = compile(source, file_name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except Exception:
        # A tree can be too deep for Python objects where the compiler still managed.
        return {}
    found = Scanner(any(word in source for word in CALL_WORDS))
    found.statements(tree)
    line = prefix_end(tree)
    return found.facts() | ({"s": line} if line else {})


class Scanner:
    """Gathers the imports of one module, walking statements with a stack of its own (an `elif` chain nests)."""

    def __init__(self, wants_calls):
        self.wants_calls = wants_calls
        self.imports = []
        self.calls = []
        self.texts = {}
        self.all_names = None
        self.groups = set()
        self.functions = {name: name for name in ("__import__", "import_module", "resolve_name")}
        self.functions |= {name: "entry_points" for name in ("entry_points", "iter_entry_points")}

    def statements(self, tree):
        stack = [(tree.body, ALWAYS, True)]
        while stack:
            body, context, is_module_level = stack.pop()
            for node in body:
                if self.wants_calls:
                    self.gather_calls(node, context)
                visit = VISITORS.get(type(node))
                if visit is not None:
                    for inner, inner_context in visit(self, node, context, is_module_level):
                        same_level = is_module_level and not isinstance(node, SCOPES)
                        stack.append((inner, max(context, inner_context, key=STRENGTH.get), same_level))
        for call, context in self.calls:
            self.call(call, context)

    def facts(self):
        self.imports.sort(key=lambda one: (one["r"], json.dumps(one, sort_keys=True)))
        facts = {}
        if self.imports:
            facts["i"] = self.imports
        if self.all_names:
            facts["a"] = self.all_names
        if self.groups:
            facts["g"] = sorted(self.groups)
        return facts

    def add(self, module, level, names, line, context):
        fact = {"r": line}
        if module:
            fact["m"] = clean(module)
        if level:
            fact["l"] = level
        if names:
            fact["n"] = [clean(name) for name in names]
        if context:
            fact["c"] = context
        self.imports.append(fact)

    def import_(self, node, context, is_module_level):
        for alias in node.names:
            self.add(alias.name, 0, [], node.lineno, context)
        return ()

    def import_from(self, node, context, is_module_level):
        self.add(node.module, node.level, [alias.name for alias in node.names], node.lineno, context)
        for alias in node.names:
            if alias.asname and alias.name in self.functions:
                self.functions[alias.asname] = self.functions[alias.name]
        return ()

    def function(self, node, context, is_module_level):
        # `_test` is what the standard library's modules do when they are run as programs: doctest and all it needs.
        return ((node.body, MAIN if node.name == "_test" else FUNCTION),)

    def class_(self, node, context, is_module_level):
        return ((node.body, ALWAYS),)

    def if_(self, node, context, is_module_level):
        verdict = judge(node.test)
        if is_main_test(node.test):
            return (node.body, MAIN), (node.orelse, ALWAYS)
        if verdict is None:
            return (node.body, CONDITION), (node.orelse, CONDITION)
        return (node.body, ALWAYS if verdict else NEVER), (node.orelse, NEVER if verdict else ALWAYS)

    def loop(self, node, context, is_module_level):
        return (node.body, CONDITION), (node.orelse, CONDITION)

    def try_(self, node, context, is_module_level):
        guard = TRY if any(catches_import_error(handler.type) for handler in node.handlers) else ALWAYS
        inner = [(node.body, guard), (node.orelse, guard), (node.finalbody, ALWAYS)]
        # What stands in a handler is the second choice: whether it is needed depends on the first.
        inner.extend((handler.body, TRY) for handler in node.handlers)
        return inner

    def with_(self, node, context, is_module_level):
        is_guard = any(
            isinstance(item.context_expr, ast.Call)
            and last_name(item.context_expr.func) == "suppress"
            and any(catches_import_error(argument) for argument in item.context_expr.args)
            for item in node.items
        )
        return ((node.body, TRY if is_guard else ALWAYS),)

    def match(self, node, context, is_module_level):
        return [(case.body, CONDITION) for case in node.cases]

    def assign(self, node, context, is_module_level):
        if not is_module_level or node.value is None:
            return ()
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if not isinstance(target, ast.Name):
                continue
            if target.id == "__all__":
                self.all_names = (self.all_names or []) if isinstance(node, ast.AugAssign) else []
                self.all_names += literal_texts(node.value)
            elif (text := literal(node.value)) is not None:
                self.texts[target.id] = text
        return ()

    def gather_calls(self, node, context):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            parts = node.decorator_list
        else:
            parts = [child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.expr, ast.withitem))]
        for part in parts:
            self.calls.extend((found, context) for found in ast.walk(part) if isinstance(found, ast.Call))

    def call(self, node, context):
        name = last_name(node.func)
        if name == "select":
            kind = "entry_points"
        elif isinstance(node.func, ast.Attribute):
            kind = {"iter_entry_points": "entry_points"}.get(name, name)
        else:
            kind = self.functions.get(name)
        if kind == "import_module":
            self.import_module_call(node, context)
        elif kind == "__import__":
            self.dunder_import_call(node, context)
        elif kind == "resolve_name":
            self.resolve_name_call(node, context)
        elif kind == "entry_points":
            group = argument(node, 0 if name == "iter_entry_points" else None, "group")
            if (text := self.text(group)) and text not in ("console_scripts", "gui_scripts"):
                self.groups.add(clean(text))

    def import_module_call(self, node, context):
        module = argument(node, 0, "name")
        package = argument(node, 1, "package")
        text, level = self.text(module), 0
        if text is None:
            text, level = relative_to_own_name(module)
        elif text.startswith("."):
            level = len(text) - len(text.lstrip("."))
            text = text.lstrip(".")
            if (anchor := self.text(package)) is not None:
                anchor = anchor.split(".")
                if level > len(anchor):
                    return
                text, level = ".".join([*anchor[: len(anchor) - level + 1], text]), 0
            elif last_name(package) not in ("__package__", "__name__"):
                return
        if text and is_dotted_name(text):
            self.add(text, level, [], node.lineno, context)

    def dunder_import_call(self, node, context):
        name = argument(node, 0, "name")
        text = self.text(name)
        if text is None:
            # As `__import__(__package__ + ".linalg")` has it: an absolute name, made of the module's own.
            text, level = relative_to_own_name(name)
            if text and is_dotted_name(text):
                self.add(text, level, [], node.lineno, context)
            return
        level = argument(node, 4, "level")
        level = level.value if isinstance(level, ast.Constant) and isinstance(level.value, int) else 0
        if text is not None and (is_dotted_name(text) or not text and level > 0):
            names = literal_texts(argument(node, 3, "fromlist"))
            self.add(text, max(level, 0), names, node.lineno, context)

    def resolve_name_call(self, node, context):
        # pkgutil.resolve_name's two forms; importlib.util.resolve_name imports nothing and begins with a dot.
        module, colon, _ = (self.text(argument(node, 0, "name")) or "").partition(":")
        if not is_dotted_name(module):
            return
        if colon:
            self.add(module, 0, [], node.lineno, context)
        elif "." in module:
            parent, _, last = module.rpartition(".")
            self.add(parent, 0, [last], node.lineno, context)

    def text(self, node):
        if isinstance(node, ast.Name):
            return self.texts.get(node.id)
        return literal(node)


SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
VISITORS = {
    ast.Import: Scanner.import_,
    ast.ImportFrom: Scanner.import_from,
    ast.FunctionDef: Scanner.function,
    ast.AsyncFunctionDef: Scanner.function,
    ast.ClassDef: Scanner.class_,
    ast.If: Scanner.if_,
    ast.For: Scanner.loop,
    ast.AsyncFor: Scanner.loop,
    ast.While: Scanner.loop,
    ast.Try: Scanner.try_,
    ast.TryStar: Scanner.try_,
    ast.With: Scanner.with_,
    ast.AsyncWith: Scanner.with_,
    ast.Match: Scanner.match,
    ast.Assign: Scanner.assign,
    ast.AnnAssign: Scanner.assign,
    ast.AugAssign: Scanner.assign,
}


def prefix_end(tree):
    """The last line of the statements at the start of a module that only import and define; 0 if there are none.

    A snapshot may run the imports among them before anything else of the module: no statement that stands between could
    have had a say in what they do, as `sys.path.insert(…)` or `os.environ["X"] = "1"` have.
    """
    last = 0
    try:
        for node in tree.body:
            if not only_defines(node):
                break
            last = node.end_lineno
    except RecursionError:
        # Nested as no person writes it.
        pass
    return last


def only_defines(node, is_class_body=False):
    """Whether a statement does nothing but bring names into its module or class."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=targets, value=value):
            return all(map(is_name, targets)) and calls_nothing(value)
        case ast.AnnAssign(target=target, annotation=annotation, value=value):
            return is_name(target) and calls_nothing(annotation, value)
        case ast.AugAssign(target=ast.Name(id="__all__"), value=value):
            return calls_nothing(value)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            arguments += [node.args.vararg, node.args.kwarg]
            annotations = [argument and argument.annotation for argument in arguments]
            is_plain = is_class_body and all(last_name(one) in PLAIN_DECORATORS for one in node.decorator_list)
            return (is_plain or not node.decorator_list) and calls_nothing(
                *node.args.defaults, *node.args.kw_defaults, *annotations, node.returns
            )
        case ast.ClassDef(decorator_list=[]):
            named = [keyword.value for keyword in node.keywords]
            return calls_nothing(*node.bases, *named) and all(only_defines(inner, True) for inner in node.body)
        case ast.If():
            verdict = judge(node.test)
            taken = node.body if verdict else node.orelse
            return verdict is not None and all(only_defines(inner, is_class_body) for inner in taken)
        case ast.Try(finalbody=[]):
            handlers = [inner for handler in node.handlers for inner in handler.body]
            kinds = [handler.type for handler in node.handlers]
            return calls_nothing(*kinds) and all(
                only_defines(inner, is_class_body) for inner in [*node.body, *handlers, *node.orelse]
            )
    return False


PLAIN_DECORATORS = frozenset({"classmethod", "property", "staticmethod"})
CALLS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


def is_name(target):
    if isinstance(target, ast.Tuple):
        return all(map(is_name, target.elts))
    return isinstance(target, ast.Name)


def calls_nothing(*expressions):
    """Whether these can be evaluated without a call; operators count as none."""
    pending = [one for one in expressions if one is not None]
    while pending:
        node = pending.pop()
        if isinstance(node, CALLS):
            return False
        if not isinstance(node, ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))
    return True


def is_main_test(test):
    """True for `__name__ == "__main__"`."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
        and literal(test.comparators[0]) == "__main__"
    )


def judge(test):
    """True or False where the condition has one answer in every run of this runtime, None elsewhere."""
    if isinstance(test, ast.Constant) and isinstance(test.value, (bool, int)):
        return bool(test.value)
    if last_name(test) == "TYPE_CHECKING":
        return False
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        verdict = judge(test.operand)
        return None if verdict is None else not verdict
    if isinstance(test, ast.BoolOp):
        verdicts = [judge(value) for value in test.values]
        decisive = isinstance(test.op, ast.Or)
        if decisive in verdicts:
            return decisive
        return None if None in verdicts else not decisive
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return judge_comparison(test.left, test.ops[0], test.comparators[0])
    if isinstance(test, ast.Call) and dotted(test.func) == "sys.platform.startswith" and len(test.args) == 1:
        prefixes = constant(test.args[0])
        if isinstance(prefixes, str) or isinstance(prefixes, tuple) and all(isinstance(one, str) for one in prefixes):
            return sys.platform.startswith(prefixes)
    return None


def judge_comparison(left, operator, right):
    facts = {
        "sys.platform": sys.platform,
        "os.name": os.name,
        "sys.version_info": tuple(sys.version_info),
        "sys.version_info.major": sys.version_info.major,
        "sys.version_info.minor": sys.version_info.minor,
        "sys.implementation.name": sys.implementation.name,
    }
    if isinstance(left, ast.Subscript) and dotted(left.value) == "sys.version_info":
        index = left.slice
        if isinstance(index, ast.Slice):
            bounds = [None if bound is None else constant(bound) for bound in (index.lower, index.upper, index.step)]
            index = slice(*bounds)
        else:
            index = constant(index)
        fact = attempt(lambda: tuple(sys.version_info)[index])
    else:
        fact = facts.get(dotted(left))
    compare = COMPARISONS.get(type(operator))
    value = constant(right)
    if fact is None or compare is None or value is None:
        return None
    return attempt(lambda: bool(compare(fact, value)))


COMPARISONS = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


def attempt(compute):
    try:
        return compute()
    except (TypeError, IndexError, ValueError):
        return None


def constant(node):
    """The value of a literal without calls, or None."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def catches_import_error(kind):
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(last_name(one) in OPTIONAL_ERRORS for one in kinds)


def argument(call, position, keyword):
    """The argument of `call` at `position` or by `keyword`, or None."""
    if position is not None and len(call.args) > position:
        return call.args[position]
    return next((one.value for one in call.keywords if one.arg == keyword), None)


def relative_to_own_name(node):
    """`f"{__name__}.x"`, `__package__ + ".x"` and `__spec__.parent + ".x"` as ("x", 1)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        anchor, rest = node.left, literal(node.right)
    elif isinstance(node, ast.JoinedStr) and len(node.values) == 2 and isinstance(node.values[0], ast.FormattedValue):
        anchor, rest = node.values[0].value, literal(node.values[1])
    else:
        return None, 0
    is_own = dotted(anchor) in ("__name__", "__package__", "__spec__.parent")
    if is_own and rest and rest.startswith("."):
        return rest[1:], 1
    return None, 0


def literal(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def literal_texts(node):
    """The texts of a list, tuple or set of literals, and of sums of such."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return literal_texts(node.left) + literal_texts(node.right)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [clean(text) for one in node.elts if (text := literal(one)) is not None]
    return []


def is_dotted_name(text):
    return bool(text) and not any(part == "" or "/" in part or part.isspace() for part in text.split("."))


def last_name(node):
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def dotted(node):
    """`a.b.c` as text, or None for anything but names and dots."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


main()
