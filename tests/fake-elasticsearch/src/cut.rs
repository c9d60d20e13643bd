//! A body that ends in the middle, and the connection with it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Bytes, HttpBody};
use http_body::{Frame, SizeHint};

/// Promises the whole body, sends half of it and fails.
pub(crate) struct CutBody {
    whole_bytes: u64,
    half: Option<Bytes>,
    has_paused: bool,
}

impl CutBody {
    pub(crate) fn new(whole: &Bytes) -> Self {
        Self { whole_bytes: whole.len() as u64, half: Some(whole.slice(..whole.len() / 2)), has_paused: false }
    }
}

impl HttpBody for CutBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if !self.has_paused {
            // Lets the server flush what it has: after an error it would not.
            self.has_paused = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::other("cut on purpose"))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.whole_bytes)
    }
}
