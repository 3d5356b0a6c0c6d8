//! Where allocated blocks begin and end, and which bytes nobody uses.
//!
//! Comes in: a process's memory. Goes out: for an address the block around it. Two allocators have made the blocks:
//! CPython's in the object region (`Include/internal/pycore_obmalloc.h`, `Objects/obmalloc.c` of 3.13), the stub's own
//! in the raw region.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::memory::{Kind, Space};

/// `POOL_SIZE` where pools are large: 64-bit machines with the radix tree.
const POOL_SIZE: u64 = 1 << 14;
/// `POOL_OVERHEAD`: `struct pool_header`, rounded.
const POOL_HEADER_SIZE: u64 = 48;
/// Offsets in `struct pool_header`.
const POOL_COUNT: u64 = 0;
const POOL_FREE_BLOCK: u64 = 8;
const POOL_SIZE_INDEX: u64 = 36;
const POOL_NEXT_OFFSET: u64 = 40;
const POOL_MAX_NEXT_OFFSET: u64 = 44;
/// `ALIGNMENT`, by which size classes grow.
const BLOCK_ALIGNMENT: u64 = 16;
/// `NB_SMALL_SIZE_CLASSES`.
const SIZE_CLASSES: u64 = 32;

/// What stands before each block of the raw region; its last word is the block's size.
const RAW_HEADER_SIZE: u64 = 16;

/// Consecutive bytes that one call has allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) address: u64,
    pub(super) size: u64,
}

/// All blocks of a process.
pub(super) struct Blocks<'s> {
    space: &'s Space<'s>,
    pools: RefCell<HashMap<u64, Option<Rc<Pool>>>>,
    /// Sorted.
    raw: Vec<Block>,
}

/// What of the object region a pool says about itself.
struct Pool {
    address: u64,
    block_size: u64,
    /// Blocks from here on were never given out.
    fresh: u64,
    free: HashSet<u64>,
}

/// What an address in the object or raw region is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Block(Block),
    /// A block that was in use, whose first word links it to others.
    Free(Block),
    /// A block that was never in use since the pool has its block size, or what is too small for one.
    Fresh(Block),
    /// What an allocator has written for itself, from this address on.
    Header(u64),
}

impl<'s> Blocks<'s> {
    pub(super) fn new(space: &'s Space<'s>) -> Self {
        let ranges = space.memory.ranges().filter(|range| range.kind == Kind::Raw);
        let mut raw: Vec<_> = ranges.flat_map(|range| walk(space, range.address, range.end())).collect();
        raw.sort_unstable_by_key(|block| block.address);
        Self { space, pools: RefCell::default(), raw }
    }

    /// What an address is in; `None` if no allocator says.
    pub(super) fn place(&self, address: u64) -> Option<Place> {
        match self.space.memory.range(address)?.kind {
            Kind::Objects => self.pool(address / POOL_SIZE * POOL_SIZE)?.place(address),
            Kind::Raw => self.raw_place(address),
            _ => None,
        }
    }

    /// The block in use around an address.
    pub(super) fn block(&self, address: u64) -> Option<Block> {
        match self.place(address)? {
            Place::Block(block) => Some(block),
            Place::Free(_) | Place::Fresh(_) | Place::Header(_) => None,
        }
    }

    /// Whether an allocator has written what stands at an address for itself.
    pub(super) fn is_header(&self, address: u64) -> bool {
        matches!(self.place(address), Some(Place::Header(_)))
    }

    fn pool(&self, address: u64) -> Option<Rc<Pool>> {
        let mut pools = self.pools.borrow_mut();
        pools.entry(address).or_insert_with(|| Pool::read(self.space, address).map(Rc::new)).clone()
    }

    fn raw_place(&self, address: u64) -> Option<Place> {
        let next = self.raw.partition_point(|block| block.address <= address);
        let before = next.checked_sub(1).map(|position| self.raw[position]);
        if let Some(block) = before.filter(|block| address - block.address < block.size) {
            return Some(Place::Block(block));
        }
        let after = self.raw.get(next).and_then(|block| block.address.checked_sub(RAW_HEADER_SIZE));
        after.filter(|header| *header <= address).map(Place::Header)
    }
}

impl Pool {
    /// `None` if no pool begins here: arenas also hold the interpreter's data stack, and memory that is not yet used.
    fn read(space: &Space<'_>, address: u64) -> Option<Self> {
        let half = |offset: u64| space.half_word(address + offset).map(u64::from);
        let (count, index) = (half(POOL_COUNT)?, half(POOL_SIZE_INDEX)?);
        let (next, last) = (half(POOL_NEXT_OFFSET)?, half(POOL_MAX_NEXT_OFFSET)?);
        let block_size = (index + 1) * BLOCK_ALIGNMENT;
        let is_pool = index < SIZE_CLASSES
            && last == POOL_SIZE - block_size
            && (POOL_HEADER_SIZE..=POOL_SIZE).contains(&next)
            && (next - POOL_HEADER_SIZE).is_multiple_of(block_size)
            && count * block_size <= POOL_SIZE;
        is_pool.then(|| {
            let mut pool = Self { address, block_size, fresh: address + next, free: HashSet::new() };
            pool.collect_free(space);
            pool
        })
    }

    /// Follows the list of freed blocks, whose first words link them.
    fn collect_free(&mut self, space: &Space<'_>) {
        let mut next = space.word(self.address + POOL_FREE_BLOCK).unwrap_or(0);
        // The list ends with zero; what is no block of this pool, or one that was seen, ends a list that is damaged.
        while self.is_block(next) && self.free.insert(next) {
            next = space.word(next).unwrap_or(0);
        }
    }

    fn is_block(&self, address: u64) -> bool {
        let offset = address.checked_sub(self.address + POOL_HEADER_SIZE);
        offset.is_some_and(|offset| offset < POOL_SIZE - POOL_HEADER_SIZE && offset.is_multiple_of(self.block_size))
    }

    fn place(&self, address: u64) -> Option<Place> {
        let Some(offset) = address.checked_sub(self.address + POOL_HEADER_SIZE) else {
            return Some(Place::Header(self.address));
        };
        let start = address - offset % self.block_size;
        let block = Block { address: start, size: self.block_size };
        let is_whole = start + self.block_size <= self.address + POOL_SIZE;
        Some(if start >= self.fresh || !is_whole {
            Place::Fresh(block)
        } else if self.free.contains(&start) {
            Place::Free(block)
        } else {
            Place::Block(block)
        })
    }
}

/// The blocks of a raw region, each behind its header, without gaps.
fn walk(space: &Space<'_>, start: u64, end: u64) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut address = start.saturating_add(RAW_HEADER_SIZE);
    while address < end {
        let Some(size) = space.word(address - 8) else { break };
        let block_end = address.checked_add(size).filter(|end_of_block| *end_of_block <= end);
        let Some(next) = block_end.filter(|_| size.is_multiple_of(BLOCK_ALIGNMENT)) else { break };
        // Before an aligned block, and behind the last one, there may be headers of nothing.
        if size > 0 {
            blocks.push(Block { address, size });
        }
        address = next.saturating_add(RAW_HEADER_SIZE);
    }
    blocks
}
