//! Short texts that belong together, in one allocation.

use crate::json::{Buffer, build};

/// Several short texts, by number.
pub(crate) struct Pieces<const N: usize> {
    text: String,
    /// Where each piece ends, in bytes.
    ends: [usize; N],
}

impl<const N: usize> Pieces<N> {
    /// Has each piece written by its function, which may be called several times.
    pub(crate) fn new(write: [&dyn Fn(&mut Buffer<'_>); N]) -> Self {
        let mut ends = [0; N];
        let text = build(|out| {
            for (write, end) in write.iter().zip(&mut ends) {
                write(out);
                *end = out.len();
            }
        });
        Self { text, ends }
    }

    /// The piece of this number.
    #[inline]
    pub(crate) fn get(&self, number: usize) -> &str {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        self.text.get(start..self.ends[number]).unwrap_or_default()
    }
}
