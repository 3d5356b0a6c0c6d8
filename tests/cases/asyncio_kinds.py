# asyncio: tasks, threads, children, servers, signals.
#| SameAsPython
import asyncio
import contextvars
import os
import signal
import socket

variable = contextvars.ContextVar("variable", default=1)


async def serve(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()


async def main():
    print(await asyncio.gather(*[asyncio.sleep(0.01, number) for number in range(5)]))
    child = await asyncio.create_subprocess_exec("echo", "child", stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    print(output, child.returncode, await asyncio.to_thread(lambda: 7))
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"line\n")
    print(await reader.read())
    writer.close()
    server.close()
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, seen.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    print(await asyncio.wait_for(seen.wait(), 60))
    try:
        await asyncio.wait_for(asyncio.sleep(60), 0.01)
    except TimeoutError as error:
        print(type(error).__name__)
    variable.set(3)
    print(await asyncio.create_task(read_variable()), contextvars.copy_context().run(lambda: (variable.set(4), variable.get())[1]))


async def read_variable():
    return variable.get()


asyncio.run(main())
print(variable.get(), socket.getaddrinfo("127.0.0.1", 80)[0][4])
