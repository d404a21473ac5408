//! What the operator may choose.

/// The settings that are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Idle time after which a text is packed and a warm text dropped, milliseconds.
    pub pack_after_ms: u64,
    /// Bytes of texts that may wait for being idle. From an eighth of it on they wait shorter, at
    /// the limit not at all, and past twice of it a write packs at once.
    pub backlog_max: u64,
    /// Bytes of inflated texts that may be kept beside their packed forms.
    pub warm_max: u64,
    /// zstd's level.
    pub level: i32,
    /// Whether documents are packed at all.
    pub packing: bool,
    /// Whether dictionaries are trained, and used for what is packed from now on.
    pub dictionaries: bool,
    /// Bytes of a dictionary.
    pub dictionary_len_max: usize,
    /// Dictionaries that are held at a time, and their memory, digests included.
    pub dictionaries_max: usize,
    pub dictionary_memory_max: u64,
    /// Documents that a family must have before a dictionary is trained of so many samples.
    pub dictionary_samples_min: usize,
    /// What a dictionary must save of what its documents take, its own memory taken off.
    pub dictionary_gain_min_percent: u64,
}

impl Settings {
    pub(crate) const DEFAULT: Settings = Settings {
        pack_after_ms: 2_000,
        backlog_max: 256 << 20,
        warm_max: 64 << 20,
        level: 1,
        packing: true,
        dictionaries: true,
        dictionary_len_max: 64 << 10,
        dictionaries_max: 64,
        dictionary_memory_max: 16 << 20,
        dictionary_samples_min: 1_000,
        dictionary_gain_min_percent: 10,
    };
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::DEFAULT
    }
}
