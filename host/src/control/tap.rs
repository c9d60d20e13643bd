//! Documents as they pass, over the socket: a line of JSON each, as fast as they are taken.

use std::{io, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};
use tracing::info;

use super::ControlReply;
use crate::{
    app::privacy::PrivacyInUse,
    mapper::Outcome,
    pipeline::{Tap, TappedBatch},
};

/// How long somebody may take nothing: who looks at a page of documents stops the next ones.
const STALLED: Duration = Duration::from_secs(15 * 60);

/// So much is put together before it is sent, in bytes.
const CHUNK: usize = 64 * 1024;

/// The longest document that is shown, in bytes.
const MAX_DOCUMENT_BYTES: usize = 2 * 1024 * 1024;

/// With what it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TapStart {
    /// What hides people in the documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) privacy: Option<PrivacyInUse>,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TapMessage {
    /// A document has passed.
    Document(TappedDocument),
    /// Number of documents left out, since they came faster than they were read, or were too long.
    LeftOut(u64),
}

/// A document that has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TappedDocument {
    /// The source of its record.
    pub(crate) source: String,
    /// Its `_id`.
    pub(crate) id: String,
    /// Whether it says what is wrong with its record.
    pub(crate) has_failed: bool,
    /// The version of the mapping that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mapping: Option<String>,
    /// The document, as outputs get it.
    pub(crate) text: String,
}

/// Shows what passes until somebody has gone, or takes nothing any more.
pub(super) async fn show(
    mut tap: Tap,
    start: &TapStart,
    by: &str,
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    info!(by, "tap began");
    let mut rest = [0];
    let shown = tokio::select! {
        shown = write(&mut tap, start, &mut writer) => shown,
        // Who asked has gone, or says something that nobody expects.
        _ = reader.read(&mut rest) => Ok(()),
    };
    // The next watcher finds room when it learns of the end.
    drop(tap);
    info!(by, "tap ended");
    match shown {
        Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => Ok(()),
        shown => shown,
    }
}

async fn write(tap: &mut Tap, start: &TapStart, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut lines = Vec::new();
    push(&mut lines, &ControlReply::Tapped(start.clone()))?;
    send(&mut lines, writer).await?;
    while let Some(TappedBatch { source, mapped }) = tap.next().await {
        let mut too_long = 0;
        for entry in mapped.entries() {
            let (Some(document), Some(id)) = (entry.document, entry.outcome.id()) else { continue };
            if document.len() > MAX_DOCUMENT_BYTES {
                too_long += 1;
                continue;
            }
            let document = TappedDocument {
                source: source.clone(),
                id: id.to_owned(),
                has_failed: matches!(entry.outcome, Outcome::Failed { .. }),
                mapping: entry.mapping.map(|mapping| mapping.version.clone()),
                text: document.to_owned(),
            };
            push(&mut lines, &TapMessage::Document(document))?;
            if lines.len() >= CHUNK {
                send(&mut lines, writer).await?;
            }
        }
        let left_out = tap.left_out() + too_long;
        if left_out > 0 {
            push(&mut lines, &TapMessage::LeftOut(left_out))?;
        }
        send(&mut lines, writer).await?;
    }
    Ok(())
}

fn push(lines: &mut Vec<u8>, message: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *lines, message)?;
    lines.push(b'\n');
    Ok(())
}

async fn send(lines: &mut Vec<u8>, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    timeout(STALLED, writer.write_all(lines)).await??;
    lines.clear();
    Ok(())
}
