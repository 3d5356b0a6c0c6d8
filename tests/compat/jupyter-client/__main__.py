"""jupyter_client: a kernel in a child process (`sys.executable -m ipykernel_launcher`) is asked over ZeroMQ."""

import sys
from importlib.metadata import version

import zmq
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

NAMES = ("jupyter_client", "jupyter_core", "ipykernel", "pyzmq", "tornado")
print({name: version(name) for name in NAMES}, flush=True)


class Specs(KernelSpecManager):
    """One kernel: this program's own Python."""

    def get_kernel_spec(self, _):
        """The same for every name."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--IPKernelApp.log_level=40"]
        return KernelSpec(argv=command, display_name="own", language="python")


def outputs(client, code):
    """What a cell prints and gives."""
    parts = []

    def keep(message):
        """Each message but the state."""
        content = message["content"]
        match message["msg_type"]:
            case "stream":
                parts.append((content["name"], content["text"]))
            case "execute_result":
                parts.append(("result", content["data"]["text/plain"]))
            case "error":
                parts.append(("error", content["ename"], content["evalue"]))

    reply = client.execute_interactive(code, output_hook=keep, timeout=60)
    return reply["content"]["status"], parts


manager = KernelManager(kernel_spec_manager=Specs(), kernel_name="own", transport="tcp")
manager.start_kernel()
client = manager.blocking_client()
client.start_channels()
try:
    client.wait_for_ready(timeout=60)
    for code in ("print('hä'); 6 * 7", "x = [1, 2]; x", "x.nothing", "import sys; sys.flags.isolated in (0, 1)", "%lsmagic\n1"):
        status, parts = outputs(client, code)
        print(status, parts if "lsmagic" not in code else len(parts))
    client.complete("x.app", 5)
    print(client.get_shell_msg(timeout=30)["content"]["matches"])
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=False)
print(manager.has_kernel, zmq.zmq_version())
