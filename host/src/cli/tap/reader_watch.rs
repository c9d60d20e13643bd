//! Notices that the reader of standard output has gone, also while nothing is written to it.

use std::{
    io,
    os::{fd::AsFd as _, unix::net::UnixStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::io::{Interest, unix::AsyncFd};

/// Watches the reader of standard output, and ends a conversation when it has gone. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct ReaderWatch(Arc<WatchedReader>);

#[derive(Default)]
struct WatchedReader {
    is_gone: AtomicBool,
    /// What is ended then.
    conversation: Mutex<Option<UnixStream>>,
}

impl ReaderWatch {
    /// Begins to watch; where that cannot be, as of a file, the reader never goes.
    pub(super) fn start() -> Self {
        let watch = Self::default();
        let watching = watch.clone();
        let wait = move || {
            if wait_for_end().is_ok() {
                watching.end();
            }
        };
        // Without a thread it ends with the next document.
        drop(thread::Builder::new().name("reader".to_owned()).spawn(wait));
        watch
    }

    /// Has this conversation end when the reader goes.
    pub(super) fn ends(&self, conversation: UnixStream) {
        *self.0.conversation.lock().unwrap_or_else(PoisonError::into_inner) = Some(conversation);
        // It may have gone meanwhile.
        if self.is_gone() {
            self.end();
        }
    }

    /// Whether it has gone.
    pub(super) fn is_gone(&self) -> bool {
        self.0.is_gone.load(Ordering::SeqCst)
    }

    fn end(&self) {
        self.0.is_gone.store(true, Ordering::SeqCst);
        let conversation = self.0.conversation.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(conversation) = &*conversation {
            drop(conversation.shutdown(std::net::Shutdown::Both));
        }
    }
}

/// Waits until nobody can read what is written to standard output.
fn wait_for_end() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        #[expect(
            deprecated,
            reason = "what comes in its place is unsafe; this descriptor is owned, and open for as long"
        )]
        let watched = AsyncFd::with_interest(stdout, Interest::ERROR)?;
        watched.ready(Interest::ERROR).await.map(|_| ())
    })
}
