//! Keys of caches: digests of everything that a product is made of.
//!
//! Comes in: named inputs, in order. Goes out: a name for files and folders.

/// Collects named inputs.
#[derive(Debug, Default)]
pub struct Key {
    hasher: blake3::Hasher,
}

impl Key {
    /// Adds one input. Lengths are hashed too, so that no two lists of inputs look alike.
    pub fn add(&mut self, name: &str, content: &[u8]) {
        for part in [name.as_bytes(), content] {
            self.hasher.update(&(part.len() as u64).to_le_bytes());
            self.hasher.update(part);
        }
    }

    /// The key as it stands in names: 32 hexadecimal digits.
    #[must_use]
    pub fn finish(&self) -> String {
        self.hasher.finalize().to_hex()[..32].to_owned()
    }
}
