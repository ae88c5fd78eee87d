"""`python -m benchmarks.counting`: how long a count of tokens takes."""

import asyncio
from time import perf_counter

from passenger.tokens.tokenizer import Tokenizer

CODE = "for number in range(10):\n    print(number)\n"


async def main() -> None:
    """Print the time of the first count, of a short and of a long one."""
    tokenizer = Tokenizer()
    for name, text in (("first", "hello"), ("short", "hello"), ("1,000,000 characters of code", CODE * 24_390)):
        began = perf_counter()
        count = await tokenizer.count([text])
        print(f"{name}: {count:,} tokens in {(perf_counter() - began) * 1000:,.0f} ms")
    await tokenizer.close()


if __name__ == "__main__":
    asyncio.run(main())
