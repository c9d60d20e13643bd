//! The parts of Fluvio's protocol that a SmartModule meets: they are the same in every version that its engine speaks.
//!
//! Integers are big-endian. Those of variable length are seven bits a byte, the lowest first, the sign in the lowest bit.

/// A record on its way through the SmartModule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Attributes, time, offset and key, as they came.
    head: &'a [u8],
    pub(crate) value: &'a [u8],
    /// The number of headers, as it came.
    tail: &'a [u8],
}

/// The parameters in the input of `init`; `None`: it is something else.
pub(crate) fn parameters(input: &[u8]) -> Option<Vec<(String, String)>> {
    let mut input = Reader(input);
    let count = input.number_16()?;
    // What follows them in newer versions says nothing to this SmartModule.
    (0..count).map(|_| Some((input.text()?, input.text()?))).collect()
}

/// The records in the input of a transform; `None`: it is something else.
pub(crate) fn records(input: &[u8]) -> Option<Vec<Record<'_>>> {
    let mut input = Reader(input);
    let _base_offset = input.take(8)?;
    let length = input.number_32()?;
    // What follows them is other in every version, and says nothing to this SmartModule.
    let mut records = Reader(input.take(length)?);
    let count = records.number_32()?;
    let mut found = Vec::with_capacity(count.min(records.0.len()));
    for _ in 0..count {
        found.push(record(&mut records)?);
    }
    Some(found)
}

fn record<'a>(records: &mut Reader<'a>) -> Option<Record<'a>> {
    let length = records.length()?;
    let all = records.take(length)?;
    let mut rest = Reader(all);
    let _attributes = rest.take(1)?;
    let _time = rest.variable()?;
    let _offset = rest.variable()?;
    if rest.take(1)? != [0] {
        let key = rest.length()?;
        rest.take(key)?;
    }
    let head = all.get(..all.len() - rest.0.len())?;
    let length = rest.length()?;
    let value = rest.take(length)?;
    Some(Record { head, value, tail: rest.0 })
}

