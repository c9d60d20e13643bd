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
    step: Step,
}

/// What comes next.
enum Step {
    Half(Bytes),
    /// Lets the server flush what it has: after an error it would not.
    Pause,
    Fail,
}

impl CutBody {
    /// Cuts `whole` in the middle.
    pub(crate) fn new(whole: &Bytes) -> Self {
        Self { whole_bytes: whole.len() as u64, step: Step::Half(whole.slice(..whole.len() / 2)) }
    }
}

impl HttpBody for CutBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match std::mem::replace(&mut self.step, Step::Fail) {
            Step::Half(half) => {
                self.step = Step::Pause;
                Poll::Ready(Some(Ok(Frame::data(half))))
            }
            Step::Pause => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Fail => Poll::Ready(Some(Err(io::Error::other("cut on purpose")))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.whole_bytes)
    }
}
