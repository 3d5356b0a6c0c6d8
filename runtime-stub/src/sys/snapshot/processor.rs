//! What the processor can do, as far as libraries choose their code by it when they are loaded.
//!
//! Comes in: nothing but the machine. Goes out: words of bits. A snapshot with libraries has made their choices on the
//! machine that recorded it, and is only for machines that can do as much.
//!
//! Sources: Intel's Software Developer's Manual, CPUID; glibc's `sys/platform/x86.h`, whose copy of the answers saves the
//! instruction itself, which a virtual machine hands to its host.

use core::arch::x86_64::__cpuid_count;
use core::ffi::c_uint;

use crate::sys::libc_next::Next;

/// Words of features.
pub(super) const WORD_COUNT: usize = 8;

/// A register of a leaf: the leaf, its sub-leaf, glibc's number of it, and the bits that code is chosen by.
struct Register {
    leaf: (u32, u32),
    number: c_uint,
    register: usize,
    bits: u32,
}

const EAX: usize = 0;
const EBX: usize = 1;
const ECX: usize = 2;
const EDX: usize = 3;

/// Bit 31 of leaf 1's ECX tells of a hypervisor, and most of leaf 7's EDX of how flaws are dealt with.
const REGISTERS: [Register; WORD_COUNT] = [
    Register { leaf: (1, 0), number: 0, register: ECX, bits: !(1 << 31) },
    Register { leaf: (1, 0), number: 0, register: EDX, bits: !0 },
    Register { leaf: (7, 0), number: 1, register: EBX, bits: !0 },
    Register { leaf: (7, 0), number: 1, register: ECX, bits: !0 },
    Register { leaf: (7, 0), number: 1, register: EDX, bits: 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8 | 7 << 22 | 1 << 25 },
    Register { leaf: (7, 1), number: 8, register: EAX, bits: !0 },
    Register { leaf: (0x8000_0001, 0), number: 2, register: ECX, bits: !0 },
    Register { leaf: (0x8000_0001, 0), number: 2, register: EDX, bits: !0 },
];

/// `struct cpuid_feature` of glibc 2.33: what the processor says, and what of it can be used.
#[repr(C)]
struct Leaf {
    said: [u32; 4],
    active: [u32; 4],
}

/// This machine's.
pub(super) fn features() -> [u32; WORD_COUNT] {
    static LEAF: Next = Next::new(c"__x86_get_cpuid_feature_leaf");
    let known = LEAF.address();
    REGISTERS.map(|register| {
        let answers = if known.is_null() { ask(register.leaf) } else { known_leaf(known, register.number) };
        answers.get(register.register).copied().unwrap_or(0) & register.bits
    })
}

fn known_leaf(function: *mut core::ffi::c_void, number: c_uint) -> [u32; 4] {
    // SAFETY: the C library's own function, of this signature.
    let function: extern "C" fn(c_uint) -> *const Leaf = unsafe { core::mem::transmute(function) };
    // SAFETY: it gives a structure of the C library's that never changes, one of zeros for a number it doesn't know.
    unsafe { (*function(number)).said }
}

fn ask((leaf, sub_leaf): (u32, u32)) -> [u32; 4] {
    let highest = __cpuid_count(leaf & 0x8000_0000, 0).eax;
    if leaf > highest {
        return [0; 4];
    }
    let answer = __cpuid_count(leaf, sub_leaf);
    [answer.eax, answer.ebx, answer.ecx, answer.edx]
}

/// Whether this machine can do what the recording one could: little-endian words; none ask for nothing.
pub(super) fn suffices(recorded: &[u8]) -> bool {
    if recorded.is_empty() {
        return true;
    }
    let own = features();
    let mut words = recorded.chunks_exact(size_of::<u32>());
    let wanted = words.by_ref().map(|word| word.try_into().map_or(!0, u32::from_le_bytes));
    own.len() * size_of::<u32>() == recorded.len() && wanted.zip(own).all(|(wanted, own)| wanted & !own == 0)
}
