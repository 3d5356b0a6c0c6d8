# asyncio: tasks, subprocesses, Ctrl-C, debug words.
#| SameAsPython
import asyncio
import sys


async def main():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(input()[::-1])", stdin=-1, stdout=-1)
    out, _ = await process.communicate(b"abc\n")
    print(out, process.returncode)
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
    except TimeoutError:
        print("timed out")
    print(await asyncio.gather(*(asyncio.to_thread(pow, 2, number) for number in range(3))))
    raise LookupError("at the end")


asyncio.run(main())
