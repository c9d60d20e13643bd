//! How people talk to the running process: a socket in `state_dir` for its owner alone, a line of JSON each way.

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};

mod about;
mod client;
mod server;
mod tap;

pub(crate) use about::{About, Process, about};
pub(crate) use client::{TapConnection, ask, open_tap};
pub(crate) use server::{Control, ControlContext};
pub(crate) use tap::{TapMessage, TapStart, TappedDocument};

use crate::{
    deployment::{Allowed, DeploymentStatus, Event, MappingRef, SwapPurpose},
    pipeline::{Audit, Backfill, Backfilled, Remap, Remapped, Replayed, Statement, TraceAnswer, TraceQuery},
};

/// The socket's name in `state_dir`.
const SOCKET: &str = "control.sock";

/// The longest request, in bytes.
const MAX_REQUEST_BYTES: u64 = 64 * 1024;

/// The longest reply, in bytes.
const MAX_REPLY_BYTES: u64 = 16 * 1024 * 1024;

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// To know how the process is doing.
    About,
    /// To know about the mapping in use.
    Status,
    /// To know what happened to it.
    History,
    /// To have another one, or to try one.
    Put {
        /// Which one.
        #[serde(rename = "wanted")]
        mapping: MappingRef,
        /// What for.
        purpose: SwapPurpose,
        /// What is taken that would else be refused.
        #[serde(default)]
        allowed: Allowed,
    },
    /// To have the one on trial, with what is taken of it that would else be refused.
    Promote(Allowed),
    /// To end the trial.
    Withdraw,
    /// To have the one before.
    RollBack,
    /// To keep the current one.
    Pin,
    /// To let it be replaced again.
    Unpin,
    /// To have a file of dead letters fed through again.
    Replay(PathBuf),
    /// To know where mail is.
    Trace(TraceQuery),
    /// To have a range of the past delivered again.
    Backfill(Backfill),
    /// To have a range of the past compared with what was delivered.
    Audit(Audit),
    /// To have kept records of a range mapped again.
    Remap(Remap),
    /// To have no more of a backfill.
    CancelBackfill,
    /// To see the documents of these sources as they pass, or of all. Lines of `TapMessage` follow the reply.
    Tap(Vec<String>),
}

/// What comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ControlReply {
    /// What was done.
    Done(String),
    /// How the process is doing.
    About(Box<About>),
    /// What is known about the mapping in use.
    Status(Box<DeploymentStatus>),
    /// What happened to it.
    History(Vec<Event>),
    /// What came of a replay.
    Replayed(Box<Replayed>),
    /// What came of a search for mail.
    Traced(Box<TraceAnswer>),
    /// What came of a range that was delivered again.
    Backfilled(Box<Backfilled>),
    /// What an audit states.
    Audited(Box<Statement>),
    /// What came of kept records that were mapped again.
    Remapped(Box<Remapped>),
    /// Documents follow.
    Tapped(TapStart),
    /// Why the question has no answer: it has to be put in another way.
    Unanswerable(String),
    /// Why nothing was done.
    Failed(String),
}

/// Why nobody could be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// Nobody is there.
    #[error("no exotrace runs with `{}`\nhint: start `exotrace run`, or name the settings or the `state_dir` of the one that runs", .0.display())]
    NobodyThere(PathBuf),
    /// It belongs to somebody else.
    #[error("`{}` belongs to another user\nhint: be the user that runs exotrace, or root", .0.display())]
    NotYours(PathBuf),
    /// The conversation broke off.
    #[error("could not talk to the running exotrace")]
    Broken(#[from] io::Error),
    /// What came back is not an answer.
    #[error("could not understand the running exotrace\nhint: it may be of another version")]
    Unintelligible(#[source] serde_json::Error),
    /// The path is too long for a socket.
    #[error("`{}` is too long for the path of a socket\nhint: choose a shorter `state_dir`", .0.display())]
    PathTooLong(PathBuf),
}

impl Request {
    /// Whether it is about the past, and takes as long as that does.
    fn is_about_past(&self) -> bool {
        matches!(self, Self::Trace(_) | Self::Backfill(_) | Self::Audit(_) | Self::Remap(_) | Self::CancelBackfill)
    }
}
