# curses finds a terminal's description without any file of ours on disk; readline reads a line.
#| SameAsPython
#| Run: tty
#| Env: TERM=xterm
import curses
import readline

curses.setupterm()
print(curses.tigetstr("bold"), curses.tigetnum("cols") > 0, readline.backend)