/// Writes the answer of an `init` that failed. Fluvio reads no more than 32767 bytes of a text.
pub(crate) fn write_error(text: &str, answer: &mut Vec<u8>) {
    let text = text.get(..text.floor_char_boundary(usize::from(i16::MAX.unsigned_abs()))).unwrap_or_default();
    answer.clear();
    answer.extend_from_slice(&u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
    answer.extend_from_slice(text.as_bytes());
}

/// The answer of a transform under construction.
pub(crate) struct Documents {
    answer: Vec<u8>,
    count: u32,
}

impl Documents {
    /// An answer without any, in this memory.
    pub(crate) fn new(mut answer: Vec<u8>) -> Self {
        answer.clear();
        // Their number, which is not known yet.
        answer.extend_from_slice(&0_u32.to_be_bytes());
        Self { answer, count: 0 }
    }

    /// Adds a document, with all else as its record has it.
    pub(crate) fn push(&mut self, record: &Record<'_>, document: &[u8]) {
        let answer = &mut self.answer;
        let length = record.head.len() + variable_bytes(document.len()) + document.len() + record.tail.len();
        push_variable(length, answer);
        answer.extend_from_slice(record.head);
        push_variable(document.len(), answer);
        answer.extend_from_slice(document);
        answer.extend_from_slice(record.tail);
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The answer.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if let Some(count) = self.answer.first_chunk_mut() {
            *count = self.count.to_be_bytes();
        }
        // There is no error.
        self.answer.push(0);
        self.answer
    }
}

/// Adds a length as an integer of variable length.
fn push_variable(length: usize, answer: &mut Vec<u8>) {
    let mut rest = length << 1;
    while rest > 0x7f {
        answer.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    answer.push(rest.to_le_bytes()[0]);
}

/// How many bytes a length has as an integer of variable length.
fn variable_bytes(length: usize) -> usize {
    let bits = usize::BITS - (length << 1).leading_zeros();
    usize::try_from(bits.div_ceil(7).max(1)).unwrap_or_default()
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number_16(&mut self) -> Option<usize> {
        self.take(2)?.try_into().ok().map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    fn number_32(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    }

    fn variable(&mut self) -> Option<i64> {
        let mut number: u64 = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.take(1)? else { return None };
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        None
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.variable()?).ok()
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number_16()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of the tests of `fluvio-protocol`: attributes 0, time 0, offset 1, no key, `dog`, no headers.
    const DOG: [u8; 10] = [0x12, 0, 0, 2, 0, 6, b'd', b'o', b'g', 0];

    fn input(records: &[&[u8]]) -> Vec<u8> {
        let count = u32::try_from(records.len()).unwrap().to_be_bytes();
        let records = [count.as_slice(), &records.concat()].concat();
        let length = u32::try_from(records.len()).unwrap().to_be_bytes();
        [[0; 8].as_slice(), &length, &records, b"what newer versions add"].concat()
    }

    #[test]
    fn records_are_read_and_documents_take_their_places() {
        let with_key = [0x16, 0, 0, 4, 1, 2, b'k', 4, b'c', b'a', b't', 0];
        // The length of the value says two bytes, so that the third cannot be a header count.
        assert_eq!(records(&input(&[&with_key])).unwrap()[0].tail, [b't', 0]);
        let with_key = [0x16, 0, 0, 4, 1, 2, b'k', 6, b'c', b'a', b't', 0];
        let input = input(&[&DOG, &with_key]);
        let found = records(&input).unwrap();
        assert_eq!(found.iter().map(|record| record.value).collect::<Vec<_>>(), [b"dog", b"cat"]);
        let mut documents = Documents::new(b"old".to_vec());
        for record in &found {
            documents.push(record, record.value);
        }
        assert_eq!(documents.count(), 2);
        assert_eq!(documents.finish(), [[0, 0, 0, 2].as_slice(), &DOG, &with_key, &[0]].concat());
    }

    #[test]
    fn lengths_of_every_size_come_back() {
        for length in [0, 1, 63, 64, 127, 128, 8191, 8192, 1 << 20, (1 << 27) + 1, 1 << 30] {
            let mut bytes = Vec::new();
            push_variable(length, &mut bytes);
            assert_eq!(bytes.len(), variable_bytes(length), "{length}");
            assert_eq!(Reader(&bytes).length(), Some(length));
        }
        // As in the tests of `fluvio-protocol`.
        assert_eq!(Reader(&[0x81, 0x80, 0x80, 0x80, 0x01]).variable(), Some(-134_217_729));
        assert_eq!(Reader(&[0xff; 20]).variable(), None);
    }

    #[test]
    fn what_is_no_input_is_refused() {
        let whole = input(&[&DOG]);
        assert!(records(&whole).is_some());
        for end in 0..8 + 4 + 4 + DOG.len() {
            assert_eq!(records(whole.get(..end).unwrap()), None, "{end}");
        }
        // More records than there are, and a length below 0.
        let many = [[0; 8].as_slice(), &[0, 0, 0, 4], &[0xff; 4]].concat();
        assert_eq!(records(&many), None);
        assert_eq!(records(&input(&[&[1, 0]])), None);
    }

    #[test]
    fn parameters_are_read() {
        let input = b"\0\x02\0\x01a\0\x02bc\0\x01d\0\0and more";
        let expected = [("a", "bc"), ("d", "")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(parameters(input), Some(expected.to_vec()));
        assert_eq!(parameters(&input[..input.len() - 9]), None);
        assert_eq!(parameters(b"\0\x01\0\x01\xff\0\0"), None);
    }

    #[test]
    fn an_error_is_cut_to_what_fluvio_reads() {
        let mut answer = vec![1];
        write_error("no", &mut answer);
        assert_eq!(answer, b"\0\x02no");
        write_error(&"é".repeat(20_000), &mut answer);
        assert_eq!(answer.len(), 2 + 32_766);
        assert_eq!(answer.first_chunk(), Some(&[0x7f, 0xfe]));
    }
}
