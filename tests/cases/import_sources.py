# Sources ride along: inspect, linecache, doctest's and pdb's ways to them.
#| SameAsPython
import ast
import inspect
import linecache
import textwrap


class Thing:
    """A class in __main__."""

    def method(self):
        return 1


print(inspect.getsource(Thing))
print(inspect.getsource(Thing.method), inspect.getsourcefile(Thing), inspect.getfile(Thing))
print(inspect.getsource(textwrap.dedent).splitlines()[0], inspect.getsourcelines(textwrap.dedent)[1] > 1)
print(linecache.getline(__file__, 1), linecache.getline(textwrap.__file__, 1))
linecache.checkcache()
print(linecache.getline(textwrap.__file__, 1) != "", inspect.getmodule(Thing).__name__)
print(len(ast.parse(inspect.getsource(textwrap)).body) > 5, inspect.getcomments(Thing))
print(inspect.signature(textwrap.wrap))
