"""`python -m greeter`."""

from greeter.command import main

raise SystemExit(main())
