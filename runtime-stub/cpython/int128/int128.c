/* __udivti3 and __umodti3: division of 128-bit integers, the only functions of a compiler's run-time library that
   the runtime needs (libmpdec calls them).

   zig's compiler-rt has them, but it is one object file: with them come weak definitions of sin(), log2(), fma(),
   memcpy() and a hundred more, which win over those of libm and libc. They are slower, and less exact:
   `math.log2(2.0**-1065)` was -1064.9999999999998. So compiler-rt is not linked.

   In a stub, the same functions of Rust's compiler_builtins come first and these are not used. */

typedef unsigned __int128 wide;
typedef unsigned long long word;

/* divq: the quotient must fit a word, so `high` must be less than `divisor`. */
static word
divide_step(word high, word low, word divisor, word *remainder)
{
    word quotient;
    __asm__("divq %4" : "=a"(quotient), "=d"(*remainder) : "0"(low), "1"(high), "rm"(divisor) : "cc");
    return quotient;
}

static wide
divide_by_word(wide dividend, word divisor, wide *remainder)
{
    word high = (word)(dividend >> 64);
    word rest = high % divisor;
    word low = divide_step(rest, (word)dividend, divisor, &rest);
    *remainder = rest;
    return ((wide)(high / divisor) << 64) | low;
}

/* Hacker's Delight, 9-5: an estimate from the divisor's upper 64 bits is at most one too large. */
static wide
divide_by_wide(wide dividend, wide divisor, wide *remainder)
{
    int shift = __builtin_clzll((word)(divisor >> 64));
    word upper = (word)((divisor << shift) >> 64);
    wide half = dividend >> 1;
    word rest;
    word quotient = divide_step((word)(half >> 64), (word)half, upper, &rest) >> (63 - shift);
    if (quotient != 0) {
        quotient--;
    }
    wide left = dividend - quotient * divisor;
    if (left >= divisor) {
        quotient++;
        left -= divisor;
    }
    *remainder = left;
    return quotient;
}

static wide
divide(wide dividend, wide divisor, wide *remainder)
{
    if ((divisor >> 64) == 0) {
        return divide_by_word(dividend, (word)divisor, remainder);
    }
    return divide_by_wide(dividend, divisor, remainder);
}

wide
__udivti3(wide dividend, wide divisor)
{
    wide remainder;
    return divide(dividend, divisor, &remainder);
}

wide
__umodti3(wide dividend, wide divisor)
{
    wide remainder;
    divide(dividend, divisor, &remainder);
    return remainder;
}
