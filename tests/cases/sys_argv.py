# Arguments arrive as they were given: empty, with spaces, not UTF-8, like options.
#| SameAsPython
#| Run: shell
#| Args: -h --help -x=1 -- -
#| Args: ünï ☃ 'quoted' "double" $HOME *
#| Args:
import sys

print([argument.encode("utf-8", "surrogateescape") for argument in sys.argv[1:]])
