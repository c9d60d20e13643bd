//! Compresses requests.

use std::io::{self, Write as _};

use flate2::{Compression, write::GzEncoder};

/// Compresses quickly rather than well: the network is seldom what is scarce.
pub(crate) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // Documents shrink to about an eighth.
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 6), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_compressed_comes_back() {
        let text = "{\"a\":1}\n".repeat(1000);
        let compressed = gzip(text.as_bytes()).unwrap();
        assert!(compressed.len() < text.len() / 10);
        let mut found = String::new();
        flate2::read::GzDecoder::new(&*compressed).read_to_string(&mut found).unwrap();
        assert_eq!(found, text);
    }
}
