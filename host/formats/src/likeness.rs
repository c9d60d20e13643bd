//! What a file that has no records looks like, and what to do with it.

use std::fmt;

/// A kind of file that has no records of message trace, or none that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Likeness {
    /// With its article.
    name: &'static str,
    hint: &'static str,
}

impl fmt::Display for Likeness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "neither JSON nor a table of message trace, it looks like {}\nhint: {}", self.name, self.hint)
    }
}

const UNPACK: &str = "unpack it first; gzip and Zstandard are unpacked here";
const EXPORT: &str = "export the message trace as JSON, NDJSON or CSV";
const WORKBOOK: &str = "save the sheet as `CSV UTF-8`";

const fn like(name: &'static str, hint: &'static str) -> Likeness {
    Likeness { name, hint }
}

/// Text that is not a format of ours.
pub(super) const TEXT: Likeness = like("plain text", EXPORT);

/// Bytes that are not text.
pub(super) const BINARY: Likeness = like("a binary file: it is not text", EXPORT);

/// What the first bytes of a file say.
pub(super) fn of_bytes(start: &[u8]) -> Option<Likeness> {
    let has = |text: &[u8]| start.windows(text.len()).take(4096).any(|window| window == text);
    let begins = |text: &[u8]| start.starts_with(text);
    Some(match start {
        _ if begins(b"PK\x03\x04") && (has(b"[Content_Types].xml") || has(b"xl/") || has(b"_rels/")) => {
            like("an Excel workbook or another Office document", WORKBOOK)
        }
        _ if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") || begins(b"PK\x07\x08") => like("a zip archive", UNPACK),
        _ if begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") => {
            like("an old Excel workbook or an Outlook message", WORKBOOK)
        }
        [b'B', b'Z', b'h', b'1'..=b'9', ..] if has(b"1AY&SY") || has(b"\x17rE8P\x90") => {
            like("a file compressed with bzip2", UNPACK)
        }
        _ if begins(b"\xfd7zXZ\0") => like("a file compressed with xz", UNPACK),
        _ if begins(b"]\0\0") => like("a file compressed with lzma", UNPACK),
        _ if begins(b"\x04\x22\x4d\x18") => like("a file compressed with lz4", UNPACK),
        _ if begins(b"\xff\x06\0\0sNaPpY") => like("a file compressed with snappy", UNPACK),
        _ if begins(b"\x1f\x9d") || begins(b"\x1f\xa0") => like("a file compressed with compress", UNPACK),
        _ if begins(b"7z\xbc\xaf\x27\x1c") => like("a 7z archive", UNPACK),
        _ if begins(b"Rar!\x1a\x07") => like("a rar archive", UNPACK),
        _ if begins(b"MSCF") => like("a cabinet archive", UNPACK),
        _ if start.get(257..262) == Some(b"ustar") => like("a tar archive", UNPACK),
        _ if begins(b"%PDF-") => like("a PDF document", EXPORT),
        _ if begins(b"{\\rtf") => like("an RTF document", EXPORT),
        _ if begins(b"\x89PNG") => like("an image (PNG)", EXPORT),
        _ if begins(b"\xff\xd8\xff") => like("an image (JPEG)", EXPORT),
        _ if begins(b"GIF8") => like("an image (GIF)", EXPORT),
        _ if begins(b"II*\0") || begins(b"MM\0*") => like("an image (TIFF)", EXPORT),
        _ if begins(b"RIFF") && start.get(8..12) == Some(b"WEBP") => like("an image (WebP)", EXPORT),
        _ if begins(b"\x7fELF") => like("a program (ELF)", EXPORT),
        _ if begins(b"\0asm") => like("a WebAssembly file", EXPORT),
        _ if begins(b"MZ") && has(b"PE\0\0") => like("a program for Windows", EXPORT),
        _ if begins(b"\xfe\xed\xfa") || begins(b"\xcf\xfa\xed\xfe") || begins(b"\xca\xfe\xba\xbe") => {
            like("a program", EXPORT)
        }
        _ if begins(b"#!") => like("a script", EXPORT),
        _ if begins(b"SQLite format 3\0") => like("a database (SQLite)", EXPORT),
        _ if begins(b"ElfFile\0") => like("an event log of Windows", EXPORT),
        _ if begins(b"PAR1") => like("a Parquet file", EXPORT),
        _ if begins(b"Obj\x01") => like("an Avro file", EXPORT),
        _ => return None,
    })
}

/// What the beginning of a text says that is neither JSON nor a table.
pub(super) fn of_text(start: &str) -> Likeness {
    let small: String = start.chars().take(512).collect::<String>().to_ascii_lowercase();
    let has = |text: &str| small.contains(text);
    if small.starts_with('<') {
        if has("<!doctype html") || has("<html") || has("<head") || has("<body") {
            return like("a web page (HTML)", "save the answer of the service, not the page of a proxy or a sign-in");
        }
        if has("<objs") {
            return like("an export of PowerShell's `Export-Clixml`", "use `ConvertTo-Json` or `Export-Csv` instead");
        }
        return like("XML", EXPORT);
    }
    if small.starts_with("-----begin ") {
        return like("a key or a certificate (PEM)", EXPORT);
    }
    if has("----") && (has("sender") || has("recipient") || has("received")) {
        return like("a listing of PowerShell for people", "pipe the records to `ConvertTo-Json` or `Export-Csv`");
    }
    let is_header = |name: &str| small.starts_with(name) || has(&format!("\n{name}"));
    if is_header("received: ") && is_header("subject: ") || is_header("mime-version: ") {
        return like("a mail", EXPORT);
    }
    TEXT
}
