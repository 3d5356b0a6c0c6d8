//! Decompression of cold blobs, by the C library that is linked into the stub.

use core::ffi::{c_uint, c_void};

use pyfreeze_format::Blob;

unsafe extern "C" {
    fn ZSTD_decompress(destination: *mut c_void, capacity: usize, source: *const c_void, size: usize) -> usize;
    fn ZSTD_isError(code: usize) -> c_uint;
}

/// Writes a blob's decoded bytes to `destination`; false when they are damaged.
///
/// # Safety
/// `destination` points to `blob.size` writable bytes that nobody else uses.
pub(crate) unsafe fn decode(blob: &Blob<'_>, destination: *mut u8) -> bool {
    let size = blob.size as usize;
    if !blob.is_compressed() {
        // SAFETY: the caller vouches for the destination, and an uncompressed blob has `size` stored bytes.
        unsafe { core::ptr::copy_nonoverlapping(blob.stored.as_ptr(), destination, size) };
        return true;
    }
    // SAFETY: zstd reads the stored bytes and writes no more than `size`, for which the caller vouches.
    let written = unsafe { ZSTD_decompress(destination.cast(), size, blob.stored.as_ptr().cast(), blob.stored.len()) };
    // SAFETY: pure function of a number.
    let is_error = unsafe { ZSTD_isError(written) } != 0;
    !is_error && written == size
}
