//! The functions of the host, which has a memory of its own: what crosses is copied, eight bytes at a time.

#[link(wasm_import_module = "extism:host/env")]
unsafe extern "C" {
    fn input_length() -> u64;
    fn input_load_u8(offset: u64) -> u8;
    fn input_load_u64(offset: u64) -> u64;
    fn alloc(length: u64) -> u64;
    fn length(start: u64) -> u64;
    fn load_u8(address: u64) -> u8;
    fn load_u64(address: u64) -> u64;
    fn store_u8(address: u64, byte: u8);
    fn store_u64(address: u64, bytes: u64);
    fn output_set(start: u64, length: u64);
    fn error_set(start: u64);
    /// Takes the memory of the name back.
    fn config_get(name: u64) -> u64;
}

/// How many bytes cross at a time.
const WORD: usize = 8;

/// The input of the call.
pub(crate) fn input() -> Vec<u8> {
    // SAFETY: no address of ours crosses, and the offsets are within the input.
    unsafe { load(input_length(), |offset| input_load_u64(offset), |offset| input_load_u8(offset)) }
}

/// The text of a setting; `None`: there is none, or an empty one.
pub(crate) fn config(name: &str) -> Option<Vec<u8>> {
    // SAFETY: the name is in the host's memory, and what is loaded is within what the host gave.
    unsafe {
        let start = config_get(store(name.as_bytes()));
        (start != 0).then(|| load(length(start), |offset| load_u64(start + offset), |offset| load_u8(start + offset)))
    }
}

/// Gives the host the output of the call.
pub(crate) fn set_output(bytes: &[u8]) {
    // SAFETY: the bytes are in the host's memory.
    unsafe { output_set(store(bytes), bytes.len() as u64) }
}

/// Says why the call has failed.
pub(crate) fn set_error(reason: &str) {
    // SAFETY: the text is in the host's memory.
    unsafe { error_set(store(reason.as_bytes())) }
}

fn load(length: u64, word: impl Fn(u64) -> u64, byte: impl Fn(u64) -> u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    let whole = length - length % WORD as u64;
    for offset in (0..whole).step_by(WORD) {
        bytes.extend_from_slice(&word(offset).to_le_bytes());
    }
    bytes.extend((whole..length).map(byte));
    bytes
}

/// Puts bytes into the host's memory, and returns where.
fn store(bytes: &[u8]) -> u64 {
    // SAFETY: the addresses are within what the host gave. It gives 0 for no bytes, and traps when it has none left.
    unsafe {
        let start = alloc(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<WORD>();
        let mut address = start;
        for word in words {
            store_u64(address, u64::from_le_bytes(*word));
            address += WORD as u64;
        }
        for byte in rest {
            store_u8(address, *byte);
            address += 1;
        }
        start
    }
}
