//! Reads files that the settings name or that lie in the state folder: regular files only, within a limit, and texts in
//! the encodings that editors write.
//!
//! A FIFO or a device is refused before it is read: it may never end, or never begin.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::fs::OFlags;

/// The longest secret, token or public key, in bytes.
pub(crate) const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// The longest file of certificates or keys, in bytes; the longest public suffix list, too.
pub(crate) const MAX_PEM_BYTES: u64 = 16 * 1024 * 1024;

/// The longest settings file, in bytes.
pub(crate) const MAX_SETTINGS_BYTES: u64 = 4 * 1024 * 1024;

/// Whether a link may stand in the place of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// It may: people, and Kubernetes, name files by links.
    Followed,
    /// It may not: the file is one that this program made.
    Refused,
}

/// Opens a regular file for reading; never waits for something else to be one.
pub(crate) fn open(path: &Path, links: Links) -> io::Result<File> {
    // A FIFO that nobody writes would keep `open` waiting; a terminal would become ours.
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    if links == Links::Refused {
        flags |= OFlags::NOFOLLOW;
    }
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(file)
}

/// All bytes of a regular file that has `most` at most.
pub(crate) fn bytes(path: &Path, links: Links, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, links)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {most} bytes")));
    }
    Ok(bytes)
}

/// The text of a regular file that has `most` bytes at most; a byte order mark is not part of it.
pub(crate) fn text(path: &Path, most: u64) -> io::Result<String> {
    decode(bytes(path, Links::Followed, most)?)
}

/// The text of a file that holds one secret or token: without the line end that editors put behind it, and without
/// blanks there, which nobody sees.
pub(crate) fn line(path: &Path) -> io::Result<String> {
    let mut text = text(path, MAX_SECRET_BYTES)?;
    text.truncate(text.trim_ascii_end().len());
    Ok(text)
}

/// Bytes in the encoding of certificates and keys, PEM: what an editor saved as UTF-16, or with a byte order mark, is
/// UTF-8 without one; anything else, such as PFX, is left as it is.
pub(crate) fn pem(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = bytes(path, Links::Followed, MAX_PEM_BYTES)?;
    Ok(if has_mark(&bytes) { decode(bytes)?.into_bytes() } else { bytes })
}

/// A text in UTF-8, or in UTF-16 with a byte order mark.
pub(crate) fn decode(bytes: Vec<u8>) -> io::Result<String> {
    let broken = |encoding| io::Error::new(io::ErrorKind::InvalidData, format!("not a text in {encoding}"));
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = rest.as_chunks::<2>();
        let text = char::decode_utf16(pairs.iter().copied().map(unit)).collect::<Result<String, _>>();
        text.ok().filter(|_| odd.is_empty()).ok_or_else(|| broken("UTF-16"))
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).map_err(|_| broken("UTF-8")),
        _ => String::from_utf8(bytes).map_err(|_| broken("UTF-8")),
    }
}

fn has_mark(bytes: &[u8]) -> bool {
    [&[0xff, 0xfe][..], &[0xfe, 0xff], &[0xef, 0xbb, 0xbf]].iter().any(|mark| bytes.starts_with(mark))
}

/// What of a secret no service takes, for people: where it is, and not what.
pub(crate) fn odd_character(secret: &str) -> Option<String> {
    let (place, odd) = (1..).zip(secret.chars()).find(|(_, it)| !matches!(it, ' '..='~'))?;
    let kind = match odd {
        '\n' | '\r' => "a line end",
        '\t' => "a tab",
        '\u{a0}' => "a no-break space",
        '\u{feff}' => "a byte order mark",
        '\u{200b}'..='\u{200f}' | '\u{2060}' => "an invisible character",
        '\u{2010}'..='\u{2015}' => "a dash that is not a hyphen",
        '\u{2018}'..='\u{201f}' => "a typographic quotation mark",
        _ if odd.is_control() => "a control character",
        _ => "not in ASCII",
    };
    Some(format!("character {place} is {kind}"))
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self, bytes: &[u8]) -> std::path::PathBuf {
            let path = self.0.path().join("file");
            fs::write(&path, bytes).unwrap();
            path
        }
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn a_line_is_the_same_in_every_encoding() {
        let folder = Folder::new();
        for text in ["secret~1", "secret~1\n", "secret~1\r\n", "secret~1 \r\n"] {
            let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
            for bytes in [
                text.as_bytes().to_vec(),
                marked(b"\xef\xbb\xbf", text.as_bytes().to_vec()),
                marked(b"\xff\xfe", utf16(text, u16::to_le_bytes)),
                marked(b"\xfe\xff", utf16(text, u16::to_be_bytes)),
            ] {
                assert_eq!(line(&folder.file(&bytes)).unwrap(), "secret~1", "{bytes:x?}");
            }
        }
        assert_eq!(line(&folder.file(b"secret \t\r\n\n")).unwrap(), "secret");
        // Not a blank that nobody sees: it is named.
        assert_eq!(line(&folder.file("secret\u{a0}\n".as_bytes())).unwrap(), "secret\u{a0}");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let folder = Folder::new();
        for bytes in [&b"\xff\xfea"[..], b"\xff\xfe\x00\xd8", b"\xef\xbb\xbf\xff"] {
            assert_eq!(line(&folder.file(bytes)).unwrap_err().kind(), io::ErrorKind::InvalidData, "{bytes:x?}");
        }
        assert_eq!(line(&folder.file(b"\xe4")).unwrap_err().to_string(), "not a text in UTF-8");
    }

    #[test]
    fn a_certificate_may_have_a_mark_and_need_not_be_text() {
        let folder = Folder::new();
        let marked = [&b"\xff\xfe"[..], &utf16("-----BEGIN", u16::to_le_bytes)].concat();
        assert_eq!(pem(&folder.file(&marked)).unwrap(), b"-----BEGIN");
        assert_eq!(pem(&folder.file(b"0\x82\xff\xfe")).unwrap(), b"0\x82\xff\xfe");
    }

    #[test]
    fn only_regular_files_within_the_limit_are_read() {
        let folder = Folder::new();
        let long = folder.file(&vec![b'x'; 65 * 1024]);
        assert_eq!(line(&long).unwrap_err().to_string(), "longer than 65536 bytes");
        let pipe = folder.0.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), folder.0.path(), Path::new("/dev/zero"), Path::new("/dev/null")] {
            assert_eq!(line(path).unwrap_err().to_string(), "not a regular file", "{path:?}");
        }
        let link = folder.0.path().join("link");
        std::os::unix::fs::symlink(folder.file(b"x"), &link).unwrap();
        assert_eq!(line(&link).unwrap(), "x");
        assert!(open(&link, Links::Refused).is_err());
    }

    #[test]
    fn an_odd_character_is_named_by_its_place() {
        let check = |secret: &str, expected: Option<&str>| assert_eq!(odd_character(secret).as_deref(), expected);
        check("a b~!", None);
        check("ab\u{a0}", Some("character 3 is a no-break space"));
        check("\u{feff}ab", Some("character 1 is a byte order mark"));
        check("a\u{2013}b", Some("character 2 is a dash that is not a hyphen"));
        check("ab\n", Some("character 3 is a line end"));
        check("\u{e4}", Some("character 1 is not in ASCII"));
        check("a\u{7f}", Some("character 2 is a control character"));
    }
}
